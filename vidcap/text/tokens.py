"""English captions as lists of words, and back.

The words are those of the Penn Treebank convention that caption metrics are reported with, less
its punctuation: "The dog's T-shirt isn't red!" and "the dog 's t shirt is n't red ." are the same
seven words.  Compounds come apart at the hyphen ("snow-covered" is two words, as it is where
people write none), save those that begin with a single character ("t-shirt", "4-wheeler").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# Apostrophes and hyphens become ASCII's and invisible characters go.  This comes before NFKC, which
# would take a lone acute accent apart and cannot see past an invisible character, and again after
# it, because it writes some old characters out with an apostrophe.
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u02bc\u00b4\u0060", "'"),
        **dict.fromkeys("\u00ad\u200c\u200d\u2060\ufeff", None),
        **dict.fromkeys("\u2010\u2011", "-"),
    }
)

_LETTER = r"[^\W_]"  # or digit, of any script
_MORE = r"(?:[^\W_]|[\u0300-\u036f])"  # an accent without a composed form stays with its letter
_LETTERS = rf"{_LETTER}{_MORE}*"
_CLITIC = rf"'(?:s|re|ve|ll|d|m)(?!{_MORE})"
_NOT = rf"n't(?!{_MORE})"

_TOKEN = re.compile(
    rf"""
    # A clitic, joined to its word or standing free.  Where it stands free, an apostrophe
    # behind it makes it a quotation: the letter 's' is the word s.
    (?<={_MORE}){_CLITIC} | (?<!{_MORE}){_CLITIC}(?!') | {_NOT}
    # A word gives up its last letter to n't: is|n't.
    | {_LETTER}{_MORE}*?(?={_NOT})
    # A word may hold the hyphen of t-shirt, the apostrophe of o'clock and the marks
    # of 3.5, 10,000 and 7:30.
    | (?:(?<!-){_LETTER}-)?{_LETTERS}(?:(?:(?!{_CLITIC})'|(?<=\d)[.,:](?=\d)){_LETTERS})*
    """,
    re.VERBOSE,
)
_HANGS_ON = re.compile(rf"{_CLITIC}|{_NOT}")


def tokenize(sentence: str) -> list[str]:
    """Return the words of an English sentence, lower-case and without punctuation.

    Unicode is brought to NFKC.  Numbers stay ("3.5", "7:30").  Possessive and contracted endings
    are words of their own, as in the Penn Treebank: "man's" gives ``man 's``, "they're" gives
    ``they 're``, "don't" gives ``do n't``; the bare apostrophe of "dogs' toys" is dropped.
    Hyphens separate, except behind a single character ("t-shirt"); "t shirt" and "t - shirt" are
    written "t-shirt" too.  Never raises, and ``tokenize(" ".join(words)) == words`` for whatever
    it returned.
    """
    text = unicodedata.normalize("NFKC", sentence.translate(_PLAIN)).lower()
    # Lower-casing can leave a letter and an accent that compose only now.
    text = unicodedata.normalize("NFKC", text.translate(_PLAIN))
    words: list[str] = []
    for word in _TOKEN.findall(text):
        if word in ("shirt", "shirts") and words and words[-1] == "t":
            words[-1] = f"t-{word}"
        else:
            words.append(word)
    return words


def detokenize(words: Sequence[str]) -> str:
    """Return words as people write them: blanks between, but ``dog 's`` as "dog's".

    :func:`tokenize` takes the result apart into the same words.
    """
    written: list[str] = []
    for word in words:
        joins = _HANGS_ON.fullmatch(word) and written and not _HANGS_ON.fullmatch(written[-1])
        written.append(word if joins or not written else f" {word}")
    return "".join(written)
