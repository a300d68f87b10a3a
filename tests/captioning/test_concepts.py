import dataclasses

import numpy as np
import pytest
import torch

from tests.captioning.tiny_readers import write_reader
from vidcap.captioning.captioner import CheckpointCaptioner
from vidcap.captioning.checkpoint import (
    calibration_path,
    read_manifest,
    write_calibration,
    write_checkpoint,
)
from vidcap.captioning.confidence import Calibration, Facts
from vidcap.captioning.decoding.vocabulary import UNKNOWN, Vocabulary
from vidcap.captioning.networks.concepts import (
    ConceptClassifier,
    ConceptTokens,
    CopyHead,
    MahalanobisScore,
)
from vidcap.captioning.networks.model import build_decoder
from vidcap.captioning.noun_matcher import NounMatcher
from vidcap.captioning.registry import load_captioner
from vidcap.captioning.runtimes.graphs import read_graphs, with_graphs
from vidcap.captioning.runtimes.openvino import OpenVinoRuntime
from vidcap.errors import ModelError

WORDS = "a dog cat hot runs sits on the grass two dogs in bed red big sees".split()
THINGS = (("dog", "dogs"), ("cat", "cats"), ("hot dog", "hot dogs"))
CONFIG = {"width": 16, "heads": 4, "decoder_layers": 2, "things": 2, "nouns": 3, "classes": 5}


def a_decoder(channels=1280, **changes):
    torch.manual_seed(1)
    sizes = {**CONFIG, "channels": channels, **changes}
    decoder = build_decoder("transformer", sizes, len(WORDS) + 4).eval()
    if decoder.config.things:
        vocabulary = Vocabulary(WORDS)
        decoder.recogniser.group.copy_(torch.tensor([0, 0, 1, 2, 3]))
        for place, (name, _) in enumerate(THINGS):
            numbers = vocabulary.encode(name.split())
            decoder.recogniser.words[place, : len(numbers)] = torch.tensor(numbers)
    return decoder


def test_classes_of_one_noun_are_added_up():
    recogniser = ConceptClassifier(4, 3, 2)
    recogniser.group.copy_(torch.tensor([0, 0, 1]))
    recogniser.classifier.weight.data.zero_()
    recogniser.classifier.bias.data.copy_(torch.tensor([0.3, 0.2, 0.5]).log())
    strengths = recogniser(torch.randn(2, 9, 4))
    torch.testing.assert_close(strengths, torch.tensor([[0.5, 0.5]] * 2))


def test_a_class_without_a_noun_counts_nowhere():
    recogniser = ConceptClassifier(4, 2, 1)
    recogniser.group.copy_(torch.tensor([1, 0]))
    recogniser.classifier.weight.data.zero_()
    recogniser.classifier.bias.data.copy_(torch.tensor([0.9, 0.1]).log())
    torch.testing.assert_close(recogniser(torch.randn(1, 9, 4)), torch.tensor([[0.1]]))


def test_what_fills_a_window_is_recognised_where_the_whole_is_something_else():
    recogniser = ConceptClassifier(2, 2, 2)
    recogniser.group.copy_(torch.tensor([0, 1]))
    recogniser.classifier.weight.data.copy_(torch.tensor([[4.0, 0.0], [0.0, 4.0]]))
    recogniser.classifier.bias.data.zero_()
    features = torch.tensor([1.0, 0.0]).repeat(1, 81, 1).view(1, 9, 9, 2).clone()
    whole = recogniser(features.view(1, 81, 2))[0, 1]
    features[:, :5, :5] = torch.tensor([0.0, 1.0])
    assert recogniser(features.view(1, 81, 2))[0, 1] > 0.4 > 10 * whole


def test_tokens_are_of_the_surest_nouns_and_forget_what_is_not_there():
    torch.manual_seed(0)
    tokens = ConceptTokens(8, 2)
    words = torch.tensor([[4, 0, 0], [5, 0, 0], [6, 4, 0]])
    embedding = torch.randn(7, 8)
    first, _ = tokens(torch.tensor([[0.1, 0.0, 0.9]]), words, embedding)
    other = embedding.clone()
    other[6] = torch.randn(8)
    moved, _ = tokens(torch.tensor([[0.1, 0.0, 0.9]]), words, other)
    assert not torch.allclose(first[0, 0], moved[0, 0])
    torch.testing.assert_close(first[0, 1], moved[0, 1])
    nothing, names = tokens(torch.zeros(1, 3), words, embedding)
    torch.testing.assert_close(nothing[0, 0], nothing[0, 1])
    assert not names.any()


