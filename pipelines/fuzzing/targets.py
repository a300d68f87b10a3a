"""Run a target on a damaged file: the public functions of its family, or a command.

A target returns where the file was taken, and raises :class:`vidcap.errors.VidcapError` where it is
refused.  Whatever else happens is a fault.
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vidcap.errors import MediaError

Target = Callable[[Path, Path], object]

PICTURES = (".jpg", ".png", ".webp", ".bmp", ".tif", ".gif", ".ico", ".pgm", ".tga")
# What a command may leave with over one file: see vidcap/commands/exits.py.
DOCUMENTED = (0, 3, 4, 5, 6, 8, 9)
# What a decoder process says when it gives up a file as it should.
_GIVEN_UP = ("DecoderError:",)


class Fault(Exception):
    """Something came of a file that should not: the first word is its kind."""


class Stand:
    """Stands in for a captioner: says whether a picture is dark or bright."""

    name = "stand-in"
    picture_size = (32, 24)
    provenance: Mapping[str, Any] = {
        "captioner": "stand-in",
        "checkpoint": "0" * 64,
        "runtime": "none",
    }

    def caption(self, pictures: Sequence[np.ndarray[Any, Any]]) -> list[Any]:
        """Return a sentence for each picture."""
        from vidcap.captioning.caption import Caption

        said = ("a black dog", "a grey cat sleeps", "two white birds fly")
        return [Caption(said[min(2, int(picture.mean()) // 86)], -0.5) for picture in pictures]


def _decoded(decoder: str) -> Target:
    """Return a target that reads a video as the decoder process does, in the cell itself."""

    def read(path: Path, folder: Path) -> object:
        from vidcap.video import ipc, worker

        out = io.BytesIO()
        request = {
            "path": str(path), "sampling": ["seconds", "1/4"], "start": None, "end": None,
            "size": [32, 24], "threads": 1, "after": None, "decoder": decoder,
        }  # fmt: skip
        worker.answer(request, out)
        out.seek(0)
        last: Mapping[str, Any] = {}
        while (received := ipc.receive(out)) is not None:
            last = received[0]
        if last["kind"] == "refused":
            raise MediaError(last["message"])
        if last["kind"] == "failed":
            if last["message"].startswith(_GIVEN_UP):
                raise MediaError(last["message"])
            raise Fault(f"decoder {last['message']}")
        return last["frames"]

    return read


def _opened(path: Path, folder: Path) -> object:
    """Read a video as everybody does: in decoder processes that take over from each other."""
    from vidcap.video.sampling import EverySeconds
    from vidcap.video.source import open_video

    sampling = EverySeconds(1)  # type: ignore[arg-type]
    with open_video(path, sampling=sampling, size=(32, 24), threads=1, timeout=10) as video:
        frames = sum(1 for _ in video)
        return frames, video.status.completeness


def _picture(path: Path, folder: Path) -> object:
    from vidcap.video.image import read_picture

    return read_picture(path).shape


def _subtitles(path: Path, folder: Path) -> object:
    from vidcap.subtitles.files import as_document, check_texts, read_subtitles
    from vidcap.subtitles.formats import FORMATS
    from vidcap.subtitles.presets import load_preset

    texts = read_subtitles(path)
    check_texts(texts, load_preset("netflix"))
    document = as_document(texts, path=path, version="0")
    for form in FORMATS:
        form.read(form.write(document)) if document.cues else form.write(document)
    return len(texts)


def _script(path: Path, folder: Path) -> object:
    from vidcap.description.formats import format_for_script
    from vidcap.subtitles.files import read_subtitles

    return len(read_subtitles(path, form=format_for_script(path)))


def _checkpoint(path: Path, folder: Path) -> object:
    from vidcap.captioning.caption import Budget
    from vidcap.captioning.protocols import SceneCaptioner
    from vidcap.captioning.registry import load_captioner

    captioner = load_captioner(str(path), device="cpu", threads=1)
    width, height = captioner.picture_size
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    assert isinstance(captioner, SceneCaptioner)
    return captioner.caption_scene(
        captioner.decode(captioner.encode([np.zeros_like(noise), noise])), Budget()
    )


def _model(path: Path, folder: Path) -> object:
    from vidcap.captioning.checkpoint import read_manifest, read_weights
    from vidcap.captioning.decoding.vocabulary import Vocabulary
    from vidcap.captioning.networks.model import build_decoder

    manifest = read_manifest(path)
    size = len(Vocabulary(manifest.vocabulary))
    build_decoder(manifest.decoder, dict(manifest.decoder_config), size)
    return len(read_weights(path))


def _config(path: Path, folder: Path) -> object:
    if path.name.endswith(".training.yaml"):
        from pipelines.training.config import load_config

        return load_config(path).to_dict()
    if path.suffix == ".login":
        from vidcap.web.security import read_login

        return read_login(path)
    if ".captions." in path.name:
        from pipelines.training.datasets.pictures import PictureFolder
        from pipelines.training.datasets.sources import find_sources

        form, sources = find_sources(path, PictureFolder(folder))
        return [sum(1 for _ in form.read(source)) for source in sources]
    from vidcap.subtitles.files import check_texts
    from vidcap.subtitles.presets import load_preset
    from vidcap.subtitles.timed_text import TimedText

    preset = load_preset(path)
    preset.budget(preset.longest, None)
    return check_texts([TimedText(0, 1000, ("A dog",)), TimedText(1100, 1200, ("A",))], preset)


def _library(path: Path, folder: Path) -> object:
    from vidcap.index import Catalogue
    from vidcap.index.interchange import export_lines, import_lines
    from vidcap.index.parquet import import_folder

    if path.suffix == ".db":
        with Catalogue(path) as catalogue:
            catalogue.status()
            lines = list(export_lines(catalogue))
            _asked(catalogue)
            catalogue.prune()
            return len(lines)
    with Catalogue(folder / "out" / "new.db", create=True) as catalogue:
        if path.suffix == ".parquet":
            taken = import_folder(catalogue, path.parent)
        else:
            with path.open(encoding="utf-8", errors="surrogateescape") as lines_in:
                taken = import_lines(catalogue, lines_in, name=str(path))
        list(export_lines(catalogue))
        _asked(catalogue)
    return taken


def _asked(catalogue: Any) -> None:
    from vidcap.index.search import Ranking, search

    search(catalogue, "dog", embed=None, ranking=Ranking.WORDS)


def _upload(path: Path, folder: Path) -> object:
    from vidcap.web.limits import Limits
    from vidcap.web.uploads import admit
    from vidcap.web.workspaces import Rooms

    rooms = Rooms(folder / "tmp" / "rooms", Limits())
    room = rooms.open(name=path.name)
    try:
        return admit(path, room, Limits()).info
    finally:
        rooms.close(room)
        (folder / "tmp" / "rooms").rmdir()


def commanded(line: str) -> Target:
    """Return a target that runs a command; FILE and OUT in its words stand for what they say."""
    words = line.split()

    def run(path: Path, folder: Path) -> object:
        from vidcap import cli
        from vidcap.captioning import registry

        if "--captioner" not in words:
            registry.load_captioner = lambda *given, **options: Stand()  # type: ignore[assignment]
        names = {"FILE": str(path), "OUT": str(folder / "out")}
        given = [re.sub("FILE|OUT", lambda found: names[found[0]], word) for word in words]
        code = cli.main(given)
        sys.stdout.flush()
        sys.stderr.flush()
        errors = (folder / "stderr").read_text(encoding="utf-8", errors="replace")
        if "Traceback" in errors or code not in DOCUMENTED:
            raise Fault(f"exit {code}: {errors[-300:]}")
        # Warnings name the file; what ended the command is one line more.
        told = [line for line in errors.splitlines() if not line.startswith(f"{path}: ")]
        if len(told) != (code not in (0, 9)):
            raise Fault(f"lines: {len(told)} with exit {code}: {errors[-300:]}")
        if code == 0 and words[0] == "subtitle":
            _judge(folder / "out")
        return Exit(code)

    return run


class Exit(int):
    """What a command left with."""


def _judge(out: Path) -> None:
    """Look at the cues that a command wrote."""
    (written,) = out.glob("*.json")
    document = json.loads(written.read_text(encoding="utf-8"))
    before = 0
    for cue in document["cues"]:
        if not before <= cue["start_ms"] < cue["end_ms"]:
            raise Fault(f"cues: {cue} behind {before}")
        before = cue["end_ms"]
    duration = document["video"]["duration"]
    if duration is not None and before > round(duration * 1000) + 1:
        raise Fault(f"cues: {before} ms is behind the end, {duration} s")


_COMMANDS: Mapping[str, Sequence[Target]] = {
    "media": (
        commanded("subtitle -q --format srt,vtt,ttml,ass,json -o OUT/ --threads 1 -- FILE"),
        commanded("probe -q --json -- FILE"),
        commanded("index -q FILE --db OUT/library.db --threads 1"),
        commanded("subtitle -q --mux --format json -o OUT/ -- FILE"),
    ),
    "pictures": (commanded("caption -q --json -- FILE"),),
    "subtitles": (
        commanded("convert -q FILE OUT/new.ttml"),
        commanded("check -q --json FILE"),
        commanded("convert -q FILE OUT/new.ass"),
    ),
    "checkpoints": (commanded("caption -q --captioner FILE --threads 1 OUT/../picture.ppm"),),
    "configs": (commanded("check -q --preset FILE OUT/../told.srt"),),
    "library": (
        commanded("library status -q --json --db FILE"),
        commanded("search -q dog --ranking words --json --db FILE"),
    ),
    "import": (commanded("library import -q FILE --db OUT/new.db"),),
}


def targets_of(family: str, path: Path) -> tuple[Sequence[Target], Sequence[Target]]:
    """Return what is done with a file of a family: functions, and commands."""
    if path.suffix in PICTURES and family == "media" and path.name != "moving.gif":
        return (_picture,), _COMMANDS["pictures"]
    match family:
        case "media":
            return (
                (_decoded("pyav"), _decoded("opencv"), _decoded("decord"), _decoded("pyav")),
                (_opened, *_COMMANDS["media"]),
            )
        case "subtitles":
            return (_subtitles,), _COMMANDS["subtitles"]
        case "scripts":
            return (_script,), (_script,)
        case "checkpoints":
            return (_checkpoint, _model), _COMMANDS["checkpoints"]
        case "configs":
            preset = path.name.endswith(".preset.yaml")
            return (_config,), _COMMANDS["configs"] if preset else (_config,)
        case "library":
            return (_library,), _COMMANDS["library" if path.suffix == ".db" else "import"]
        case _:
            return (_upload,), (_upload,)


def contained() -> Target:
    """Return what judges a video that broke a decoder: whether the job survives."""
    return _opened


def prepare(family: str) -> None:
    """Import what a family needs, before the cells that share it are made."""
    from importlib import import_module

    modules = {
        "media": "av cv2 decord PIL.Image vidcap.video.worker vidcap.video.source vidcap.jobs",
        "subtitles": "pysubs2 webvtt vidcap.subtitles.files",
        "scripts": "webvtt vidcap.description.formats",
        "checkpoints": "torch vidcap.captioning.registry vidcap.captioning.networks.model "
        "PIL.Image cv2",
        "configs": "yaml vidcap.subtitles.presets pipelines.training.config",
        "library": "pyarrow.parquet vidcap.index vidcap.index.search",
        "uploads": "vidcap.web.uploads",
    }
    for name in ("vidcap.cli", "numpy", *modules[family].split()):
        import_module(name)
    if family == "checkpoints":
        from vidcap.captioning.runtimes.openvino_graph import import_openvino

        import_openvino()
