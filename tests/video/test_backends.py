"""The conformance suite: every back end against every kind of video.

Each frame of the made videos carries its number, so a frame that is wrong, turned, mirrored, black
or of wrong colours is caught, and so is a wrong time.  What a back end is known to do wrong is
marked, strictly, with the reason: a mark that has become untrue fails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from _pytest.mark.structures import ParameterSet
from numpy.typing import NDArray

from tests import media
from vidcap.video.backends import READERS, reader_class
from vidcap.video.backends.base import THUMBNAIL_SHAPE, DecoderError, Plan
from vidcap.video.completeness import judge
from vidcap.video.frame import Completeness
from vidcap.video.probe import probe

FRAMES = 36
_MS = Fraction(1, 1000)


@dataclass(frozen=True)
class Case:
    """A kind of video: how to make it, which numbers a player shows and when, in seconds."""

    make: Callable[[Path], Path]
    numbers: range = range(FRAMES)
    times: tuple[Fraction, ...] = tuple(Fraction(number, 30) for number in range(FRAMES))
    size: tuple[int, int] = media.SIZE
    # Back ends that are known to fail, with the reason.
    marks: dict[str, str] = field(default_factory=dict)


def _made(name: str, **options: object) -> Callable[[Path], Path]:
    return lambda folder: media.write_video(folder / name, **options)  # type: ignore[arg-type]


def _edited(folder: Path) -> Path:
    whole = media.write_video(folder / "whole.mp4", options={"bf": "3"})
    return media.remux(whole, folder / "edited.mp4", shift=-15 * 512)


_UNEVEN = tuple(sorted({number * number // 12 + number for number in range(FRAMES)}))
_B = {"bf": "3"}
_BLACK = {"opencv": "4.13 and later give black pictures, so it is refused"}
if tuple(map(int, cv2.__version__.split(".")[:2])) < (4, 13):
    _BLACK = {}
_UNMIRRORED = {"decord": "turns but does not mirror, so it is refused"}

CASES = {
    "constant rate": Case(_made("constant.mp4")),
    "variable rate": Case(
        _made("variable.mp4", times=_UNEVEN, options=_B),
        times=tuple(Fraction(time, 30) for time in _UNEVEN),
    ),
    "B-frames": Case(_made("b.mp4", options=_B)),
    "open GOP": Case(_made("open.mp4", options=_B | {"x264-params": "open-gop=1"})),
    "HEVC open GOP": Case(
        _made(
            "open-hevc.mp4",
            codec="libx265",
            options={"x265-params": "log-level=none:keyint=12:open-gop=1:bframes=3"},
        )
    ),
    "late start": Case(_made("late.mp4", times=range(150, 186), options=_B)),
    "late start, Matroska": Case(_made("late.mkv", times=range(150, 186), options=_B)),
    "edit list": Case(
        _edited,
        numbers=range(15, FRAMES),
        marks={"decord": "gives frames that the edit list hides; the verdict says so"},
    ),
    "MPEG-TS": Case(
        _made("stream.ts", options=_B),
        marks={"decord": "would begin at the second key frame, so it is refused"},
    ),
    "interlaced H.264": Case(
        _made("interlaced.mp4", options={"x264-params": "tff=1"}), marks=_BLACK
    ),
    "interlaced MPEG-2": Case(
        _made("interlaced.mpg", codec="mpeg2video", options={"flags": "+ildct+ilme", "bf": "2"}),
        marks=_BLACK,
    ),
    "rotated 90": Case(_made("90.mp4", rotation=90)),
    "rotated 180": Case(_made("180.mp4", rotation=180)),
    "rotated 270": Case(_made("270.mp4", rotation=270)),
    "mirrored": Case(_made("mirrored.mp4", mirrored=True), marks=_UNMIRRORED),
    "mirrored and rotated": Case(
        _made("mirrored90.mp4", mirrored=True, rotation=90), marks=_UNMIRRORED
    ),
    "wide pixels": Case(_made("wide.mp4", pixel_aspect=Fraction(4, 3)), size=(128, 64)),
    "tall pixels, rotated": Case(
        _made("tall.mp4", pixel_aspect=Fraction(1, 2), rotation=90), size=(96, 32)
    ),
    "odd size": Case(_made("odd.mp4", size=(97, 65), pix_fmt="yuv444p"), size=(97, 65)),
    "odd size, VP9": Case(_made("odd-vp9.mp4", size=(97, 65), codec="libvpx-vp9"), size=(97, 65)),
    "10-bit": Case(_made("ten.mp4", pix_fmt="yuv420p10le")),
    "HEVC, 10-bit": Case(_made("hevc.mp4", pix_fmt="yuv420p10le", codec="libx265")),
    "VP9": Case(_made("vp9.webm", codec="libvpx-vp9")),
    "AV1": Case(
        _made("av1.mp4", codec="libsvtav1"),
        marks={"opencv": "opens AV1 but decodes no frame", "decord": "cannot open AV1"},
    ),
    "MPEG-4 in AVI": Case(
        _made("mpeg4.avi", codec="mpeg4", options={"bf": "2"}),
    ),
    "raw H.264": Case(
        _made("raw.h264", container_format="h264", options=_B),
        marks={"decord": "cannot open a file without a duration"},
    ),
    "GIF": Case(
        _made("moving.gif", codec="gif", pix_fmt="rgb8", rate=25),
        times=tuple(Fraction(number, 25) for number in range(FRAMES)),
        marks={"decord": "cannot open GIF"},
    ),
    "one frame": Case(_made("one.mp4", frames=1), numbers=range(1)),
    "two video streams": Case(
        _made("two.mkv", second=True),
        marks={
            "opencv": "reads only the first video stream, so it is refused",
            "decord": "chooses by itself, so it is refused",
        },
    ),
    "sound beside": Case(_made("sound.mp4", sound=True)),
    "name with spaces": Case(_made("a name  with spaces.mp4")),
    "name with a dash": Case(_made("-i.mp4")),
    "name beyond ASCII": Case(_made("фильм 映画 é.mp4")),
    "name like a protocol": Case(_made("concat:a|b.mp4")),
    "name like a pattern": Case(_made("%03d.mp4")),
}


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Make each case's video once."""
    folder = tmp_path_factory.mktemp("videos")
    paths: dict[str, Path] = {}

    def make(name: str) -> Path:
        if name not in paths:
            paths[name] = CASES[name].make(folder)
        return paths[name]

    return make


