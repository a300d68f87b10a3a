"""The formats that are known."""

from __future__ import annotations

from vidcap.training.datasets.base import CaptionFormat
from vidcap.training.datasets.coco import Coco
from vidcap.training.datasets.json_files import Json, JsonLines
from vidcap.training.datasets.karpathy import Karpathy
from vidcap.training.datasets.sidecars import Sidecars
from vidcap.training.datasets.tables import Tables
from vidcap.training.datasets.tokens import Tokens

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
