"""Scenes: where a sentence begins and ends to be true, and which sentence it is."""

from vidcap.scenes.merge import scenes_from_captions
from vidcap.scenes.scene import FrameCaption, Scene
from vidcap.scenes.segment import SceneSettings

__all__ = ["FrameCaption", "Scene", "SceneSettings", "scenes_from_captions"]
