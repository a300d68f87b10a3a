"""Inputs, and what each command makes of them undisturbed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.running import make_inputs, results, run


@dataclass(frozen=True)
class Undisturbed:
    """What a command writes, and how many seconds it takes from where it hears signals."""

    written: dict[str, bytes]
    seconds: float


@pytest.fixture(scope="session")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_inputs(tmp_path_factory.mktemp("given"))


@pytest.fixture(scope="session")
def undisturbed(
    given: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Undisturbed]:
    """Tells what a command does, which is run once for all tests."""
    known: dict[str, Undisturbed] = {}

    def ask(name: str) -> Undisturbed:
        if name not in known:
            out = tmp_path_factory.mktemp(name) / "out"
            out.mkdir()
            begun = out.parent / "begun"
            ended = run(name, given, out, FAULTS_BEGUN=str(begun))
            seconds = time.time() - begun.stat().st_mtime
            assert ended.code == 0, ended.err
            known[name] = Undisturbed(results(out), seconds)
            assert known[name].written
        return known[name]

    return ask
