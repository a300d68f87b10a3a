"""Measure when a frame shows nothing new.

    python pipelines/stills.py FOLDER

looks at the first frames of every video below a folder, one a second, and takes each two that
follow each other in one shot.  For every threshold of the change between them (of 255, in that 64th
of the picture that changed most) it prints, as JSON, the share of pairs that are under it, and the
share of those of which the captioner says another sentence, or whose sentences suit each other's
frame worse by 0.3 nats a word or more: what would be lost by looking at the first alone.
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from options import add_captioner_options
from tqdm import tqdm

from vidcap.captioning.captioner import CheckpointCaptioner
from vidcap.captioning.registry import load_captioner
from vidcap.errors import MediaError, UsageError, VidcapError
from vidcap.jobs.frame_captions import largest_change, thumbnail
from vidcap.video.source import open_video

THRESHOLDS = (1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0)
APART = 0.3


def main() -> int:
    """Measure; the exit code is the error's."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="folder of videos, at any depth")
    parser.add_argument("--seconds", type=int, default=25, help="of each video [%(default)s]")
    add_captioner_options(parser)
    arguments = parser.parse_args()
    try:
        print(json.dumps(measure(arguments), indent=2))
    except VidcapError as error:
        print(f"stills: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Look at every video that can be read."""
    captioner = load_captioner(arguments.captioner, threads=arguments.threads)
    if not isinstance(captioner, CheckpointCaptioner):
        raise UsageError(f"{arguments.captioner}: only vidcap's own captioners tell likelihoods")
    pairs: list[tuple[float, float, bool]] = []
    videos = 0
    files = sorted(path for path in arguments.folder.rglob("*") if path.is_file())
    for path in tqdm(files, desc="videos"):
        try:
            with open_video(path, size=captioner.picture_size) as video:
                frames = list(islice(video, arguments.seconds))
        except MediaError:
            continue
        videos += 1
        looks = captioner.look([frame.image for frame in frames])
        for (one, first), (other, second) in pairwise(zip(frames, looks, strict=True)):
            if one.shot == other.shot:
                pairs.append(
                    (
                        largest_change(thumbnail(one.image), thumbnail(other.image)),
                        captioner.cross_likelihood_gap([first], [second]),
                        first.caption.text != second.caption.text,
                    )
                )
    changes, apart, differs = np.array(pairs, dtype=np.float64).reshape(-1, 3).T
    return {
        "videos": videos,
        "pairs": len(pairs),
        "under": {
            f"{most:g}": _lost(apart[changes < most], differs[changes < most], len(pairs))
            for most in THRESHOLDS
        },
    }


def _lost(apart: np.ndarray[Any, Any], differs: np.ndarray[Any, Any], pairs: int) -> dict[str, Any]:
    return {
        "share": round(len(apart) / max(1, pairs), 4),
        "another sentence": round(float(differs.mean()), 4) if len(differs) else 0.0,
        f"{APART:g} apart or more": round(float((apart >= APART).mean()), 4) if len(apart) else 0.0,
    }


if __name__ == "__main__":
    sys.exit(main())
