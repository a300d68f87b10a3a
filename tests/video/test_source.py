"""Opening videos: exact frames, fall-backs with a word, bounded memory, no process left over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests import media
from vidcap.errors import MediaError, MissingExtraError, UsageError
from vidcap.video import source
from vidcap.video.frame import Completeness, Frame
from vidcap.video.image import resize_stretch
from vidcap.video.sampling import EverySeconds, KeyFrames, PerShot
from vidcap.video.source import open_video

EVERY = EverySeconds(Fraction(1, 30))
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """36 numbered frames with B-frames, beginning at 5 s."""
    folder = tmp_path_factory.mktemp("films")
    return media.write_video(folder / "film.mp4", times=range(150, 186), options={"bf": "3"})


def numbers(frames: list[Frame]) -> list[int | None]:
    return [media.read_number(frame.image) for frame in frames]


def test_frames_and_times_equal_pyavs_full_decode(film: Path) -> None:
    with open_video(film, sampling=EVERY) as video:
        frames = list(video)
    full = media.decode_fully(film)
    assert [frame.ticks for frame in frames] == [pts for pts, _ in full]
    assert [frame.time for frame in frames] == [Fraction(number, 30) for number in range(36)]
    for frame, (_, picture) in zip(frames, full, strict=True):
        np.testing.assert_array_equal(frame.image, picture)
    assert video.status.completeness is Completeness.COMPLETE
    assert video.status.decoder == "pyav"
    assert video.status.frames_decoded == 36
    assert video.status.end == Fraction(36, 30)
    assert video.status.notes == ()
    assert video.position == Fraction(36, 30)


def test_one_a_second_is_the_default_and_size_squashes(film: Path) -> None:
    with open_video(film, size=(24, 24)) as video:
        frames = list(video)
    assert [frame.time for frame in frames] == [0, 1]
    full = media.decode_fully(film)
    np.testing.assert_array_equal(frames[1].image, resize_stretch(full[30][1], (24, 24)))


def test_start_and_end_are_player_times(film: Path) -> None:
    with open_video(film, sampling=EVERY, start=Fraction(1, 2), end=Fraction(1)) as video:
        frames = list(video)
    assert numbers(frames) == list(range(15, 30))
    assert video.status.completeness is Completeness.COMPLETE
    assert video.status.end == 1


def test_key_frames_only(film: Path) -> None:
    with open_video(film, sampling=KeyFrames()) as video:
        assert numbers(list(video)) == [0, 12, 24]
    assert video.status.end == Fraction(36, 30)


def test_frames_of_each_shot(tmp_path: Path) -> None:
    blank = np.zeros((64, 96, 3), np.uint8)
    pictures = [blank + 20] * 30 + [blank + 120] * 40 + [blank + 220] * 20
    path = media.write_video(tmp_path / "shots.mp4", pictures=pictures)
    with open_video(path, sampling=PerShot(2)) as video:
        frames = list(video)
    assert [frame.shot for frame in frames] == [0, 0, 1, 1, 2, 2]
    assert [frame.shot_start for frame in frames[::2]] == [0, 1, Fraction(70, 30)]
    assert [round(frame.time * 30) for frame in frames] == pytest.approx(
        [7, 22, 40, 60, 75, 85], abs=3
    )


def test_a_start_behind_the_end_gives_nothing_and_no_error(film: Path) -> None:
    with open_video(film, start=Fraction(100)) as video:
        assert list(video) == []
    assert video.status.frames_decoded == 0


def test_two_runs_give_the_same_bytes(film: Path) -> None:
    runs = []
    for threads in (1, 2):
        with open_video(film, sampling=EVERY, size=(50, 40), threads=threads) as video:
            runs.append([(frame.ticks, frame.shot, frame.image.tobytes()) for frame in video])
    assert runs[0] == runs[1]


@pytest.mark.parametrize(
    ("fake", "words"),
    [
        ("Refusing", "not to its taste"),
        ("Blind", "decoded no frame (it saw nothing)"),
        ("Raising", "a cosmic ray"),
        ("Crashing", "crashed with signal 6"),
        ("Hanging", "no sign of life for 6 s"),
        ("Lying", "16 frames that the file lists did not come"),
    ],
)
def test_a_failing_back_end_is_followed_by_the_next_without_a_seam(
    fake: str, words: str, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"tests.video.fakes:{fake}"
    monkeypatch.setattr(source, "AUTO_ORDER", (name, "pyav"))
    with open_video(film, sampling=EVERY, timeout=6) as video:
        frames = list(video)
    assert numbers(frames) == list(range(36))
    assert video.status.decoder == "pyav"
    assert video.status.completeness is Completeness.COMPLETE
    (note,) = video.status.notes
    assert note.startswith(f"{name} was given up: ")
    assert words in note


@pytest.fixture(scope="module")
def long_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five seconds: pictures are held for two, until it is known which shot they are in."""
    return media.write_video(tmp_path_factory.mktemp("films") / "film.mp4", frames=150)


def test_a_back_end_asked_for_by_name_that_hangs_leaves_a_damaged_reading(
    long_film: Path,
) -> None:
    began = time.monotonic()
    with open_video(
        long_film, sampling=EVERY, decoder="tests.video.fakes:Hanging", timeout=6
    ) as video:
        frames = list(video)
    assert time.monotonic() - began < 40
    assert len(frames) >= 50
    assert video.status.completeness is Completeness.DAMAGED
    assert "no sign of life" in video.status.notes[0]


