"""The conformance suite of captioners: every member of the family passes all of it."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from tests.captioning.servers import LocalServer
from vidcap.captioning.caption import Budget, Caption
from vidcap.captioning.checkpoint import calibration_path, read_manifest, write_calibration
from vidcap.captioning.confidence import Calibration
from vidcap.captioning.decoding.vocabulary import Vocabulary
from vidcap.captioning.protocols import SceneCaptioner
from vidcap.captioning.registry import DEFAULT, load_captioner, shipped_captioners
from vidcap.errors import ModelError, UsageError
from vidcap.text.ngrams import has_repeated_ngram
from vidcap.text.tokens import tokenize
from vidcap.video.image import resize_stretch

NAMES = [shipped.name for shipped in shipped_captioners()]
HUGGING_FACE = ["blip", "git", "vit-gpt2", "florence2", "smolvlm"]


def pictures(count, size, seed=0):
    """Soft random colours: nothing to recognise, but no two alike."""
    width, height = size
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)
    return [np.kron(one, np.ones((height // 8, width // 8, 1), dtype=np.uint8)) for one in coarse]


@pytest.fixture(
    scope="module", params=[*NAMES, *(f"hf:{model}" for model in HUGGING_FACE), "openai:"]
)
def name(request, tmp_path_factory):
    """What a user would write; models of random weights and a server of ours stand behind."""
    kind, _, model = request.param.partition(":")
    if kind == "hf":
        pytest.importorskip("transformers", reason="the extra hf runs these")
        from tests.captioning.tiny_models import MODELS

        yield f"hf:{MODELS[model](tmp_path_factory.mktemp(model))}"
    elif kind == "openai":
        with LocalServer() as server:
            yield server.name()
    else:
        yield request.param


@pytest.fixture(scope="module")
def captioner(name):
    # Two threads have more to do with each other than with matrices as small as the tiny models'.
    threads = 1 if name.startswith("hf:") else 2
    return load_captioner(name, device="cpu", threads=threads, batch_size=8)


def test_it_says_what_it_is(captioner, name):
    assert captioner.name == name
    width, height = captioner.picture_size
    assert min(width, height) > 0
    assert {"captioner", "runtime"} <= set(captioner.provenance)
    assert all(isinstance(fact, str | int | float) for fact in captioner.provenance.values())


def test_one_caption_a_picture_in_plain_words(captioner):
    captions = captioner.caption(pictures(5, captioner.picture_size))
    assert len(captions) == 5
    for caption in captions:
        assert isinstance(caption, Caption)
        assert caption.text
        assert caption.text == " ".join(caption.text.split())
        # vidcap's own write no names; others may, and then a capital is one inside a sentence.
        if captioner.name in NAMES:
            assert caption.text == caption.text.lower()
        else:
            assert not caption.text.startswith(("A ", "The ", "This "))
        assert not caption.text.endswith(".")
        assert -100 < caption.score <= 0
        assert caption.confidence is None or 0 <= caption.confidence <= 1
        words = tokenize(caption.text)
        assert words
        assert not has_repeated_ngram(words, 3)
        assert not caption.text.startswith("this image shows")


def test_nothing_in_nothing_out(captioner):
    assert captioner.caption([]) == []


def test_company_and_order_change_nothing(captioner):
    """Equal to the bit: alone, in any batch, in any order."""
    given = pictures(19, captioner.picture_size, seed=1)
    together = captioner.caption(given)
    assert captioner.caption(given) == together
    assert captioner.caption(given[::-1]) == together[::-1]
    assert [captioner.caption([picture])[0] for picture in given[:3]] == together[:3]
    assert captioner.caption(given[5:12]) == together[5:12]


def test_where_it_looked_belongs_to_the_words_it_said(captioner):
    """Captioners that can explain themselves say the same then, with a map for every word."""
    if not hasattr(captioner, "explain"):
        pytest.skip(f"{captioner.name} cannot tell where it looked")
    given = pictures(3, captioner.picture_size, seed=3)
    explanations = captioner.explain(given)
    assert [explanation.caption for explanation in explanations] == captioner.caption(given)
    for explanation in explanations:
        count, side, other = explanation.maps.shape
        assert (count, other) == (len(explanation.words), side)
        assert explanation.maps.dtype == np.float32
        assert explanation.maps.min() >= 0
        np.testing.assert_allclose(explanation.maps.sum((1, 2)), 1, atol=1e-5)
        assert tokenize(explanation.caption.text) == list(explanation.words)
    (alone,) = captioner.explain(given[1:2])
    assert np.array_equal(alone.maps, explanations[1].maps)
    assert captioner.explain([]) == []


def teller(captioner):
    if not isinstance(captioner, SceneCaptioner):
        pytest.skip(f"{captioner.name} cannot tell several pictures in one sentence")
    return captioner


def test_looks_carry_the_captions(captioner):
    given = pictures(3, captioner.picture_size, seed=4)
    looks = teller(captioner).look(given)
    assert [look.caption for look in looks] == captioner.caption(given)
    assert captioner.decode(captioner.encode([])) == []


def test_several_pictures_are_told_in_one_sentence_whatever_else_was_told(captioner):
    looks = teller(captioner).look(pictures(6, captioner.picture_size, seed=5))
    told = captioner.caption_scene(looks[:3], Budget())
    assert tokenize(told.text)
    assert told.score <= 0
    captioner.caption_scene(looks[3:], Budget())
    assert captioner.caption_scene(looks[:3], Budget()) == told


def test_a_given_sentence_is_traced_word_by_word(captioner):
    given = pictures(2, captioner.picture_size, seed=9)
    texts = ["a dog runs through zzyzx grass", "two people"]
    traced = teller(captioner).trace(given, texts)
    assert [one.words for one in traced] == [
        ("a", "dog", "runs", "through", "grass"),
        ("two", "people"),
    ]
    for one in traced:
        np.testing.assert_allclose(one.maps.sum((1, 2)), 1, atol=1e-5)
    own = captioner.explain(given)
    again = captioner.trace(given, [one.caption.text for one in own])
    for one, other in zip(own, again, strict=True):
        np.testing.assert_allclose(one.maps, other.maps, atol=1e-4)


@pytest.mark.parametrize("characters", [60, 40, 25, 18])
def test_a_sentence_keeps_to_its_budget(captioner, characters):
    looks = teller(captioner).look(pictures(4, captioner.picture_size, seed=6))
    told = captioner.caption_scene(looks, Budget(characters=characters))
    assert 0 < len(told.text) <= characters
    told = captioner.caption_scene(looks, Budget(words=characters // 6))
    assert 0 < len(told.text.split()) <= characters // 6


def test_a_budget_that_is_large_enough_changes_nothing(captioner):
    looks = teller(captioner).look(pictures(4, captioner.picture_size, seed=6))
    assert captioner.caption_scene(looks, Budget(200, 40)) == captioner.caption_scene(
        looks, Budget()
    )


def test_where_no_sentence_has_room_there_is_one_all_the_same(captioner):
    looks = teller(captioner).look(pictures(2, captioner.picture_size, seed=7))
    assert captioner.caption_scene(looks, Budget(characters=0)).text


def test_what_shows_the_same_is_less_apart_than_what_does_not(captioner):
    data = pytest.importorskip("skimage.data", reason="scikit-image has the pictures")
    cat, astronaut = data.chelsea(), data.astronaut()
    size = captioner.picture_size
    looks = teller(captioner).look(
        [
            resize_stretch(np.ascontiguousarray(one), size)
            for one in (cat, cat[8:-8, 8:-8], astronaut)
        ]
    )
    one, like, other = ([look] for look in looks)
    assert captioner.cross_likelihood_gap(one, one) == pytest.approx(0, abs=1e-6)
    assert captioner.cross_likelihood_gap(one, other) == pytest.approx(
        captioner.cross_likelihood_gap(other, one)
    )
    assert (
        captioner.cross_likelihood_gap(one, like)
        < 0.5
        < 1.0
        < captioner.cross_likelihood_gap(one, other)
    )


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    """The default with numbers that were fitted to nothing: they show the way, not the truth."""
    source = next(shipped.file for shipped in shipped_captioners() if shipped.name == DEFAULT)
    manifest = read_manifest(source)
    words = len(Vocabulary(manifest.vocabulary))
    calibration = Calibration(
        features=("log_probability", "margin", "agreement", "attention_entropy"),
        means=(-1.0, 0.1, 0.8, 0.9),
        scales=(0.2, 0.1, 0.1, 0.05),
        weights=(0.5, 0.2, 0.2, -0.2),
        bias=-0.5,
        information=(1.0,) * words,
        record={},
    )
    target = tmp_path_factory.mktemp("calibrated") / source.name
    target.symlink_to(source)
    write_calibration(calibration_path(target), replace(manifest, calibration=calibration))
    return load_captioner(str(target), device="cpu", threads=2)


def test_a_calibrated_captioner_says_the_same_and_how_sure_it_is(calibrated):
    given = pictures(19, calibrated.picture_size, seed=1)
    together = calibrated.caption(given)
    plain = load_captioner(DEFAULT, device="cpu", threads=2).caption(given)
    assert [replace(one, confidence=None) for one in together] == [
        replace(one, confidence=None) for one in plain
    ]
    confidences = [one.confidence for one in together]
    assert all(0 < confidence < 1 for confidence in confidences)
    assert len(set(confidences)) > 10
    assert calibrated.caption(given[::-1]) == together[::-1]
    assert calibrated.caption(given[2:3]) == together[2:3]


def test_pictures_are_not_changed(captioner):
    given = pictures(2, captioner.picture_size)
    before = [picture.copy() for picture in given]
    captioner.caption(given)
    assert all(np.array_equal(a, b) for a, b in zip(given, before, strict=True))


@pytest.mark.parametrize("value", [0, 255])
def test_an_empty_picture_is_no_error(captioner, value):
    width, height = captioner.picture_size
    (caption,) = captioner.caption([np.full((height, width, 3), value, dtype=np.uint8)])
    assert caption.text


@pytest.mark.parametrize("shape", [(10, 10, 3), (224, 224), (224, 224, 4)])
def test_a_picture_of_another_shape_is_refused(captioner, shape):
    with pytest.raises(UsageError, match="squash it"):
        captioner.caption([np.zeros(shape, dtype=np.uint8)])


def test_read_only_and_strided_pictures_are_taken(captioner):
    (picture,) = pictures(1, captioner.picture_size)
    (expected,) = captioner.caption([picture])
    mirrored = np.ascontiguousarray(picture[:, ::-1])[:, ::-1]
    mirrored.flags.writeable = False
    assert captioner.caption([mirrored]) == [expected]


def test_different_pictures_get_different_sentences(captioner):
    data = pytest.importorskip("skimage.data", reason="scikit-image has the pictures")
    import cv2

    from vidcap.video.image import resize_stretch

    scenes = [data.astronaut(), data.chelsea(), data.rocket(), cv2.cvtColor(data.camera(), 8)]
    captions = captioner.caption(
        [resize_stretch(scene, captioner.picture_size) for scene in scenes]
    )
    assert len({caption.text for caption in captions}) >= 3


# A server has threads of its own; it stays in the test, since loading it twice must do no harm.
@pytest.mark.parametrize("threads", [1, 2])
def test_the_number_of_threads_does_not_change_the_words(captioner, threads):
    given = pictures(4, captioner.picture_size, seed=2)
    other = load_captioner(captioner.name, device="cpu", threads=threads)
    assert [c.text for c in other.caption(given)] == [c.text for c in captioner.caption(given)]


def test_the_default_is_one_of_them():
    assert DEFAULT in NAMES


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ModelError, match=f"'nobody'.*{DEFAULT}"):
        load_captioner("nobody")


@pytest.mark.parametrize(
    "options", [{"device": "tpu"}, {"threads": -1}, {"batch_size": 0}], ids=str
)
def test_bad_options_are_named(options):
    ((name, value),) = options.items()
    with pytest.raises(UsageError, match=f"{name.replace('_', ' ')}.*{value}"):
        load_captioner(**options)


def test_cuda_without_a_device_is_one_clear_line():
    from vidcap.captioning.registry import cuda_is_ready

    if cuda_is_ready():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(ModelError, match="--device cpu"):
        load_captioner(device="cuda")


def test_captioning_on_the_cpu_imports_no_torch_and_opens_no_connection():
    program = """
import socket, sys
def refuse(*arguments, **options):
    raise SystemExit("a connection was tried")
socket.socket.connect = refuse
socket.create_connection = refuse
socket.getaddrinfo = refuse
import numpy as np
from vidcap.captioning.registry import load_captioner
captioner = load_captioner(device="cpu")
captioner.caption([np.zeros((224, 224, 3), dtype=np.uint8)])
assert "torch" not in sys.modules, "torch was imported"
loaded = [name for name in sys.modules if name.startswith("openvino_telemetry.")]
assert not loaded, loaded
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
