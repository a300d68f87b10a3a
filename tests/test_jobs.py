from __future__ import annotations

import gc
import json
import os
from concurrent.futures import Future
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import vidcap
from tests import media
from tests.fakes import ShadeCaptioner, SilentCaptioner
from vidcap.errors import MediaError, ModelError, NothingToSayError, OutputError, UsageError


def shades(path: Path, *, levels: tuple[int, ...] = (10, 120, 240), seconds: int = 2) -> Path:
    """A video of plain pictures, ``seconds`` of each level."""
    pictures = [
        np.full((64, 96, 3), level, np.uint8) for level in levels for _ in range(10 * seconds)
    ]
    return media.write_video(path, pictures=pictures, rate=10)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shades(tmp_path_factory.mktemp("films") / "film.mp4")


def test_scenes_come_with_their_true_times(film: Path) -> None:
    with vidcap.subtitle(film, captioner=ShadeCaptioner()) as subtitles:
        found = [(scene.start, scene.end, scene.text) for scene in subtitles]
    assert found == [
        (0, 2, "a black dog"),
        (2, 4, "the grey cat sleeps"),
        (4, 6, "two white birds fly over water"),
    ]


def test_info_is_there_before_the_work_and_cues_and_status_after(film: Path) -> None:
    with vidcap.subtitle(film, captioner=ShadeCaptioner()) as subtitles:
        assert (subtitles.info.width, subtitles.info.height) == (96, 64)
        assert [cue.lines for cue in subtitles.cues] == [
            ("A black dog.",),
            ("The grey cat sleeps.",),
            ("Two white birds fly over water.",),
        ]
        assert subtitles.status.completeness == "complete"
        assert subtitles.status.end == 6


def test_scenes_are_given_out_before_the_video_has_been_read(tmp_path: Path) -> None:
    film = shades(tmp_path / "long.mp4", levels=(10, 240) * 6, seconds=4)
    captioner = ShadeCaptioner()
    with vidcap.subtitle(film, captioner=captioner, batch_size=1) as subtitles:
        next(subtitles)
        assert sum(captioner.batches) < 40  # of the 48 that the whole video has


def test_what_stands_still_is_captioned_once_and_in_batches(tmp_path: Path) -> None:
    film = shades(tmp_path / "film.mp4", levels=(10, 240) * 3, seconds=3)
    captioner = ShadeCaptioner()
    with vidcap.subtitle(film, captioner=captioner, batch_size=4) as subtitles:
        scenes = list(subtitles)
    assert captioner.batches == [2, 4]
    assert [len(scene.frames) for scene in scenes] == [3] * 6


def test_progress_follows_the_frames(film: Path) -> None:
    reached: list[Fraction] = []
    with vidcap.subtitle(
        film, captioner=ShadeCaptioner(), batch_size=1, progress=reached.append
    ) as subtitles:
        list(subtitles)
    assert reached == [0, 2, 4, 5]


def test_start_and_end_bound_the_scenes(film: Path) -> None:
    with vidcap.subtitle(film, captioner=ShadeCaptioner(), start=2, end="3.5") as subtitles:
        scenes = list(subtitles)
    assert [scene.text for scene in scenes] == ["the grey cat sleeps"]
    assert scenes[0].start == 2
    assert scenes[0].end <= Fraction("3.6")


def test_fps_decides_how_many_frames_are_looked_at(film: Path) -> None:
    captioner = ShadeCaptioner()
    with vidcap.subtitle(film, captioner=captioner, fps="1/2") as subtitles:
        list(subtitles)
    assert sum(captioner.batches) == 3


def test_the_document_says_what_made_it(film: Path) -> None:
    with vidcap.subtitle(film, captioner=ShadeCaptioner(), fps=2, start=1) as subtitles:
        document = json.loads(subtitles.text("json"))
    assert document["made_by"] == {
        "version": vidcap.__version__,
        "captioner": "shades",
        "checkpoint": "0" * 64,
        "runtime": "none",
        "decoder": "pyav",
    }
    assert document["settings"] == {
        "preset": "netflix",
        "sampling": "fps",
        "fps": "2",
        "start": "1",
        "end": None,
        "decoder": "auto",
    }
    assert document["video"]["path"] == str(film)
    assert document["status"]["completeness"] == "complete"


def test_the_same_input_and_settings_give_the_same_bytes(film: Path) -> None:
    def once(batch_size: int) -> str:
        with vidcap.subtitle(film, captioner=ShadeCaptioner(), batch_size=batch_size) as subtitles:
            return subtitles.text("json")

    assert once(1) == once(16)


