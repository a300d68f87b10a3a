"""The one table of what the command leaves with."""

from __future__ import annotations

from collections.abc import Mapping

from vidcap import errors

OK = 0
SOME_FAILED = 1
RULES_BROKEN = 9
INTERNAL = 70
INTERRUPTED = 130
BROKEN_PIPE = 141
TERMINATED = 143

MEANINGS: Mapping[int, str] = {
    OK: "done",
    SOME_FAILED: "some of several inputs failed; doctor: the main job cannot run",
    errors.UsageError.exit_code: "an option or argument cannot be used",
    errors.MediaError.exit_code: "a file cannot be read as a video or picture",
    errors.NothingToSayError.exit_code: "no picture gave a sentence; no file was written",
    errors.ModelError.exit_code: "a captioner or a voice cannot be found, read or used",
    errors.OutputError.exit_code: "a result cannot be written",
    errors.MissingExtraError.exit_code: "an optional package is missing",
    errors.DataError.exit_code: "a configuration or data file is not as it should be",
    RULES_BROKEN: "check: cues break rules of the preset",
    INTERNAL: "a fault in vidcap itself",
    INTERRUPTED: "interrupted from the keyboard",
    BROKEN_PIPE: "the reader of the output went away",
    TERMINATED: "told to terminate",
}