def test_when_no_back_end_can_read_it_there_is_one_error(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("tests.video.fakes:Refusing", "tests.video.fakes:Blind")
    monkeypatch.setattr(source, "AUTO_ORDER", names)
    with pytest.raises(MediaError, match="no decoder can read it") as caught:
        list(open_video(film))
    assert all(name in str(caught.value) for name in names)


def test_a_slow_decoder_is_not_taken_for_one_that_hangs(film: Path) -> None:
    with open_video(film, decoder="tests.video.fakes:Slow", timeout=3) as video:
        assert len(list(video)) == 2
    assert video.status.notes == ()


def test_what_libraries_print_does_not_get_between_the_frames(film: Path) -> None:
    with open_video(film, sampling=EVERY, decoder="tests.video.fakes:Printing") as video:
        assert numbers(list(video)) == list(range(36))


@pytest.mark.parametrize("decoder", ["opencv", "decord"])
def test_other_back_ends_by_name(decoder: str, film: Path) -> None:
    pytest.importorskip({"opencv": "cv2"}.get(decoder, decoder))
    with open_video(film, sampling=EVERY, decoder=decoder) as video:
        assert numbers(list(video)) == list(range(36))
    assert video.status.decoder == decoder


def test_a_back_end_that_is_not_installed_is_an_error_only_by_name(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "find_spec", lambda name: None if name == "decord" else name)
    with pytest.raises(MissingExtraError, match="pip install decord"):
        open_video(film, decoder="decord")
    monkeypatch.setattr(source, "AUTO_ORDER", ("decord", "pyav"))
    with open_video(film) as video:
        assert len(list(video)) == 2
    assert video.status.notes == ("decord is not installed.",)


def test_a_file_that_is_no_video_is_refused_when_it_is_opened(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="there is no such file"):
        open_video(tmp_path / "nowhere.mp4")


@pytest.mark.parametrize(
    "options",
    [
        {"decoder": "vlc"},
        {"start": Fraction(-1)},
        {"end": Fraction(0)},
        {"start": Fraction(2), "end": Fraction(2)},
        {"size": (0, 10)},
        {"timeout": 0},
        {"threads": -1},
    ],
)
def test_values_that_cannot_be_used_are_refused_first(options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        open_video("never opened.mp4", **options)  # type: ignore[arg-type]


def test_the_status_is_not_known_before_the_end(film: Path) -> None:
    with open_video(film) as video:
        next(video)
        with pytest.raises(UsageError, match="read to the end"):
            _ = video.status


def test_modules_in_the_users_folder_are_not_imported(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("av", "numpy", "queue", "fractions"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('imported from the folder')\n")
    monkeypatch.chdir(tmp_path)
    with open_video(film) as video:
        assert len(list(video)) == 2


def _children_of(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(entry.parent.name))
    return found


def _gone(pid: int, seconds: float = 10) -> bool:
    for _ in range(int(seconds * 20)):
        stat = Path(f"/proc/{pid}/stat")
        try:
            if stat.read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")


@needs_proc
@pytest.mark.parametrize("decoder", ["pyav", "tests.video.fakes:Hanging"])
def test_no_process_outlives_a_parent_that_is_killed(decoder: str, long_film: Path) -> None:
    script = (
        "import sys, time\n"
        "from fractions import Fraction\n"
        "from vidcap.video.source import open_video\n"
        "from vidcap.video.sampling import EverySeconds\n"
        "video = open_video(sys.argv[1], decoder=sys.argv[2],"
        " sampling=EverySeconds(Fraction(1, 30)))\n"
        "next(video)\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(long_film), decoder],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    children = _children_of(parent.pid)
    assert children
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert all(_gone(child) for child in children)


@needs_proc
def test_a_video_left_in_the_middle_leaves_no_process(film: Path) -> None:
    before = set(_children_of(os.getpid()))
    video = open_video(film, sampling=EVERY, decoder="tests.video.fakes:Slow")
    next(video)
    children = set(_children_of(os.getpid())) - before
    assert children
    del video
    assert all(_gone(child) for child in children)


@needs_proc
def test_a_killed_decoder_is_only_a_failed_back_end(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "AUTO_ORDER", ("tests.video.fakes:Slow", "pyav"))
    before = set(_children_of(os.getpid()))
    with open_video(film, sampling=EVERY) as video:
        frames = [next(video)]
        (child,) = set(_children_of(os.getpid())) - before
        os.kill(child, signal.SIGKILL)
        frames += list(video)
    assert numbers(frames) == list(range(36))
    assert "crashed with signal 9" in video.status.notes[0]


@needs_proc
def test_a_reader_that_does_not_take_frames_holds_the_decoder_back(tmp_path: Path) -> None:
    """Native 640x480 frames are 0.9 MB each; 400 of them must not pile up anywhere."""
    grey = np.full((480, 640, 3), 128, np.uint8)
    path = media.write_video(tmp_path / "long.mp4", pictures=[grey] * 400)
    before = set(_children_of(os.getpid()))
    with open_video(path, sampling=EVERY) as video:
        own = _resident(os.getpid())
        next(video)
        (child,) = set(_children_of(os.getpid())) - before
        time.sleep(2)
        assert video.position < 3
        assert _resident(os.getpid()) - own < 60
        assert _resident(child) < 400
        assert sum(1 for _ in video) == 399


def _resident(pid: int) -> float:
    """Resident memory of a process in megabytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")
