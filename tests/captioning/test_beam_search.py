import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcap.captioning.decoding.beam_search import BeamSettings, Room, beam_search
from vidcap.captioning.decoding.constraints import DecodingConstraints
from vidcap.captioning.decoding.vocabulary import END, START
from vidcap.text.ngrams import has_repeated_ngram

VOCABULARY = 8  # four special words and four real ones


def bigram_step(tables):
    """A language that knows only the last word; one table of log-probabilities a picture.

    The state is the last word of each row, kept here to see that rows are followed rightly.
    """
    pictures = len(tables)
    state = {"words": np.full(pictures, -1)}

    def step(words, rows):
        followed = state["words"][rows]
        state["words"] = words.copy()
        beams = len(words) // pictures
        owners = np.repeat(np.arange(pictures), beams)
        logs = tables[owners, words]
        attention = np.stack([followed, words], axis=1).astype(np.float32)
        return logs, attention

    return step


def random_tables(seed, pictures=1):
    raw = np.random.default_rng(seed).normal(scale=2.0, size=(pictures, VOCABULARY, VOCABULARY))
    return raw - np.log(np.exp(raw).sum(-1, keepdims=True))


def exhaustive(table, settings):
    best = None
    real = range(4, VOCABULARY)
    for length in range(settings.min_words, settings.max_words + 1):
        for words in itertools.product(real, repeat=length):
            if settings.no_repeat and (
                has_repeated_ngram(words, settings.no_repeat)
                or any(a == b for a, b in itertools.pairwise(words))
            ):
                continue
            path = (START, *words, END)
            total = sum(table[a, b] for a, b in itertools.pairwise(path))
            rank = total / (length + 1) ** settings.length_penalty
            if best is None or rank > best[0]:
                best = (rank, total, words)
    return best


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("no_repeat", [0, 2, 3])
def test_a_wide_beam_finds_what_trying_everything_finds(seed, no_repeat):
    settings = BeamSettings(size=300, max_words=4, min_words=1, no_repeat=no_repeat)
    table = random_tables(seed)
    best = beam_search(bigram_step(table), pictures=1, settings=settings)[0][0]
    rank, total, words = exhaustive(table[0], settings)
    assert best.words == words
    assert best.rank == pytest.approx(rank)
    assert best.log_probability == pytest.approx(total)
    assert best.length == len(words) + 1


@given(
    seed=st.integers(0, 10_000),
    size=st.integers(1, 5),
    max_words=st.integers(2, 12),
    no_repeat=st.integers(2, 4),
)
def test_sentences_keep_the_settings(seed, size, max_words, no_repeat):
    settings = BeamSettings(size=size, max_words=max_words, min_words=2, no_repeat=no_repeat)
    found = beam_search(bigram_step(random_tables(seed, 3)), pictures=3, settings=settings)
    assert len(found) == 3
    for hypotheses in found:
        assert 1 <= len(hypotheses) <= size
        assert [h.rank for h in hypotheses] == sorted((h.rank for h in hypotheses), reverse=True)
        assert len({h.words for h in hypotheses}) == len(hypotheses)
        for hypothesis in hypotheses:
            assert 2 <= len(hypothesis.words) <= max_words
            assert min(hypothesis.words) > 3
            assert not has_repeated_ngram(hypothesis.words, no_repeat)
            assert all(a != b for a, b in itertools.pairwise(hypothesis.words))


@pytest.mark.parametrize("seed", range(8))
def test_words_that_tell_something_are_said_once(seed):
    table = random_tables(seed)
    telling = np.arange(table.shape[-1]) >= 6
    settings = BeamSettings(size=3, max_words=10, min_words=8, once=True)
    (found,) = beam_search(
        bigram_step(table), pictures=1, settings=settings, wording=DecodingConstraints(telling)
    )
    for hypothesis in found:
        told = [word for word in hypothesis.words if telling[word]]
        assert len(told) == len(set(told))


