"""Sentences as a tree of their beginnings."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vidcap.captioning.decoding.prefix_tree import grow
from vidcap.captioning.decoding.vocabulary import END, START

# Few words, so that sentences begin alike.
sentences = st.lists(st.lists(st.integers(4, 6), max_size=7), min_size=1, max_size=6)


@given(sentences, st.integers(1, 9))
def test_every_sentence_is_read_along_its_path(given_sentences, multiple):
    tree = grow(given_sentences, multiple=multiple)
    for sentence, path, targets in zip(given_sentences, tree.paths, tree.targets, strict=True):
        assert [tree.words[node] for node in path] == [START, *sentence]
        assert [tree.places[node] for node in path] == list(range(len(sentence) + 1))
        assert list(targets) == [*sentence, END]
        for end, node in enumerate(path):
            np.testing.assert_array_equal(np.flatnonzero(tree.visible[node]), path[: end + 1])


@given(sentences, st.integers(1, 9))
def test_what_several_begin_with_is_there_once(given_sentences, multiple):
    tree = grow(given_sentences, multiple=multiple)
    beginnings = {tuple(one[:end]) for one in given_sentences for end in range(len(one) + 1)}
    assert len(tree.words) % multiple == 0
    assert len(beginnings) <= len(tree.words) < len(beginnings) + multiple
    assert {node for path in tree.paths for node in path} == set(range(len(beginnings)))
