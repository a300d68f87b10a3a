"""Look up the measured share of wrong sentences at a confidence threshold."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from vidcap.subtitles.document import Fact


def measured_risk(checkpoint: Fact, min_confidence: float) -> dict[str, Fact]:
    """Return what ``pipelines/describe_risk.py`` found for a captioner and a threshold.

    Args:
        checkpoint: the captioner's hash, as it stands in a script's ``made_by``.
        min_confidence: the threshold; the figures are those of the next lower one measured.

    Returns:
        ``min_confidence`` that was measured; ``told`` in full, the share of scenes; of those
        ``unfair``, the share that describes worse than the median human, and ``wrong``, the share
        whose subject no human named; ``wrong_shortened`` of those told as their subject alone;
        ``measured_on``.  Empty where nothing was measured.
    """
    table = _tables().get(str(checkpoint))
    if table is None:
        return {}
    rows = [row for row in table["thresholds"] if row["min_confidence"] <= min_confidence]
    return {**rows[-1], "measured_on": table["measured_on"]} if rows else {}


@cache
def _tables() -> dict[str, Any]:
    file = resources.files("vidcap.description") / "risk.json"
    tables: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return tables
