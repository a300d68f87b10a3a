"""Reading settings from YAML: plain values in a file of a sensible size, and nothing else.

YAML can say in a few lines what fills the memory (aliases of aliases), nest more deeply than a
parser can follow, and name types.  Settings need none of it.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidcap.errors import DataError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_MOST_CHARACTERS = 100_000
_DEEPEST = 20
_LONGEST_NUMBER = 30


def read_yaml(source: Path | Traversable) -> Any:
    """Return what a YAML file holds: mappings, lists, text, numbers, truth values and nothing.

    Raises:
        OSError: it cannot be read.
        DataError: it is no YAML, or more than settings need; the message does not name the file.
    """
    import yaml

    # Not the whole of what may be any size: one character more tells that it is too large.
    with source.open(encoding="utf-8") as file:
        try:
            text = file.read(_MOST_CHARACTERS + 1)
        except UnicodeDecodeError as error:
            raise DataError("is not UTF-8 text") from error
    if len(text) > _MOST_CHARACTERS:
        raise DataError(f"has more than {_MOST_CHARACTERS} characters, too many for settings")
    try:
        return yaml.load(text, _loader())  # noqa: S506 - a safe loader made safer
    except yaml.YAMLError as error:
        raise DataError(f"is not YAML: {' '.join(str(error).split())}") from error


def _refused(part: Any, why: str) -> Exception:
    import yaml

    return yaml.YAMLError(f"line {part.start_mark.line + 1}: {why}")


@lru_cache(maxsize=1)
def _loader() -> Any:
    """Return the loader, made once and late, as yaml is imported where it is used."""
    import yaml

    class Plain(yaml.SafeLoader):
        """Takes what JSON could say too."""

        _depth = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            event = self.peek_event()  # type: ignore[no-untyped-call]
            self._depth += 1
            if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
                raise _refused(event, "settings have no anchors and aliases")
            if getattr(event, "tag", None) is not None:
                raise _refused(event, f"settings have no tags such as {event.tag!r:.40}")
            if self._depth > _DEEPEST:
                raise _refused(event, "it is nested too deeply")
            node = super().compose_node(parent, index)
            self._depth -= 1
            return node

        def number(self, node: Any) -> int:
            if len(node.value) > _LONGEST_NUMBER:
                raise _refused(node, "a number is too long")
            try:
                return int(self.construct_yaml_int(node))
            except ValueError as error:  # "0x_" looks like a number and is none
                raise _refused(node, str(error)) from error

        def text(self, node: Any) -> str:
            return str(self.construct_scalar(node))

    Plain.add_constructor("tag:yaml.org,2002:int", Plain.number)
    # Times and binary data are no settings: what looks like a date is text, as it is in JSON.
    for name in ("timestamp", "binary"):
        Plain.add_constructor(f"tag:yaml.org,2002:{name}", Plain.text)
    return Plain
