"""`vidcap index`, `search` and `library`, run inside the test's process with a quick captioner."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests import media
from tests.fakes import BrokenCaptioner, ShadeCaptioner
from tests.running import Result, Vidcap
from vidcap.cli import main
from vidcap.commands import exits
from vidcap.index import Catalogue
from vidcap.index.interchange import export_lines


class SeeingCaptioner(ShadeCaptioner):
    """Can tell what looks alike: pictures of one brightness."""

    def embed(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        angles = [picture.mean() / 256 * np.pi for picture in pictures]
        return np.array([[np.cos(a), np.sin(a)] for a in angles], np.float32)


@pytest.fixture
def vidcap_(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Vidcap:
    """Runs the command with the captioner given, words alone unless weights are there."""

    def run(*words: str | Path, captioner: ShadeCaptioner | None = None) -> Result:
        loaded = captioner or SeeingCaptioner()
        for place in ("captioning.registry", "jobs.indexing", "jobs.searching"):
            monkeypatch.setattr(f"vidcap.{place}.load_captioner", lambda *a, **o: loaded)
        code = main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Result(code, out, err)

    return run


@pytest.fixture
def films(original: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    (folder / "deep").mkdir(parents=True)
    shutil.copy(original, folder / "a.mp4")
    # The same pictures, another file.
    (folder / "deep/b.mkv").write_bytes(original.read_bytes() + b"\0" * 8)
    return folder


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "library.db"


def lines(db: Path) -> list[str]:
    with Catalogue(db) as catalogue:
        return list(export_lines(catalogue))


def test_a_folder_is_indexed_and_its_scenes_are_found(
    films: Path, db: Path, vidcap_: Vidcap
) -> None:
    result = vidcap_("index", films, "--db", db)
    assert result.code == 0
    assert "2 done" in result.err
    found = vidcap_("search", "cat", "--db", db, "--json", "--ranking", "words")
    assert found.code == 0
    records = [json.loads(line) for line in found.out.splitlines()]
    assert [(r["path"], r["start"], r["end"], r["text"]) for r in records] == [
        (str(films / "a.mp4"), 2.0, 4.0, "the grey cat sleeps"),
        (str(films / "deep/b.mkv"), 2.0, 4.0, "the grey cat sleeps"),
    ]
    assert list(records[0]) == ["path", "start", "end", "text", "score", "thumbnail", "link"]
    assert records[0]["thumbnail"].startswith("data:image/webp;base64,UklGR")
    assert records[0]["link"] == (films / "a.mp4").as_uri() + "#t=2,4"
    inside = vidcap_("search", "cat", "--db", db, "--in", films / "deep", "--json")
    assert {json.loads(line)["path"] for line in inside.out.splitlines()} == {
        str(films / "deep/b.mkv")
    }
    people = vidcap_("search", "cat", "--db", db, "--top", "1")
    assert "0:00:02.000 to 0:00:04.000" in people.out
    assert f"mpv --start=2 -- {films / 'a.mp4'}" in people.out


def test_nothing_found_prints_nothing_and_leaves_with_0(
    films: Path, db: Path, vidcap_: Vidcap
) -> None:
    vidcap_("index", films, "--db", db)
    for words in (["a tax form"], ["\0"], ['"'], ["NEAR( OR *"], ["a tax form", "--json"]):
        result = vidcap_("search", *words, "--db", db, "-q")
        assert (result.code, result.out, result.err) == (0, "", "")


def test_a_second_run_watches_nothing_even_where_files_have_moved(
    films: Path, db: Path, vidcap_: Vidcap
) -> None:
    vidcap_("index", films, "--db", db)
    (films / "a.mp4").rename(films / "deep/line\nend.mp4")
    (films / "deep/b.mkv").rename(films / "caf\udce9.mkv")
    captioner = ShadeCaptioner()
    result = vidcap_("index", films, "--db", db, captioner=captioner)
    assert result.code == 0
    assert "2 kept" in result.err
    assert captioner.batches == []
    records = [
        json.loads(line) for line in vidcap_("search", "dog", "--db", db, "--json").out.splitlines()
    ]
    assert {record["path"] for record in records} == {
        str(films / "caf\udce9.mkv"),
        str(films / "deep/line\nend.mp4"),
    }
    shown = vidcap_("search", "dog", "--db", db).out
    assert all(line.isprintable() for line in shown.splitlines())


def test_other_settings_make_a_video_stale(films: Path, db: Path, vidcap_: Vidcap) -> None:
    vidcap_("index", films, "--db", db)
    before = lines(db)
    stale = vidcap_("index", films, "--db", db, "--fps", "2")
    assert stale.code == 0
    assert "--refresh makes it anew" in stale.err
    assert lines(db) == before
    fresh = vidcap_("index", films, "--db", db, "--fps", "2", "--refresh")
    assert "2 done" in fresh.err
    assert lines(db) != before
    assert "2 kept" in vidcap_("index", films, "--db", db, "--fps", "2", "--refresh").err


def test_a_broken_file_is_kept_with_its_error_and_tried_again_when_asked(
    films: Path, db: Path, vidcap_: Vidcap
) -> None:
    (films / "bad.mp4").write_bytes(b"no video")
    result = vidcap_("index", films, "--db", db)
    assert result.code == exits.SOME_FAILED
    assert "2 done, 1 failed" in result.err
    again = vidcap_("index", films, "--db", db)
    assert again.code == 0
    assert "failed before: " in again.err
    assert vidcap_("index", films, "--db", db, "--retry-failed").code == exits.SOME_FAILED
    status = json.loads(vidcap_("library", "status", "--db", db, "--json").out)
    assert (status["videos"], status["failed"], status["scenes"]) == (2, 1, 6)
    assert "failed:   1" in vidcap_("library", "status", "--db", db).out


def test_a_fault_in_vidcap_stops_nothing(films: Path, db: Path, vidcap_: Vidcap) -> None:
    result = vidcap_("index", films, "--db", db, captioner=BrokenCaptioner())
    assert result.code == exits.SOME_FAILED
    assert result.err.count("a wheel came off in two lines") >= 2
    assert "2 done" in vidcap_("index", films, "--db", db, "--retry-failed").err


def test_no_more_than_the_limit_are_watched(films: Path, db: Path, vidcap_: Vidcap) -> None:
    assert "1 scenes" not in vidcap_("index", films, "--db", db, "--limit", "1").err
    assert json.loads(lines(db)[0])["error"] is None
    assert len(lines(db)) == 1
    vidcap_("index", films, "--db", db, "--limit", "1")
    assert len(lines(db)) == 2


def test_a_dry_run_writes_nothing(films: Path, db: Path, vidcap_: Vidcap) -> None:
    captioner = ShadeCaptioner()
    result = vidcap_("index", films, "--db", db, "--dry-run", captioner=captioner)
    assert result.code == 0
    assert result.err.count("to be watched") >= 2
    assert not db.exists()
    vidcap_("index", films / "a.mp4", "--db", db)
    before = db.read_bytes()
    told = vidcap_("index", films, "--db", db, "--dry-run", "--json", captioner=captioner)
    assert [json.loads(line)["outcome"] for line in told.out.splitlines()] == ["kept", "to do"]
    assert db.read_bytes() == before
    assert captioner.batches == []


def test_copies_are_watched_once(films: Path, db: Path, vidcap_: Vidcap) -> None:
    shutil.copy(films / "a.mp4", films / "copy.mp4")
    result = vidcap_("index", films, "--db", db)
    assert "2 done, 1 kept" in result.err
    assert json.loads(vidcap_("library", "status", "--db", db, "--json").out)["files"] == 3


def test_a_growing_folder_is_watched(
    films: Path, db: Path, vidcap_: Vidcap, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = films / "late.mp4"
    looks = 0

    def sleep(seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 2:
            late.write_bytes((films / "a.mp4").read_bytes()[:-1000])
        if looks == 3:  # it grows between two looks, and is not taken yet
            assert len(lines(db)) == 2
            late.write_bytes((films / "a.mp4").read_bytes() + b"\0" * 16)
        assert looks < 10

    monkeypatch.setattr("vidcap.commands.index_job.time.sleep", sleep)
    result = vidcap_("index", films, "--db", db, "--watch", "--limit", "3")
    assert result.code == 0
    assert len(lines(db)) == 3
    assert all(json.loads(line)["error"] is None for line in lines(db))


def test_scenes_are_found_by_a_picture(
    films: Path, db: Path, tmp_path: Path, vidcap_: Vidcap
) -> None:
    vidcap_("index", films / "a.mp4", "--db", db)
    picture = tmp_path / "white.png"
    Image.new("RGB", (40, 30), "white").save(picture)
    found = vidcap_("search", "--like", picture, "--db", db, "--json", "--top", "1")
    assert found.code == 0
    (record,) = map(json.loads, found.out.splitlines())
    assert (record["start"], record["text"]) == (4.0, "two white birds fly over water")
    # A captioner that cannot tell what looks alike says what it sees.
    said = vidcap_("search", "--like", picture, "--db", db, "--json", captioner=ShadeCaptioner())
    assert json.loads(said.out.splitlines()[0])["start"] == 4.0
    assert vidcap_("search", "--like", tmp_path / "none.png", "--db", db).code == 3
    assert vidcap_("search", "x", "--like", picture, "--db", db).code == 2
    assert vidcap_("search", "--db", db).code == 2


def test_without_what_makes_vectors_words_count_and_the_command_says_so(
    films: Path, db: Path, vidcap_: Vidcap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    assert "by their words alone" in vidcap_("index", films, "--db", db).err
    result = vidcap_("search", "cats", "--db", db, "--json")
    assert len(result.out.splitlines()) == 2
    assert "pip install 'vidcap[index]'" in result.err
    assert vidcap_("search", "cats", "--db", db, "--ranking", "meaning").code == 7
    monkeypatch.undo()


def test_a_library_goes_out_and_comes_in_again(
    films: Path, db: Path, tmp_path: Path, vidcap_: Vidcap
) -> None:
    vidcap_("index", films, "--db", db)
    out = tmp_path / "out.jsonl"
    assert vidcap_("library", "export", out, "--db", db).code == 0
    assert vidcap_("library", "export", out, "--db", db).code == 2
    assert vidcap_("library", "export", out, "--db", db, "--force").code == 0
    assert vidcap_("library", "export", "-", "--db", db).out == out.read_text()
    other = tmp_path / "other.db"
    assert "2 videos taken" in vidcap_("library", "import", out, "--db", other).err
    assert lines(other) == lines(db)
    shutil.rmtree(films)
    assert "2 videos with them" in vidcap_("library", "prune", "--db", db).err
    assert lines(db) == []
    out.write_bytes(b"\xff\xfe")
    assert vidcap_("library", "import", out, "--db", other).code == 8
    assert vidcap_("library", "import", tmp_path / "none", "--db", other).code == 8


@pytest.mark.parametrize(
    "words",
    [
        ["index", "films"],
        ["index", "films", "--db", "x.db", "--workers", "0"],
        ["index", "films", "--db", "x.db", "--watch", "--dry-run"],
        ["index", "films", "--db", "x.db", "--decoder", "betamax"],
        ["search", "dog"],
        ["search", "dog", "--db", "x.db", "--top", "0"],
        ["search", "dog", "--db", "x.db", "--ranking", "best"],
        ["library"],
        ["library", "dance", "--db", "x.db"],
    ],
)
def test_a_wrong_command_line_is_one_line_and_code_2(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vidcap_: Vidcap
) -> None:
    monkeypatch.chdir(tmp_path)
    result = vidcap_(*words)
    assert (result.code, result.out) == (2, "")
    assert len(result.err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_library_that_is_none_is_one_line(tmp_path: Path, vidcap_: Vidcap) -> None:
    for words in (["search", "dog"], ["library", "status"]):
        result = vidcap_(*words, "--db", tmp_path / "none.db")
        assert result.code == 8
        (line,) = result.err.splitlines()
        assert "there is no such catalogue" in line
    newer = tmp_path / "newer.db"
    Catalogue(newer, create=True).close()
    connection = sqlite3.connect(newer)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    result = vidcap_("index", tmp_path, "--db", newer)
    assert result.code == 8
    assert "use a newer vidcap" in result.err


@pytest.mark.slow
def test_text_on_the_screen_is_read_and_found(tmp_path: Path, vidcap_: Vidcap) -> None:
    pytest.importorskip("rapidocr", reason="the extra ocr reads")
    title = np.full((240, 480, 3), 30, np.uint8)
    cv2.putText(title, "HARBOUR", (30, 130), cv2.FONT_HERSHEY_SIMPLEX, 2, (240, 240, 240), 4)
    media.write_video(tmp_path / "film.mp4", pictures=[title] * 20, rate=10)
    db = tmp_path / "library.db"
    assert vidcap_("index", tmp_path / "film.mp4", "--db", db, "--ocr").code == 0
    with Catalogue(db) as catalogue:
        (video,) = catalogue.videos()
        assert [scene.screen_text for scene in catalogue.scenes(video.content)] == ["HARBOUR"]
    found = vidcap_("search", "harbour", "--db", db, "--json")
    assert [json.loads(line)["path"] for line in found.out.splitlines()] == [
        str(tmp_path / "film.mp4")
    ]
