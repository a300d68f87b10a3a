"""``vidcap models``: the captioners that come with vidcap."""

from __future__ import annotations

import json
from collections.abc import Callable

from vidcap.commands.command import command
from vidcap.commands.options import json_option
from vidcap.commands.progress import Reporter
from vidcap.commands.standard_output import emit
from vidcap.errors import ModelError


@command("models", "list the captioners", "vidcap models --json")
@json_option("JSON lines")
def command_(as_json: bool, reporter: Reporter) -> int:
    """List the captioners and return the exit code."""
    return run(as_json=as_json, emit=emit)


def run(*, as_json: bool, emit: Callable[[str], None]) -> int:
    """Print name, size, hash and description of each captioner; return the exit code.

    Raises:
        ModelError: the file of a captioner is missing: the installation is damaged.
    """
    from vidcap.captioning.checkpoint import checkpoint_hash
    from vidcap.captioning.registry import DEFAULT, shipped_captioners

    for captioner in shipped_captioners():
        try:
            size = captioner.file.stat().st_size
            digest = checkpoint_hash(captioner.file)
        except OSError as error:
            raise ModelError(
                f"{captioner.file}: the checkpoint of {captioner.name!r} cannot be read "
                f"({error.strerror}); install vidcap anew"
            ) from error
        is_default = captioner.name == DEFAULT
        if as_json:
            record = {
                "name": captioner.name,
                "default": is_default,
                "about": captioner.about,
                "file": str(captioner.file),
                "bytes": size,
                "sha256": digest,
            }
            emit(json.dumps(record) + "\n")
        else:
            emit(
                f"{captioner.name}{' (default)' if is_default else ''}\n"
                f"  {captioner.about}\n"
                f"  {captioner.file}, {size / 1e6:.1f} MB\n"
                f"  sha256 {digest}\n"
            )
    return 0
