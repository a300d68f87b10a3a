import numpy as np
import pytest
import torch

from pipelines.training.warm_start import grown
from pipelines.training.word_prior import (
    WordGroups,
    fit_odds,
    group_of,
    pooled_views,
    with_presence,
)
from tests.captioning.tiny_readers import manifest_of
from vidcap.captioning.decoding.vocabulary import Vocabulary
from vidcap.captioning.networks.model import build_decoder
from vidcap.errors import ModelError

WORDS = "a man dog dogs runs zebra glob cup".split()
TOLD = [
    [["a", "man", "runs"], ["a", "boy"]],
    [["two", "dogs"], ["a", "dog", "runs"]],
]
THINGS = (("dog", "dogs"), ("zebra", "zebras"))


class Nouns:
    """Stands for WordNet."""

    def noun(self, word):
        nouns = {
            "man": "man",
            "boy": "boy",
            "dog": "dog",
            "dogs": "dog",
            "zebra": "zebra",
            "cup": "cup",
        }
        return nouns.get(word)

    def is_person(self, lemma):
        return lemma in ("man", "boy")


def test_words_for_people_are_one_group_and_function_words_none():
    assert group_of("man", Nouns()) == group_of("women", Nouns()) == ("person", True)
    assert group_of("dogs", Nouns()) == group_of("x-dog", Nouns()) == ("dog", True)
    assert group_of("runs", Nouns()) == ("runs", False)
    assert group_of("a", Nouns()) is None
    assert group_of("<pad>", Nouns()) is None


def test_shares_are_those_of_the_captions_that_name_a_group():
    groups = WordGroups(TOLD, Nouns(), least=1)
    place = {name: number for number, (name, _) in enumerate(groups.groups)}
    assert groups.groups[0] == ("runs", False)  # named of two pictures
    assert groups.shares[:, place["person"]].tolist() == [1.0, 0.0]
    assert groups.shares[:, place["dog"]].tolist() == [0.0, 1.0]
    assert groups.shares[:, place["runs"]].tolist() == [0.5, 0.5]


def test_a_word_has_its_group_or_its_thing_or_neither():
    groups = WordGroups(TOLD, Nouns(), least=1)
    columns = dict(zip(WORDS, groups.columns(Vocabulary(WORDS), THINGS)[4:].tolist(), strict=True))
    count = len(groups.groups)
    assert groups.groups[columns["man"]] == ("person", True)
    assert groups.groups[columns["dog"]] == groups.groups[columns["dogs"]] == ("dog", True)
    assert columns["zebra"] == count + 1
    assert columns["a"] == columns["glob"] == count + len(THINGS)


def test_odds_learn_what_goes_with_what():
    rng = torch.Generator().manual_seed(0)
    seen = torch.randn(400, 3, generator=rng) * 2 + 1
    shares = torch.stack([(seen[:, 1] > 1).float(), torch.full((400,), 0.2)], dim=1)
    weight, bias = fit_odds(seen, shares)
    odds = seen @ weight.T + bias
    there = shares[:, 0] > 0
    assert odds[there, 0].mean() > 0.5
    assert odds[~there, 0].mean() < -0.5
    torch.testing.assert_close(odds[:, 1].sigmoid().mean(), torch.tensor(0.2), atol=0.01, rtol=0)


def test_pooled_is_the_mean_and_the_largest():
    view = np.zeros((1, 9, 2), np.float16)
    view[0, 0] = [9.0, -9.0]
    assert pooled_views([view, view]).tolist() == [[1.0, -1.0, 9.0, 0.0]] * 2


def a_captioner(presence=0):
    sizes = {"width": 16, "heads": 4, "things": 1, "nouns": 2, "classes": 5, "channels": 2}
    decoder = build_decoder("transformer", {**sizes, "presence": presence}, len(WORDS) + 4)
    weights = {f"decoder.{name}": part for name, part in decoder.state_dict().items()}
    return decoder, manifest_of(decoder, WORDS, THINGS), weights


def fitted(least, monkeypatch):
    monkeypatch.setattr("pipelines.training.word_prior.LEAST_PICTURES", least)
    _, manifest, weights = a_captioner()
    views = [np.random.default_rng(0).random((2, 9, 2)).astype(np.float16)]
    return manifest, weights, with_presence(manifest, weights, TOLD, views, Nouns())


def test_the_result_is_a_decoder_with_presence_and_rare_words_gain(monkeypatch):
    _, before, (manifest, weights) = fitted(1, monkeypatch)
    decoder, _, _ = a_captioner(presence=manifest.decoder_config["presence"])
    own = {name.removeprefix("decoder."): part for name, part in weights.items()}
    decoder.load_state_dict(own)
    gained = (weights["decoder.output_bias"] - before["decoder.output_bias"])[4:].tolist()
    gain = dict(zip(WORDS, gained, strict=True))
    assert gain["a"] == gain["zebra"] == 0
    assert gain["man"] > gain["runs"]  # one picture of two, and both
    assert gain["cup"] == gain["glob"] == -1
    assert manifest.calibration is None
    assert manifest.beam["once"]
    assert manifest.training["presence"]["pictures"] == 2


def test_presence_is_fitted_once(monkeypatch):
    _, _, (manifest, weights) = fitted(1, monkeypatch)
    with pytest.raises(ModelError, match="has none yet"):
        with_presence(manifest, weights, TOLD, [], Nouns())


def test_what_learns_on_leaves_presence_behind():
    finished, _, _ = a_captioner(presence=2)
    learner, _, _ = a_captioner()
    grown(learner, finished, len(WORDS) + 4, np.zeros((0, 5), dtype=np.int64))
    torch.testing.assert_close(learner.embedding.weight, finished.embedding.weight)
