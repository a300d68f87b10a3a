"""The jobs that vidcap does: timed sentences for a video, a sentence for a picture."""

from vidcap.jobs.captions import PictureCaption, caption
from vidcap.jobs.loading import load_in_background
from vidcap.jobs.subtitles import Subtitles, subtitle

__all__ = ["PictureCaption", "Subtitles", "caption", "load_in_background", "subtitle"]
