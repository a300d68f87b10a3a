from hypothesis import given
from hypothesis import strategies as st

from vidcap.captioning.decoding.vocabulary import END, PAD, START, UNKNOWN, Vocabulary


def test_words_are_kept_by_count_then_alphabet():
    sentences = [["a", "dog"], ["a", "cat"], ["a", "dog", "b"], ["cat"]]
    vocabulary = Vocabulary.from_sentences(sentences, minimum_count=2)
    assert vocabulary.to_list() == ["a", "cat", "dog"]
    assert len(vocabulary) == 7


def test_unknown_words_stay_unknown():
    vocabulary = Vocabulary(["dog"])
    assert vocabulary.encode(["dog", "<pad>x", "cat"]) == [4, UNKNOWN, UNKNOWN]


def test_special_words_are_not_said():
    vocabulary = Vocabulary(["dog"])
    assert vocabulary.decode([START, 4, END, PAD]) == ["dog"]


@given(st.lists(st.text(min_size=1).filter(lambda w: not w.startswith("<")), unique=True))
def test_numbers_and_words_are_one_to_one(words):
    vocabulary = Vocabulary(words)
    assert vocabulary.decode(vocabulary.encode(words)) == words
    assert Vocabulary(vocabulary.to_list()).words == vocabulary.words
