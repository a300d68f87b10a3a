"""Subtitles: scenes to cues that keep the rules of a preset, and cues to files."""

from vidcap.subtitles.cues import Cue, cues_from_scenes
from vidcap.subtitles.document import Document, video_facts
from vidcap.subtitles.presets import Preset, load_preset, preset_names
from vidcap.subtitles.rules import Break, breaks_line
from vidcap.subtitles.times import video_end_ms

__all__ = [
    "Break",
    "Cue",
    "Document",
    "Preset",
    "breaks_line",
    "cues_from_scenes",
    "load_preset",
    "preset_names",
    "video_end_ms",
    "video_facts",
]
