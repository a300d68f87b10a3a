import json

import numpy as np
import pytest
import torch

from pipelines.training.batch_augmentation import Mixer
from pipelines.training.classifier_refit import fit_classifier, fit_familiar, parts_of
from pipelines.training.concepts import (
    NounSwapper,
    group_of_classes,
    load_nouns,
    noisy,
    plural,
    word_numbers,
)
from pipelines.training.config import StageConfig
from pipelines.training.text import (
    frequent_words,
    group_weights,
    read_sentences,
    text_groups,
)
from pipelines.training.warm_start import grown, like_words
from vidcap.captioning.decoding.vocabulary import END, START, Vocabulary
from vidcap.captioning.networks.concepts import NOUN_WORDS
from vidcap.errors import DataError

NOUNS = load_nouns()
VOCABULARY = Vocabulary([*NOUNS.words(), *"a an the runs two with puppies on grass and".split()])


def place(name):
    return NOUNS.names.index(name)


def encode(text):
    return VOCABULARY.encode(text.split())


def test_the_table_is_sound():
    every = [number for own in NOUNS.classes for number in own]
    assert len(every) == len(set(every))
    assert 0 <= min(every) <= max(every) < 1000
    assert all(len(name.split()) <= NOUN_WORDS for name in NOUNS.names)
    assert len(NOUNS.names) > 250
    assert len(set(NOUNS.names)) == len(NOUNS.names)


@pytest.mark.parametrize(
    ("number", "noun"),
    [(207, "dog"), (281, "cat"), (340, "zebra"), (386, "elephant"), (827, "stove"), (963, "pizza")],
)
def test_classes_have_the_noun_that_people_would_say(number, noun):
    assert group_of_classes(NOUNS, 1000)[number] == place(noun)


def test_a_class_that_misleads_has_no_noun():
    assert group_of_classes(NOUNS, 1000)[608] == len(NOUNS.names)  # jeans


@pytest.mark.parametrize(
    ("one", "several"),
    [
        ("dog", "dogs"),
        ("bench", "benches"),
        ("goose", "geese"),
        ("monkey", "monkeys"),
        ("bakery", "bakeries"),
        ("sheep", "sheep"),
        ("teddy bear", "teddy bears"),
    ],
)
def test_plurals(one, several):
    assert plural(one) == several


def test_nouns_of_several_words_have_several_numbers():
    numbers = word_numbers(NOUNS, VOCABULARY)[place("teddy bear")].tolist()
    assert VOCABULARY.decode(numbers) == ["teddy", "bear"]


def test_one_noun_stands_for_another_in_number_and_article():
    swapper = NounSwapper(NOUNS, VOCABULARY)
    told = swapper.swap(encode("a dog runs with two puppies"), place("dog"), place("elephant"))
    assert VOCABULARY.decode(told) == "an elephant runs with two elephants".split()
    assert swapper.swap(encode("a cat runs"), place("dog"), place("elephant")) == encode(
        "a cat runs"
    )


def test_noise_drops_and_corrupts():
    rng = np.random.default_rng(0)
    strengths = np.full((4000, 3), 0.5, dtype=np.float32)
    told = noisy(strengths, rng, drop=0.25, corrupt=0.5)
    assert told.dtype == np.float32
    assert 0.2 < (told == 0).all(1).mean() < 0.3
    assert (told[:, 0] > 0.5).mean() > 0.03
    kept = noisy(strengths, rng, drop=0.0, corrupt=0.0)
    assert 0.3 <= kept.min() <= kept.max() <= 0.5


def corpus(folder, *clips):
    path = folder / "corpus.jsonl"
    path.write_text("".join(json.dumps({"sentences": clip}) + "\n" for clip in clips))
    return path


def test_sentences_are_read_once_and_mended(tmp_path):
    many = [[f"a man in the kitchen number {n}"] for n in range(25)]
    path = corpus(tmp_path, ["A kichen with a stove.", "Dogs!", "a man in the kitchen"], *many)
    clips = read_sentences([path, path])
    assert clips[0] == ["a kitchen with a stove".split(), "a man in the kitchen".split()]
    assert sum(map(len, clips)) == 27


def test_a_corpus_that_is_none_is_refused(tmp_path):
    path = tmp_path / "corpus.jsonl"
    path.write_text('{"words": []}\n')
    with pytest.raises(DataError, match="is no corpus of sentences"):
        read_sentences([path])


def test_words_of_films_do_not_count():
    clips = [[["a", "dog", "runs"], ["a", "video", "of", "dogs"]]] * 3
    assert frequent_words(clips, 3) == ["a", "dog", "runs"]
    assert frequent_words(clips, 4) == []


def test_groups_hold_known_sentences_that_name_a_noun():
    clips = [
        [s.split() for s in ("a dog runs", "a dog runs with a cat", "the grass", "a dog flies")],
        [["the", "grass"]],
    ]
    (group,) = text_groups(clips, VOCABULARY, NounSwapper(NOUNS, VOCABULARY))
    assert group.sentences == (tuple(encode("a dog runs")), tuple(encode("a dog runs with a cat")))
    assert group.shares == {place("dog"): 1.0, place("cat"): 0.5}


