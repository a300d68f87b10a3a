from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.index.records import content, put, scenes, video
from vidcap.errors import DataError
from vidcap.index import Catalogue, FileRecord
from vidcap.index.interchange import export_lines
from vidcap.index.parquet import import_folder, name_of, table_of

parquet = pytest.importorskip("pyarrow.parquet")


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with Catalogue(tmp_path / "a.db", create=True) as opened:
        for name in "ab":
            told = [
                replace(scene, tags={"dog": 0.5}, sentence_vector=b"\1\2", screen_text="EXIT")
                for scene in scenes("a dog", "a cat")
            ]
            put(opened, name, told, Path(f"/films/\udce9\n{name}.mp4"))
        opened.add(
            video("z", error="holds no video"),
            files=[FileRecord(Path("/films/z.mp4"), 1000, 5, content("z"))],
        )
        yield opened


def written(catalogue: Catalogue, folder: Path) -> Path:
    for one in catalogue.videos():
        (file,) = catalogue.files(one.content)
        path = folder / name_of(one.content)
        path.parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(table_of(one, catalogue.scenes(one.content), file), path)
    return folder


def test_parquet_comes_back_as_it_was(catalogue: Catalogue, tmp_path: Path) -> None:
    folder = written(catalogue, tmp_path / "out")
    with Catalogue(tmp_path / "b.db", create=True) as other:
        assert import_folder(other, folder) == (3, 0)
        assert list(export_lines(other)) == list(export_lines(catalogue))
        assert import_folder(other, folder) == (0, 3)


def test_others_read_it(catalogue: Catalogue, tmp_path: Path) -> None:
    folder = written(catalogue, tmp_path / "out")
    pandas = pytest.importorskip("pandas")
    table = pandas.read_parquet(folder)
    assert len(table) == 5
    assert sorted(table["text"].dropna()) == ["a cat", "a cat", "a dog", "a dog"]
    assert table["error"].dropna().tolist() == ["holds no video"]
    duckdb = pytest.importorskip("duckdb")
    found = duckdb.sql(
        f"SELECT count(*), sum(end_ms - start_ms) FROM '{folder}/*/*.parquet' WHERE text = 'a dog'"
    ).fetchall()
    assert found == [(2, 4000)]


def test_what_is_no_parquet_of_a_catalogue_is_named(catalogue: Catalogue, tmp_path: Path) -> None:
    import pyarrow

    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(DataError, match="no Parquet file lies in this folder"):
        import_folder(catalogue, empty)
    parquet.write_table(pyarrow.table({"x": [1]}), empty / "theirs.parquet")
    with pytest.raises(DataError, match=r"theirs\.parquet: holds no videos of a catalogue"):
        import_folder(catalogue, empty)
    (empty / "theirs.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"theirs\.parquet: holds no videos of a catalogue"):
        import_folder(catalogue, empty)


@pytest.mark.parametrize(
    ("column", "value"), [("content", "../../etc/passwd"), ("path", b"films/a.mp4")]
)
def test_rows_that_cannot_be_are_refused(column: str, value: object, tmp_path: Path) -> None:
    import pyarrow

    told = scenes("a dog")
    table = table_of(video("a"), told, FileRecord(Path("/films/a.mp4"), 1, 5, content("a")))
    place = table.schema.get_field_index(column)
    field = table.schema.field(place)
    spoiled = table.set_column(place, field, pyarrow.array([value], field.type))
    parquet.write_table(spoiled, tmp_path / "x.parquet")
    with (
        Catalogue(tmp_path / "library.db", create=True) as opened,
        pytest.raises(DataError, match="holds no videos of a catalogue"),
    ):
        import_folder(opened, tmp_path)
