"""Subtitles inside of videos, looked at with ffprobe, as an extracted track, and as pictures."""

from __future__ import annotations

import json
import subprocess
from fractions import Fraction as F
from pathlib import Path

import numpy as np
import pytest

from tests import media
from vidcap.errors import MediaError, OutputError
from vidcap.subtitles import Cue, Document
from vidcap.subtitles.formats.srt import SubRip
from vidcap.subtitles.formats.vtt import WebVTT
from vidcap.subtitles.muxing import burn, mux
from vidcap.video.remux import container_for

pytestmark = pytest.mark.needs_tool("ffmpeg", "ffprobe")

SIZE = (320, 240)
DOCUMENT = Document(
    cues=(
        Cue(120, 1040, ("A dog & a <cat> run", "through the grass."), 0, ()),
        Cue(2000, 2960, ("It's 50 % \u05db\u05dc\u05d1 \U0001f600.",), 1, ()),
    ),
    scenes=(),
    video={"width": SIZE[0], "height": SIZE[1]},
)
CODECS = {"mp4": "libx264", "mov": "libx264", "mkv": "libx264", "webm": "libvpx"}


def film(path: Path, **options: object) -> Path:
    grey = [np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)] * 30
    codec = CODECS.get(path.suffix[1:], "libx264")
    return media.write_video(path, pictures=grey, rate=10, codec=codec, **options)  # type: ignore[arg-type]


def streams(path: Path) -> list[dict]:  # type: ignore[type-arg]
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_streams", f"file:{path}"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    return json.loads(done.stdout)["streams"]  # type: ignore[no-any-return]


def hashes(path: Path, *maps: str) -> list[str]:
    command = ["ffmpeg", "-v", "error", "-i", f"file:{path}"]
    command += [word for name in maps for word in ("-map", name)]
    command += ["-c", "copy", "-f", "streamhash", "-"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    return [line.split(",", 1)[1] for line in done.stdout.decode().splitlines()]


def track(path: Path, number: int = 0, kind: str = "srt") -> list[tuple[int, int, str]]:
    command = ["ffmpeg", "-v", "error", "-i", f"file:{path}", "-map", f"0:s:{number}"]
    command += ["-c", "copy" if kind == "webvtt" else kind, "-f", kind, "-"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    return cues(done.stdout.decode().replace("\r\n", "\n"), kind)


def cues(text: str, kind: str = "srt") -> list[tuple[int, int, str]]:
    form = {"srt": SubRip(), "webvtt": WebVTT()}[kind]
    return [(read.start_ms, read.end_ms, "\n".join(read.lines)) for read in form.read(text)]


@pytest.mark.parametrize("kind", sorted(CODECS))
def test_a_track_is_added_and_all_else_stays(tmp_path: Path, kind: str) -> None:
    source = film(tmp_path / f"it's a film, 50%: [x].{kind}", sound=kind != "webm")
    target = tmp_path / f"-out;x.{kind}"
    assert mux(source, DOCUMENT, target, title="What's seen") == ""
    *others, added = streams(target)
    assert added["codec_type"] == "subtitle"
    assert added["tags"]["language"] == "eng"
    # QuickTime has no titles of tracks but the handler's name.
    assert "What's seen" in (added["tags"].get("title"), added["tags"].get("handler_name"))
    assert [stream["codec_type"] for stream in others] == [
        stream["codec_type"] for stream in streams(source)
    ]
    assert hashes(target, "0:v", "0:a?") == hashes(source, "0:v", "0:a?")
    if kind == "webm":
        assert track(target, kind="webvtt") == cues(WebVTT().write(DOCUMENT), "webvtt")
    else:
        assert track(target) == cues(SubRip().write(DOCUMENT))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([source.name, target.name])


def test_a_second_track_leaves_the_first_as_it_was(tmp_path: Path) -> None:
    source, once, twice = (tmp_path / f"{name}.mkv" for name in ("film", "once", "twice"))
    film(source)
    mux(source, DOCUMENT, once, title="first")
    other = Document(cues=(Cue(0, 900, ("Hello.",), 0, ()),), scenes=(), language="de")
    mux(once, other, twice, title="second")
    first, second = streams(twice)[1:]
    assert (first["tags"]["language"], first["tags"]["title"]) == ("eng", "first")
    assert (second["tags"]["language"], second["tags"]["title"]) == ("deu", "second")
    assert track(twice, 0) == track(once, 0)
    assert track(twice, 1) == [(0, 900, "Hello.")]


def test_a_film_that_starts_late_keeps_its_cues_where_the_player_counts(tmp_path: Path) -> None:
    source = media.remux(film(tmp_path / "film.mkv"), tmp_path / "late.mkv", shift=5)
    mux(source, DOCUMENT, tmp_path / "out.mkv")
    assert [cue[0] for cue in track(tmp_path / "out.mkv", 0)] == [120, 2000]


def test_progress_reaches_the_end(tmp_path: Path) -> None:
    reached: list[F] = []
    mux(film(tmp_path / "a.mkv"), DOCUMENT, tmp_path / "b.mkv", progress=reached.append)
    assert reached == sorted(reached)


@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_cues_are_drawn_at_the_foot_while_they_stand(tmp_path: Path, kind: str) -> None:
    source = film(tmp_path / f"it's: [a] film, 50%.{kind}", sound=kind == "mp4")
    target = tmp_path / f"out.{kind}"
    burn(source, DOCUMENT, target)
    pictures = [picture for _, picture in media.decode_fully(target)]
    assert len(pictures) == 30
    while_it_stands, between = pictures[5].astype(int), pictures[15].astype(int)
    assert np.abs(between - 90).max() < 12
    assert while_it_stands[SIZE[1] * 3 // 5 :].max() > 220
    assert np.abs(while_it_stands[: SIZE[1] // 2] - 90).max() < 12
    columns = np.nonzero((while_it_stands > 200).any(axis=(0, 2)))[0]
    assert columns.min() > SIZE[0] * 0.03
    assert columns.max() < SIZE[0] * 0.97
    if kind == "mp4":
        assert hashes(target, "0:a") == hashes(source, "0:a")


def test_what_cannot_be_written_is_one_line_and_no_file(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4")
    with pytest.raises(OutputError, match=r"out\.avi: cannot hold a track"):
        mux(source, DOCUMENT, tmp_path / "out.avi")
    with pytest.raises(OutputError, match=r"film\.mp4: ffmpeg failed: .") as caught:
        mux(source, DOCUMENT, tmp_path / "out.webm")  # H.264 has no place in WebM
    assert "\n" not in str(caught.value)
    (tmp_path / "no.mp4").write_text("no film", encoding="utf-8")
    with pytest.raises(MediaError, match=r"no\.mp4"):
        mux(tmp_path / "no.mp4", DOCUMENT, tmp_path / "out.mp4")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "no.mp4"]


def test_containers_that_hold_no_text_give_way_to_matroska() -> None:
    assert container_for(Path("a.MP4")) == ".mp4"
    assert container_for(Path("a.avi")) == ".mkv"