def test_a_recognised_noun_can_be_said_and_none_leaves_a_state_alone():
    torch.manual_seed(0)
    copying = CopyHead(8)
    x, keys, nouns = torch.randn(2, 3, 8), torch.randn(2, 2, 8), torch.randn(2, 2, 8)
    copying.none.data.fill_(100.0)
    torch.testing.assert_close(copying(x, keys, nouns), x)
    copying.none.data.fill_(-100.0)
    copying.query.weight.data.zero_()
    copying.query.bias.data.zero_()
    torch.testing.assert_close(
        copying(x, keys, nouns), x + copying.scale * nouns.mean(1, keepdim=True)
    )


def test_a_strange_picture_is_stranger_than_a_usual_one():
    familiar = MahalanobisScore(3, directions=2)
    familiar.directions.copy_(torch.tensor([[1.0, 0.0], [0.0, 0.5], [0.0, 0.0]]))
    usual = familiar(torch.tensor([[[1.0, 2.0, 1.0]]]))
    torch.testing.assert_close(usual, torch.tensor([1.0]))
    assert familiar(torch.tensor([[[1.0, 2.0, 3.0]]])) > usual
    assert familiar(torch.tensor([[[3.0, 2.0, 1.0]]])) > usual


def test_what_is_recognised_changes_what_is_said():
    decoder = a_decoder(channels=12)
    features, words = torch.randn(1, 9, 12), torch.full((1, 1, 3), 5)
    lengths = torch.tensor([[3]])
    with torch.no_grad():
        one, other = (
            decoder(features, words, lengths, strengths=torch.tensor([own])).logits
            for own in ([0.9, 0.0, 0.0], [0.0, 0.9, 0.0])
        )
    assert not torch.allclose(one, other)


def test_where_there_is_no_picture_its_features_are_nothing():
    decoder = a_decoder(channels=12)
    words, lengths = torch.full((2, 1, 3), 5), torch.tensor([[3], [3]])
    strengths, seen = torch.full((2, 3), 0.5), torch.tensor([True, False])
    with torch.no_grad():
        one, other = (
            decoder(torch.randn(2, 9, 12), words, lengths, strengths, seen).logits for _ in range(2)
        )
    assert not torch.allclose(one[:3], other[:3])
    torch.testing.assert_close(one[3:], other[3:])


def test_a_step_looks_at_regions_alone_and_its_weights_sum_to_one():
    decoder = a_decoder(channels=12)
    with torch.no_grad():
        *prepared, facts = decoder.prepare(torch.randn(2, 9, 12))
        *_, looks = decoder.step(torch.tensor([1, 1]), *prepared)
    assert prepared[0].shape[2] == 9 + 2
    assert facts.shape == (2, 3 + 1)
    assert looks.shape == (2, 9)
    torch.testing.assert_close(looks.sum(1), torch.ones(2))


def test_more_things_than_nouns_are_refused():
    with pytest.raises(ModelError, match="things 4 is not from 0 to the 3 nouns"):
        a_decoder(things=4)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    torch.manual_seed(2)
    decoder = a_decoder()
    decoder.recogniser.classifier.weight.data *= 30  # so that pictures differ
    path = tmp_path_factory.mktemp("things") / "reads.safetensors"
    write_reader(path, decoder, WORDS, THINGS)
    return path


def pictures():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (64, 64, 3), dtype=np.uint8) for _ in range(2)]


def test_the_run_times_agree(checkpoint, monkeypatch, tmp_path):
    from vidcap.captioning.networks.model import load_model
    from vidcap.captioning.runtimes.torch import TorchRuntime

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    captioner = load_captioner(str(checkpoint))
    assert isinstance(captioner, CheckpointCaptioner)
    model, _ = load_model(checkpoint)
    graphs = read_graphs(with_graphs(checkpoint))
    runtimes = (
        OpenVinoRuntime(graphs, picture_size=64, group=2, beams=2),
        TorchRuntime(model, device="cpu", group=2),
    )
    both = zip(*(runtime.encode(pictures()) for runtime in runtimes), strict=True)
    for parts in both:
        for own, other in zip(
            *((*part.memory, *part.state, part.facts) for part in parts), strict=True
        ):
            np.testing.assert_allclose(own, other, atol=2e-3)
    facts = captioner.facts([captioner.look(pictures())[0].image])
    assert facts is not None
    assert facts.strengths.shape == (3,)
    assert 0 < facts.strengths.sum() <= 1.5


def test_pictures_are_compared_by_their_regions_alone(checkpoint, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    captioner = load_captioner(str(checkpoint))
    assert isinstance(captioner, CheckpointCaptioner)
    (look,) = captioner.look(pictures()[:1])
    mean = look.image.memory[0][:, :-2].mean(1).ravel()
    vector = captioner.embed(pictures()[:1])[0]
    np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=1e-5)


def test_the_header_keeps_the_things(checkpoint):
    assert read_manifest(checkpoint).things == THINGS


