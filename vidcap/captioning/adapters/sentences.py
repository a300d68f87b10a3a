"""Cut the answers of other models down to one plain sentence.

Models that were trained to chat wrap a caption in manners ("Sure! Here is a description of the
image:"), in markdown, in quotes, in words about the picture as a picture ("This image shows"); they
go on for paragraphs, or go round in circles.  None of that belongs into a subtitle.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from vidcap.captioning.caption import Caption
from vidcap.text.ngrams import has_repeated_ngram
from vidcap.text.similarity import FUNCTION_WORDS
from vidcap.text.tokens import tokenize

NOTHING_SAID = "a picture"
"""Stands where an answer holds no word: true of every picture, and easily seen as no caption."""
NOTHING_SAID_SCORE = -10.0

_MOST_CHARACTERS = 20_000
_MOST_WORDS = 60
_DECIMALS = 4
_LEAST_SCORE = -99.0

_THOUGHT = re.compile(r"<(think(?:ing)?)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_THOUGHT_END = re.compile(r"</think(?:ing)?>", re.IGNORECASE)
_TOKEN = re.compile(
    r"<\|[^<>|\n]{1,40}\|>|</?[\w:.-]{1,40}/?>"
    r"|\[/?(?:CLS|SEP|PAD|UNK|MASK|BOS|EOS|INST|unused\d{1,3})\]"
)
_LINK = re.compile(r"!?\[([^\]\n]{0,200})\]\([^)\n]{0,500}\)")
_LINE_MARK = re.compile(r"\s*(?:(?:#{1,6}|[-*+\u2022]|\d{1,2}[.)]|>)\s+)*")
_EMPHASIS = re.compile(r"\*+|`+|~~|(?<!\w)_+|_+(?!\w)")

# The marks that end a sentence; a stop must be followed by a blank, or "3.5" would be two.
_END = re.compile(r"[.!?\u2026]+[\"'\u2019\u201d)\]]*(?=\s)|[\u3002\uff01\uff1f]")
_ABBREVIATED = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|st|mt|ft|no|vs|jr|sr|prof|approx|etc|inc|e\.g|i\.e)|\b(?:[a-z]\.)*[a-z])$",
    re.IGNORECASE,
)

_NOUN = (
    "(?:image|picture|photo|photograph|photography|pic|snapshot|screenshot|scene|frame|video|clip"
    "|still|illustration)"
)
_ADJECTIVES = (
    r"(?:(?:black[- ]and[- ]white|(?!(?:in|on|of|with|at|by|for|from|to|and|is|are|who|that)\b)"
    r"[\w-]{1,20})\s+){0,3}"
)
_SHOWS = (
    "(?:shows?|depicts?|features?|displays?|portrays?|captures?|presents?|contains?|illustrates?"
    "|showcases?|includes?|represents?|consists of|has|is of|is about|is showing|is depicting"
    "|(?:appears|seems) to (?:show|depict|be|feature|capture)|showing|depicting|featuring)"
)
_A_THING = r"(?=(?:an?|the|some|several|many|one|two|three|four|five)\b)"

# What an answer may begin with that says nothing of what is seen; tried until none fits.
_OPENINGS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?:sure(?: thing)?|certainly|of course|absolutely|okay|ok|great|yes)\s*"
        r"(?:[!,.:;-]+\s*|$)",
        r"(?:i(?:'d| would) be happy to|i(?:'ll| will| can)|let me) "
        r"(?:help|describe|assist|provide)\b[^:]{0,100}(?::\s*|$)",
        r"(?:here(?:'s| is| are| you go)|(?:the )?following is|below is)\b[^:]{0,100}:\s*",
        r"here(?:'s| is| are)\b[^:]{0,60}\b(?:caption|description|sentence|summary|answer)s?\b"
        r"[^:]{0,60}$",
        r"here(?:'s| is) (?=an? )",
        r"(?:(?:image|picture|photo|short|brief|final|plain|one[- ]sentence|alt) )?"
        r"(?:captions?|descriptions?|answer|response|output|summary|assistant|text|title)"
        r"\s*\d{0,2}\s*(?:[:\u2013]\s*|$)",
        rf"(?:in|on|from) (?:this|the|that) {_ADJECTIVES}{_NOUN}\b\s*,?\s*"
        rf"(?:(?:is|are) {_A_THING})?",
        r"(?:(?:we|you|one|i) (?:can |could |may |might )?(?:also |clearly )?"
        r"(?:see|observe|notice|find)|there can be seen) (?:that )?",
        rf"(?:this|the|that|your|an?) {_ADJECTIVES}{_NOUN},? (?:that |which )?(?:also |clearly )?"
        rf"{_SHOWS}\b(?: us)?(?: that)?\s*",
        rf"(?:this|the|that) {_ADJECTIVES}{_NOUN} is (?=(?:an?|the) {_ADJECTIVES}{_NOUN}\b)",
        rf"(?:it|this|that) {_SHOWS}\b(?: us)?(?: that)?\s*",
        rf"(?:(?:it|this|that)(?: is|'s)|it appears to be|this appears to be) {_A_THING}",
        r"(?:an?|the) (?:image|picture|photo|photograph|photography|pic|snapshot|video) of\s*",
        rf"the (?:main |primary )?(?:subject|focus|focal point) of (?:the|this) {_NOUN} "
        r"(?:is|are) ",
    )
)
_CLOSING = re.compile(r",? (?:in|of) (?:this|the) (?:image|picture|photo|photograph)$", re.I)

_EDGE_MARKS = " \t\u2013\u2014-:;,.!?\u2026\u3002\uff01\uff1f*#|~"
_QUOTES = (('"', '"'), ("'", "'"), ("\u201c", "\u201d"), ("\u2018", "\u2019"), ("\u00ab", "\u00bb"))

# Tokenisers that part words at every mark are not always joined again by their decoders.
_LOOSE_MARK = re.compile(r"\s+(?=[,.;:!?](?:\s|$))")
_MANY_MARKS = re.compile(r"([,;:])[,;:]+")
_LOOSE_APOSTROPHE = re.compile(r"(?<=\w) ?' ?(?=(?:s|t|re|ve|ll|d|m)\b)")
_LOOSE_HYPHEN = re.compile(r"\b(t|x|close|black|snow) - (?=\w)", re.IGNORECASE)

_LEFT_HANGING = frozenset("a an the and or but of with while its their his her".split())
_BEGINNERS = FUNCTION_WORDS | frozenset(
    "one two three four five six several many some few various people person man men woman women "
    "child children boy boys girl girls group couple what here".split()
)


def as_caption(answer: str, score: float) -> Caption:
    """Return a model's answer as a caption.

    The score is brought to four decimals, so that the last bits of a sum, which depend on the
    shapes of matrices and not on the picture, do not show.  Where the answer holds no word, the
    caption is ``NOTHING_SAID`` with a score that no real sentence has.
    """
    text = plain_sentence(answer)
    if not text:
        return Caption(NOTHING_SAID, NOTHING_SAID_SCORE)
    if math.isnan(score):
        score = _LEAST_SCORE
    return Caption(text, round(min(0.0, max(score, _LEAST_SCORE)), _DECIMALS))


def plain_sentence(answer: str) -> str:
    """Return the first sentence of an answer that says something, bare; empty if there is none.

    Special tokens, thoughts, markdown, quotes, manners and talk of the picture as a picture go; so
    do the final stop, repetition (no run of three words twice, no run of up to four right after
    itself) and what a limit of length left hanging behind an article or conjunction.  Capitals
    inside the sentence stay, because they tell names; those of its first word go where it is a word
    that sentences often begin with, and all go where everything is written large or Like A Title.
    """
    text = answer[:_MOST_CHARACTERS]
    # Some templates open the thought themselves; then only its end is in the answer.
    text = _THOUGHT_END.split(_THOUGHT.sub(" ", text))[-1]
    text = _LINK.sub(r"\1", _TOKEN.sub(" ", text))
    for piece in _sentences(text):
        words = _without_loops(_bare(piece).split()[:_MOST_WORDS])
        sentence = " ".join(_cased(words)).strip(_EDGE_MARKS)
        if tokenize(sentence):
            return sentence
    return ""


def _sentences(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            continue
        line = _LINE_MARK.sub("", line, count=1)
        line = " ".join(_EMPHASIS.sub("", line).split())
        line = _MANY_MARKS.sub(r"\1", _LOOSE_MARK.sub("", line))
        line = _LOOSE_HYPHEN.sub(r"\1-", _LOOSE_APOSTROPHE.sub("'", line))
        start = 0
        for end in _END.finditer(line):
            before = line[max(start, end.start() - 12) : end.start()]
            if not (end.group() == "." and _ABBREVIATED.search(before)):
                yield line[start : end.end()]
                start = end.end()
        yield line[start:]


def _bare(sentence: str) -> str:
    before = None
    while sentence != before:
        before = sentence
        sentence = _unquoted(sentence.strip(_EDGE_MARKS))
        for opening in _OPENINGS:
            if found := opening.match(sentence):
                sentence = sentence[found.end() :]
                break
        shorter = _CLOSING.sub("", sentence)
        if len(shorter.split()) > 1:
            sentence = shorter
    return sentence


def _unquoted(text: str) -> str:
    for left, right in _QUOTES:
        if len(text) > 1 and text[0] == left and text[-1] == right:
            inner = text[1:-1]
            # Around all of it, and not '"Stop" and "go"': a quote inside opens first.
            found = re.search(rf"(?<!\w){left}|{right}(?!\w)", inner)
            if found is None or found.start() == 0 or inner[found.start() - 1].isspace():
                return inner
    # The other half of a pair went with an opening or another sentence.
    if text.count('"') % 2:
        text = text.removeprefix('"') if text.startswith('"') else text.removesuffix('"')
    if text.count("\u201c") != text.count("\u201d"):
        text = text.removeprefix("\u201c").removesuffix("\u201d")
    return text


def _without_loops(words: list[str]) -> list[str]:
    kept: list[str] = []
    for word in words:
        kept.append(word)
        for size in range(1, 5):
            if len(kept) >= 2 * size and _same(kept[-size:], kept[-2 * size : -size]):
                del kept[-size:]
                break
    for count in range(1, len(kept) + 1):
        if has_repeated_ngram(tokenize(" ".join(kept[:count])), 3):
            kept = kept[: count - 1]
            break
    if kept and _plain(kept[-1]) in _LEFT_HANGING:
        while len(kept) > 1 and _plain(kept[-1]) in FUNCTION_WORDS:
            kept.pop()
    return kept


def _same(a: list[str], b: list[str]) -> bool:
    return list(map(_plain, a)) == list(map(_plain, b))


def _plain(word: str) -> str:
    return word.strip(",;").lower()


def _cased(words: list[str]) -> list[str]:
    if not words:
        return words
    first, rest = words[0], words[1:]
    large = sum(word[0].isupper() for word in rest)
    if "".join(words).isupper() or (len(rest) > 1 and 2 * large > len(rest)):
        return [word.lower() for word in words]
    return [first.lower() if _plain(first) in _BEGINNERS else first, *rest]
