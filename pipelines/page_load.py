"""Eight users of the page at once: are the answers right, is the order kept, is memory bounded?

    python pipelines/page_load.py [VIDEO] [--users 8]

Starts a page of its own with the captioner ``fast`` and sends the video from each user at the same
time.  Prints one JSON object; leaves with 1 where something is not as it should be.
"""

from __future__ import annotations

import argparse
import json
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from page_pictures import listening

from vidcap.captioning.captioner import Captioner
from vidcap.jobs import load_in_background, subtitle
from vidcap.web.captioners import Captioners
from vidcap.web.limits import Limits
from vidcap.web.server import served_app

# Between arrivals, so that there is an order to keep: uploads of a busy machine overtake.
_APART_SECONDS = 1.0
_SAMPLE = Path(__file__).parents[1] / "examples/sample.mp4"


def main() -> int:
    """Run the load and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("video", type=Path, nargs="?", default=_SAMPLE)
    parser.add_argument("--users", type=int, default=8)
    options = parser.parse_args()
    loads: list[str] = []

    def load(name: str, /, *, downloaded: Callable[[int, int], None]) -> Future[Captioner]:
        loads.append(name)
        return load_in_background(name, downloaded=downloaded)

    captioners = Captioners(["fast"], load)
    with subtitle(options.video, captioner=captioners.get("fast")) as subtitles:
        wanted = subtitles.text("srt")
    with served_app(captioners, limits=Limits()) as app:
        found = _run(app, options.video, options.users, wanted)
    found["model_loads"] = len(loads)
    fine = (
        found["right"] == options.users
        and found["in_order"]
        and found["freed_after_leaving"]
        and found["model_loads"] == 1
    )
    print(json.dumps(found, indent=2))
    return 0 if fine else 1


def _run(app: Any, video: Path, users: int, wanted: str) -> dict[str, Any]:
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with listening(app) as address:
        return _visited(address, video, users, wanted)


def _visited(address: str, video: Path, users: int, wanted: str) -> dict[str, Any]:
    before = _resident_mb()
    answers: dict[int, tuple[str, float]] = {}
    began = time.monotonic()
    crowd = [
        threading.Thread(target=_ask, args=(address, video, number, began, answers))
        for number in range(users)
    ]
    for user in crowd:
        user.start()
    most = before
    while any(user.is_alive() for user in crowd):
        most = max(most, _resident_mb())
        time.sleep(0.1)
    seconds = time.monotonic() - began
    freed = _leaves(address, video)
    order = sorted(answers, key=lambda number: answers[number][1])
    return {
        "users": users,
        "right": sum(text == wanted for text, _ in answers.values()),
        "in_order": order == sorted(answers),
        "seconds": round(seconds, 1),
        "resident_mb_before": before,
        "resident_mb_most": most,
        "freed_after_leaving": freed,
    }


def _client(address: str) -> Any:
    from gradio_client import Client

    return Client(address, verbose=False, analytics_enabled=False)


def _ask(
    address: str, video: Path, number: int, began: float, answers: dict[int, tuple[str, float]]
) -> None:
    from gradio_client import handle_file

    client = _client(address)
    # Everybody is there; they press the button one after the other.
    time.sleep(max(0.0, began + 5 + number * _APART_SECONDS - time.monotonic()))
    text = client.predict(handle_file(str(video)), api_name="/subtitle")
    answers[number] = text, time.monotonic()


def _leaves(address: str, video: Path) -> bool:
    """Tell whether the next user is served after one has waited and left."""
    from gradio_client import handle_file

    busy, leaver, last = _client(address), _client(address), _client(address)
    first = busy.submit(handle_file(str(video)), api_name="/subtitle")
    gone = leaver.submit(handle_file(str(video)), api_name="/subtitle")
    gone.cancel()
    text = last.predict(handle_file(str(video)), api_name="/subtitle")
    return bool(text) and bool(first.result(timeout=60))


def _resident_mb() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) // 1024
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