def _marked() -> list[ParameterSet]:
    sets = []
    for decoder in READERS:
        for name, case in CASES.items():
            marks = []
            if decoder in case.marks:
                marks.append(pytest.mark.xfail(reason=case.marks[decoder], strict=True))
            sets.append(pytest.param(decoder, name, marks=marks, id=f"{decoder}-{name}"))
    return sets


def read_all(
    decoder: str, path: Path, plan: Plan | None = None
) -> tuple[list[NDArray[np.uint8]], list[int], Completeness]:
    """Every picture in RGB, every time in ticks, and the verdict, read in this process."""
    pytest.importorskip({"pyav": "av", "opencv": "cv2"}.get(decoder, decoder))
    info = probe(path)
    reader = reader_class(decoder)(info, plan or Plan())
    try:
        pairs = [(picture.rgb(), picture.ticks) for picture in reader.pictures()]
    finally:
        reader.close()
    return [rgb for rgb, _ in pairs], [ticks for _, ticks in pairs], judge(info, reader.tally)[0]


@pytest.mark.parametrize(("decoder", "name"), _marked())
def test_every_frame_comes_once_upright_and_at_its_time(
    decoder: str, name: str, made: Callable[[str], Path]
) -> None:
    case, path = CASES[name], made(name)
    info = probe(path)
    pictures, ticks, completeness = read_all(decoder, path)
    assert [media.read_number(picture) for picture in pictures] == list(case.numbers)
    # Where a container's clock cannot say a time exactly it is off by a tick at most.
    seconds = [float(info.player_time(tick)) for tick in ticks]
    expected = [
        float(time - case.times[0] + info.player_time(info.first_ticks)) for time in case.times
    ]
    assert seconds == pytest.approx(expected[: len(seconds)], abs=float(max(info.time_base, _MS)))
    assert {picture.shape for picture in pictures} == {(case.size[1], case.size[0], 3)}
    assert (info.width, info.height) == case.size
    assert completeness is Completeness.COMPLETE


