"""Run the subtitle command over a folder of clips, odd and broken ones included.

    python pipelines/clips.py CLIPS

For each file: whether ffmpeg decodes a picture of it, what the command left with, how long it
took, and whether what it wrote is legal.  SRT and WebVTT are read back by pysubs2, webvtt-py and
ffmpeg, JSON by its schema.  A table goes to stderr, one JSON object to stdout; the exit code is 1
when a clip breaks one of these rules:

- where ffmpeg decodes a picture there are SRT, WebVTT and JSON, all legal;
- else there is one line on stderr, an exit code that fits (3 or 4), and no file;
- never a traceback, never more than ``--limit`` seconds, never a file that is left half done.

Needs the ``test`` extra and the ffmpeg program.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pysubs2
import webvtt
from tqdm import tqdm

FORMATS = ("srt", "vtt", "json")
# A clip may be unreadable, or show nothing to say; it cannot make the command line wrong.
DOCUMENTED = (0, 3, 4)


def decodes(path: Path) -> bool:
    """Tell whether ffmpeg gets at least one moving picture, not cover art, out of a file."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", f"file:{path}", "-map", "0:V:0"]
    command += ["-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    return bool(done.stdout)


def legal(outputs: dict[str, Path]) -> Iterator[str]:
    """Yield what is wrong with the files that were written."""
    schema = json.loads(
        (files("vidcap.subtitles.formats") / "subtitles.schema.json").read_text(encoding="utf-8")
    )
    document = json.loads(outputs["json"].read_text(encoding="utf-8"))
    for error in jsonschema.Draft202012Validator(schema).iter_errors(document):
        yield f"json: {error.message}"
    times = [(cue["start_ms"], cue["end_ms"]) for cue in document["cues"]]
    duration = document["video"]["duration"]
    if not times:
        yield "json: no cue"
    if any(start >= end for start, end in times):
        yield "a cue ends before it starts"
    if any(a[1] > b[0] for a, b in pairwise(times)):
        yield "cues overlap"
    if times and duration is not None and times[-1][1] > round(duration * 1000) + 1:
        yield "a cue leaves the video"
    for name in ("srt", "vtt"):
        read = [(e.start, e.end) for e in pysubs2.load(str(outputs[name]), encoding="utf-8")]
        if read != times:
            yield f"{name}: pysubs2 reads other times"
        done = subprocess.run(
            ["ffmpeg", "-v", "error", "-nostdin", "-i", str(outputs[name]), "-f", "srt", "-"],
            capture_output=True,
            timeout=60,
            check=False,
        )
        if done.returncode or done.stderr or done.stdout.count(b" --> ") != len(times):
            yield f"{name}: ffmpeg reads it otherwise"
    captions = webvtt.read(str(outputs["vtt"])).captions
    if len(captions) != len(times):
        yield "vtt: webvtt-py reads other cues"


def attempt(command: list[str], limit: float) -> tuple[int, str, float, list[str]]:
    """Run a command; return its exit code, messages, seconds, and what no command may do.

    The exit code is -1 where it took longer than ``limit`` seconds.
    """
    started = time.monotonic()
    wrong: list[str] = []
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=limit,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        code, messages = done.returncode, done.stderr.strip()
    except subprocess.TimeoutExpired:
        code, messages = -1, ""
        wrong.append(f"more than {limit:g} s")
    if "Traceback" in messages:
        wrong.append("a traceback")
    if code not in DOCUMENTED:
        wrong.append(f"exit code {code}")
    return code, messages, time.monotonic() - started, wrong


def run(path: Path, folder: Path, limit: float) -> dict[str, Any]:
    """Run the command on one clip and judge what it did."""
    outputs = {name: folder / f"out.{name}" for name in FORMATS}
    command = [sys.executable, "-m", "vidcap", "subtitle", "-q", "--format", ",".join(FORMATS)]
    command += ["-o", f"{folder / 'out'}/", "--", str(path)]
    code, messages, seconds, wrong = attempt(command, limit)
    picture = decodes(path)
    # The records by which vidcap knows its own files again lie in .vidcap.
    written = sorted(
        file for file in folder.rglob("*") if file.is_file() and file.parent.name != ".vidcap"
    )
    found = {file.suffix[1:]: file for file in written if file.suffix[1:] in outputs}
    if code == 0:
        if set(found) != set(outputs):
            wrong.append(f"wrote {[file.name for file in written]}")
        else:
            wrong += legal(found)
    else:
        if picture and code != -1:
            wrong.append("ffmpeg decodes a picture, but there are no subtitles")
        if len(messages.splitlines()) != 1:
            wrong.append(f"{len(messages.splitlines())} lines instead of one")
        if written:
            wrong.append(f"left {[file.name for file in written]}")
    return {
        "code": code,
        "ffmpeg_decodes": picture,
        "seconds": round(seconds, 2),
        "message": re.sub(r"\s+", " ", messages)[:300],
        "wrong": wrong,
    }


def main() -> int:
    """Run every clip and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", type=Path, help="folder that is walked")
    parser.add_argument("--limit", type=float, default=60, help="seconds a clip [%(default)s]")
    arguments = parser.parse_args()
    clips = sorted(
        path for path in arguments.clips.rglob("*") if path.is_file() and path.name != "index.json"
    )
    results: dict[str, dict[str, Any]] = {}
    for path in tqdm(clips, unit="clip"):
        name = str(path.relative_to(arguments.clips))
        with tempfile.TemporaryDirectory() as folder:
            results[name] = run(path, Path(folder), arguments.limit)
    wrong = {name: result for name, result in results.items() if result["wrong"]}
    summary = {
        "clips": len(results),
        "codes": {
            str(k): n for k, n in sorted(Counter(r["code"] for r in results.values()).items())
        },
        "subtitled": sum(result["code"] == 0 for result in results.values()),
        "wrong": len(wrong),
        "slowest_seconds": max((r["seconds"] for r in results.values()), default=0),
    }
    print(json.dumps({**summary, "results": results}, indent=1))
    for name, result in results.items():
        if result["code"] or result["wrong"]:
            print(
                f"{result['code']:>3} {name}: {result['wrong'] or result['message']}",
                file=sys.stderr,
            )
    print(summary, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
