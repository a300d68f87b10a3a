from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.index.records import MODEL, content, put, scenes, video
from tests.index.test_query import TEXTS
from vidcap.errors import UsageError
from vidcap.index import Catalogue, FileRecord, SceneRecord
from vidcap.index.search import Hit, Ranking, search, search_vector
from vidcap.index.vectors import pack

AXES = ("dog", "cat", "bird", "train")


def embed(sentences: Sequence[str]) -> NDArray[np.float32]:
    """One dimension for each animal, and one for all else."""
    made = np.array(
        [[text.count(axis) for axis in AXES] + [0.1] for text in sentences], np.float32
    ).reshape(-1, len(AXES) + 1)
    vectors: NDArray[np.float32] = made / np.linalg.norm(made, axis=1, keepdims=True)
    return vectors


def told(*texts: str) -> list[SceneRecord]:
    return [
        replace(scene, sentence_vector=pack(embed([scene.text])[0])) for scene in scenes(*texts)
    ]


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with Catalogue(tmp_path / "library.db", create=True) as opened:
        put(opened, "a.mp4", told("a dog runs", "a dog runs", "a cat sleeps", "a dog runs"))
        put(opened, "b.mp4", told("a bird", "dogs and a cat"), Path("/other/b.mp4"))
        yield opened


def found(hits: Sequence[Hit]) -> list[tuple[str, int, int, str]]:
    return [(hit.path.name, hit.start_ms, hit.end_ms, hit.text) for hit in hits]


@pytest.mark.parametrize("ranking", list(Ranking))
def test_what_touches_and_says_the_same_is_one(catalogue: Catalogue, ranking: Ranking) -> None:
    hits = search(catalogue, "a dog is running", embed=embed, ranking=ranking)
    assert set(found(hits)) >= {
        ("a.mp4", 0, 4000, "a dog runs"),
        ("a.mp4", 6000, 8000, "a dog runs"),
    }
    assert [hit.scenes for hit in hits if hit.start_ms == 0 and hit.path.name == "a.mp4"] == [2]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_top_counts_scenes(catalogue: Catalogue) -> None:
    hits = search(catalogue, "dog", embed=None, top=3)
    assert sum(hit.scenes for hit in hits) == 3
    with pytest.raises(UsageError, match="top is 0"):
        search(catalogue, "dog", embed=None, top=0)


@pytest.mark.parametrize("ranking", list(Ranking))
def test_nothing_is_an_answer_too(catalogue: Catalogue, ranking: Ranking) -> None:
    assert search(catalogue, "a tax form", embed=embed, ranking=ranking) == []
    assert search(catalogue, " \0\n", embed=embed, ranking=ranking) == []


@pytest.mark.parametrize("ranking", list(Ranking))
@pytest.mark.parametrize(
    ("within", "names"),
    [
        ("/films", {"a.mp4"}),
        ("/other/", {"b.mp4"}),
        ("/other/b.mp4", {"b.mp4"}),
        ("/", {"a.mp4", "b.mp4"}),
        ("/film", set()),
        ("/films/../other", {"b.mp4"}),
    ],
)
def test_a_folder_or_file_can_be_looked_in_alone(
    catalogue: Catalogue, within: str, names: set[str], ranking: Ranking
) -> None:
    hits = search(catalogue, "dogs dog", embed=embed, within=Path(within), ranking=ranking)
    assert {hit.path.name for hit in hits} == names


def test_copies_are_one_video_and_the_one_asked_for_is_named(catalogue: Catalogue) -> None:
    catalogue.remember(FileRecord(Path("/copies/a.mp4"), 1000, 5, content("a.mp4")))
    put(catalogue, "a.mp4", told("a dog runs"))
    with catalogue.errors_named():
        catalogue.connection.execute(
            "INSERT OR REPLACE INTO file VALUES (?, 1000, 5, ?)", (b"/zoo/a.mp4", content("a.mp4"))
        )
    (hit,) = search(catalogue, "dog", embed=embed, within=Path("/zoo"))
    assert hit.path == Path("/zoo/a.mp4")


def test_what_is_written_on_the_screen_is_found_by_its_words(catalogue: Catalogue) -> None:
    put(catalogue, "c.mp4", [replace(told("a train")[0], screen_text="WAY OUT, PLATFORM 9")])
    for ranking in Ranking:
        (hit,) = search(catalogue, "platform out", embed=embed, ranking=ranking)
        assert hit.path.name == "c.mp4"


def test_a_change_is_seen_at_once(catalogue: Catalogue) -> None:
    assert search(catalogue, "train", embed=embed) == []
    put(catalogue, "c.mp4", told("a train"))
    assert len(search(catalogue, "train", embed=embed)) == 1
    with Catalogue(catalogue.path) as other:
        put(other, "d.mp4", told("a train comes"))
    assert len(search(catalogue, "train", embed=embed)) == 2


def test_vectors_of_another_model_do_not_count(catalogue: Catalogue) -> None:
    near = np.array([1, 0, 0], np.float32)
    for name, model in (("x.mp4", MODEL), ("y.mp4", "9" * 64)):
        picture = replace(scenes("x")[0], picture_vector=pack(near))
        catalogue.add(
            replace(video(name), model=model),
            [picture],
            files=[FileRecord(Path("/films") / name, 1000, 5, content(name))],
        )
    hits = search_vector(catalogue, near, "picture", model=MODEL, least=0.5)
    assert [hit.path.name for hit in hits] == ["x.mp4"]
    far = np.array([0, 1, 0], np.float32)
    assert search_vector(catalogue, far, "picture", model=MODEL, least=0.5) == []


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    with Catalogue(tmp_path_factory.mktemp("db") / "library.db", create=True) as opened:
        put(opened, "a.mp4", told("a dog runs", "a cat sleeps"))
        yield opened


@given(text=TEXTS, ranking=st.sampled_from(Ranking))
def test_no_query_does_any_harm(shared: Catalogue, text: str, ranking: Ranking) -> None:
    for hit in search(shared, text, embed=embed, ranking=ranking):
        assert hit.text in ("a dog runs", "a cat sleeps")
    assert shared.status().scenes == 2


NAMES = st.lists(
    st.one_of(
        st.sampled_from(["..", "a'b", 'a"b', "%", "_", "*", "line\nend", "caf\udce9", "-x", "?#"]),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1),
    ),
    min_size=1,
    max_size=4,
)


@given(parts=NAMES, other=NAMES | st.just(["nul\0"]) | st.just(["x" * 5000]))
def test_no_path_does_any_harm(shared: Catalogue, parts: list[str], other: list[str]) -> None:
    shared.connection.execute("DELETE FROM file WHERE content = ?", (content("odd"),))
    path = Path("/films/x").joinpath(*(part for part in parts if part not in ("..", ".")), "a.mp4")
    put(shared, "odd", told("a bird"), path)
    assert [file.path for file in shared.files(content("odd"))] == [path]
    hits = search(shared, "bird", embed=embed, within=path)
    assert [hit.path for hit in hits] == [path]
    assert hits[0].link.startswith("file:///")
    for hit in search(shared, "bird", embed=embed, within=Path("/films").joinpath(*other)):
        assert hit.text == "a bird"


def test_a_video_whose_file_nobody_knows_is_found_without_a_link(tmp_path: Path) -> None:
    with Catalogue(tmp_path / "library.db", create=True) as catalogue:
        catalogue.add(video("a"), scenes("a dog"))
        (hit,) = search(catalogue, "dog", embed=None)
    assert (hit.path, hit.link) == (Path(), "")
