from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.index.records import content, put, scenes, video
from vidcap.errors import DataError
from vidcap.index import Catalogue, FileRecord
from vidcap.index.interchange import export_lines, import_lines


def filled(path: Path, names: str = "abc") -> Catalogue:
    catalogue = Catalogue(path, create=True)
    for name in names:
        told = [
            replace(scene, sentence_vector=b"\1\2", tags={"dog": 0.5}) for scene in scenes("x", "y")
        ]
        put(catalogue, name, told, Path(f"/films/\udce9\n{name}.mp4"))
    catalogue.add(
        video("z", error="holds no video"),
        files=[FileRecord(Path("/films/z.mp4"), 1, 2, content("z"))],
    )
    return catalogue


def test_an_export_comes_back_as_it_was(tmp_path: Path) -> None:
    with filled(tmp_path / "a.db") as one, Catalogue(tmp_path / "b.db", create=True) as other:
        lines = list(export_lines(one))
        assert len(lines) == 4
        assert all(line.isascii() and line.count("\n") == 1 for line in lines)
        assert import_lines(other, lines, name="x") == (4, 0)
        assert list(export_lines(other)) == lines
        assert import_lines(other, lines, name="x") == (0, 4)
        assert list(export_lines(other)) == lines


def test_the_order_of_indexing_does_not_show(tmp_path: Path) -> None:
    with filled(tmp_path / "a.db") as one, filled(tmp_path / "b.db", "cab") as other:
        assert list(export_lines(one)) == list(export_lines(other))


def test_what_is_done_takes_the_place_of_what_failed(tmp_path: Path) -> None:
    with Catalogue(tmp_path / "a.db", create=True) as one, filled(tmp_path / "b.db") as other:
        put(one, "z", scenes("at last"))
        assert import_lines(other, export_lines(one), name="x") == (1, 0)
        assert [scene.text for scene in other.scenes(content("z"))] == ["at last"]
        assert import_lines(one, export_lines(other), name="x") == (3, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "vidcap.catalogue/2"},
        {"content": "x"},
        {"size": "large"},
        {"size": True},
        {"made_by": None},
        {"files": [{"path": "film.mp4", "size": 1, "mtime_ns": 1}]},
        {"files": [{"path": "/a\0b", "size": 1, "mtime_ns": 1}]},
        {"files": [{}]},
        {"scenes": {}},
        {"scenes": [{"start_ms": 5, "end_ms": 2}]},
        {"scenes": [1]},
    ],
)
def test_a_line_that_is_wrong_is_named_and_those_before_it_are_taken(
    tmp_path: Path, change: dict[str, object]
) -> None:
    with filled(tmp_path / "a.db") as one, Catalogue(tmp_path / "b.db", create=True) as other:
        lines = list(export_lines(one))
        lines[1] = json.dumps({**json.loads(lines[1]), **change})
        with pytest.raises(DataError, match=r"^there: line 2 is no video of a catalogue: "):
            import_lines(other, lines, name="there")
        assert other.status().videos + other.status().failed == 1


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.just(2**63),
        st.floats(allow_nan=False),
        st.text(),
        st.just("\ud800"),
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Catalogue, str]:
    folder = tmp_path_factory.mktemp("db")
    with filled(folder / "a.db", "a") as one:
        line = next(line for line in export_lines(one) if '"error": null' in line)
    return Catalogue(folder / "b.db", create=True), line


@given(data=st.data(), value=VALUES)
def test_no_value_in_a_line_does_any_harm(
    sample: tuple[Catalogue, str], data: st.DataObject, value: object
) -> None:
    catalogue, line = sample
    record = json.loads(line)
    place = data.draw(st.sampled_from([record, record["scenes"][0], record["files"][0]]))
    place[data.draw(st.sampled_from(sorted(place)))] = value
    with contextlib.suppress(DataError):
        import_lines(catalogue, [json.dumps(record)], name="x")
    list(export_lines(catalogue))
