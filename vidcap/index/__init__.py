"""Keep the scenes of many videos in one file, and search them."""

from vidcap.index.records import FileRecord, SceneRecord, State, Status, VideoRecord
from vidcap.index.store import Catalogue

__all__ = ["Catalogue", "FileRecord", "SceneRecord", "State", "Status", "VideoRecord"]