@pytest.mark.parametrize("name", ["variable rate", "B-frames", "rotated 90", "late start", "VP9"])
def test_pyav_back_end_equals_pyavs_own_full_decode(name: str, made: Callable[[str], Path]) -> None:
    path = made(name)
    rotation = probe(path).rotation
    pictures, ticks, _ = read_all("pyav", path)
    full = media.decode_fully(path)
    assert ticks == [pts for pts, _ in full]
    for picture, (_, coded) in zip(pictures, full, strict=True):
        np.testing.assert_array_equal(picture, np.rot90(coded, -rotation // 90))


@pytest.mark.parametrize("decoder", READERS)
@pytest.mark.parametrize("name", ["B-frames", "open GOP", "HEVC open GOP", "late start", "VP9"])
def test_a_start_inside_gives_the_same_frames_as_reading_from_the_head(
    decoder: str, name: str, made: Callable[[str], Path]
) -> None:
    path = made(name)
    whole, ticks, _ = read_all(decoder, path)
    for first in (1, 11, 13, 25, 35):
        pictures, times, _ = read_all(decoder, path, Plan(start=ticks[first]))
        assert times == ticks[first:]
        assert all(map(np.array_equal, pictures, whole[first:]))


def test_a_start_inside_a_transport_stream_backs_off_to_a_key_frame(
    made: Callable[[str], Path],
) -> None:
    path = made("MPEG-TS")
    whole, ticks, _ = read_all("pyav", path)
    for first in (1, 11, 13, 25, 35):
        pictures, times, _ = read_all("pyav", path, Plan(start=ticks[first]))
        assert times == ticks[first:]
        assert all(map(np.array_equal, pictures, whole[first:]))


@pytest.mark.parametrize("decoder", READERS)
def test_an_end_stops_before_it_and_is_not_a_short_read(
    decoder: str, made: Callable[[str], Path]
) -> None:
    _, ticks, completeness = read_all(decoder, made("B-frames"), Plan(end=20 * 512))
    assert ticks == [number * 512 for number in range(20)]
    assert completeness is Completeness.COMPLETE


@pytest.mark.parametrize("decoder", READERS)
def test_key_frames_only(decoder: str, made: Callable[[str], Path]) -> None:
    pictures, ticks, completeness = read_all(decoder, made("B-frames"), Plan(keys_only=True))
    assert [media.read_number(picture) for picture in pictures] == [0, 12, 24]
    assert ticks == [0, 12 * 512, 24 * 512]
    assert completeness is Completeness.COMPLETE


def test_a_rough_reading_is_off_in_nothing_but_what_no_picture_leans_on(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    scene = cv2.GaussianBlur(rng.integers(0, 256, (300, 400, 3), dtype=np.uint8), (0, 0), 2)
    noise = rng.integers(0, 20, (24, 160, 240, 3), dtype=np.uint8)
    pictures = [
        scene[at : at + 160, at : at + 240] // 2 + own
        for at, own in zip(range(0, 96, 4), noise, strict=True)
    ]
    path = media.write_video(
        tmp_path / "film.mp4",
        pictures=pictures,
        rate=25,
        options={"preset": "veryfast", "bf": "3", "crf": "24", "g": "24"},
    )
    (exact, ticks, _), (rough, times, _) = (
        read_all("pyav", path, Plan(rough=own)) for own in (False, True)
    )
    assert times == ticks
    off = np.abs(np.array(exact, int) - rough).mean((1, 2, 3))
    assert 0 < max(off) < 1
    assert (off == 0).sum() >= len(off) // 2


@pytest.mark.parametrize("decoder", READERS)
def test_thumbnails_tell_pictures_apart(decoder: str, made: Callable[[str], Path]) -> None:
    pytest.importorskip({"pyav": "av", "opencv": "cv2"}.get(decoder, decoder))
    reader = reader_class(decoder)(probe(made("10-bit")), Plan())
    thumbnails = [picture.thumbnail() for picture in reader.pictures()]
    reader.close()
    assert {thumbnail.shape for thumbnail in thumbnails} == {THUMBNAIL_SHAPE}
    assert all(thumbnail.min() > -1 and thumbnail.max() < 256 for thumbnail in thumbnails)
    assert np.abs(thumbnails[0] - thumbnails[15]).mean() > 40


def test_one_bad_packet_costs_only_its_own_pictures(tmp_path: Path) -> None:
    whole = media.write_video(tmp_path / "whole.mp4")
    broken = media.damage(whole, tmp_path / "broken.mp4", packets=[12])
    pictures, _, completeness = read_all("pyav", broken)
    numbers = [media.read_number(picture) for picture in pictures]
    assert numbers[:12] == list(range(12))
    assert numbers[-12:] == list(range(24, 36))
    assert completeness is Completeness.DAMAGED


@pytest.mark.parametrize("decoder", READERS)
@pytest.mark.parametrize("name", ["front.mp4", "film.mkv", "film.avi", "film.ts", "film.flv"])
def test_a_cut_off_file_gives_what_is_there_and_says_so(
    decoder: str, name: str, tmp_path: Path
) -> None:
    whole = media.write_video(
        tmp_path / name,
        frames=90,
        codec="mpeg4" if name.endswith("avi") else "libx264",
        container_options={"movflags": "faststart"} if name.endswith("mp4") else None,
    )
    short = media.cut_off(whole, tmp_path / f"short-{name}", keep=0.61)
    try:
        pictures, _, completeness = read_all(decoder, short)
    except DecoderError:
        assert decoder != "pyav"
        return
    numbers = [media.read_number(picture) for picture in pictures]
    # decord gives up at one frame in one run and at another in the next.
    least = 1 if decoder == "decord" else 30
    assert least <= len(numbers) < 80
    assert numbers[:30] == list(range(len(numbers)))[:30]
    assert completeness is not Completeness.COMPLETE
    if decoder == "pyav":
        assert completeness is Completeness.CUT_SHORT
