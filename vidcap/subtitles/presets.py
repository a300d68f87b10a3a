"""Rules that cues keep, read from YAML."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidcap.captioning.caption import Budget
from vidcap.errors import DataError, UsageError
from vidcap.plain_yaml import read_yaml

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_DEFAULT_FRAME_RATE = Fraction(25)
_LONGEST_FIGURE = 24


@dataclass(frozen=True, slots=True)
class Preset:
    """The rules of one style of subtitles; the keys of a preset file are the fields of this class.

    Times are seconds: in YAML a number or a fraction in words, such as ``5/6``.  Of the two limits
    on reading, one may be left out.

    Attributes:
        name: what the preset is called; stands in the JSON.
        line_length: most characters a line may have, blanks and marks counted.
        lines: most lines a cue may have.
        shortest: least seconds a cue stands.
        longest: most seconds a cue stands.
        gap_frames: frames of the video that two neighbouring cues lie apart.
        open_gap: seconds from which on cues may lie further apart than ``gap_frames``; anything
            between the two looks like a flicker.
        reading_speed: most characters a second that a cue may ask of its reader.
        word_time: least seconds a cue stands for each of its words.
    """

    name: str
    line_length: int
    lines: int
    shortest: Fraction
    longest: Fraction
    gap_frames: int
    open_gap: Fraction
    reading_speed: Fraction | None = None
    word_time: Fraction | None = None

    def __post_init__(self) -> None:
        """Check that the figures can be kept together.

        Raises:
            UsageError: a figure is out of its range.
        """
        for key, least in (("line_length", 1), ("lines", 1), ("gap_frames", 0)):
            if getattr(self, key) < least:
                raise UsageError(f"{key} is {getattr(self, key)}; it must be {least} or more")
        for key in ("shortest", "longest", "reading_speed", "word_time"):
            value = getattr(self, key)
            if value is not None and value <= 0:
                raise UsageError(f"{key} is {value}; it must be more than 0")
        if self.reading_speed is None and self.word_time is None:
            raise UsageError("neither reading_speed nor word_time is there; give one or both")
        if self.open_gap < 0:
            raise UsageError(f"open_gap is {self.open_gap}; it must be 0 or more")
        if self.longest < self.shortest:
            raise UsageError(
                f"longest is {self.longest} s, but shortest is {self.shortest} s; "
                f"longest must not be the smaller one"
            )

    @property
    def shortest_ms(self) -> int:
        """The fewest whole milliseconds that are not too short."""
        return math.ceil(self.shortest * 1000)

    @property
    def longest_ms(self) -> int:
        """The most whole milliseconds that are not too long."""
        return math.floor(self.longest * 1000)

    @property
    def open_gap_ms(self) -> int:
        """The fewest whole milliseconds that make an open gap."""
        return math.ceil(self.open_gap * 1000)

    def gap_ms(self, frame_rate: Fraction | None) -> int:
        """Return the milliseconds between neighbouring cues of a video of ``frame_rate``.

        A video without a known rate counts as 25 frames a second.  Where a frame lasts so long that
        ``gap_frames`` exceed ``open_gap``, as in a slide show, ``open_gap`` is enough.
        """
        rate = frame_rate if frame_rate and frame_rate > 0 else _DEFAULT_FRAME_RATE
        return min(math.ceil(self.gap_frames * 1000 / rate), self.open_gap_ms)

    def budget(self, seconds: Fraction, frame_rate: Fraction | None) -> Budget:
        """Return how long a sentence may be that is read within a scene of so many ``seconds``.

        The gap before the next cue is taken off, and the mark at the end of the sentence.
        """
        time = min(self.longest, seconds - Fraction(self.gap_ms(frame_rate), 1000))
        characters = words = math.inf
        if self.reading_speed is not None:
            characters = max(0, math.floor(time * self.reading_speed) - 1)
        if self.word_time is not None:
            words = max(0, math.floor(time / self.word_time))
        return Budget(characters, words)

    def reading_ms(self, lines: Sequence[str]) -> int:
        """Return the fewest whole milliseconds in which the lines of a cue may be read."""
        needed = Fraction(0)
        if self.reading_speed is not None:
            needed = characters(lines) / self.reading_speed
        if self.word_time is not None:
            needed = max(needed, words(lines) * self.word_time)
        return math.ceil(needed * 1000)


def characters(lines: Sequence[str]) -> int:
    """Return the characters there are to read: all of them, and a blank for each line end."""
    return sum(map(len, lines)) + len(lines) - 1


def words(lines: Sequence[str]) -> int:
    """Return the words there are to read, as blanks part them."""
    return sum(len(line.split()) for line in lines)


def preset_names() -> tuple[str, ...]:
    """Return the names of the presets that come with vidcap, in alphabetical order."""
    names = (Path(entry.name) for entry in _shipped().iterdir())
    return tuple(sorted(name.stem for name in names if name.suffix == ".yaml"))


def load_preset(name: str | Path) -> Preset:
    """Return a preset that comes with vidcap, by name, or one of your own, by its YAML file's path.

    Raises:
        UsageError: there is no such preset or file.
        DataError: the file is no YAML, or a key is missing, unknown, or has a wrong value.
    """
    if str(name) in preset_names():
        source: Traversable | Path = _shipped() / f"{name}.yaml"
    elif Path(name).suffix in (".yaml", ".yml"):
        source = Path(name)
    else:
        raise UsageError(
            f"there is no preset {str(name)!r}; name one of {', '.join(preset_names())} "
            f"or a .yaml file"
        )
    try:
        return _preset(read_yaml(source))
    except OSError as error:
        raise UsageError(f"{name}: cannot be read: {error.strerror or error}") from error
    except (DataError, UsageError) as error:
        raise DataError(f"{name}: {error}") from error


def _shipped() -> Traversable:
    return resources.files("vidcap.subtitles") / "presets"


def _preset(data: Any) -> Preset:
    if not isinstance(data, dict):
        raise DataError("is no mapping of keys to values")
    kinds = {field.name: str(field.type) for field in fields(Preset)}
    needed = {field.name for field in fields(Preset) if field.default is MISSING}
    keys = ", ".join(kinds)
    for key in data:
        if key not in kinds:
            raise DataError(f"unknown key {key!r:.40}; the keys are {keys}")
    for key in kinds:
        if key in needed and key not in data:
            raise DataError(f"key {key!r} is missing; the keys are {keys}")
    return Preset(**{key: _value(key, kinds[key], value) for key, value in data.items()})


def _value(key: str, kind: str, value: Any) -> Any:
    if kind == "str":
        if isinstance(value, str) and value:
            return value
        raise DataError(f"{key} is {value!r:.40}; it must be a word")
    if kind == "int":
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise DataError(f"{key} is {value!r:.40}; it must be a whole number")
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            # Through the decimal spelling: 0.1 in the file means a tenth, not the nearest double.
            # 1e999999999 is short to write and takes hours to work out.
            if len(str(value)) <= _LONGEST_FIGURE and "e" not in str(value).lower():
                return Fraction(str(value))
        except (ValueError, ZeroDivisionError):
            pass
    raise DataError(f"{key} is {value!r:.40}; it must be a number or a fraction such as 5/6")
