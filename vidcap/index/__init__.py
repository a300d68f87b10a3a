"""Scenes of many videos, kept in one file and found again by what they show."""

from vidcap.index.records import FileRecord, SceneRecord, State, Status, VideoRecord
from vidcap.index.store import Catalogue

__all__ = ["Catalogue", "FileRecord", "SceneRecord", "State", "Status", "VideoRecord"]
