"""Retired names stay away, and module docstrings open with plain English."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(
    path for package in ("vidcap", "pipelines") for path in (ROOT / package).rglob("*.py")
)

RETIRED_MODULES = {
    "vidcap/captioning": "presence things wording teaching watching joint tree nouns interchange "
    "heat beam runtime recorded sharing look",
    "vidcap/jobs": "crew together cataloguing plan watched",
    "vidcap/video": "readers leaps rough wire confine change fades alignment thumbnails picture",
    "vidcap/scenes": "aggregate",
    "vidcap/description": "wording choose fitting",
    "vidcap/web": "rooms shield studio examine finding",
    "vidcap/commands": "filejob",
    "vidcap": "training",
    "pipelines/training": "growing naming recognising mixing processes views recipe presence "
    "things",
}

RETIRED_NAMES = frozenset(
    "Presence without_what_is_held_back Recogniser Familiar ThingTokens Copying Wording Taught "
    "read_whole read_stepwise held_against Look SceneTeller Teller DecoderGone Leaper Stretch "
    "squash Described LeftOut tell_best_first give_meaning Way Alone Several Together Watched "
    "Done NounFinder".split()
)

# The page is made anew, and the command line moves to click: their prose follows with them.
PROSE_LEFT = ("vidcap/web/", "vidcap/commands/")
OPENINGS = re.compile(r"(What|Which|Who|Whoever|How|Where|When|From what|So many|Nobody)\b")


def names_of(tree: ast.AST) -> set[str]:
    """Return every identifier that a module defines, imports or reads."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.alias):
            found.update((node.asname or node.name).split("."))
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_retired_identifier(path: Path) -> None:
    assert names_of(ast.parse(path.read_text())) & RETIRED_NAMES == set()


def test_identifiers_are_found() -> None:
    tree = ast.parse("from a import Teller as T\nclass Look:\n    def f(self, Way): return x.Done")
    assert {"Look", "Way", "Done", "T"} <= names_of(tree)


def test_no_retired_module() -> None:
    there = [
        f"{folder}/{name}"
        for folder, names in RETIRED_MODULES.items()
        for name in names.split()
        if (ROOT / folder / f"{name}.py").exists() or (ROOT / folder / name).is_dir()
    ]
    assert there == []


def test_module_docstrings_open_with_a_statement() -> None:
    riddles = {}
    for path in MODULES:
        name = path.relative_to(ROOT).as_posix()
        docstring = ast.get_docstring(ast.parse(path.read_text()))
        if docstring and OPENINGS.match(docstring) and not name.startswith(PROSE_LEFT):
            riddles[name] = docstring.splitlines()[0]
    assert riddles == {}
