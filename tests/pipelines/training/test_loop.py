import csv
import importlib.util
from dataclasses import replace

import numpy as np
import pytest
import torch

from pipelines.training.config import StageConfig, TrainingConfig
from pipelines.training.data import CaptionedPicture
from pipelines.training.learner import Learner
from pipelines.training.loop import Run, TrainingData, learning_rate
from pipelines.training.state import is_finished
from vidcap.captioning.decoding.vocabulary import Vocabulary
from vidcap.captioning.networks.encoders import EncoderTail
from vidcap.captioning.networks.model import build_decoder
from vidcap.errors import DataError
from vidcap.text.tokens import tokenize

SENTENCES = (
    "a dog runs on grass",
    "two men ride red bikes",
    "children play in a pool",
    "a woman climbs the rock",
    "the cat sits beside a window",
    "boats float near an old bridge",
)
WORDS = StageConfig(
    batch_pictures=6, epochs=3, learning_rate=0.01, warmup_steps=2, ema=0.5, doubly_stochastic=1.0
)
CONFIG = TrainingConfig(
    "tiny",
    decoder_config={"width": 32, "attention_width": 16, "dropout": 0.1},
    views=2,
    precision="float32",
    beam={"size": 2, "max_words": 8},
    stages=(WORDS,),
)


def start(folder, data, *, report=None, tail=None, stages=(), decoder=None, **changes):
    """Begin the last of some stages; ``changes`` are made to the first."""
    config = replace(
        CONFIG,
        decoder_config={**CONFIG.decoder_config, **(decoder or {})},
        stages=(replace(WORDS, **changes), *stages),
    )
    torch.manual_seed(config.seed)
    decoder = build_decoder(
        config.decoder, {**config.decoder_config, "channels": 10}, len(data.vocabulary)
    )
    learner = Learner(tail or EncoderTail([]), decoder)
    return Run(folder, config, config.stages[-1], data, learner, report=report or quiet)


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
    run = start(tmp_path / "run", data, epochs=40)
    run.train()
    scores = run.evaluate()
    assert scores.bleu4 > 0.95
    assert scores.distinct == 6
    assert run.history[-1]["words"] < run.history[0]["words"]


def test_hard_attention_learns_where_to_look(data, tmp_path):
    run = start(tmp_path / "run", data, epochs=60, decoder={"attention": "hard"})
    run.train()
    assert run.evaluate().bleu4 > 0.9
    # The moving mean has come near the likelihood of a whole caption of this data.
    assert -15 < run.learner.decoder.baseline.item() < 0


SELF_CRITICAL = StageConfig(
    "reward", "self-critical", batch_pictures=6, epochs=3, learning_rate=0.001, warmup_steps=2
)


@pytest.mark.parametrize(
    "options",
    [{}, {"decoder": {"attention": "hard"}}, {"stages": (SELF_CRITICAL,)}],
    ids=["soft", "hard", "self-critical"],
)
def test_a_stopped_run_goes_on_to_the_same_weights_to_the_bit(data, tmp_path, options):
    whole = start(tmp_path / "whole", data, **options)
    whole.train()

    class Stopped(Exception):
        pass

    def stop(line):
        if "epoch 2," in line:
            raise Stopped

    parts = start(tmp_path / "parts", data, report=stop, **options)
    with pytest.raises(Stopped):
        parts.train()
    rest = start(tmp_path / "parts", data, **options)
    assert rest.epoch == 1
    rest.train()
    for name, tensor in whole.learner.state_dict().items():
        assert torch.equal(tensor, rest.learner.state_dict()[name]), name
    for name, tensor in whole.average.items():
        assert torch.equal(tensor, rest.average[name]), name
    untimed = [{k: v for k, v in row.items() if k != "seconds"} for row in whole.history]
    assert untimed == [{k: v for k, v in row.items() if k != "seconds"} for row in rest.history]


def test_evaluating_does_not_train(data, tmp_path):
    run = start(tmp_path / "run", data)
    before = {name: tensor.clone() for name, tensor in run.learner.state_dict().items()}
    state = torch.get_rng_state()
    run.evaluate()
    assert all(torch.equal(before[n], t) for n, t in run.learner.state_dict().items())
    assert torch.equal(state, torch.get_rng_state())


def test_the_best_epoch_is_what_remains(data, tmp_path):
    run = start(tmp_path / "run", data, epochs=6)
    run.train()
    run.average = {name: weight.detach().clone() for name, weight in run.learner.learning().items()}
    assert run.evaluate().cider_d == pytest.approx(max(r["cider_d"] for r in run.history), abs=1e-4)


def test_patience_ends_a_stage_early():
    stage = StageConfig(epochs=9, patience=2)
    rows = [{"cider_d": score} for score in (0.1, 0.3, 0.2, 0.3)]
    assert [is_finished(rows[:count], stage) for count in range(5)] == [False] * 4 + [True]
    assert not is_finished(rows, replace(stage, patience=0))
    assert is_finished(rows * 3, replace(stage, patience=0))


def test_a_folder_with_another_run_is_refused(data, tmp_path):
    start(tmp_path / "run", data, epochs=1).train()
    with pytest.raises(DataError, match="other settings"):
        start(tmp_path / "run", data, epochs=2)


def test_a_batch_larger_than_the_data_is_refused(data, tmp_path):
    with pytest.raises(DataError, match="batch_pictures: 13"):
        start(tmp_path / "run", data, batch_pictures=13)


def test_the_rate_warms_up_and_falls():
    stage = StageConfig(warmup_steps=10)
    rates = [learning_rate(step, 100, stage) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[9] == rates[10] == 1.0
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert 0.01 <= rates[-1] < 0.02


def test_every_epoch_is_logged(data, tmp_path):
    start(tmp_path / "run", data, epochs=2).train()
    with (tmp_path / "run" / "log.csv").open() as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2"]
    if importlib.util.find_spec("tensorboard"):
        assert list((tmp_path / "run" / "tensorboard").iterdir())


def test_the_end_of_the_encoder_learns_where_it_is_told_to(data, tmp_path):
    conv, norm = torch.nn.Conv2d(10, 10, 1, bias=False), torch.nn.BatchNorm2d(10)
    torch.nn.init.dirac_(conv.weight)
    before = {name: tensor.clone() for name, tensor in norm.state_dict().items()}
    run = start(tmp_path / "run", data, tail=EncoderTail([torch.nn.Sequential(conv, norm)]))
    first = conv.weight.detach().clone()
    run.train()
    assert not torch.equal(first, conv.weight)
    assert all(torch.equal(before[name], t) for name, t in norm.state_dict().items())
