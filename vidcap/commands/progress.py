"""What a running command says on stderr: messages, a bar with the time left, a closing table."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Protocol


def printable(text: str) -> str:
    """Return ``text`` on one line that no terminal acts on.

    File names may hold anything: line ends, escape sequences, bytes that are no text.  Whatever
    cannot be printed is shown as Python would escape it.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class Bar(Protocol):
    """Shows how far a job is."""

    def expect(self, start: Fraction, end: Fraction | None) -> None:
        """Say which seconds of the video the job goes through; ``end`` may be unknown."""

    def reach(self, position: Fraction) -> None:
        """Say that the job is ``position`` seconds into the video."""


class _NoBar:
    def expect(self, start: Fraction, end: Fraction | None) -> None:
        pass

    def reach(self, position: Fraction) -> None:
        pass


class _TqdmBar:
    def __init__(self, label: str) -> None:
        from tqdm import tqdm

        self._start = 0.0
        self._bar = tqdm(
            desc=label,
            bar_format="{desc}  {n:.0f} s of video, {elapsed} gone",
            file=sys.stderr,
            leave=False,
            dynamic_ncols=True,
            # A batch takes its time: each is worth drawing.
            mininterval=0,
            miniters=0,
        )

    def expect(self, start: Fraction, end: Fraction | None) -> None:
        self._start = float(start)
        if end is not None and end > start:
            self._bar.bar_format = (
                "{desc} {percentage:3.0f} %|{bar}| {elapsed} gone, {remaining} left"
            )
            self._bar.reset(total=float(end - start))

    def reach(self, position: Fraction) -> None:
        done = float(position) - self._start
        if self._bar.total is not None:
            done = min(done, self._bar.total)
        if done > self._bar.n:
            self._bar.update(done - self._bar.n)

    def close(self) -> None:
        self._bar.close()


class Reporter:
    """Writes to stderr: ``quiet`` leaves warnings and errors, ``verbose`` adds details."""

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        self._quiet = quiet
        self._verbose = verbose
        self._bar: _TqdmBar | None = None

    def warn(self, text: str) -> None:
        """Write a line that is always shown."""
        line = printable(text)
        if self._bar is None:
            print(line, file=sys.stderr, flush=True)
        else:
            from tqdm import tqdm

            tqdm.write(line, file=sys.stderr)

    def say(self, text: str) -> None:
        """Write a line unless quiet."""
        if not self._quiet:
            self.warn(text)

    def detail(self, text: str) -> None:
        """Write a line when verbose."""
        if self._verbose and not self._quiet:
            self.warn(text)

    @contextmanager
    def bar(self, label: str) -> Iterator[Bar]:
        """Show a bar while the block runs, if a person is looking on."""
        if self._quiet or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
            yield _NoBar()
            return
        self._bar = _TqdmBar(shortened(printable(label), 32))
        try:
            yield self._bar
        finally:
            self._bar.close()
            self._bar = None

    def table(self, rows: Sequence[tuple[str, ...]]) -> None:
        """Write rows in columns, unless quiet."""
        cells = [[printable(cell) for cell in row] for row in rows]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        for row in cells:
            padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.say("  ".join(padded).rstrip())


def shortened(text: str, width: int) -> str:
    """Return ``text`` with its middle left out where it is longer than ``width`` characters."""
    if len(text) <= width:
        return text
    head = (width - 1) // 2
    return f"{text[:head]}…{text[len(text) - (width - 1 - head) :]}"
