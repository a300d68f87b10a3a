"""A noun phrase holds a noun, and comes to it."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.captioning.test_beam_search import bigram_step, random_tables
from vidcap.captioning.decoding.beam_search import BeamSettings, beam_search
from vidcap.captioning.decoding.constraints import DecodingConstraints
from vidcap.captioning.decoding.vocabulary import END, Vocabulary

WORDS = "a blue and white dog walking in snow".split()
PARTS = "ammmn--n"
VOCABULARY = Vocabulary(WORDS)
WORDING = DecodingConstraints.of(VOCABULARY, once=False, phrases=PARTS)


def allowed(text, wording=WORDING):
    """The words that may follow a beginning."""
    history = np.array([[VOCABULARY.encode(text.split())]])
    scores = np.zeros((1, 1, len(VOCABULARY)))
    wording.forbid(scores, history)
    return {VOCABULARY.words[number] for number in np.flatnonzero(scores[0, 0] == 0)}


def test_a_phrase_waits_for_its_noun():
    assert allowed("a blue and white") == {"a", "blue", "and", "white", "dog", "snow"}
    assert "walking" in allowed("a blue and white dog")
    assert VOCABULARY.words[END] in allowed("a dog in snow")
    assert VOCABULARY.words[END] not in allowed("a dog in a white")
    assert "walking" in allowed("white"), "no article, nothing to wait for"


def test_and_does_not_wait_for_ever():
    assert "white" in allowed("a blue and white and")
    assert allowed("a blue and white and blue") == {"dog", "snow"}
    assert allowed("a blue and a white and") == {"dog", "snow"}


def test_where_parts_are_not_known_all_is_allowed():
    plain = DecodingConstraints.of(VOCABULARY, once=False)
    assert len(allowed("a blue and white", plain)) == len(VOCABULARY)


def test_what_tells_something_is_said_once():
    once = DecodingConstraints.of(VOCABULARY, once=True, phrases=PARTS)
    assert "dog" not in allowed("a dog in a", once)
    assert "a" in allowed("a dog in", once)


@given(
    seed=st.integers(0, 10_000),
    size=st.integers(1, 4),
    parts=st.text("amn-", min_size=5, max_size=5),
)
def test_every_search_ends_and_every_article_has_its_noun(seed, size, parts):
    tables = random_tables(seed, 2)
    words = Vocabulary([f"w{number}" for number in range(tables.shape[-1] - 4)])
    wording = DecodingConstraints.of(words, once=False, phrases=(parts * 9)[: len(words) - 4])
    settings = BeamSettings(size=size, max_words=9, min_words=1)
    for hypotheses in beam_search(
        bigram_step(tables), pictures=2, settings=settings, wording=wording
    ):
        assert hypotheses
        for hypothesis in hypotheses:
            letters = [chr(wording.parts[word]) for word in hypothesis.words]
            for place, letter in enumerate(letters):
                if letter != "a" or len(letters) == settings.max_words:
                    continue
                rest = itertools.takewhile(lambda own: own != "n", letters[place + 1 :])
                if "n" in letters[place + 1 :]:
                    assert "-" not in rest


def test_sentences_teach_the_parts():
    from pipelines.training.phrases import phrase_parts

    told = [
        text.split()
        for text in (
            "a white dog runs in the deep snow",
            "a black and white dog is walking in a field",
            "the dog walking on the sand",
            "a small white cat",
            "a small cat in the snow",
            "a cat and a dog in a white house",
            "the snow",
        )
    ]
    words = Vocabulary("a the white small black and dog cat snow runs walking is in zebra".split())
    found = dict(zip(words.to_list(), phrase_parts(words, told), strict=True))
    assert {word for word, part in found.items() if part == "a"} == {"a", "the"}
    assert {word for word, part in found.items() if part == "n"} == {"dog", "cat", "snow", "zebra"}
    assert {word for word, part in found.items() if part == "m"} == {
        "white",
        "small",
        "black",
        "and",
    }
    assert {word for word, part in found.items() if part == "-"} == {"runs", "walking", "is", "in"}


def test_a_search_that_has_nowhere_to_go_ends():
    words = Vocabulary(["a", "in"])
    wording = DecodingConstraints.of(words, once=False, phrases="a-")
    table = np.log(np.full((1, 6, 6), 1 / 6))
    (found,) = beam_search(
        bigram_step(table), pictures=1, settings=BeamSettings(size=2, max_words=4), wording=wording
    )
    assert found
