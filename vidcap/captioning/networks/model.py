"""Encoder and decoder as one torch module, made from a checkpoint or for a training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from vidcap.captioning.checkpoint import Manifest, read_manifest, read_weights
from vidcap.captioning.networks.encoders import Encoder, build_encoder, fold_batch_norm
from vidcap.captioning.networks.show_attend_tell import ShowAttendTell, ShowAttendTellConfig
from vidcap.captioning.networks.transformer import Transformer, TransformerConfig
from vidcap.errors import ModelError


def _show_attend_tell(config: dict[str, Any], vocabulary_size: int) -> nn.Module:
    return ShowAttendTell(ShowAttendTellConfig(**config), vocabulary_size)


def _transformer(config: dict[str, Any], vocabulary_size: int) -> nn.Module:
    return Transformer(TransformerConfig(**config), vocabulary_size)


_DECODERS: dict[str, Callable[[dict[str, Any], int], nn.Module]] = {
    "show-attend-tell": _show_attend_tell,
    "transformer": _transformer,
}


def decoder_names() -> list[str]:
    """Return the names of the decoder architectures, sorted."""
    return sorted(_DECODERS)


def build_decoder(name: str, config: dict[str, Any], vocabulary_size: int) -> Any:
    """Build a decoder with random weights.

    ``vocabulary_size`` counts the special words as well.

    Raises:
        ModelError: there is no such decoder, or it does not know one of the settings.
    """
    if name not in _DECODERS:
        raise ModelError(
            f"no decoder is named {name!r}; choose one of {', '.join(decoder_names())}"
        )
    try:
        return _DECODERS[name](config, vocabulary_size)
    except (TypeError, ValueError) as error:
        raise ModelError(f"decoder {name!r} does not take these settings: {error}") from error


class CaptionModel(nn.Module):
    """Pictures to what the decoder needs of them, once a picture."""

    def __init__(self, encoder: Encoder, decoder: Any) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Encode ``(N, H, W, 3)`` uint8 pictures; see the decoder's ``prepare``."""
        prepared: tuple[Tensor, ...] = self.decoder.prepare(self.encoder(pictures))
        return prepared


class Stepping(nn.Module):
    """A decoder's step as a module of its own, for tools that convert ``forward``."""

    def __init__(self, decoder: Any) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, words: Tensor, *prepared: Tensor) -> tuple[Tensor, ...]:
        """Read one word a row; see the decoder's ``step``."""
        outputs: tuple[Tensor, ...] = self.decoder.step(words, *prepared)
        return outputs


class Scoring(nn.Module):
    """A decoder's ``score``, as :class:`Stepping` is its step."""

    def __init__(self, decoder: Any) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(
        self, words: Tensor, places: Tensor, visible: Tensor, *memory: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Read the beginnings of sentences; see the decoder's ``score``."""
        outputs: tuple[Tensor, Tensor] = self.decoder.score(words, places, visible, *memory)
        return outputs


def load_model(path: Path) -> tuple[CaptionModel, Manifest]:
    """Build the model of a checkpoint, in evaluation mode, float32 on the CPU.

    Raises:
        ModelError: the checkpoint cannot be read or its weights do not fit what it says it is.
    """
    manifest = read_manifest(path)
    from vidcap.captioning.decoding.vocabulary import Vocabulary

    model = CaptionModel(
        build_encoder(manifest.encoder),
        build_decoder(
            manifest.decoder,
            dict(manifest.decoder_config),
            len(Vocabulary(manifest.vocabulary)),
        ),
    )
    weights = read_weights(path)
    if not any(name.endswith("running_var") for name in weights):
        fold_batch_norm(model.encoder)  # as exporting did before it wrote these weights
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise ModelError(f"{path}: weights and header do not belong together: {error}") from error
    return model.eval(), manifest
