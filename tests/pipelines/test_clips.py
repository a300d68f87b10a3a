"""The run over odd clips must see what is wrong, or its clean table means nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PIPELINES = Path(__file__).parents[2] / "pipelines"
SAMPLE = PIPELINES.parent / "examples" / "sample.mp4"

pytestmark = [pytest.mark.slow, pytest.mark.needs_tool("ffmpeg")]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The sample's subtitles in every format, as the run over clips has them written."""
    folder = tmp_path_factory.mktemp("clips") / "out"
    command = [sys.executable, "-m", "vidcap", "subtitle", "-q", "--format", "srt,vtt,json"]
    subprocess.run([*command, "-o", f"{folder}/", str(SAMPLE)], check=True, cwd=PIPELINES.parent)
    return {file.suffix[1:]: file for file in folder.iterdir() if file.is_file()}


@pytest.fixture
def clips(monkeypatch):
    monkeypatch.syspath_prepend(str(PIPELINES))
    import clips

    return clips


def test_what_the_command_writes_is_legal(clips, written):
    assert set(written) == {"srt", "vtt", "json"}
    assert list(clips.legal(written)) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        ("srt", "00:00:00,000 -->", "00:00:00,300 -->", "srt: pysubs2 reads other times"),
        ("vtt", "WEBVTT\n", "WEBVTT\n\n9\n01:00:00.000 --> 01:00:01.000\nx\n", "vtt: "),
        ("json", '"start_ms": 0', '"start_ms": 99999', "a cue ends before it starts"),
        ("json", '"lines"', '"rows"', "json: "),
    ],
)
def test_what_is_not_legal_is_told(clips, written, tmp_path, name, old, new, complaint):
    text = written[name].read_text(encoding="utf-8")
    assert old in text
    spoiled = tmp_path / f"x.{name}"
    spoiled.write_text(text.replace(old, new, 1), encoding="utf-8")
    found = list(clips.legal({**written, name: spoiled}))
    assert any(line.startswith(complaint) for line in found), found


def test_a_folder_of_good_and_bad_clips_gives_a_clean_table(tmp_path):
    folder = tmp_path / "clips"
    folder.mkdir()
    (folder / "good one.mp4").write_bytes(SAMPLE.read_bytes())
    (folder / "cut.mp4").write_bytes(SAMPLE.read_bytes()[:4000])
    (folder / "empty.mkv").touch()
    (folder / "-words.mp4").write_text("not a video")
    done = subprocess.run(
        [sys.executable, str(PIPELINES / "clips.py"), str(folder)],
        capture_output=True,
        text=True,
        cwd=PIPELINES.parent,
    )
    table = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert table["clips"] == 4
    assert table["subtitled"] == 1
    assert table["codes"] == {"0": 1, "3": 3}
