"""Run ``vidcap describe --all`` over a folder of clips, odd and broken ones included.

    python pipelines/describe_clips.py CLIPS [--with-sound]

For each file: what the command left with, how long it took, and whether what it wrote is legal.
Prints one JSON object; the exit code is 1 when a clip breaks one of these rules:

- a clip that can be read gives every kind of result: the video with its track, sound alone in three
  formats, four scripts; the video's other streams are the same to the byte, the track is marked,
  its true peak is below -1 dBTP, WebVTT, JSON and DAPT are legal to other parsers;
- another gives one line on stderr, an exit code that fits, and no file;
- never a traceback, never more than ``--limit`` seconds.

Needs the ``test`` extra and the ffmpeg program.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import webvtt
from clips import attempt, decodes
from tqdm import tqdm

from vidcap.description.mixing import CEILING_DBTP, measure_file

KINDS = ("described.wav", "described.m4a", "described.mp3", "descriptions.vtt", "dapt.xml")
KINDS += ("description.json", "description.txt")


def probed(path: Path) -> list[dict[str, Any]]:
    """Return what ffprobe says of a file's streams."""
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_streams", f"file:{path}"]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    streams: list[dict[str, Any]] = json.loads(done.stdout or "{}").get("streams", [])
    return streams


def hashes(path: Path, *maps: str) -> list[str]:
    """Return the hash of each of a file's streams as it is stored."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", f"file:{path}"]
    command += [word for name in maps for word in ("-map", name)]
    command += ["-c", "copy", "-f", "streamhash", "-"]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    return [line.split(",", 2)[2] for line in done.stdout.decode().splitlines()]


def legal(source: Path, outputs: dict[str, Path], video: Path) -> Iterator[str]:
    """Yield what is wrong with the files that were written."""
    schema = json.loads(
        (files("vidcap.description.formats") / "description.schema.json").read_text("utf-8")
    )
    document = json.loads(outputs["description.json"].read_text(encoding="utf-8"))
    for error in jsonschema.Draft202012Validator(schema).iter_errors(document):
        yield f"json: {error.message}"
    told = len(document["descriptions"])
    if len(webvtt.read(str(outputs["descriptions.vtt"])).captions) != told:
        yield "vtt: webvtt-py reads other cues"
    root = ElementTree.parse(outputs["dapt.xml"]).getroot()  # noqa: S314 - our own file
    if len(root.findall(".//{http://www.w3.org/ns/ttml}div")) != told:
        yield "dapt: other events"
    if len(outputs["description.txt"].read_text(encoding="utf-8").splitlines()) != told:
        yield "txt: other lines"
    before, after = probed(source), probed(video)
    tracks = [stream for stream in after if stream["codec_type"] == "audio"]
    if not tracks or tracks[-1]["disposition"]["visual_impaired"] != 1:
        yield "the track is not marked"
    for kind, letter in (("video", "v"), ("audio", "a")):
        count = sum(stream["codec_type"] == kind for stream in before)
        for number in range(count):
            if hashes(source, f"0:{letter}:{number}") != hashes(video, f"0:{letter}:{number}"):
                yield f"{kind} {number} is not what it was"
    for path, stream in (
        (video, len(tracks) - 1),
        *((outputs[kind], 0) for kind in KINDS if kind.startswith("described.")),
    ):
        peak = measure_file(path, stream=stream).dbtp
        if peak > CEILING_DBTP:
            yield f"{path.suffix}: true peak {peak} dBTP"


def run(path: Path, folder: Path, limit: float) -> dict[str, Any]:
    """Run the command on one clip and judge what it did."""
    command = [sys.executable, "-m", "vidcap", "describe", "-q", "--all", str(folder / "out")]
    code, messages, seconds, wrong = attempt([*command, "--", str(path)], limit)
    written = [file for file in (folder / "out").glob("*") if file.is_file()]
    outputs = {kind: file for kind in KINDS for file in written if file.name.endswith(kind)}
    videos = [file for file in written if file.suffix in (".mp4", ".mkv")]
    if code == 0:
        if set(outputs) != set(KINDS) or len(videos) != 1:
            wrong.append(f"wrote {sorted(file.name for file in written)}")
        else:
            wrong += legal(path, outputs, videos[0])
    elif code != -1:
        if len(messages.splitlines()) != 1:
            wrong.append(f"{len(messages.splitlines())} lines instead of one")
        if decodes(path):
            wrong.append("ffmpeg decodes a picture, but there is no description")
        if written:
            wrong.append(f"left {sorted(file.name for file in written)}")
    return {
        "code": code,
        "sound": any(stream["codec_type"] == "audio" for stream in probed(path)),
        "seconds": round(seconds, 2),
        "message": re.sub(r"\s+", " ", messages)[:300],
        "wrong": wrong,
    }


def main() -> int:
    """Run every clip and print what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", type=Path, help="folder that is walked")
    parser.add_argument("--with-sound", action="store_true", help="only clips that hold sound")
    parser.add_argument("--limit", type=float, default=120, help="seconds a clip [%(default)s]")
    arguments = parser.parse_args()
    clips = sorted(
        path for path in arguments.clips.rglob("*") if path.is_file() and path.name != "index.json"
    )
    if arguments.with_sound:
        clips = [path for path in clips if any(s["codec_type"] == "audio" for s in probed(path))]
    results: dict[str, dict[str, Any]] = {}
    for path in tqdm(clips, unit="clip"):
        with tempfile.TemporaryDirectory() as folder:
            results[str(path.relative_to(arguments.clips))] = run(
                path, Path(folder), arguments.limit
            )
    wrong = {name: result for name, result in results.items() if result["wrong"]}
    codes = Counter(str(result["code"]) for result in results.values())
    summary = {
        "clips": len(results),
        "codes": dict(sorted(codes.items())),
        "with_sound": sum(result["sound"] for result in results.values()),
        "wrong": len(wrong),
        "slowest_seconds": max((one["seconds"] for one in results.values()), default=0),
    }
    print(json.dumps({**summary, "results": results}, indent=1))
    for name, result in wrong.items():
        print(f"{result['code']:>3} {name}: {result['wrong']}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
