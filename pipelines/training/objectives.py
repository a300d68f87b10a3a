"""Training losses: cross-entropy with human captions, and self-critical CIDEr-D.

Letters in shapes: N pictures, S sampled sentences a picture, K captions a picture, T words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from pipelines.metrics.cider import CiderD
from pipelines.training.batches import Batch, make_batch
from pipelines.training.config import StageConfig
from vidcap.captioning.decoding.vocabulary import END, PAD, START, UNKNOWN, Vocabulary
from vidcap.captioning.networks.teacher_forcing import TeacherForcingOutput


def cross_entropy(
    learner: Any,
    batch: Batch,
    stage: StageConfig,
    *,
    share: float = 1.0,
    teachers: Sequence[Any] = (),
) -> tuple[Tensor, Tensor]:
    """Return the loss of a batch and, inside it, the cross-entropy a word.

    Args:
        learner: a :class:`pipelines.training.learner.Learner`.
        batch: pictures and their captions.
        stage: weights and smoothing.
        share: this batch's part of all words of the step, times the number of processes: 1 where
            there is one.
        teachers: learners, in evaluation mode, whose mean distribution is learnt as well.
    """
    taught = learner(batch.features, batch.words, batch.lengths, **batch.things())
    logits = taught.logits.float()
    words = functional.cross_entropy(logits, batch.targets, label_smoothing=stage.label_smoothing)
    loss = words
    if teachers:
        target = _mean_distribution(teachers, batch)
        loss = torch.lerp(words, functional.cross_entropy(logits, target), stage.distillation)
    there = batch.lengths > 0
    if stage.doubly_stochastic:
        # A caption that is not there received nothing and is no caption that looked away.
        spread = ((1.0 - taught.received[there].float()) ** 2).mean()
        loss = loss + stage.doubly_stochastic * spread
    if taught.look_logs is not None:
        likelihoods = -functional.cross_entropy(logits.detach(), batch.targets, reduction="none")
        looks = hard_attention(learner.decoder, taught, likelihoods, batch.lengths)
        loss = loss + looks / len(batch.targets)
    return loss * share, words.detach()


def _mean_distribution(teachers: Sequence[Any], batch: Batch) -> Tensor:
    regions: dict[Any, Tensor] = {}
    told = []
    with torch.no_grad():
        for teacher in teachers:
            if teacher.tail not in regions:
                regions[teacher.tail] = teacher.tail(batch.features)
            taught = teacher.decoder(regions[teacher.tail], batch.words, batch.lengths)
            told.append(taught.logits.float().softmax(-1))
    return torch.stack(told).mean(0)


def hard_attention(
    decoder: Any, taught: TeacherForcingOutput, likelihoods: Tensor, lengths: Tensor
) -> Tensor:
    """Return the loss, summed over captions, of the regions that were drawn to look at.

    REINFORCE: looks that made a caption likelier than the moving mean get likelier (Xu et al. 2015,
    section 4.1); the entropy of the weights keeps other looks possible.

    Args:
        decoder: holds the moving mean, which this moves.
        taught: what the decoder made of the captions.
        likelihoods: ``(lengths.sum(),)`` log-probability of each word.
        lengths: ``(N, K)`` words of each caption.
    """
    assert taught.look_logs is not None
    assert taught.look_entropy is not None
    there = lengths > 0
    owners = torch.arange(lengths.numel(), device=lengths.device)
    owners = owners.repeat_interleave(lengths.flatten())
    rewards = likelihoods.new_zeros(lengths.numel()).index_add_(0, owners, likelihoods)
    rewards = rewards.view(lengths.shape)
    surprise = (rewards - decoder.baseline) * there
    decoder.baseline.lerp_(rewards[there].mean(), 0.1)
    # The reward grows with a caption's length: its scale must not become that of the gradient.
    looks: Tensor = surprise / lengths.clamp_min(1) * taught.look_logs
    return -(looks + 0.01 * taught.look_entropy).sum()


def sample(decoder: Any, features: Tensor, *, count: int, max_words: int) -> list[list[list[int]]]:
    """Draw sentences from a decoder's own distribution.

    Args:
        decoder: the decoder.
        features: ``(N, regions, channels)``.
        count: S, sentences a picture.
        max_words: a sentence that has not ended after so many words stays without an end.

    Returns:
        For each picture S sentences as word numbers with START and, where it was drawn, END.
    """
    with torch.no_grad():
        prepared = decoder.prepare(features)
        kept = decoder.memory_count
        memory, moving = prepared[:kept], prepared[kept : kept + decoder.state_count]
        state = [part.repeat_interleave(count, 0) for part in moving]
        rows = len(features) * count
        words = torch.full((rows,), START, device=features.device)
        drawn = []
        ended = torch.zeros_like(words, dtype=torch.bool)
        for position in range(max_words + 1):
            logs, *state, _ = decoder.step(words, *memory, *state)
            logs = logs.float()
            logs[:, [PAD, START, UNKNOWN] if position else [PAD, START, UNKNOWN, END]] = -torch.inf
            words = torch.multinomial(logs.softmax(-1), 1).squeeze(1)
            drawn.append(words)
            ended |= words == END
            if ended.all():
                break
    sentences = []
    for row in torch.stack(drawn, 1).tolist():
        words_in = row[: row.index(END) + 1] if END in row else row[:max_words]
        sentences.append([START, *words_in])
    return [sentences[first : first + count] for first in range(0, rows, count)]


class SelfCritical:
    """Self-critical CIDEr-D: of the sentences drawn for a picture, the better ones get likelier.

    Rennie et al., "Self-critical Sequence Training for Image Captioning", CVPR 2017; the baseline
    is the mean reward of a picture's other sentences (Luo 2020), and a cross-entropy with the human
    captions holds the sentences to the language.

    Args:
        references: human captions of every training picture, as words; the document frequencies of
            CIDEr-D come from them.
        captions: the same as numbers (:func:`pipelines.training.batches.encode_captions`).
        vocabulary: the words.
        stage: samples, anchor.
        max_words: of a sampled sentence.
    """

    def __init__(
        self,
        references: Sequence[Sequence[Sequence[str]]],
        captions: Sequence[Sequence[Sequence[int]]],
        vocabulary: Vocabulary,
        stage: StageConfig,
        max_words: int,
    ) -> None:
        self._scorer = CiderD(references)
        self._references = [self._scorer.prepare(group) for group in references]
        self._captions = captions
        self._vocabulary = vocabulary
        self._stage = stage
        self._max_words = max_words

    def __call__(
        self, learner: Any, features: Tensor, pictures: Sequence[int]
    ) -> tuple[Tensor, Tensor]:
        """Return the loss of some pictures and the mean reward of what was drawn.

        Args:
            learner: a :class:`pipelines.training.learner.Learner`.
            features: ``(N, places, channels)`` of the pictures.
            pictures: their places among the training pictures.
        """
        learner.eval()  # what is drawn is what the model would say, dropout and all left out
        count = self._stage.samples
        with torch.no_grad():
            regions = learner.tail(features)
        drawn = sample(learner.decoder, regions, count=count, max_words=self._max_words)
        learner.train()
        rewards = torch.tensor(
            [
                [
                    self._scorer.score(self._vocabulary.decode(words), self._references[picture])
                    for words in sentences
                ]
                for picture, sentences in zip(pictures, drawn, strict=True)
            ]
        )
        # Drawn and human sentences go through the model together: a picture is prepared once.
        told = make_batch(
            features,
            [[*own, *self._captions[n]] for n, own in zip(pictures, drawn, strict=True)],
        ).to(features.device)
        taught = learner(told.features, told.words, told.lengths)
        surprise = functional.cross_entropy(taught.logits.float(), told.targets, reduction="none")
        others = (rewards.sum(1, keepdim=True) - rewards) / (count - 1)
        weights = torch.zeros(told.lengths.shape)
        weights[:, :count] = rewards - others
        human = torch.zeros(told.lengths.shape)
        human[:, count:] = 1.0
        lengths = told.lengths.flatten()
        spread = [
            part.to(features.device).flatten().repeat_interleave(lengths)
            for part in (weights, human)
        ]
        by_human = spread[1].sum()
        loss = (spread[0] * surprise).sum() / (len(surprise) - by_human)
        if self._stage.anchor:
            loss = loss + self._stage.anchor * (spread[1] * surprise).sum() / by_human
        return loss, rewards.mean()
