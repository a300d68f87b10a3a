from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.web.conftest import TracingCaptioner
from tests.web.visiting import children
from vidcap.errors import MediaError
from vidcap.jobs import subtitle
from vidcap.subtitles import Document
from vidcap.web.describing import describing_player, render
from vidcap.web.editing import edited
from vidcap.web.limits import Limits


@pytest.fixture
def seen(film: Path) -> Document:
    with subtitle(film, captioner=TracingCaptioner()) as subtitles:
        return subtitles.document()


def test_a_description_is_said_as_describers_do_but_for_what_somebody_wrote(
    seen: Document,
) -> None:
    guessing = replace(seen, scenes=(replace(seen.scenes[0], text="a happy man"), *seen.scenes[1:]))
    changed = edited(guessing, 1, start=2, end=4, text="his cat, i think")
    shown = describing_player("base", "source.mp4", "film", changed)
    assert ">A person.<" in shown
    assert ">his cat, i think<" in shown
    assert "happy" not in shown


def test_times_alone_change_no_words(seen: Document) -> None:
    changed = edited(seen, 0, start=0, end=1.5, text="A black dog.")
    assert changed.scenes[0] == replace(seen.scenes[0], end=changed.scenes[0].end)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(work_seconds=0), "longer than the 0 s"),
        (Limits(memory_bytes=1 << 26, work_seconds=20), "memory"),
    ],
)
def test_a_description_that_reaches_a_limit_leaves_nothing(
    film: Path, seen: Document, limits: Limits, said: str
) -> None:
    with pytest.raises(MediaError, match=said):
        list(render(film, seen, limits))
    assert [path.name for path in film.parent.iterdir()] == ["film.mp4"]
    assert not children(b"spawn_main")


@pytest.mark.slow
def test_a_description_that_nobody_waits_for_ends(film: Path, seen: Document) -> None:
    work = render(film, seen, Limits())
    next(work)
    assert children(b"spawn_main")
    work.close()
    assert not children(b"spawn_main")
    assert [path.name for path in film.parent.iterdir()] == ["film.mp4"]