@given(seed=st.integers(0, 10_000), size=st.integers(1, 4))
def test_a_picture_is_searched_for_itself(seed, size):
    settings = BeamSettings(size=size, max_words=6)
    tables = random_tables(seed, 4)
    together = beam_search(bigram_step(tables), pictures=4, settings=settings)
    for index in range(4):
        (alone,) = beam_search(
            bigram_step(tables[index : index + 1]), pictures=1, settings=settings
        )
        for hypothesis in alone:
            logs = hypothesis.word_log_probabilities
            assert len(logs) == hypothesis.length
            assert logs.sum() == pytest.approx(hypothesis.log_probability)
            path = (START, *hypothesis.words, END)[: hypothesis.length + 1]
            expected = [tables[index][a, b] for a, b in itertools.pairwise(path)]
            np.testing.assert_allclose(logs, expected, atol=1e-9)
        assert [(h.words, h.rank) for h in alone] == [(h.words, h.rank) for h in together[index]]


@given(seed=st.integers(0, 10_000), size=st.integers(1, 4))
def test_attention_belongs_to_the_words_of_the_sentence(seed, size):
    found = beam_search(
        bigram_step(random_tables(seed, 2)), pictures=2, settings=BeamSettings(size=size)
    )
    for hypothesis in itertools.chain.from_iterable(found):
        # The step reported, for each word it predicted, the word before and the one before that.
        read = (START, *hypothesis.words[:-1])
        before = (-1, *read[:-1])
        expected = np.array([before, read], dtype=np.float32).T
        np.testing.assert_array_equal(hypothesis.attention, expected)


def test_greedy_search_takes_the_likeliest_word_each_time():
    table = random_tables(3)
    settings = BeamSettings(size=1, max_words=5, min_words=0, no_repeat=0)
    best = beam_search(bigram_step(table), pictures=1, settings=settings)[0][0]
    word, expected = START, []
    for _ in range(5):
        allowed = table[0, word].copy()
        allowed[[0, 1, 3]] = -np.inf
        word = int(allowed.argmax())
        if word == END:
            break
        expected.append(word)
    assert best.words == tuple(expected)


COSTS = np.array([0, 0, 0, 0, 2, 4, 5, 9])  # "a", and words of three, four and eight letters


def cost(words):
    return sum(COSTS[word] for word in words)


def room_of(limits, most_words=np.inf):
    """A room for pictures with limits on the cost and on the number of words."""
    measures = [[limit, most_words] for limit in limits]
    return Room(np.stack([COSTS, np.ones_like(COSTS)]), np.array(measures, dtype=float))


@given(
    seed=st.integers(0, 10_000),
    size=st.integers(1, 4),
    rooms=st.lists(st.one_of(st.integers(0, 30), st.just(np.inf)), min_size=3, max_size=3),
)
def test_sentences_stay_in_their_room_and_others_are_as_without_one(seed, size, rooms):
    settings = BeamSettings(size=size, max_words=8, min_words=2)
    tables = random_tables(seed, 3)
    free = beam_search(bigram_step(tables), pictures=3, settings=settings)
    found = beam_search(bigram_step(tables), pictures=3, settings=settings, room=room_of(rooms))
    for hypotheses, before, room in zip(found, free, rooms, strict=True):
        assert hypotheses
        assert all(cost(h.words) <= room for h in hypotheses)
        if room == np.inf:
            assert [h.words for h in hypotheses] == [h.words for h in before]


@pytest.mark.parametrize("seed", range(4))
def test_the_best_sentence_that_has_room_is_found(seed):
    settings = BeamSettings(size=300, max_words=4, min_words=1, no_repeat=0)
    table = random_tables(seed)
    best = beam_search(bigram_step(table), pictures=1, settings=settings, room=room_of([9], 3))
    best = best[0][0]
    ranks = {}
    for length in range(1, 5):
        for words in itertools.product(range(4, VOCABULARY), repeat=length):
            if cost(words) <= 9 and length <= 3:
                total = sum(table[0][a, b] for a, b in itertools.pairwise((START, *words, END)))
                ranks[words] = total / (length + 1) ** settings.length_penalty
    assert best.words == max(ranks, key=ranks.get)
