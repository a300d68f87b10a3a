import pytest
import torch

from pipelines.training.learner import Learner
from pipelines.training.teachers import load_teachers
from vidcap.captioning.checkpoint import Manifest, write_checkpoint
from vidcap.captioning.decoding.vocabulary import Vocabulary
from vidcap.captioning.networks.encoders import build_encoder
from vidcap.captioning.networks.model import build_decoder
from vidcap.errors import DataError

WORDS = ("a", "dog", "runs")
OPTIONS = {"width": 16, "attention_width": 8}


def encoder(seed):
    torch.manual_seed(seed)
    return build_encoder("efficientnet-lite0").half().float()


def checkpoint(path, own, words=WORDS):
    options = {**OPTIONS, "channels": own.channels}
    decoder = build_decoder("show-attend-tell", options, len(Vocabulary(words)))
    weights = {f"encoder.{name}": tensor for name, tensor in own.state_dict().items()}
    weights |= {f"decoder.{name}": tensor for name, tensor in decoder.state_dict().items()}
    write_checkpoint(
        path, Manifest(own.name, "show-attend-tell", options, words, 224, {"size": 3}), weights
    )
    return path


@pytest.fixture(scope="module")
def pupil():
    own = encoder(0)
    decoder = build_decoder("transformer", {"channels": 1280, "width": 16}, 7)
    stem, tail = own.split(2)
    return own, stem, Learner(tail, decoder)


def load(pupil, names, named):
    _, stem, learner = pupil
    return load_teachers(
        names, named, learner=learner, stem=stem, units=2, vocabulary=Vocabulary(WORDS)
    )


def test_a_teacher_takes_what_the_learner_takes(pupil, tmp_path):
    own, stem, learner = pupil
    path = checkpoint(tmp_path / "x.safetensors", own)
    teacher, itself = load(pupil, ["x", "self"], {"x": path})
    places = stem(torch.zeros(1, 224, 224, 3, dtype=torch.uint8))
    torch.testing.assert_close(teacher.tail(places), learner.tail(places))
    assert teacher.decoder.config.width == 16
    assert itself is not learner
    assert itself.tail is teacher.tail  # equal, so it runs once for both
    for name, tensor in learner.state_dict().items():
        assert torch.equal(tensor, itself.state_dict()[name])
        assert tensor.data_ptr() != itself.state_dict()[name].data_ptr()


def test_an_encoder_that_learnt_at_its_end_may_teach(pupil, tmp_path):
    own = encoder(0)
    with torch.no_grad():
        own.backbone.conv_head.weight += 1.0
    assert load(pupil, ["x"], {"x": checkpoint(tmp_path / "x.safetensors", own)})


@pytest.mark.parametrize(
    ("seed", "words", "message"),
    [(1, WORDS, "same frozen part"), (0, ("a", "cat", "runs"), "another vocabulary")],
    ids=["encoder", "vocabulary"],
)
def test_a_teacher_of_another_kind_is_refused(pupil, tmp_path, seed, words, message):
    path = checkpoint(tmp_path / "x.safetensors", encoder(seed), words)
    with pytest.raises(DataError, match=message):
        load(pupil, ["x"], {"x": path})


def test_a_teacher_nobody_named_is_refused(pupil):
    with pytest.raises(DataError, match="--teacher x=FILE"):
        load(pupil, ["x"], {})
