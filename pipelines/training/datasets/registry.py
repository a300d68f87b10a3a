"""The formats that are known."""

from __future__ import annotations

from pipelines.training.datasets.base import CaptionFormat
from pipelines.training.datasets.coco import Coco
from pipelines.training.datasets.json_files import Json, JsonLines
from pipelines.training.datasets.karpathy import Karpathy
from pipelines.training.datasets.sidecars import Sidecars
from pipelines.training.datasets.tables import Tables
from pipelines.training.datasets.tokens import Tokens

# In the order in which they are asked: first those that look at one line and not at a whole file.
FORMATS: tuple[CaptionFormat, ...] = (
    Tokens(),
    Tables(),
    JsonLines(),
    Coco(),
    Karpathy(),
    Json(),
    Sidecars(),
)
