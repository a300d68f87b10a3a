"""METEOR, by the authors' own program: Java, as the pycocoevalcap package carries it."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from vidcap.errors import MissingExtraError, VidcapError
from vidcap.text.ngrams import check_corpus

Sentence = Sequence[str]

# Sentences from stdin; English with its paraphrases; words lower-cased and taken apart as its own.
_ARGUMENTS = ("-", "-", "-stdio", "-l", "en", "-norm")
_SEPARATOR = " ||| "


def meteor(
    candidates: Sequence[Sentence], references: Sequence[Sequence[Sentence]]
) -> tuple[float, list[float]]:
    """Return METEOR 1.5 of the corpus and of each candidate, from 0 to 1 (Denkowski, Lavie 2014).

    The corpus figure, the one that is published, is not the mean of the others: it is taken from
    the matches of all candidates together.  Takes a few seconds and up to 2 GB of memory.

    Raises:
        MissingExtraError: Java or pycocoevalcap is not installed; the message says which.
        UsageError: the corpus is empty, or an item has no reference.
        VidcapError: Java gave up; the message holds its last words.
    """
    check_corpus(candidates, references)
    command = _command()
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(  # noqa: S603 - fixed arguments; sentences go in by stdin
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            encoding="utf-8",
        )
        try:
            pipes = cast(IO[str], process.stdin), cast(IO[str], process.stdout)
            return _converse(*pipes, candidates, references)
        except (OSError, ValueError) as error:
            process.kill()
            process.wait()
            complaints.seek(0)
            reason = complaints.read().decode(errors="replace").strip() or str(error)
            raise VidcapError(f"METEOR: {command[0]} failed: {reason.splitlines()[-1]}") from error
        finally:
            process.kill()
            # What could not be sent is still in the pipe when Java has gone.
            with suppress(BrokenPipeError):
                process.communicate()


def _command() -> list[str]:
    """Return the program and its arguments: the same as pycocoevalcap gives it."""
    java = shutil.which("java")
    if java is None:
        raise MissingExtraError(
            "METEOR needs Java and no 'java' is on the PATH; install a Java runtime, or leave "
            "METEOR out"
        )
    package = importlib.util.find_spec("pycocoevalcap")
    if package is None or not package.submodule_search_locations:
        raise MissingExtraError("METEOR needs pycocoevalcap; run: pip install pycocoevalcap")
    jar = Path(package.submodule_search_locations[0]) / "meteor" / "meteor-1.5.jar"
    return [java, "-Xmx2G", "-Dfile.encoding=UTF-8", "-jar", str(jar), *_ARGUMENTS]


def _converse(
    ask: IO[str],
    answer: IO[str],
    candidates: Sequence[Sentence],
    references: Sequence[Sequence[Sentence]],
) -> tuple[float, list[float]]:
    """Score each candidate in turn, then have the matches of all of them weighed together."""
    matches = []
    for candidate, group in zip(candidates, references, strict=True):
        parts = ["SCORE", *map(_written, group), _written(candidate)]
        ask.write(_SEPARATOR.join(parts) + "\n")
        ask.flush()
        matches.append(answer.readline().strip())
    ask.write(_SEPARATOR.join(["EVAL", *matches]) + "\n")
    ask.flush()
    each = [float(answer.readline()) for _ in candidates]
    return float(answer.readline()), each


def _written(words: Sentence) -> str:
    # Line ends and bars are what holds the conversation together.
    return " ".join(" ".join(words).replace("|", " ").split())
