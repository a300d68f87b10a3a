"""Log a line an epoch, as CSV and for TensorBoard."""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vidcap.files import replacing


class Log:
    """Writes ``log.csv``, and ``tensorboard/`` where that package is installed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, history: Sequence[Mapping[str, Any]]) -> None:
        """Write all epochs so far to the CSV and the last one to TensorBoard."""
        with (
            replacing(self._folder / "log.csv") as scratch,
            scratch.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, fieldnames=list(history[0]))
            writer.writeheader()
            writer.writerows(history)
        if importlib.util.find_spec("tensorboard") is None:
            return
        from torch.utils.tensorboard import SummaryWriter

        row = history[-1]
        with SummaryWriter(str(self._folder / "tensorboard")) as board:
            for name, value in row.items():
                if name != "epoch":
                    board.add_scalar(name, value, row["epoch"])
