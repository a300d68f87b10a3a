"""What ``-o`` means: a file for one input, a folder for several."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidcap.errors import UsageError
from vidcap.files import longest_suffix

STDOUT = Path("-")


@dataclass(frozen=True, slots=True)
class Destination:
    """Where results go.

    Attributes:
        formats: names of the formats to write, at least one.
        file: the one file to write; :data:`STDOUT` for the standard output.
        folder: the folder to write to; None where each result goes beside its input.
    """

    formats: tuple[str, ...]
    file: Path | None = None
    folder: Path | None = None


def parse_destination(
    output: str | None,
    paths: Sequence[Path],
    formats: Sequence[str],
    *,
    default: str,
    suffixes: Mapping[str, str],
) -> Destination:
    """Work out where results go.

    Args:
        output: what stands behind ``-o``; None where it was not given.
        paths: the inputs as they were named.
        formats: names of the formats asked for; empty where none was.
        default: the format where none was asked for.
        suffixes: the formats' names by the suffix of their files, with the dot.

    Raises:
        UsageError: output, inputs and formats do not go together.
    """
    wanted = tuple(dict.fromkeys(formats)) or (default,)
    if output is None:
        return Destination(wanted)
    several = len(paths) > 1 or any(path.is_dir() for path in paths)
    path = Path(output)
    if path == STDOUT:
        if several or len(wanted) > 1:
            raise UsageError("-o - (the standard output) takes one input file and one format")
        return Destination(wanted, file=STDOUT)
    suffix = longest_suffix(path, suffixes) or path.suffix.lower()
    if path.is_dir() or output.endswith(("/", os.sep)):
        return Destination(wanted, folder=path)
    if several:
        if suffix in suffixes or path.exists():
            raise UsageError(f"-o {output}: several inputs need a folder, and this is a file")
        return Destination(wanted, folder=path)
    if suffix not in suffixes:
        raise UsageError(
            f"-o {output}: the suffix picks the format; it can be {', '.join(suffixes)}; "
            "to name a folder, end it with /"
        )
    if formats and wanted != (suffixes[suffix],):
        raise UsageError(
            f"-o {output}: the suffix picks {suffixes[suffix]}, but {','.join(wanted)} was asked "
            "for; leave one of them out, or name a folder with -o"
        )
    return Destination((suffixes[suffix],), file=path)
