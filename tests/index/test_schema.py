from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.index.records import content
from vidcap.errors import DataError, OutputError
from vidcap.index import Catalogue
from vidcap.index.schema import APPLICATION_ID, MIGRATIONS, VERSION, connect


def older(path: Path) -> Path:
    """A catalogue of version 1, as the first vidcap that had one made it, with one video."""
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in MIGRATIONS[0]:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("PRAGMA user_version = 1")
    connection.execute(
        "INSERT INTO video VALUES (1, ?, 10, 4000, 'done', NULL, 'complete', 'm', 's', '{}')",
        (content("a"),),
    )
    connection.execute("INSERT INTO file VALUES (?, 10, 5, ?)", (b"/films/a.mp4", content("a")))
    connection.execute(
        "INSERT INTO scene VALUES"
        " (1, 1, 0, 0, 4000, 'a dog runs', -0.5, 0.5, '[500]', NULL, NULL, NULL)"
    )
    connection.close()
    return path


def test_a_new_catalogue_has_the_newest_version_and_a_log(tmp_path: Path) -> None:
    with Catalogue(tmp_path / "new.db", create=True) as catalogue:
        ask = catalogue.connection.execute
        assert ask("PRAGMA user_version").fetchone() == (VERSION,)
        assert ask("PRAGMA journal_mode").fetchone() == ("wal",)
        assert ask("PRAGMA foreign_keys").fetchone() == (1,)


def test_an_older_schema_is_migrated_and_keeps_what_it_has(tmp_path: Path) -> None:
    with Catalogue(older(tmp_path / "old.db")) as catalogue:
        assert catalogue.status().schema == VERSION
        (scene,) = catalogue.scenes(content("a"))
        assert scene.text == "a dog runs"
        assert scene.sentence_vector is None
        assert catalogue.embed_missing(lambda texts: [b"\x01" * 4 for _ in texts]) == 1
        (scene,) = catalogue.scenes(content("a"))
        assert scene.sentence_vector == b"\x01" * 4


def test_two_programs_may_migrate_at_once(tmp_path: Path) -> None:
    path = older(tmp_path / "old.db")
    one, other = connect(path, create=False), connect(path, create=False)
    assert one.execute("SELECT count(*) FROM claim").fetchone() == (0,)
    assert other.execute("SELECT count(*) FROM claim").fetchone() == (0,)
    one.close()
    other.close()


def test_a_newer_schema_is_refused_in_one_line_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "newer.db"
    Catalogue(path, create=True).close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(DataError) as error:
        Catalogue(path)
    assert str(error.value) == (
        f"{path}: has version {VERSION + 1} of the schema, and this vidcap knows up to {VERSION}; "
        "use a newer vidcap"
    )
    assert path.read_bytes() == before


def test_what_is_no_catalogue_is_refused_and_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no database at all, but long enough to be looked at " * 20)
    with pytest.raises(DataError, match="is no SQLite database"):
        Catalogue(text, create=True)
    theirs = tmp_path / "theirs.db"
    connection = sqlite3.connect(theirs)
    connection.execute("CREATE TABLE mine (x)")
    connection.commit()
    connection.close()
    before = theirs.read_bytes()
    with pytest.raises(DataError, match="is a database of another program"):
        Catalogue(theirs, create=True)
    assert theirs.read_bytes() == before


def test_a_catalogue_that_is_not_there_is_made_only_where_it_should_be(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such catalogue"):
        Catalogue(tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()
    with pytest.raises(OutputError, match="cannot be opened"):
        Catalogue(tmp_path / "no" / "folder.db", create=True)


@pytest.mark.parametrize("name", ["a?mode=memory.db", "per%20cent.db", "#hash.db", "caf\udce9.db"])
def test_a_name_is_nothing_but_a_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    Catalogue(path, create=True).close()
    assert path.stat().st_size > 0
    assert {item.name for item in tmp_path.iterdir()} == {name}
