"""A captioner that loads in the background, and what is known of it before."""

from threading import Event

import pytest

from tests.fakes import ShadeCaptioner
from vidcap.errors import ModelError
from vidcap.jobs import load_in_background
from vidcap.jobs.loading import picture_size
from vidcap.jobs.options import CaptionerOptions


def test_the_picture_size_is_known_before_the_captioner_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go_on = Event()

    def slow(name, *, sized, **options):
        sized((64, 48))
        go_on.wait(10)
        return ShadeCaptioner()

    monkeypatch.setattr("vidcap.captioning.registry.load_captioner", slow)
    loading = load_in_background()
    assert picture_size(loading) == (64, 48)
    assert not loading.done()
    go_on.set()
    assert isinstance(loading.result(10), ShadeCaptioner)


def test_without_a_word_of_it_the_size_is_the_loaded_captioners(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded = ShadeCaptioner()
    monkeypatch.setattr("vidcap.captioning.registry.load_captioner", lambda *a, **o: loaded)
    assert picture_size(load_in_background()) == loaded.picture_size
    ready = CaptionerOptions(captioner=loaded).load()
    assert picture_size(ready) == loaded.picture_size


def test_the_default_tells_its_size_and_what_cannot_be_loaded_its_error() -> None:
    loading = load_in_background(threads=1)
    assert picture_size(loading) == loading.result(60).picture_size == (224, 224)
    broken = load_in_background("parrot")
    with pytest.raises(ModelError, match="parrot"):
        picture_size(broken)
    with pytest.raises(ModelError, match="parrot"):
        broken.result(60)
