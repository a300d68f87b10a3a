"""Rewrite captions as descriptions: no guesses, and shorter where time or certainty is short.

What a picture cannot show is not said (ITC Guidance on Standards for Audio Description; Netflix
Audio Description Style Guide; DCMP Description Key): which sex or race somebody is, and what
somebody feels.  The captioner learnt from people who guessed; here its guesses are taken out again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from vidcap.subtitles.clean import clean_text, sentence_case
from vidcap.text.similarity import FUNCTION_WORDS, stem
from vidcap.text.tokens import detokenize, tokenize

_NEUTRAL = {
    **dict.fromkeys("man woman guy lady gentleman lad male female dude cowboy".split(), "person"),
    **dict.fromkeys("men women guys ladies gentlemen males females dudes".split(), "people"),
    **dict.fromkeys("boy girl".split(), "child"),
    **dict.fromkeys("boys girls kids".split(), "children"),
    **dict.fromkeys("kid".split(), "child"),
    **dict.fromkeys("policeman policewoman".split(), "police officer"),
    **dict.fromkeys("fireman".split(), "firefighter"),
    **dict.fromkeys("businessman businesswoman".split(), "person"),
    **dict.fromkeys("father mother dad mom".split(), "parent"),
    **dict.fromkeys("brother sister son daughter".split(), "child"),
    **dict.fromkeys("husband wife boyfriend girlfriend".split(), "partner"),
    **dict.fromkeys("his her hers".split(), "their"),
    **dict.fromkeys("himself herself".split(), "themselves"),
    **dict.fromkeys("he she".split(), "they"),
    **dict.fromkeys("him".split(), "them"),
}
_PEOPLE = frozenset(
    "person people child children baby toddler player players couple crowd adult adults group "
    "family teenager teenagers student students worker workers rider runner skateboarder boarder "
    "surfer skier biker cyclist climber swimmer dancer musician performer performers".split()
)
_RACE = frozenset(
    "black white asian african american african-american caucasian hispanic latino indian oriental "
    "arab arabic chinese japanese mexican european ethnic blond blonde brunette redheaded".split()
)
"""Taken out where they stand before a person, and left where they stand before a dog."""

_HAIR = frozenset("blond blonde brunette redheaded".split())  # of the hair, they are seen

_FEELINGS = frozenset(
    "happy sad angry excited scared afraid bored proud lonely upset surprised worried tired "
    "confused nervous cheerful joyful joyous content furious embarrassed ashamed delighted "
    "happily sadly angrily excitedly proudly joyfully cheerfully nervously playfully intently "
    "beautiful pretty ugly cute attractive handsome adorable".split()
)
"""Feelings, and what is in the eye of the beholder."""

_THEY_ARE = {"is": "are", "was": "were", "has": "have", "does": "do"}
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight")

_AUXILIARIES = frozenset("is are was were be been being has have had".split())
_RELATIVES = frozenset("that who which while when where as".split())
_CONJUNCTIONS = frozenset("and or but".split())
_PREPOSITIONS = frozenset(
    "about above across after against along around at away before behind below beneath beside "
    "between by down during for from in inside into near next off on onto out outside over past "
    "through to toward towards under underneath up upon with without".split()
)
_DETERMINERS = frozenset("a an the this that these those some his her its their".split())
_QUALITIES = frozenset(
    "red green blue yellow orange purple pink brown black white gray grey tan golden gold silver "
    "dark light bright colorful big small large little tall short long old young tiny huge wet dry "
    "snowy muddy sandy grassy rocky wooden busy empty crowded open several many few two three four "
    "five six seven eight nine ten one".split()
)
# Verbs as captions have them, in the form that stem() gives.
_VERBS = frozenset(
    stem(verb)
    for verb in (
        "sits sit stands stand runs run rides ride walks walk plays play jumps jump holds hold "
        "looks look wears wear swims swim climbs climb throws throw catches catch carries carry "
        "leaps leap performs perform does do races race stares stare smiles smile laughs laugh "
        "talks talk poses pose watches watch eats eat drinks drink lies lie lays lay flies fly "
        "falls fall chases chase fights fight kicks kick hits hit pulls pull pushes push dances "
        "dance sings sing skis ski surfs surf skates skate digs dig bites bite licks lick shakes "
        "shake waits wait tries try goes go comes come gets get takes take makes make attempts "
        "attempt hangs hang leans lean crosses cross reads read shows show sleeps sleep"
    ).split()
)
_TAILS = _PREPOSITIONS | _RELATIVES | _CONJUNCTIONS
_DANGLING = _TAILS | _AUXILIARIES | _DETERMINERS | {"of", "'s", "n't", "not", "very"}


def describe_style(text: str) -> str:
    """Return a caption as a describer says it: a capital, a stop, and nothing guessed.

    Sex becomes person, people or child, and his or her their; words for race before people, for
    feelings, and for what is a matter of taste go.  ``a person and a person`` becomes two people.
    Words are replaced one by one: a sentence that hides its guess otherwise is not understood.
    """
    words = [_NEUTRAL.get(word, word) for word in tokenize(text)]
    words = " ".join(words).split()
    words = [
        word
        for place, word in enumerate(words)
        if word not in _FEELINGS
        and not (word in _RACE and _before_people(words, place))
        and not (word in _RACE - _HAIR and _stands_for_people(words, place))
    ]
    words = _counted(_once(_agreeing(words)))
    return sentence_case(clean_text(detokenize(_articles(words))))


def head_noun_phrase(text: str) -> str:
    """Return what a caption is about, such as ``A brown dog``, without what is said of it.

    Empty where no beginning of the sentence is a noun phrase.
    """
    words = tokenize(text)
    end = 0
    for place, word in enumerate(words):
        named = place == 0 or words[place - 1] not in _DETERMINERS | _QUALITIES
        if _joins_qualities(words, place):
            continue
        if word in _TAILS | _AUXILIARIES:
            break
        if named and (_is_participle(word) or stem(word) in _VERBS):
            break
        end = place + 1
    phrase = words[:end]
    while phrase and phrase[-1] in _DANGLING:
        phrase.pop()
    if not phrase or phrase[-1] in _DETERMINERS | _QUALITIES:
        return ""
    return sentence_case(clean_text(detokenize(phrase)))


def shorter(text: str) -> list[str]:
    """Return shorter ways to say a sentence, the longest first: whole clauses are left out.

    Phrases that begin with a preposition, a conjunction or a relative go, from the end on, and
    those between what it is about and the verb; what remains never ends in a word that wants
    another.  Last comes what it is about, alone.
    """
    words = tokenize(text)
    if not words:
        return []
    head = tokenize(head_noun_phrase(text))
    ways: list[Sequence[str]] = [words]
    verb = "is" if words[0] in ("a", "an", "one") else "are"
    if head and verb in words[len(head) + 1 :]:
        ways.append(head + words[words.index(verb, len(head)) :])
    ways = [beginning for way in ways for beginning in _beginnings(way)]
    found = {sentence_case(clean_text(detokenize(way))) for way in [*ways, head] if way}
    return sorted((way for way in found if len(way) < len(text)), key=lambda way: (-len(way), way))


def _beginnings(words: Sequence[str]) -> list[Sequence[str]]:
    """Return a sentence and what is left of it when clauses go from its end."""
    return [
        words[:place]
        for place in range(len(words), 1, -1)
        if place == len(words)
        or (
            words[place] in _TAILS
            and not _joins_qualities(words, place)
            and words[place - 1] not in _DANGLING | _QUALITIES
        )
    ]


def _joins_qualities(words: Sequence[str], place: int) -> bool:
    """Tell whether a word is the ``and`` of black and white."""
    return words[place] == "and" and words[place - 1] in _QUALITIES and 0 < place < len(words) - 1


def content(text: str) -> frozenset[str]:
    """Return the stems of the words that tell something."""
    return frozenset(stem(word) for word in tokenize(text) if word not in FUNCTION_WORDS)


def count_words(text: str) -> int:
    """Return how many words are spoken."""
    return len(re.findall(r"[^\W_]+(?:['\u2019.,:-][^\W_]+)*", text))


def _is_participle(word: str) -> bool:
    return len(word) > 4 and word.endswith("ing") and word not in ("building", "clothing", "string")


def _before_people(words: Sequence[str], place: int) -> bool:
    """Tell whether the next noun behind a word is a person."""
    for word in words[place + 1 : place + 4]:
        if word in _PEOPLE:
            return True
        if word not in _QUALITIES | _RACE | _FEELINGS | {"and"}:
            return False
    return False


def _stands_for_people(words: Sequence[str], place: int) -> bool:
    return words[place] in ("african", "asian", "caucasian", "hispanic", "latino")


def _agreeing(words: Sequence[str]) -> list[str]:
    """Make verbs agree with a ``they`` that stands for one."""
    made = list(words)
    for place in range(1, len(made)):
        if made[place - 1] == "they" and made[place] in _THEY_ARE:
            made[place] = _THEY_ARE[made[place]]
    return made


def _once(words: Sequence[str]) -> list[str]:
    """Name once what is named twice in a row: a hat and a hat is a hat."""
    text = " ".join(words)
    return re.sub(r"\b(an? (?:\w+ )?(\w+)) and (?:\1|an? \2|\2)(?!\w)", _named_once, text).split()


def _named_once(found: re.Match[str]) -> str:
    # Two people are not one.
    return found[0] if found[2] in _PEOPLE else found[1]


def _counted(words: Sequence[str]) -> list[str]:
    """Say how many where the same is named twice: a person and a person are two people."""
    text = f" {' '.join(words)} "
    for one, many in (("person", "people"), ("child", "children"), ("parent", "parents")):
        count = 8
        while count > 1:
            listed = rf" (?:an?|one) {one}(?: ,)?(?: and (?:an?|another|one) {one}){{{count - 1}}} "
            text = re.sub(listed, f" {_NUMBERS[count]} {many} ", text)
            count -= 1
        text = re.sub(rf" {many}(?: and {many})+ ", f" {many} ", text)
    return text.split()


def _articles(words: Sequence[str]) -> list[str]:
    """Give every ``a`` and ``an`` the form that the next word asks for."""
    made = list(words)
    for place, (word, following) in enumerate(pairwise(words)):
        if word in ("a", "an"):
            consonant = ("uni", "use", "one", "eu")  # to the ear
            vowel = following[0] in "aeiou" and not following.startswith(consonant)
            made[place] = "an" if vowel else "a"
    return made
