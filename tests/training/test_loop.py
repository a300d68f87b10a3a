from dataclasses import replace

import numpy as np
import pytest
import torch

from vidcap.captioning.vocabulary import Vocabulary
from vidcap.errors import DataError
from vidcap.text.tokens import tokenize
from vidcap.training.config import TrainingConfig
from vidcap.training.data import CaptionedPicture
from vidcap.training.loop import Run, TrainingData, learning_rate

SENTENCES = (
    "a dog runs on grass",
    "two men ride red bikes",
    "children play in a pool",
    "a woman climbs the rock",
    "the cat sits beside a window",
    "boats float near an old bridge",
)
CONFIG = TrainingConfig(
    "tiny",
    decoder_config={"width": 32, "attention_width": 16, "dropout": 0.1},
    views=2,
    batch_pictures=6,
    epochs=3,
    learning_rate=0.01,
    warmup_steps=2,
    ema=0.5,
    beam={"size": 2, "max_words": 8},
)


@pytest.fixture
def data(tmp_path):
    pictures = [
        CaptionedPicture(tmp_path / f"{i}.jpg", (SENTENCES[i % 6],) * 2, "train") for i in range(12)
    ]
    rng = np.random.default_rng(0)
    kinds = rng.normal(size=(6, 4, 10))
    features = np.stack([kinds[i % 6] for i in range(12)]).astype(np.float16)
    noisy = (features + rng.normal(scale=0.05, size=features.shape)).astype(np.float16)
    vocabulary = Vocabulary.from_sentences(map(tokenize, SENTENCES), minimum_count=1)
    return TrainingData(pictures, [features, noisy], pictures[:6], features[:6], vocabulary)


def quiet(_):
    pass


def test_a_run_learns_to_say_what_it_was_told(data, tmp_path):
    run = Run(tmp_path / "run", replace(CONFIG, epochs=40), data, report=quiet)
    run.train()
    scores = run.evaluate()
    assert scores.bleu4 > 0.95
    assert scores.distinct == 6
    assert run.history[-1]["loss"] < run.history[0]["loss"]


def test_a_stopped_run_goes_on_to_the_same_weights_to_the_bit(data, tmp_path):
    whole = Run(tmp_path / "whole", CONFIG, data, report=quiet)
    whole.train()

    class Stopped(Exception):
        pass

    def stop(line):
        if line.startswith("epoch 3"):
            raise Stopped

    with pytest.raises(Stopped):
        Run(tmp_path / "parts", CONFIG, data, report=stop).train()
    rest = Run(tmp_path / "parts", CONFIG, data, report=quiet)
    assert rest.epoch == 2
    rest.train()
    for name, tensor in whole.decoder.state_dict().items():
        assert torch.equal(tensor, rest.decoder.state_dict()[name]), name
        assert torch.equal(whole.average[name], rest.average[name]), name
    untimed = [{k: v for k, v in row.items() if k != "seconds"} for row in whole.history]
    assert untimed == [{k: v for k, v in row.items() if k != "seconds"} for row in rest.history]


def test_evaluating_does_not_train(data, tmp_path):
    run = Run(tmp_path / "run", CONFIG, data, report=quiet)
    before = {name: tensor.clone() for name, tensor in run.decoder.state_dict().items()}
    state = torch.get_rng_state()
    run.evaluate()
    assert all(torch.equal(before[n], t) for n, t in run.decoder.state_dict().items())
    assert torch.equal(state, torch.get_rng_state())


def test_the_best_epoch_is_kept(data, tmp_path):
    run = Run(tmp_path / "run", replace(CONFIG, epochs=6), data, report=quiet)
    run.train()
    run.average = run.best_decoder()
    assert run.evaluate().cider_d == pytest.approx(max(r["cider_d"] for r in run.history), abs=1e-4)


def test_a_folder_with_another_run_is_refused(data, tmp_path):
    Run(tmp_path / "run", replace(CONFIG, epochs=1), data, report=quiet).train()
    with pytest.raises(DataError, match="other settings"):
        Run(tmp_path / "run", replace(CONFIG, epochs=1, seed=2), data, report=quiet)


def test_a_batch_larger_than_the_data_is_refused(data, tmp_path):
    with pytest.raises(DataError, match="batch_pictures: 13"):
        Run(tmp_path / "run", replace(CONFIG, batch_pictures=13), data, report=quiet)


def test_the_rate_warms_up_and_falls():
    config = replace(CONFIG, learning_rate=1.0, warmup_steps=10)
    rates = [learning_rate(step, 100, config) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[9] == rates[10] == 1.0
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert 0.01 <= rates[-1] < 0.02