def groups_of(*texts):
    clips = [[text.split()] for text in texts]
    return text_groups(clips, VOCABULARY, NounSwapper(NOUNS, VOCABULARY))


def test_rare_nouns_are_drawn_oftener():
    weights = group_weights(groups_of("a dog runs", "two dogs", "a zebra runs"))
    assert weights.sum() == pytest.approx(1)
    assert weights[2] > weights[0] == weights[1]


CAPTIONS = [[START, *VOCABULARY.encode(["a", "dog", "runs"]), END]] * 2


def mixed(recognised="dog", groups=(), **changes):
    calm = {"thing_drop": 0.0, "thing_corrupt": 0.0, "thing_hint": 0.0, "swap": 0.0}
    strengths = torch.zeros(1, len(NOUNS.names))
    strengths[0, place(recognised)] = 0.8
    mixer = Mixer(
        NounSwapper(NOUNS, VOCABULARY),
        groups,
        StageConfig(**{**calm, **changes}),
        lambda features: strengths,
    )
    return mixer(torch.ones(1, 9, 4), [CAPTIONS], np.random.default_rng(1))


def test_a_swapped_noun_is_recognised_in_the_others_place():
    batch = mixed(swap=0.999)
    (said,) = {tuple(VOCABULARY.decode(row.tolist())[1:2]) for row in batch.words[0]}
    assert said[0] != "dog"
    assert batch.strengths[0, place(said[0])] >= 0.3
    assert batch.strengths[0, place("dog")] == 0
    assert VOCABULARY.decode(batch.targets.tolist())[1] == said[0]


def test_what_is_recognised_stays_where_nothing_is_changed():
    batch = mixed()
    assert batch.words.tolist() == torch.tensor([[own[:-1] for own in CAPTIONS]]).tolist()
    assert 0.4 < batch.strengths[0, place("dog")] <= 0.8
    assert batch.seen.tolist() == [True]


def test_a_hint_names_what_the_captions_name():
    assert mixed("cat", thing_hint=0.999).strengths[0, place("dog")] >= 0.2


def test_sentences_stand_behind_the_pictures_and_have_none():
    batch = mixed(groups=groups_of("two zebras with a broom"), text=2.0)
    assert batch.seen.tolist() == [True, False, False]
    assert not batch.features[1:].any()
    assert batch.lengths[:, 0].tolist() == [4, 6, 6]
    assert (batch.strengths[1:, [place("zebra"), place("broom")]] > 0).any()
    assert (batch.strengths[1:] > 0).sum(1).min() > 2, "no noise among them"


def test_new_words_begin_like_words_in_like_places():
    words = "the big small dog hat runs sits with red shirt cat".split()
    vocabulary = Vocabulary(words)
    told = [
        s.split()
        for s in (
            "the big dog runs",
            "the big cat runs",
            "the small dog sits",
            "the small cat sits",
            "red hat with red shirt",
            "the red hat",
        )
    ]
    like = like_words(vocabulary, 4 + words.index("cat"), told)
    assert vocabulary.words[like[0, 0]] == "dog"


def test_a_grown_decoder_keeps_what_it_knew():
    from vidcap.captioning.networks.model import build_decoder

    sizes = {"channels": 12, "width": 16, "heads": 4, "decoder_layers": 1}
    old = build_decoder("transformer", sizes, 8).eval()
    new = build_decoder("transformer", {**sizes, "things": 1, "nouns": 2}, 10).eval()
    grown(new, old, 8, np.array([[4, 5], [6, 7]]))
    state = new.state_dict()
    for name, tensor in old.state_dict().items():
        torch.testing.assert_close(state[name][: len(tensor)], tensor)
    length = old.embedding.weight.norm(dim=1).mean()
    torch.testing.assert_close(state["embedding.weight"][8:].norm(dim=1), length.expand(2))


def test_a_classifier_is_fitted_to_features_that_were_turned():
    rng = np.random.default_rng(0)
    before = rng.standard_normal((60, 9, 6)).astype(np.float16)
    turn = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    after = (before.astype(np.float32) @ turn + 0.5).astype(np.float16)
    weight, bias = torch.randn(3, 6), torch.randn(3)
    fitted = fit_classifier(parts_of([after]), parts_of([before]), (weight, bias))
    given, meant = (torch.from_numpy(x.astype(np.float32)).mean(1) for x in (after, before))
    right = (given @ fitted[0].T + fitted[1]) - (meant @ weight.T + bias)
    wrong = (given @ weight.T + bias) - (meant @ weight.T + bias)
    assert right.square().mean() < 0.1 * wrong.square().mean()


def test_training_pictures_are_familiar():
    from vidcap.captioning.networks.concepts import MahalanobisScore

    rng = np.random.default_rng(0)
    views = [(rng.standard_normal((200, 9, 8)) * [9, 5, 3, 1, 1, 1, 1, 1]).astype(np.float16)]
    familiar = MahalanobisScore(8, directions=3)
    familiar.load_state_dict(fit_familiar(views, 3))
    own = familiar(torch.from_numpy(views[0].astype(np.float32)))
    assert own.square().mean().item() == pytest.approx(1, abs=0.01)
    assert familiar(torch.full((1, 9, 8), 5.0)).item() > 3
