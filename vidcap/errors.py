"""Every error that vidcap raises on purpose.

One base, few kinds.  A message says what was wrong, naming the file and the value, and what to do
about it; the command line prints it as one line and leaves with the kind's exit code.
"""

from __future__ import annotations


class VidcapError(Exception):
    """Base of all errors of vidcap; ``exit_code`` is what the command leaves with."""

    exit_code = 1


class UsageError(VidcapError):
    """An option or argument has a value that cannot be used."""

    exit_code = 2


class MediaError(VidcapError):
    """A file cannot be read as a video or picture, or holds no picture."""

    exit_code = 3


class NothingToSayError(VidcapError):
    """A video was read but gave no sentence, so there is nothing to write."""

    exit_code = 4


class ModelError(VidcapError):
    """A captioner, its checkpoint, or a voice cannot be found, read or used."""

    exit_code = 5


class OutputError(VidcapError):
    """A result cannot be written where it should go."""

    exit_code = 6


class MissingExtraError(VidcapError):
    """A job needs an optional package that is not installed; the message holds the pip line."""

    exit_code = 7


class DataError(VidcapError):
    """A configuration, caption file or training set is not as it should be."""

    exit_code = 8
