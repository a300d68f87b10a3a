"""``vidcap doctor``: what is installed, what works, and the line that mends what does not."""

from __future__ import annotations

import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from vidcap import __version__
from vidcap.commands import exits
from vidcap.commands.command import command
from vidcap.commands.progress import Reporter
from vidcap.commands.standard_output import emit
from vidcap.errors import MissingExtraError, VidcapError
from vidcap.extras import EXTRAS, REQUIRED, pip_line

_IMPORT_SECONDS = 120
_PURPOSES = {"torch": "for a GPU, training and hf: captioners"}
_CLIP_FRAMES = 12


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: what was looked at.
        works: whether it can be used.
        words: a version, or what is wrong.
        mend: the command or step that would make it work; empty where there is none.
        needed: whether the main job needs it.
    """

    name: str
    works: bool
    words: str
    mend: str = ""
    needed: bool = True


@command("doctor", "check what is installed and what works", "vidcap doctor")
def command_(reporter: Reporter) -> int:
    """Look at everything and return the exit code."""
    return run(emit=emit)


def run(*, emit: Callable[[str], None]) -> int:
    """Look at everything, print a line for each, and return the exit code."""
    ready = True
    for finding in examine():
        mark = "ok" if finding.works else "MISSING" if finding.needed else "-"
        emit(f"{mark:<8}{finding.name:<24}{finding.words}\n")
        if not finding.works and finding.mend:
            emit(f"{'':<8}{'':<24}mend: {finding.mend}\n")
        ready = ready and (finding.works or not finding.needed)
    emit("vidcap is ready.\n" if ready else "vidcap cannot do its main job here.\n")
    return exits.OK if ready else exits.SOME_FAILED


def examine() -> Iterator[Finding]:
    """Yield what is found, packages first, then what stands on them."""
    yield _python()
    for module, distribution in REQUIRED.items():
        yield _package(module, distribution)
    yield _ffmpeg()
    yield from _decoders()
    yield _cuda()
    yield _captioner()
    for extra, modules in EXTRAS.items():
        yield _extra(extra, list(modules.values()), [m for m in modules if not find_spec(m)])


def _python() -> Finding:
    version = platform.python_version()
    words = f"vidcap {__version__}, Python {version}, {platform.system()} {platform.machine()}"
    works = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return Finding("python", works, words, "install Python 3.11, 3.12 or 3.13")


def _package(module: str, distribution: str) -> Finding:
    mend = f"python -m pip install --force-reinstall --no-deps {distribution}"
    try:
        version = metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return Finding(
            distribution, False, "not installed", f"python -m pip install {distribution}"
        )
    # In a process of its own: a library that does not fit the processor kills whoever loads it.
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, a module name of our own
            [sys.executable, "-c", f"import {module}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_IMPORT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return Finding(distribution, False, f"{version}; importing it hangs", mend)
    if done.returncode == 0:
        return Finding(distribution, True, version)
    reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    return Finding(distribution, False, f"{version}; cannot be imported: {reason}", mend)


def _ffmpeg() -> Finding:
    from vidcap.ffmpeg import ffmpeg_program

    try:
        return Finding("ffmpeg program", True, ffmpeg_program(), needed=False)
    except MissingExtraError as error:
        return Finding("ffmpeg program", False, "none", str(error), needed=False)


def _decoders() -> Iterator[Finding]:
    from vidcap.video.backends import READERS

    with tempfile.TemporaryDirectory(prefix="vidcap-") as folder:
        clip = Path(folder) / "clip.mp4"
        try:
            _make_clip(clip)
        except Exception as error:
            yield Finding("decoders", False, f"no clip to try them on: {error}")
            return
        for name in READERS:
            yield _decoder(name, clip)


def _decoder(name: str, clip: Path) -> Finding:
    from vidcap.video.sampling import EverySeconds
    from vidcap.video.source import open_video

    label = f"decoder {name}"
    needed = name == "pyav"  # the others are second opinions
    if name == "decord" and not find_spec("decord"):
        words = f"not installed; it has no wheel for {platform.system()} {platform.machine()}"
        if (platform.system(), platform.machine()) in (("Linux", "x86_64"), ("Windows", "AMD64")):
            return Finding(label, False, "not installed", "python -m pip install decord", needed)
        return Finding(label, False, f"{words}; the others do its work", "", needed)
    try:
        every = EverySeconds(Fraction(1, 1000))
        with open_video(clip, decoder=name, sampling=every, size=(32, 32)) as video:
            frames = sum(1 for _ in video)
    except VidcapError as error:
        return Finding(label, False, str(error), "", needed)
    if frames == _CLIP_FRAMES:
        return Finding(label, True, "reads a test clip frame for frame", needed=needed)
    return Finding(label, False, f"gave {frames} of {_CLIP_FRAMES} frames", "", needed)


def _make_clip(path: Path) -> None:
    import av
    import numpy as np

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for index in range(_CLIP_FRAMES):
            picture = np.full((64, 64, 3), index * 20, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))


def _cuda() -> Finding:
    from vidcap.captioning.registry import cuda_is_ready

    try:
        if cuda_is_ready():
            import torch

            return Finding("device cuda", True, torch.cuda.get_device_name(), needed=False)
    except Exception as error:
        return Finding("device cuda", False, str(error), needed=False)
    return Finding("device cuda", False, "none that torch can use; the CPU does", needed=False)


def _captioner() -> Finding:
    import numpy as np

    from vidcap.captioning.registry import load_captioner

    try:
        captioner = load_captioner(device="cpu")
        width, height = captioner.picture_size
        captioner.caption([np.full((height, width, 3), 127, np.uint8)])
    except Exception as error:
        words = " ".join(str(error).split())
        return Finding("captioner", False, words, "install vidcap anew")
    return Finding("captioner", True, f"{captioner.name}, {captioner.provenance['runtime']}")


def _extra(extra: str, distributions: list[str], missing: list[str]) -> Finding:
    name = f"extra {extra}"
    if missing:
        lacking = ", ".join(EXTRAS[extra][module] for module in missing)
        words = "; ".join(filter(None, [f"not installed: {lacking}", _PURPOSES.get(extra)]))
        return Finding(name, False, words, pip_line(extra), needed=False)
    return Finding(name, True, ", ".join(distributions), needed=False)
