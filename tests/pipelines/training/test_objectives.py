import math
from dataclasses import replace

import pytest
import torch

from pipelines.training.batches import make_batch
from pipelines.training.config import StageConfig
from pipelines.training.learner import Learner
from pipelines.training.objectives import SelfCritical, cross_entropy, sample
from vidcap.captioning.decoding.vocabulary import END, PAD, START, UNKNOWN, Vocabulary
from vidcap.captioning.networks.encoders import EncoderTail
from vidcap.captioning.networks.model import build_decoder

WORDS = ["a", "dog", "cat", "runs", "sleeps"]
VOCABULARY = Vocabulary(WORDS)
STAGE = StageConfig(label_smoothing=0.0, samples=4, anchor=0.0)


@pytest.fixture(params=["show-attend-tell", "transformer"])
def learner(request):
    torch.manual_seed(0)
    decoder = build_decoder(request.param, {"channels": 6, "width": 16}, len(VOCABULARY))
    return Learner(EncoderTail([]), decoder).eval()


def numbers(text):
    return [START, *VOCABULARY.encode(text.split()), END]


def test_cross_entropy_is_the_mean_surprise_a_word(learner):
    batch = make_batch(torch.randn(2, 4, 6), [[numbers("a dog runs")], [numbers("a cat")] * 2])
    loss, words = cross_entropy(learner, batch, STAGE)
    logits = learner(batch.features, batch.words, batch.lengths).logits.log_softmax(-1).detach()
    surprise = -sum(float(logits[i, t]) for i, t in enumerate(batch.targets)) / len(batch.targets)
    assert loss.item() == pytest.approx(surprise, rel=1e-5)
    assert float(words) == pytest.approx(surprise, rel=1e-5)


def test_regions_never_looked_at_cost_something(learner):
    batch = make_batch(torch.randn(1, 4, 6), [[numbers("a dog runs")]])
    plain, _ = cross_entropy(learner, batch, STAGE)
    strict, words = cross_entropy(learner, batch, replace(STAGE, doubly_stochastic=1.0))
    assert float(strict) > float(plain) == pytest.approx(float(words))


def test_drawn_sentences_begin_end_and_hold_no_special_words(learner):
    torch.manual_seed(1)
    drawn = sample(learner.decoder, torch.randn(3, 4, 6), count=5, max_words=6)
    assert [len(own) for own in drawn] == [5, 5, 5]
    for sentence in (s for own in drawn for s in own):
        assert sentence[0] == START
        words = sentence[1:-1] if sentence[-1] == END else sentence[1:]
        assert 1 <= len(words) <= 6
        assert sentence[-1] == END or len(words) == 6
        assert not set(words) & {PAD, START, END, UNKNOWN}


def test_sentences_are_drawn_as_often_as_they_are_likely(learner):
    features = torch.randn(1, 4, 6)
    torch.manual_seed(2)
    (drawn,) = sample(learner.decoder, features, count=4000, max_words=3)
    first = [sentence[1] for sentence in drawn]
    batch = make_batch(features, [[numbers("a")]])
    logs = learner(features, batch.words, batch.lengths).logits[0]
    logs[[PAD, START, UNKNOWN, END]] = -math.inf
    for word, chance in enumerate(logs.softmax(-1).tolist()):
        assert first.count(word) / 4000 == pytest.approx(chance, abs=0.04)


REFERENCES = [[["a", "dog", "runs"]], [["a", "cat", "sleeps"]]]
CAPTIONS = [[numbers("a dog runs")], [numbers("a cat sleeps")]]


def test_what_is_rewarded_becomes_likelier(learner):
    features = torch.randn(2, 4, 6)
    reward = SelfCritical(REFERENCES, CAPTIONS, VOCABULARY, STAGE, max_words=5)
    optimiser = torch.optim.Adam(learner.parameters(), lr=0.01)
    torch.manual_seed(3)
    rewards = []
    for _ in range(120):
        optimiser.zero_grad()
        loss, mean = reward(learner, features, [0, 1])
        loss.backward()
        optimiser.step()
        rewards.append(float(mean))
    assert sum(rewards[-10:]) > 1.5 * sum(rewards[:10])


def test_the_anchor_adds_the_cross_entropy(learner):
    features = torch.randn(2, 4, 6)
    for module in learner.modules():
        module.p = 0.0  # no dropout: both calls see the same
    if hasattr(learner.decoder.config, "word_dropout"):
        object.__setattr__(learner.decoder.config, "word_dropout", 0.0)
        object.__setattr__(learner.decoder.config, "dropout", 0.0)
    losses = []
    for anchor in (0.0, 1.0):
        torch.manual_seed(4)
        stage = replace(STAGE, anchor=anchor)
        reward = SelfCritical(REFERENCES, CAPTIONS, VOCABULARY, stage, max_words=5)
        losses.append(reward(learner, features, [0, 1])[0].item())
    human, _ = cross_entropy(learner, make_batch(features, CAPTIONS), STAGE)
    assert losses[1] - losses[0] == pytest.approx(human.item(), rel=1e-4)


def test_a_teacher_is_followed(learner):
    teacher_batch = make_batch(torch.randn(1, 4, 6), [[numbers("a dog runs")]])
    torch.manual_seed(9)
    teacher = Learner(EncoderTail([]), build_decoder("transformer", {"channels": 6}, 9)).eval()
    stage = replace(STAGE, distillation=0.99)
    optimiser = torch.optim.Adam(learner.parameters(), lr=0.01)
    losses = []
    for _ in range(80):
        optimiser.zero_grad()
        loss, _ = cross_entropy(learner, teacher_batch, stage, teachers=[teacher])
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    told = teacher(teacher_batch.features, teacher_batch.words, teacher_batch.lengths)
    chances = told.logits.softmax(-1)
    entropy = -(chances * chances.log()).sum(-1).mean().item()
    assert losses[-1] < losses[0]
    assert losses[-1] == pytest.approx(entropy, abs=0.3)
