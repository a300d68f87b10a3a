from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from pipelines.metrics.meteor import Meteor, meteor
from vidcap.errors import MissingExtraError, UsageError, VidcapError

DOG = (["a", "dog", "runs"], [["a", "dog", "runs"], ["the", "dog", "is", "running"]])


@pytest.mark.slow
@pytest.mark.needs_tool("java")
def test_same_as_pycocoevalcap() -> None:
    reference = pytest.importorskip(
        "pycocoevalcap.meteor.meteor", reason="METEOR is in pycocoevalcap"
    )
    candidates = [
        ["a", "dog", "runs"],
        ["a", "man", "riding", "a", "horse", "in", "the", "grass"],
        ["\u00e9t\u00e9"],
        ["one"],
        [],
    ]
    references = [
        [["a", "dog", "is", "running"], ["the", "dog", "runs", "fast"]],
        [["a", "person", "rides", "a", "horse", "on", "grass"]],
        [["\u00e9t\u00e9"]],
        [["two"]],
        [["a", "dog"]],
    ]
    corpus, each = meteor(candidates, references)
    theirs = reference.Meteor().compute_score(
        {i: [" ".join(words) for words in group] for i, group in enumerate(references)},
        {i: [" ".join(words)] for i, words in enumerate(candidates)},
    )
    assert corpus == pytest.approx(theirs[0], abs=1e-9)
    assert each == pytest.approx(theirs[1], abs=1e-9)
    # A sentence is like itself, not like another, and nothing like nothing.
    assert each[2:] == [1, 0, 0]


@pytest.mark.slow
@pytest.mark.needs_tool("java")
def test_sums_of_counts_give_the_figure_of_the_corpus() -> None:
    pytest.importorskip("pycocoevalcap", reason="METEOR is in pycocoevalcap")
    candidates = [
        ["a", "dog", "runs", "on", "grass"],
        ["a", "dog", "runs"],  # its reference word for word
        ["a", "man", "rides", "a", "horse"],  # all of it matched, one word by its meaning
        ["grass", "the", "on"],
        ["one"],
        [],
    ]
    references = [
        [["a", "dog", "is", "running"], ["the", "dog", "runs", "on", "the", "grass"]],
        [["the", "dog"], ["a", "dog", "runs"]],
        [["a", "person", "rides", "a", "horse"]],
        [["on", "the", "grass"]],
        [["two"]],
        [["a", "dog"]],
    ]
    candidates, references = candidates * 80, references * 80  # more than is sent at once
    with Meteor() as scorer:
        lines = scorer.match(candidates, references)
        corpus, each = scorer.evaluate(lines)
        twice, _ = scorer.evaluate([*lines, lines[0]])
        counts = scorer.counts(candidates, references)
        sums = [counts.sum(axis=0), counts.sum(axis=0) + counts[0], *counts]
        scores = scorer.of_sums(np.array(sums))
    assert scores == pytest.approx([corpus, twice, *each], abs=1e-12)


def test_says_that_java_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingExtraError, match="Java"):
        meteor([DOG[0]], [DOG[1]])


def test_says_that_the_package_is_missing(monkeypatch: pytest.MonkeyPatch, fake_java: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="pip install pycocoevalcap"):
        meteor([DOG[0]], [DOG[1]])


def test_says_why_java_gave_up(fake_java: Path) -> None:
    pytest.importorskip("pycocoevalcap", reason="METEOR is in pycocoevalcap")
    fake_java.write_text("#!/bin/sh\necho starting >&2\necho no room for the heap >&2\nexit 1\n")
    # More than a pipe holds, so that writing fails and not only reading.
    with pytest.raises(VidcapError, match="failed: no room for the heap"):
        meteor([DOG[0]] * 3000, [DOG[1]] * 3000)


def test_corpus_is_checked_before_java_starts() -> None:
    with pytest.raises(UsageError, match=r"references\[0\]: is empty"):
        meteor([DOG[0]], [[]])


@pytest.fixture
def fake_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    if sys.platform == "win32":
        pytest.skip("the program that stands in for Java is a shell script")
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\nexit 1\n")
    java.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    return java
