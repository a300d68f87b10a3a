"""The command in a process of its own, with a captioner that is quick; its workers have it too."""

from __future__ import annotations

import sys
from typing import Any

import vidcap.jobs.indexing
import vidcap.jobs.workers
from tests.fakes import ShadeCaptioner
from vidcap.cli import main


def load(*words: Any, **options: Any) -> ShadeCaptioner:
    return ShadeCaptioner()


# At import, which processes that are spawned do as well.
for module in (vidcap.jobs.workers, vidcap.jobs.indexing):
    module.load_captioner = load  # type: ignore[attr-defined]

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
