"""Two real processes train together over loopback, as two GPUs would."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

ROOT = Path(__file__).parents[3]
PROGRAM = """
import sys
from pathlib import Path
import numpy as np
import torch
from vidcap.captioning.networks.encoders import EncoderTail
from vidcap.captioning.networks.model import build_decoder
from vidcap.captioning.decoding.vocabulary import Vocabulary
from vidcap.text.tokens import tokenize
from pipelines.training import distributed
from pipelines.training.config import StageConfig, TrainingConfig
from pipelines.training.data import CaptionedPicture
from pipelines.training.learner import Learner
from pipelines.training.loop import Run, TrainingData

torch.set_num_threads(1)
sentences = ["a dog runs on grass", "two men ride", "a cat", "a boat near an old bridge floats"]
pictures = [CaptionedPicture(Path(f"{i}.jpg"), (sentences[i % 4],) * 2, "train") for i in range(8)]
features = np.random.default_rng(0).normal(size=(8, 4, 10)).astype(np.float16)
vocabulary = Vocabulary.from_sentences(map(tokenize, sentences), minimum_count=1)
stage = StageConfig(batch_pictures=4, epochs=2, learning_rate=0.01, warmup_steps=1)
options = {"width": 16, "attention_width": 8, "dropout": 0.0, "word_dropout": 0.0}
config = TrainingConfig("x", decoder_config=options, precision="float32", stages=(stage,))
torch.manual_seed(0)
decoder = build_decoder(config.decoder, {**options, "channels": 10}, len(vocabulary))
data = TrainingData(pictures, [features], pictures, features, vocabulary)
part = distributed.start("cpu")
run = Run(Path(sys.argv[1]), config, stage, data, Learner(EncoderTail([]), decoder), part=part)
run.train()
"""


def run(folder, *launcher):
    folder.mkdir()
    (folder / "program.py").write_text(PROGRAM)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *launcher, str(folder / "program.py"), str(folder)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return load_file(folder / "best.safetensors")


@pytest.mark.slow
def test_two_processes_learn_what_one_does(tmp_path):
    if not torch.distributed.is_available():
        pytest.skip("this torch cannot join processes")
    alone = run(tmp_path / "one")
    shared = run(
        tmp_path / "two", "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"
    )
    assert alone.keys() == shared.keys()
    for name, tensor in alone.items():
        torch.testing.assert_close(tensor, shared[name], rtol=1e-3, atol=1e-4)
