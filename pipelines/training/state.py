"""Keep the state and the best epoch of a training stage in its folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from pipelines.training.config import StageConfig, TrainingConfig
from vidcap.errors import DataError
from vidcap.files import replacing


def is_finished(history: Sequence[Mapping[str, Any]], stage: StageConfig) -> bool:
    """Tell whether the last epoch is done, or patience has run out; one row an epoch."""
    if len(history) >= stage.epochs:
        return True
    scores = [row["cider_d"] for row in history]
    return bool(
        stage.patience and scores and len(scores) - 1 - scores.index(max(scores)) >= stage.patience
    )


class StageFolder:
    """Keeps one stage's state in ``state.safetensors`` and ``best.safetensors``.

    Args:
        path: the folder; made if need be.
        config: the whole training's settings.
        stage: this stage's; those of later stages may change without harm to it.
    """

    def __init__(self, path: Path, config: TrainingConfig, stage: StageConfig) -> None:
        self.path = path
        settings = config.to_dict()
        settings["stages"] = settings["stages"][: config.stages.index(stage) + 1]
        self._settings = json.loads(json.dumps(settings))
        self._state = path / "state.safetensors"
        path.mkdir(parents=True, exist_ok=True)

    def save(self, tensors: Mapping[str, Tensor], history: Sequence[Mapping[str, Any]]) -> None:
        """Keep the state after an epoch; ``history`` has one row an epoch."""
        story = json.dumps({"settings": self._settings, "history": history})
        _save(self._state, tensors, {"story": story})

    def history(self) -> list[dict[str, Any]]:
        """Return a row for each epoch that is done.

        Raises:
            DataError: the folder holds a stage with other settings.
        """
        if not self._state.exists():
            return []
        with safe_open(self._state, framework="pt") as file:
            saved = json.loads(file.metadata()["story"])
        if saved["settings"] != self._settings:
            raise DataError(
                f"{self.path}: holds a run with other settings; choose another folder "
                "with --run, or remove this one to start again"
            )
        rows: list[dict[str, Any]] = saved["history"]
        return rows

    def load(self) -> dict[str, Tensor]:
        """Return the tensors of the last :meth:`save`."""
        return load_file(self._state)

    def save_best(self, tensors: Mapping[str, Tensor]) -> None:
        """Keep the weights of the best epoch so far."""
        _save(self.path / "best.safetensors", tensors, {})

    def load_best(self) -> dict[str, Tensor]:
        """Return the weights of the best epoch."""
        return load_file(self.path / "best.safetensors")


def _save(path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str]) -> None:
    with replacing(path) as scratch:
        save_file(
            {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()},
            scratch,
            metadata=metadata,
        )
