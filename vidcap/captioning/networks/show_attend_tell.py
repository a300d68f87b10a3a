"""Show, Attend and Tell: an LSTM that looks at the regions of a picture, word by word.

Xu et al., "Show, Attend and Tell: Neural Image Caption Generation with Visual Attention", ICML
2015, with soft attention, or hard attention learnt by REINFORCE.  Of the paper: the MLP attention,
the gating scalar, the deep output layer, states initialised from the mean region, doubly stochastic
regularisation.  Not of the paper: regions are projected and layer-normalised first, and the output
shares the embedding's weights.

Letters in shapes: N pictures, B rows (captions or beams), R regions, C channels, D width,
A attention width, V words.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from vidcap.captioning.networks.teacher_forcing import TeacherForcingOutput, drop_words, inside


@dataclass(frozen=True, slots=True)
class ShowAttendTellConfig:
    """Sizes of the decoder.

    Attributes:
        channels: channels of an encoder region.
        width: width of regions, word embeddings and LSTM state.
        attention_width: hidden width of the attention MLP.
        attention: ``soft`` sees the mean of all regions by their weights, ``hard`` one region:
            drawn in training, the likeliest in use.
        dropout: share of embedding and output activations dropped in training.
        word_dropout: share of input words replaced by the unknown word in training.
    """

    channels: int
    width: int = 512
    attention_width: int = 256
    attention: str = "soft"
    dropout: float = 0.3
    word_dropout: float = 0.1

    def __post_init__(self) -> None:
        if min(self.channels, self.width, self.attention_width) < 1:
            raise ValueError("channels, width and attention_width must be 1 or more")
        if self.attention not in ("soft", "hard"):
            raise ValueError(f"attention {self.attention!r} is neither soft nor hard")


class ShowAttendTell(nn.Module):
    """The decoder.  :meth:`prepare` runs once a picture, :meth:`step` once a word."""

    memory_count = 2  # of what prepare() returns, how many belong to the picture and never change
    state_count = 2  # and how many behind them each step changes
    reads_whole = False  # every word waits for the one before

    def __init__(self, config: ShowAttendTellConfig, vocabulary_size: int) -> None:
        super().__init__()
        width = config.width
        self.config = config
        self.project = nn.Linear(config.channels, width)
        self.normalise = nn.LayerNorm(width)
        self.initial = nn.Linear(width, 2 * width)
        self.keys = nn.Linear(width, config.attention_width)
        self.query = nn.Linear(width, config.attention_width, bias=False)
        self.energy = nn.Linear(config.attention_width, 1, bias=False)
        self.gate = nn.Linear(width, 1)
        self.embedding = nn.Embedding(vocabulary_size, width)
        self.input_word = nn.Linear(width, 4 * width)
        self.input_context = nn.Linear(width, 4 * width, bias=False)
        self.recurrent = nn.Linear(width, 4 * width, bias=False)
        self.output_hidden = nn.Linear(width, width)
        self.output_context = nn.Linear(width, width, bias=False)
        self.output_bias = nn.Parameter(torch.zeros(vocabulary_size))
        if config.attention == "hard":
            # The moving mean of a caption's log-likelihood, REINFORCE's baseline.
            self.register_buffer("baseline", torch.zeros(()))
        self._reset()

    def _reset(self) -> None:
        width = self.config.width
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        nn.init.orthogonal_(self.recurrent.weight)
        with torch.no_grad():
            self.input_word.bias[width : 2 * width] = 1.0  # remember by default

    def prepare(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Turn ``(N, R, C)`` features into regions, keys and the first LSTM state.

        Returns:
            regions ``(N, R, D)``, keys ``(N, R, A)``, hidden and cell ``(N, D)``.
        """
        regions = self.normalise(self.project(features))
        hidden, cell = torch.tanh(self.initial(regions.mean(1))).chunk(2, dim=-1)
        return regions, self.keys(regions), hidden, cell

    def attend(
        self, regions: Tensor, keys: Tensor, hidden: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Look at the regions from each row's state.

        Args:
            regions: ``(N, R, D)``.
            keys: ``(N, R, A)``.
            hidden: ``(N, K, D)``, K rows a picture.

        Returns:
            gated context ``(N, K, D)``; weights ``(N, K, R)`` that sum to 1; and what was looked
            at, which is the weights for soft attention and one region for hard attention.
        """
        mixed = torch.tanh(keys.unsqueeze(1) + self.query(hidden).unsqueeze(2))  # (N, K, R, A)
        weights = self.energy(mixed).squeeze(-1).softmax(-1)
        looked = weights if self.config.attention == "soft" else self._choose(weights)
        return torch.sigmoid(self.gate(hidden)) * (looked @ regions), weights, looked

    def _choose(self, weights: Tensor) -> Tensor:
        if not self.training:
            likeliest = (weights == weights.amax(-1, keepdim=True)).to(weights)
            return likeliest / likeliest.sum(-1, keepdim=True)
        # Half of the time the expected value, as in the paper, which calms the gradient.
        if torch.rand(()) < 0.5:
            return weights
        drawn = torch.multinomial(weights.detach().float().flatten(0, 1), 1)
        return functional.one_hot(drawn, weights.shape[-1]).view(weights.shape).to(weights)

    def _cell(self, inputs: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        i, f, g, o = inputs.chunk(4, dim=-1)
        cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(cell), cell

    def _logits(self, embedded: Tensor, hidden: Tensor, context: Tensor) -> Tensor:
        deep = torch.tanh(embedded + self.output_hidden(hidden) + self.output_context(context))
        deep = functional.dropout(deep, self.config.dropout, self.training)
        return functional.linear(deep, self.embedding.weight, self.output_bias)

    def step(
        self, words: Tensor, regions: Tensor, keys: Tensor, hidden: Tensor, cell: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Read one word a row and predict the next.

        Args:
            words: ``(N * K,)`` the last word of each row; a picture's rows stand together.
            regions: ``(N, R, D)``.
            keys: ``(N, R, A)``.
            hidden: ``(N * K, D)``.
            cell: ``(N * K, D)``.

        Returns:
            log-probabilities ``(N * K, V)``, hidden, cell, attention weights ``(N * K, R)``.
        """
        embedded = self.embedding(words)
        pictures, _, width = regions.shape
        context, weights, _ = self.attend(regions, keys, hidden.view(pictures, -1, width))
        context = context.flatten(0, 1)
        inputs = self.input_word(embedded) + self.input_context(context) + self.recurrent(hidden)
        hidden, cell = self._cell(inputs, cell)
        logits = self._logits(embedded, hidden, context)
        return logits.log_softmax(-1), hidden, cell, weights.flatten(0, 1)

    def forward(self, features: Tensor, words: Tensor, lengths: Tensor) -> TeacherForcingOutput:
        """Predict every next word of given captions (teacher forcing), for training.

        Args:
            features: ``(N, R, C)``.
            words: ``(N, K, T)`` input words of K captions a picture.
            lengths: ``(N, K)`` how many input words each caption has; 0 where there is none.
        """
        regions, keys, first_hidden, first_cell = self.prepare(features)
        captions = words.shape[1]
        hidden, cell = (
            part.unsqueeze(1).expand(-1, captions, -1) for part in (first_hidden, first_cell)
        )
        if self.training and self.config.word_dropout:
            words = drop_words(words, self.config.word_dropout)
        embedded = self.embedding(words)
        embedded = functional.dropout(embedded, self.config.dropout, self.training)
        word_inputs = self.input_word(embedded)  # (N, K, T, 4D), all steps in one product
        there = inside(lengths, words.shape[-1])
        hiddens, contexts, attended, looks = [], [], [], []
        for t in range(words.shape[-1]):
            context, weights, looked = self.attend(regions, keys, hidden)
            inputs = word_inputs[:, :, t] + self.input_context(context) + self.recurrent(hidden)
            hidden, cell = self._cell(inputs, cell)
            hiddens.append(hidden)
            contexts.append(context)
            attended.append(weights)
            looks.append(looked)
        chosen = (
            part[there] for part in (embedded, torch.stack(hiddens, 2), torch.stack(contexts, 2))
        )
        weights = torch.stack(attended, 2) * there.unsqueeze(-1)  # (N, K, T, R)
        taught = TeacherForcingOutput(self._logits(*chosen), weights.sum(2))
        if self.config.attention == "soft":
            return taught
        logs = weights.float().clamp_min(1e-8).log()
        drawn = torch.stack(looks, 2).detach()
        one = (drawn.amax(-1) == 1.0) & there  # where a region was drawn
        return replace(
            taught,
            look_logs=((drawn * logs).sum(-1) * one).sum(-1),
            look_entropy=-(weights * logs).sum((-1, -2)),
        )
