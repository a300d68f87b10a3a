"""METEOR, by the authors' own program: Java, as the pycocoevalcap package carries it."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from vidcap.errors import MissingExtraError, VidcapError
from vidcap.text.ngrams import check_corpus

Sentence = Sequence[str]

# Sentences from stdin; English with its paraphrases; words lower-cased and taken apart as its own.
_ARGUMENTS = ("-", "-", "-stdio", "-l", "en", "-norm")
_SEPARATOR = " ||| "


# Characters sent before the answers are read: pipes hold four times as much at the least.
_SENT_AT_ONCE = 16_000
# Sums of statistics weighed in one request: more would not fit a line of reasonable length.
_EVALUATED_AT_ONCE = 1000
# Columns of Java's statistics of one sentence.
_LENGTHS = slice(0, 2)
_CHUNKS = 20
_MATCHED = slice(21, 23)


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
    with Meteor() as scorer:
        corpus, each = scorer.evaluate(scorer.match(candidates, references))
    return corpus, each


class Meteor:
    """A conversation with the authors' program, for as long as a ``with`` block lasts.

    Raises:
        MissingExtraError: on entering: Java or pycocoevalcap is not installed.
        VidcapError: on leaving: Java gave up; the message holds its last words.
    """

    def __enter__(self) -> Meteor:
        command = _command()
        self._program = command[0]
        self._complaints = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            encoding="utf-8",
        )
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._process.kill()
        # What could not be sent is still in the pipe when Java has gone.
        with suppress(BrokenPipeError):
            self._process.communicate()
        self._complaints.seek(0)
        words = self._complaints.read().decode(errors="replace").strip()
        self._complaints.close()
        if isinstance(error, (OSError, ValueError)):
            reason = (words or str(error)).splitlines()[-1]
            raise VidcapError(f"METEOR: {self._program} failed: {reason}") from error

    def counts(
        self, candidates: Sequence[Sentence], references: Sequence[Sequence[Sentence]]
    ) -> NDArray[np.float64]:
        """Return the counts of each candidate, whose sum over a corpus is all that METEOR looks at.

        Returns:
            ``(items, 23)``; what the columns are is the business of METEOR.
        """
        lines = self.match(candidates, references)
        counts = np.array([line.split() for line in lines], dtype=np.float64)
        # A sentence that is its reference word for word is in no pieces when it is summed.
        whole = (counts[:, _CHUNKS] == 1) & (counts[:, _MATCHED] == counts[:, _LENGTHS]).all(axis=1)
        counts[whole, _CHUNKS] = 0
        return counts

    def of_sums(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return METEOR of corpora whose summed counts are given.

        Args:
            sums: ``(corpora, 23)``, sums of rows of :meth:`counts`.

        Returns:
            ``(corpora,)``, each from 0 to 1.
        """
        lines = [" ".join(map(str, row)) for row in sums.tolist()]
        scores: list[float] = []
        for start in range(0, len(lines), _EVALUATED_AT_ONCE):
            scores += self.evaluate(lines[start : start + _EVALUATED_AT_ONCE])[1]
        return np.array(scores)

    def match(
        self, candidates: Sequence[Sentence], references: Sequence[Sequence[Sentence]]
    ) -> list[str]:
        """Return Java's statistics of each candidate, one line each."""
        requests = [
            _SEPARATOR.join(["SCORE", *map(_written, group), _written(candidate)]) + "\n"
            for candidate, group in zip(candidates, references, strict=True)
        ]
        answers: list[str] = []
        for block in _blocks(requests):
            self._send("".join(block))
            answers += [self._answer() for _ in block]
        return answers

    def evaluate(self, lines: Sequence[str]) -> tuple[float, list[float]]:
        """Return the score of statistics taken together and of each by itself."""
        self._send(_SEPARATOR.join(["EVAL", *lines]) + "\n")
        each = [float(self._answer()) for _ in lines]
        return float(self._answer()), each

    def _send(self, text: str) -> None:
        pipe = cast(IO[str], self._process.stdin)
        pipe.write(text)
        pipe.flush()

    def _answer(self) -> str:
        return cast(IO[str], self._process.stdout).readline().strip()


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


def _blocks(requests: Sequence[str]) -> Iterator[list[str]]:
    """Yield requests together that a pipe can hold, so that nobody waits for each single answer."""
    block: list[str] = []
    size = 0
    for request in requests:
        if block and size + len(request) > _SENT_AT_ONCE:
            yield block
            block, size = [], 0
        block.append(request)
        size += len(request)
    if block:
        yield block


def _written(words: Sentence) -> str:
    # Line ends and bars are what holds the conversation together.
    return " ".join(" ".join(words).replace("|", " ").split())
