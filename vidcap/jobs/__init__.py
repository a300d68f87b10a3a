"""The jobs that vidcap does: timed sentences for a video, its description, words for a picture."""

from vidcap.jobs.captions import PictureCaption, caption
from vidcap.jobs.descriptions import DescribedVideo, describe
from vidcap.jobs.loading import load_in_background
from vidcap.jobs.subtitles import Subtitles, subtitle

__all__ = [
    "DescribedVideo",
    "PictureCaption",
    "Subtitles",
    "caption",
    "describe",
    "load_in_background",
    "subtitle",
]
