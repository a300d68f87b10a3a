"""Rescore sentences over several pictures of the same thing."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.captioning.test_beam_search import bigram_step, random_tables
from vidcap.captioning.decoding.beam_search import BeamSettings, beam_search
from vidcap.captioning.decoding.rescoring import (
    joint_step,
    rescore,
    score_parallel,
    score_sequential,
)
from vidcap.captioning.decoding.vocabulary import END, START


def together(tables, sizes, settings, *, group=None):
    """Search scenes made of the pictures that ``tables`` speak for, and idle ones."""
    group = group or len(tables)
    idle = random_tables(99, group - len(tables)) if group > len(tables) else tables[:0]
    step = bigram_step(np.concatenate([tables, idle]))
    step = joint_step(step, sizes, group=group, beams=settings.size)
    return beam_search(step, pictures=len(sizes), settings=settings)


@given(seed=st.integers(0, 10_000), size=st.integers(1, 4), group=st.integers(4, 7))
def test_scenes_of_one_picture_are_pictures(seed, size, group):
    tables, settings = random_tables(seed, 4), BeamSettings(size=size, max_words=6)
    alone = beam_search(bigram_step(tables), pictures=4, settings=settings)
    found = together(tables, [1, 1, 1, 1], settings, group=group)
    for one, other in zip(found, alone, strict=True):
        assert [h.words for h in one] == [h.words for h in other]
        for a, b in zip(one, other, strict=True):
            assert a.rank == pytest.approx(b.rank)
            np.testing.assert_array_equal(a.attention, b.attention)


@given(seed=st.integers(0, 10_000), size=st.integers(1, 4))
def test_a_scene_is_searched_by_the_mean_of_its_pictures(seed, size):
    tables, settings = random_tables(seed, 5), BeamSettings(size=size, max_words=6)
    means = np.stack([tables[:2].mean(0), tables[2:].mean(0)])
    expected = beam_search(bigram_step(means), pictures=2, settings=settings)
    found = together(tables, [2, 3], settings, group=8)
    for one, other in zip(found, expected, strict=True):
        # Sentences of the same pairs of words are equals here: only their ranks are sure.
        assert [h.rank for h in one] == pytest.approx([h.rank for h in other])


@given(seed=st.integers(0, 10_000), copies=st.integers(1, 4))
def test_the_same_picture_many_times_says_what_it_says_once(seed, copies):
    table, settings = random_tables(seed), BeamSettings(size=3, max_words=6)
    (once,) = beam_search(bigram_step(table), pictures=1, settings=settings)
    (often,) = together(np.repeat(table, copies, axis=0), [copies], settings)
    assert [h.rank for h in often] == pytest.approx([h.rank for h in once])


SENTENCES = [(4, 5, 6), (7,), (5, 5, 4, 7, 6), (6, 4)]


def bigram_score(tables):
    """The same language, read at once; it looks where ``bigram_step`` says it does."""

    def score(words, places, visible):
        # The beginning before each: of those it goes on from the one with a word less.
        before = [
            next((words[k] for k in np.flatnonzero(row) if places[k] == place - 1), -1)
            for row, place in zip(visible, places, strict=True)
        ]
        seen = np.stack([before, words], axis=1).astype(np.float32)
        return tables[:, words], np.repeat(seen[None], len(tables), axis=0)

    return score


def worth(table, sentence):
    return [float(table[a, b]) for a, b in itertools.pairwise((START, *sentence, END))]


@given(seed=st.integers(0, 10_000), group=st.integers(1, 5))
def test_sentences_are_worth_what_their_words_are(seed, group):
    tables = random_tables(seed, group)
    found = score_sequential(bigram_step(tables), SENTENCES, group=group)
    for picture, row in zip(tables, found.logs, strict=True):
        for sentence, logs in zip(SENTENCES, row, strict=True):
            length = len(sentence) + 1
            np.testing.assert_allclose(logs[:length], worth(picture, sentence))
            assert not logs[length:].any()


words = st.integers(4, 7)


@given(
    seed=st.integers(0, 10_000),
    group=st.integers(1, 5),
    sentences=st.lists(st.lists(words, max_size=6).map(tuple), min_size=1, max_size=6),
)
def test_sentences_read_at_once_are_worth_what_they_are_word_by_word(seed, group, sentences):
    tables = random_tables(seed, group)
    whole = score_parallel(bigram_score(tables), sentences)
    stepwise = score_sequential(bigram_step(tables), sentences, group=group)
    np.testing.assert_array_equal(whole.logs, stepwise.logs)
    for row, sentence in enumerate(sentences):
        own = np.s_[:, row, : len(sentence) + 1]
        np.testing.assert_array_equal(whole.looks[own], stepwise.looks[own])


@given(seed=st.integers(0, 10_000), pictures=st.integers(1, 4))
def test_sentences_are_ranked_by_the_mean_of_the_pictures(seed, pictures):
    tables = random_tables(seed, pictures)
    read = score_parallel(bigram_score(tables), SENTENCES)
    found = rescore(SENTENCES, read, length_penalty=0.5)
    ranks = {
        sentence: np.mean([sum(worth(table, sentence)) for table in tables])
        / (len(sentence) + 1) ** 0.5
        for sentence in SENTENCES
    }
    assert [h.words for h in found] == sorted(SENTENCES, key=ranks.get, reverse=True)
    for hypothesis in found:
        assert hypothesis.rank == pytest.approx(ranks[hypothesis.words])
        assert hypothesis.word_log_probabilities.sum() == pytest.approx(hypothesis.log_probability)
        assert len(hypothesis.attention) == len(hypothesis.words) == hypothesis.length - 1
        # The step reports where it read from: the word before, and the one before that.
        read = (START, *hypothesis.words[:-1])
        np.testing.assert_array_equal(hypothesis.attention[:, 1], read)
