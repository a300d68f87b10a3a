from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from vidcap.commands.inputs import VIDEO_SUFFIXES
from vidcap.commands.outputs import (
    RECORDS,
    Target,
    check_writable,
    named_target,
    save,
    save_sidecar,
    sidecar_target,
)
from vidcap.errors import OutputError

ENDINGS = (".en.srt", ".scenes.en.srt")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return touch(tmp_path / "film.mp4")


def touch(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def choose(
    film: Path, folder: Path | None = None, *, force: bool = False, fps: str = "1"
) -> Target:
    return sidecar_target(
        film,
        folder or film.parent,
        ENDINGS,
        siblings=VIDEO_SUFFIXES,
        settings={"fps": fps},
        force=force,
    )


def make(film: Path, path: Path, text: str = "words") -> None:
    assert save_sidecar(path, text, film, {"fps": "1"}) == ""


def test_the_plain_name_is_the_first_choice(film: Path) -> None:
    assert choose(film) == Target(film.with_name("film.en.srt"))


def test_what_vidcap_wrote_is_done_and_forced_anew(film: Path) -> None:
    path = choose(film).path
    make(film, path)
    assert choose(film) == Target(path, done=True)
    assert choose(film, force=True) == Target(path)


def test_somebody_elses_file_is_never_the_target(film: Path) -> None:
    touch(film.with_name("film.en.srt"), "theirs")
    for force in (False, True):
        target = choose(film, force=force)
        assert (target.path.name, target.done) == ("film.scenes.en.srt", False)
        assert "film.en.srt is not vidcap's" in target.note
    make(film, target.path)
    assert choose(film) == Target(target.path, done=True)
    film.with_name("film.en.srt").unlink()
    assert choose(film) == Target(target.path, done=True)


def test_an_edited_result_is_the_editors(film: Path) -> None:
    path = choose(film).path
    make(film, path)
    path.write_text("words, corrected by hand")
    kept = choose(film)
    assert (kept.path, kept.done) == (path, True)
    assert "edited since" in kept.note
    forced = choose(film, force=True)
    assert (forced.path.name, forced.done) == ("film.scenes.en.srt", False)
    assert "edited since" in forced.note


def test_both_names_taken_is_an_error_with_a_way_out(film: Path) -> None:
    touch(film.with_name("film.en.srt"))
    touch(film.with_name("film.scenes.en.srt"))
    with pytest.raises(OutputError, match=r"film\.scenes\.en\.srt.*-o"):
        choose(film, force=True)


def test_a_result_with_other_settings_or_of_an_older_file_stays_with_a_word(film: Path) -> None:
    path = choose(film).path
    make(film, path)
    assert "other settings" in choose(film, fps="2").note
    film.write_text("a new cut")
    target = choose(film)
    assert target.done
    assert "film.mp4 has changed since" in target.note
    assert "--force" in target.note


def test_two_videos_of_one_stem_keep_apart(film: Path) -> None:
    other = touch(film.with_name("film.mkv"))
    assert choose(film).path.name == "film.mp4.en.srt"
    assert choose(other).path.name == "film.mkv.en.srt"


def test_a_video_that_comes_later_does_not_take_the_name_of_the_first(film: Path) -> None:
    first = choose(film).path
    make(film, first)
    other = touch(film.with_name("film.webm"))
    assert choose(film) == Target(first, done=True)
    assert choose(other).path.name == "film.webm.en.srt"


def test_two_folders_into_one_do_not_overwrite_each_other(tmp_path: Path) -> None:
    one, two = touch(tmp_path / "one/film.mp4"), touch(tmp_path / "two/film.mp4")
    out = tmp_path / "out"
    make(one, choose(one, out).path)
    for force in (False, True):
        target = choose(two, out, force=force)
        assert (target.path, target.done) == (out / "film.scenes.en.srt", False)


def test_a_folder_may_be_moved_with_its_results(film: Path, tmp_path: Path) -> None:
    make(film, choose(film).path)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in ("film.mp4", "film.en.srt", RECORDS):
        (film.parent / name).rename(moved / name)
    assert choose(moved / "film.mp4").done


@pytest.mark.parametrize("damage", ["", "[]", '{"sha256": 5}', "\x00\xff"])
def test_a_damaged_record_makes_the_file_somebody_elses(film: Path, damage: str) -> None:
    path = choose(film).path
    make(film, path)
    (record,) = (film.parent / RECORDS).iterdir()
    record.write_text(damage)
    assert choose(film, force=True).path.name == "film.scenes.en.srt"


def test_names_that_are_long_or_no_text_have_records(tmp_path: Path) -> None:
    for name in ("x" * 244 + ".mp4", "line\nend.mp4", os.fsdecode(b"caf\xe9.mp4")):
        film = touch(tmp_path / name)
        path = choose(film).path
        make(film, path)
        assert choose(film) == Target(path, done=True)


def test_a_record_says_what_was_written(film: Path) -> None:
    make(film, film.with_name("film.en.srt"))
    (record,) = (film.parent / RECORDS).iterdir()
    written = json.loads(record.read_text())
    assert written["output"] == "film.en.srt"
    assert written["source"] == "film.mp4"
    assert written["settings"] == {"fps": "1"}


def test_without_a_record_the_result_is_written_all_the_same(film: Path) -> None:
    touch(film.parent / RECORDS)  # a file where the folder should be
    path = film.with_name("film.en.srt")
    assert "will not know film.en.srt" in save_sidecar(path, "words", film, {})
    assert path.read_text() == "words"


def test_a_result_outlives_its_video(film: Path) -> None:
    film.unlink()
    assert save_sidecar(film.with_name("film.en.srt"), "words", film, {}) == ""
    assert film.with_name("film.en.srt").read_text() == "words"


def test_a_named_file_is_replaced_by_force_only(tmp_path: Path) -> None:
    path = tmp_path / "out.srt"
    assert named_target(path, force=False) == Target(path)
    path.write_text("theirs")
    with pytest.raises(OutputError, match="--force"):
        named_target(path, force=False)
    assert named_target(path, force=True) == Target(path)


def test_a_device_or_a_dangling_link_is_no_place_for_a_result(tmp_path: Path) -> None:
    (tmp_path / "link.srt").symlink_to(tmp_path / "gone")
    for path in (Path(os.devnull), tmp_path / "link.srt", tmp_path):
        with pytest.raises(OutputError, match="no plain file"):
            named_target(path, force=True)


def test_a_result_that_cannot_be_written_is_kept_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuge = tmp_path / "refuge"
    refuge.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(refuge))
    (tmp_path / "out.srt").mkdir()
    with pytest.raises(OutputError, match="was kept as"):
        save(tmp_path / "out.srt", "hours of work")
    (kept,) = refuge.glob("*/out.srt")
    assert kept.read_text() == "hours of work"


def test_a_folder_that_cannot_be_is_found_before_the_work(tmp_path: Path) -> None:
    check_writable(tmp_path / "new" / "deeper")
    assert list(tmp_path.iterdir()) == []
    touch(tmp_path / "file")
    with pytest.raises(OutputError, match="is a file"):
        check_writable(tmp_path / "file" / "folder")


def test_a_folder_without_permission_is_found_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(OutputError, match="cannot be written"):
        check_writable(tmp_path)
