from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.index.records import content, put, scenes, video
from vidcap.errors import MediaError, OutputError
from vidcap.index import Catalogue, SceneRecord, claims
from vidcap.index.interchange import export_lines


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with Catalogue(tmp_path / "library.db", create=True) as opened:
        yield opened


def test_what_is_put_in_comes_out(catalogue: Catalogue) -> None:
    told = [
        SceneRecord(0, 1500, "a dog", -0.5, None, (500, 1000), b"x", {"dog": 0.9}, "EXIT", b"\1\2"),
        SceneRecord(1500, 4000, "", None, 0.25, (), None, None, None, None, b"\3\4"),
    ]
    put(catalogue, "a", told)
    assert catalogue.video(content("a")) == video("a")
    assert catalogue.scenes(content("a")) == told
    assert catalogue.video(content("b")) is None


def test_a_video_takes_the_place_of_itself_with_all_that_belongs_to_it(
    catalogue: Catalogue,
) -> None:
    put(catalogue, "a", [replace(scene, sentence_vector=b"\1") for scene in scenes("x", "y", "z")])
    put(catalogue, "a", scenes("w"))
    ask = catalogue.connection.execute
    assert ask("SELECT count(*) FROM scene").fetchone() == (1,)
    assert ask("SELECT count(*) FROM vector").fetchone() == (0,)
    assert ask("SELECT count(*) FROM words WHERE words MATCH 'x OR y OR z'").fetchone() == (0,)
    assert ask("SELECT count(*) FROM words WHERE words MATCH 'w'").fetchone() == (1,)
    ask("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")


def test_a_video_whose_claim_was_lost_is_not_written(catalogue: Catalogue) -> None:
    assert not catalogue.add(video("a"), scenes("x"), claimed=True)
    assert catalogue.video(content("a")) is None
    assert catalogue.claim(content("a"))
    assert catalogue.add(video("a"), scenes("x"), claimed=True)
    assert catalogue.connection.execute("SELECT count(*) FROM claim").fetchone() == (0,)


def test_a_claim_is_ones_own_until_it_is_given_up_or_its_time_is_over(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Catalogue(catalogue.path) as other:
        assert catalogue.claim("x")
        assert catalogue.claim("x")
        assert not other.claim("x")
        later = claims.time.time() + claims.LEASE - 1
        monkeypatch.setattr(claims.time, "time", lambda: later)
        catalogue.renew("x")
        monkeypatch.setattr(claims.time, "time", lambda: later + 2)
        assert not other.claim("x")
        monkeypatch.setattr(claims.time, "time", lambda: later + claims.LEASE + 1)
        assert other.claim("x")
        catalogue.release("x")
        assert not catalogue.claim("x")
        other.release("x")
        assert catalogue.claim("x")


def test_a_claim_from_before_a_clock_was_set_back_is_void(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = claims.time.time()
    with Catalogue(catalogue.path) as other:
        monkeypatch.setattr(claims.time, "time", lambda: now + 86_400)
        assert catalogue.claim("x")
        monkeypatch.setattr(claims.time, "time", lambda: now)
        assert other.claim("x")
        assert not catalogue.claim("x")


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a claim lasts until its time is over")
def test_the_claim_of_a_process_that_is_gone_is_anybodys(catalogue: Catalogue) -> None:
    program = (
        "import os, signal, sys\n"
        "from vidcap.index import Catalogue\n"
        "assert Catalogue(sys.argv[1]).claim('x')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", program, catalogue.path], check=False)
    assert catalogue.connection.execute("SELECT count(*) FROM claim").fetchone() == (1,)
    assert catalogue.claim("x")


def test_a_file_is_read_again_only_when_it_has_changed(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"one")
    first = catalogue.recognise(film)
    catalogue.remember(first)
    with monkeypatch.context() as patch:
        patch.setattr("vidcap.index.store.content_hash", lambda path: pytest.fail("read again"))
        assert catalogue.recognise(film) == first
    film.write_bytes(b"other")
    assert catalogue.recognise(film).content != first.content
    with pytest.raises(MediaError, match=r"none\.mp4: cannot be read"):
        catalogue.recognise(tmp_path / "none.mp4")


def test_a_file_that_was_moved_is_known_at_its_new_place(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    film, copy, moved = (tmp_path / name for name in ("film.mp4", "copy.mp4", "deep/moved.mp4"))
    film.write_bytes(b"film")
    shutil.copy(film, copy)
    for path in (film, copy):
        catalogue.remember(catalogue.recognise(path))
    moved.parent.mkdir()
    film.rename(moved)
    file = catalogue.recognise(moved)
    catalogue.remember(file)
    assert [known.path for known in catalogue.files(file.content)] == [copy, moved]


def test_what_lies_nowhere_is_pruned(catalogue: Catalogue, tmp_path: Path) -> None:
    here = tmp_path / "here.mp4"
    here.touch()
    put(catalogue, "here", scenes("x"), here)
    put(catalogue, "gone", scenes("x", "y"), tmp_path / "gone.mp4")
    assert catalogue.prune() == (1, 1)
    assert catalogue.prune() == (0, 0)
    assert catalogue.status().scenes == 1
    assert catalogue.video(content("here")) is not None


def test_a_failure_is_kept_with_its_error_and_counted(catalogue: Catalogue) -> None:
    catalogue.add(video("a", error="holds no video"))
    put(catalogue, "b", scenes("x", "y"))
    status = catalogue.status()
    assert (status.videos, status.failed, status.scenes, status.seconds) == (1, 1, 2, 20.0)
    kept = catalogue.video(content("a"))
    assert kept is not None
    assert kept.error == "holds no video"


def test_a_full_disk_is_one_line_and_leaves_the_catalogue_whole(catalogue: Catalogue) -> None:
    put(catalogue, "a", scenes("x"))
    before = list(export_lines(catalogue))
    (pages,) = catalogue.connection.execute("PRAGMA page_count").fetchone()
    catalogue.connection.execute(f"PRAGMA max_page_count = {pages}")
    large = [replace(scene, thumbnail=bytes(100_000)) for scene in scenes("y", "z")]
    with pytest.raises(OutputError, match=r"library\.db: the disk is full"):
        put(catalogue, "b", large)
    assert list(export_lines(catalogue)) == before
    assert catalogue.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    catalogue.connection.execute("PRAGMA max_page_count = 1000000")
    put(catalogue, "b", large)
    assert catalogue.status().scenes == 3