@pytest.mark.parametrize("suffix", ["srt", "vtt", "json"])
def test_write_takes_the_format_from_the_suffix(film: Path, tmp_path: Path, suffix: str) -> None:
    with vidcap.subtitle(film, captioner=ShadeCaptioner()) as subtitles:
        subtitles.write(tmp_path / f"out.{suffix}")
        assert (tmp_path / f"out.{suffix}").read_bytes() == subtitles.text(suffix).encode()


def test_nothing_to_say_leaves_no_file(film: Path, tmp_path: Path) -> None:
    subtitles = vidcap.subtitle(film, captioner=SilentCaptioner())
    with pytest.raises(NothingToSayError, match="no picture of it gave a sentence"):
        subtitles.write(tmp_path / "out.srt")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_nothing(film: Path, tmp_path: Path) -> None:
    (tmp_path / "out.srt").mkdir()
    subtitles = vidcap.subtitle(film, captioner=ShadeCaptioner())
    with pytest.raises(OutputError, match=r"out\.srt"):
        subtitles.write(tmp_path / "out.srt")
    assert [path.name for path in tmp_path.iterdir()] == ["out.srt"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fps": 0}, "above 0"),
        ({"fps": "fast"}, "fps is fast"),
        ({"fps": "1e99999999"}, "fps is 1e99999999"),
        ({"fps": float("nan")}, "fps is nan"),
        ({"fps": "1/0"}, "fps is 1/0"),
        ({"start": -1}, "start is -1"),
        ({"start": 5, "end": 5}, "end is 5 s"),
        ({"end": 0}, "end is 0 s"),
        ({"batch_size": 0}, "batch size is 0"),
        ({"threads": -1}, "threads is -1"),
        ({"sampling": "often"}, "often"),
        ({"preset": "hollywood"}, "hollywood"),
        ({"decoder": "betamax"}, "betamax"),
    ],
)
def test_options_are_checked_by_value(film: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        list(vidcap.subtitle(film, captioner=ShadeCaptioner(), **options))  # type: ignore[arg-type]


def test_a_missing_file_is_reported_before_the_captioner_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "vidcap.jobs.loading.load_in_background", lambda *a, **k: pytest.fail("loaded")
    )
    with pytest.raises(MediaError, match=r"nothing\.mp4: there is no such file"):
        vidcap.subtitle(tmp_path / "nothing.mp4")


def test_an_unknown_captioner_is_a_model_error(film: Path) -> None:
    with pytest.raises(ModelError, match="parrot"):
        list(vidcap.subtitle(film, captioner="parrot"))


def test_closing_early_ends_the_decoder(film: Path) -> None:
    subtitles = vidcap.subtitle(film, captioner=ShadeCaptioner(), batch_size=1)
    next(subtitles)
    subtitles.close()
    gc.collect()
    assert _children() == []
    assert list(subtitles) == []
    with pytest.raises(UsageError, match="stopped before its end"):
        _ = subtitles.status


def test_an_error_in_the_loop_ends_the_decoder(film: Path) -> None:
    def fail() -> None:
        with vidcap.subtitle(film, captioner=ShadeCaptioner(), batch_size=1) as subtitles:
            for _ in subtitles:
                raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert _children() == []


def _children() -> list[str]:
    """The running child processes; the parent of each is the fourth field of its stat."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(parent) == os.getpid() and state != "Z":
            found.append(stat.parent.name)
    return found


def picture(path: Path, level: int) -> Path:
    Image.new("RGB", (40, 30), (level, level, level)).save(path)
    return path


def test_pictures_are_captioned_in_order_past_one_that_fails(tmp_path: Path) -> None:
    (tmp_path / "b.png").write_bytes(b"no picture")
    paths = [
        picture(tmp_path / "a.png", 0),
        tmp_path / "b.png",
        picture(tmp_path / "c.png", 255),
        tmp_path / "d.png",
        picture(tmp_path / "a.png", 0),
    ]
    captioner = ShadeCaptioner()
    found = list(vidcap.caption(paths, captioner=captioner, batch_size=2))
    assert [result.path for result in found] == paths
    assert [result.caption and result.caption.text for result in found] == [
        "a black dog",
        None,
        "two white birds fly over water",
        None,
        "a black dog",
    ]
    assert [type(result.error) for result in found[1::2]] == [MediaError, MediaError]
    assert captioner.batches == [1, 1, 1]


def test_one_picture_needs_no_list_and_a_loading_captioner_will_do(tmp_path: Path) -> None:
    loading: Future[ShadeCaptioner] = Future()
    results = vidcap.caption(picture(tmp_path / "a.png", 0), captioner=loading)
    loading.set_result(ShadeCaptioner())
    assert [result.caption and result.caption.text for result in results] == ["a black dog"]
