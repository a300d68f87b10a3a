"""The page as a Hugging Face Space: the bundled captioner, nothing to download."""

from vidcap.web.captioners import Captioners
from vidcap.web.limits import Limits
from vidcap.web.server import serve, served_app

# A free Space has two processors and a public address: the quick captioner, and shorter videos.
CAPTIONERS = ("fast", "default")
LIMITS = Limits(file_bytes=100 * 1024 * 1024, seconds=300, frames=30_000, work_seconds=900)


def main() -> None:
    """Serve the page where a Space expects it."""
    with served_app(Captioners(CAPTIONERS), limits=LIMITS) as app:
        serve(app, host="0.0.0.0", port=7860)  # noqa: S104 - a Space is reached from outside


if __name__ == "__main__":
    main()
