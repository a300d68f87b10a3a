"""The command as people run it: the shipped captioner on the sample video."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pysubs2
import pytest

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "examples/sample.mp4"
CUTS_MS = (0, 5000, 10000, 15000, 20000)
LENGTH_MS = 25000

# Whatever looks up a name or opens a connection ends the program.
OFFLINE = """
import sys

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        raise SystemExit(f"opened a connection: {event} {arguments}")

sys.addaudithook(refuse)
from vidcap.cli import main
sys.exit(main())
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample's subtitles in every format."""
    folder = tmp_path_factory.mktemp("out")
    run("subtitle", SAMPLE, "-o", f"{folder}/", "--format", "srt,vtt,json")
    return folder


def run(*words: str | Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE, *map(str, words), "--device", "cpu"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_picture_of_the_sample_has_its_words_at_its_time(written: Path) -> None:
    subtitles = pysubs2.load(str(written / "sample.en.srt"))
    assert len(subtitles) >= 3
    starts = [line.start for line in subtitles]
    assert starts[0] == 0
    # A new sentence starts with a picture; some start within one, where the captions change.
    assert len(set(starts) & set(CUTS_MS)) >= 3
    for line in subtitles:
        assert 0 < line.end - line.start <= 7000
        assert line.end <= LENGTH_MS
    # A sentence too long for one cue goes on in the next.
    told = " ".join(line.plaintext.replace("\n", " ") for line in subtitles)
    assert told.endswith(".")
    sentences = told[:-1].split(". ")
    assert len(sentences) == 5
    for sentence in sentences:
        assert sentence[0].isupper()
        assert len(sentence.split()) >= 3


def test_the_formats_agree(written: Path) -> None:
    document = json.loads((written / "sample.en.json").read_text())
    from_json = [
        (cue["start_ms"], cue["end_ms"], "\n".join(cue["lines"])) for cue in document["cues"]
    ]
    for suffix in ("srt", "vtt"):
        subtitles = pysubs2.load(str(written / f"sample.en.{suffix}"))
        assert [(line.start, line.end, line.plaintext) for line in subtitles] == from_json


def test_the_document_says_which_frames_and_which_model(written: Path) -> None:
    document = json.loads((written / "sample.en.json").read_text())
    frames = [frame for scene in document["scenes"] for frame in scene["frames"]]
    assert [frame["time"] for frame in frames] == [float(second) for second in range(25)]
    models = subprocess.run(
        [sys.executable, "-m", "vidcap", "models", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    hashes = [json.loads(line)["sha256"] for line in models.stdout.splitlines()]
    assert document["made_by"]["checkpoint"] in hashes
    assert document["status"] == {"completeness": "complete", "notes": []}


def test_the_same_input_gives_the_same_bytes_whatever_the_batch(
    written: Path, tmp_path: Path
) -> None:
    out = tmp_path / "again.json"
    run("subtitle", SAMPLE, "-o", out, "--batch-size", "3")
    assert out.read_bytes() == (written / "sample.en.json").read_bytes()


def film_of(path: Path, *names: str, seconds: int) -> Path:
    """Bundled pictures, one after the other, under a camera that does not move."""
    from tests import media
    from vidcap.video.image import read_picture, resize_stretch

    shown = [
        resize_stretch(read_picture(ROOT / "examples/pictures" / name), (320, 240))
        for name in names
    ]
    pictures = [picture for picture in shown for _ in range(5 * seconds)]
    return media.write_video(path, pictures=pictures, rate=5)


def test_a_minute_of_one_picture_is_one_scene_in_legal_cues(tmp_path: Path) -> None:
    film = film_of(tmp_path / "still.mp4", "cat.jpg", seconds=60)
    made = json.loads(run("subtitle", film, "-o", "-", "--format", "json"))
    (scene,) = made["scenes"]
    assert scene["end"] - scene["start"] == pytest.approx(60, abs=0.3)
    assert len(made["cues"]) == 1
    assert not made["cues"][0]["breaks"]


def test_a_picture_that_comes_again_is_one_scene(tmp_path: Path) -> None:
    film = film_of(tmp_path / "film.mp4", "cat.jpg", "cat.jpg", "astronaut.jpg", seconds=3)
    made = json.loads(run("subtitle", film, "-o", "-", "--format", "json"))
    assert [round(scene["start"]) for scene in made["scenes"]] == [0, 6]
