"""The evaluation as a newcomer can run it: the shipped captioner, the bundled pictures."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "examples" / "pictures"


def test_the_shipped_captioner_is_scored_on_the_bundled_pictures(tmp_path):
    sentences = tmp_path / "sentences.jsonl"
    done = subprocess.run(
        [
            *(sys.executable, str(ROOT / "pipelines" / "evaluate.py")),
            *("--images", str(PICTURES), "--captions", str(PICTURES / "captions.json")),
            *("--no-meteor", "--sentences", str(sentences)),
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    scores = json.loads(done.stdout)["captioners"][0]
    lines = [json.loads(line) for line in sentences.read_text().splitlines()]
    files = [
        entry["filename"]
        for entry in json.loads((PICTURES / "captions.json").read_text())["images"]
    ]
    assert [line["path"] for line in lines] == files
    assert all(line["text"] for line in lines)
    assert scores["distinct"] == len({line["text"] for line in lines}) > len(files) / 2
    # Most of them it gets wrong, in good English and with the right colours (measured: 0.56).
    assert scores["bleu1"] > 0.4
    low, high = scores["cider_d_95"]
    assert 0 < low < scores["cider_d"] < high