@pytest.mark.parametrize("precision", ["exact", "float16"])
def test_numbers_of_words_are_exported_whole(checkpoint, tmp_path, precision):
    from vidcap.captioning.checkpoint import read_weights
    from vidcap.captioning.export import export_checkpoint

    weights = read_weights(checkpoint)
    weights["decoder.recogniser.words"][2, 2] = 2049  # float16 has no such number
    source, target = tmp_path / "source.safetensors", tmp_path / "target.safetensors"
    vocabulary = (*WORDS, *(f"word{number}" for number in range(2046 - len(WORDS))))
    weights["decoder.embedding.weight"] = torch.zeros(2050, 16)
    weights["decoder.output_bias"] = torch.zeros(2050)
    manifest = dataclasses.replace(read_manifest(checkpoint), vocabulary=vocabulary)
    write_checkpoint(source, manifest, weights)
    export_checkpoint(source, target, precision=precision)
    words = read_weights(target)["decoder.recogniser.words"]
    assert words.tolist() == weights["decoder.recogniser.words"].tolist()


def a_calibration(*features, prospect=()):
    ones, zeros = (1.0,) * len(features), (0.0,) * len(features)
    return Calibration(
        features, zeros, ones, ones, 0.0, (0.0,) * (len(WORDS) + 4), {}, prospect=prospect
    )


def test_a_calibration_on_facts_needs_things(checkpoint, tmp_path):
    manifest = read_manifest(checkpoint)
    sound = dataclasses.replace(manifest, calibration=a_calibration("recognised"))
    write_checkpoint(tmp_path / "sound.safetensors", sound, {"a": torch.zeros(1)})
    assert read_manifest(tmp_path / "sound.safetensors").calibration is not None
    bare = dataclasses.replace(sound, things=())
    write_checkpoint(tmp_path / "bare.safetensors", bare, {"a": torch.zeros(1)})
    with pytest.raises(ModelError, match="there are no things for it to stand on"):
        read_manifest(tmp_path / "bare.safetensors")


def test_a_promise_is_as_long_as_directions(checkpoint, tmp_path):
    """Else a damaged header would be found out by the first picture."""
    manifest, path = read_manifest(checkpoint), tmp_path / "promises.safetensors"
    for parts in (16, 15):
        fitted = a_calibration("prospect", prospect=(0.5,) * parts)
        written = dataclasses.replace(manifest, scene_calibration=fitted)
        write_checkpoint(path, written, {"a": torch.zeros(1)})
        if parts == 16:
            assert read_manifest(path).scene_calibration == fitted
            continue
        with pytest.raises(ModelError, match="prospect has 15 parts, but directions have 16"):
            read_manifest(path)
    with pytest.raises(ValueError, match="nothing says what a picture's direction promises"):
        a_calibration("prospect")


def test_a_captioner_is_as_sure_as_the_direction_of_a_picture_promises(
    checkpoint, monkeypatch, tmp_path
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    prospect = np.linspace(-1, 1, 16)
    target = tmp_path / "sure.safetensors"
    target.symlink_to(checkpoint)
    fitted = a_calibration("prospect", prospect=tuple(prospect))
    sure = dataclasses.replace(read_manifest(checkpoint), calibration=fitted)
    write_calibration(calibration_path(target), sure)
    captioner = load_captioner(str(target))
    assert isinstance(captioner, CheckpointCaptioner)
    looks = captioner.look(pictures())
    promised = captioner.embed(pictures()) @ prospect
    found = [look.caption.confidence for look in looks]
    assert found == pytest.approx(1 / (1 + np.exp(-promised)), abs=1e-5)
    assert abs(found[0] - 0.5) > 0.01
    together = captioner.caption_scene(looks).confidence  # no scene calibration: the same is used
    assert together == pytest.approx(1 / (1 + np.exp(-promised.mean())), abs=1e-5)


def test_facts_tell_what_a_sentence_names_and_what_it_does_not():
    vocabulary = Vocabulary(WORDS)
    finder = NounMatcher(THINGS, vocabulary)
    facts = Facts(np.array([0.2, 0.7, 0.4]), 1.0, np.array([0.6, 0.8]), finder)
    nobody_knows = np.zeros(0)
    told = facts.describe(vocabulary.encode("a hot dog on the grass".split()), nobody_knows)
    assert told == {"strangeness": 0.0, "recognised": 0.4, "overlooked": 0.7}
    nothing = facts.describe(vocabulary.encode(["grass"]), np.array([1.0, -0.5]))
    assert nothing["recognised"] == 0.0
    assert nothing["prospect"] == pytest.approx(0.2)


def test_the_longest_noun_is_found_and_unknown_words_name_none():
    vocabulary = Vocabulary(WORDS)
    finder = NounMatcher((*THINGS, ("zebra",)), vocabulary)
    words = vocabulary.encode("two dogs sees a hot dog".split())
    assert finder.find(words) == [(0, 1, 2), (2, 4, 6)]
    assert finder.named([UNKNOWN]) == set()
