import numpy as np
import pytest
import torch

from tests.captioning.tiny_readers import write_reader
from vidcap.captioning.decoding.rescoring import score_parallel, score_sequential
from vidcap.captioning.decoding.vocabulary import START
from vidcap.captioning.networks.model import build_decoder, load_model
from vidcap.captioning.networks.word_prior import VisualWordPrior
from vidcap.captioning.registry import load_captioner
from vidcap.captioning.runtimes.graphs import read_graphs, with_graphs
from vidcap.captioning.runtimes.openvino import OpenVinoRuntime
from vidcap.captioning.runtimes.torch import TorchRuntime, torch_step
from vidcap.errors import ModelError

WORDS = "a dog cat runs".split()
SIZES = {"width": 16, "heads": 4, "decoder_layers": 2, "things": 2, "nouns": 3, "classes": 5}
DOG = 5


def a_decoder(channels=12, **changes):
    torch.manual_seed(1)
    sizes = {**SIZES, "channels": channels, "presence": 2, **changes}
    return build_decoder("transformer", sizes, len(WORDS) + 4).eval()


def a_presence():
    presence = VisualWordPrior(channels=1, groups=1, nouns=2, words=4)
    presence.odds.weight.data.copy_(torch.tensor([[1.0, 0.0]]))
    presence.odds.bias.data.zero_()
    presence.column.copy_(torch.tensor([0, 1, 2, 3]))
    presence.usual.copy_(torch.tensor([2.0, -1.0, -1.0]))
    presence.weight.copy_(torch.tensor([2.0, 1.0, 1.0]))
    presence.least.copy_(torch.tensor([-5.0, -3.0, -3.0]))
    return presence


def test_what_is_less_than_usual_is_held_back_and_no_further_than_the_least():
    strengths = torch.tensor([[1.0, 0.0]])
    for odds, expected in ((3.0, 0.0), (2.0, 0.0), (1.0, -2.0), (-9.0, -5.0)):
        change = a_presence()(torch.full((1, 9, 1), odds), strengths)
        torch.testing.assert_close(change, torch.tensor([[expected, 0.0, -3.0, 0.0]]))


def test_a_region_alone_can_make_a_word_likely():
    presence = a_presence()
    presence.odds.weight.data.copy_(torch.tensor([[0.0, 1.0]]))
    features = torch.zeros(1, 9, 1)
    features[0, 4] = 2.0
    assert presence(features, torch.zeros(1, 2))[0, 0] == 0


def test_a_step_is_the_one_without_presence_less_what_is_held_back():
    with_it, without = a_decoder(), a_decoder(presence=0)
    without.load_state_dict(
        {name: part for name, part in with_it.state_dict().items() if "presence" not in name}
    )
    with_it.presence.column[DOG] = 0
    with_it.presence.weight[0] = 1.0
    with_it.presence.usual[0] = 9.0
    with_it.presence.least[0] = -3.0
    features, words = torch.randn(2, 9, 12), torch.tensor([START, START])
    logs = []
    with torch.no_grad():
        for decoder in (with_it, without):
            prepared = decoder.prepare(features)[: decoder.memory_count + decoder.state_count]
            logs.append(decoder.step(words, *prepared)[0])
    logs[1][:, DOG] -= 3.0
    left = logs[1].logsumexp(-1, keepdim=True)
    assert (left < 0).all()
    # A quarter of what the dog loses, as a logarithm, is shared among the others.
    torch.testing.assert_close(logs[0], logs[1] - left / 4)


def test_sentences_read_at_once_are_held_back_as_word_by_word():
    decoder = a_decoder()
    decoder.presence.column[DOG] = 0
    decoder.presence.weight[0] = 1.0
    decoder.presence.usual[0] = 9.0
    decoder.presence.least[0] = -3.0
    sentences = [(4, DOG, 7), (DOG,)]
    with torch.no_grad():
        prepared = decoder.prepare(torch.randn(2, 9, 12))

        def score(*tree):
            given = map(torch.from_numpy, tree)
            with torch.no_grad():
                outputs = decoder.score(*given, *prepared[: decoder.memory_count])
            return [output.numpy() for output in outputs]

        stepwise = score_sequential(torch_step(decoder, prepared), sentences, group=2)
        np.testing.assert_allclose(score_parallel(score, sentences).logs, stepwise.logs, atol=1e-5)


def test_each_picture_is_held_back_for_itself():
    decoder = a_decoder()
    decoder.presence.column[DOG] = 0
    decoder.presence.weight[0] = 1.0
    decoder.presence.least[0] = -9.0
    features = torch.randn(2, 9, 12)
    rows = torch.arange(2).repeat_interleave(3)
    with torch.no_grad():
        together = torch_step(decoder, decoder.prepare(features))
        alone = [torch_step(decoder, decoder.prepare(features[[place]])) for place in range(2)]
    both, _ = together(np.full(6, START), rows.numpy())
    for place, step in enumerate(alone):
        own, _ = step(np.full(3, START), np.zeros(3, dtype=np.int64))
        np.testing.assert_allclose(both[3 * place : 3 * place + 3], own, atol=1e-5)


def test_presence_needs_things():
    with pytest.raises(ModelError, match="presence 2 needs things"):
        a_decoder(things=0)


def test_the_run_times_agree(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    decoder = a_decoder(channels=1280)
    decoder.presence.column[4:7] = torch.tensor([0, 1, 2])
    decoder.presence.weight.fill_(1.0)
    decoder.presence.usual.fill_(0.5)
    decoder.presence.least.fill_(-4.0)
    path = tmp_path / "present.safetensors"
    write_reader(path, decoder, WORDS, (("dog", "dogs"), ("cat", "cats"), ("hot dog",)))
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (64, 64, 3), dtype=np.uint8) for _ in range(2)]
    runtimes = (
        OpenVinoRuntime(read_graphs(with_graphs(path)), picture_size=64, group=2, beams=2),
        TorchRuntime(load_model(path)[0], device="cpu", group=2),
    )
    logs = []
    for runtime in runtimes:
        prepared = list(runtime.encode(pictures))
        change = prepared[0].memory[-1]
        assert change.shape == (len(WORDS) + 4,)
        assert change.min() < 0
        step = runtime.steps(prepared, beams=2)
        logs.append(step(np.full(4, START), np.repeat(np.arange(2), 2))[0])
    np.testing.assert_allclose(*logs, atol=2e-3)
    assert load_captioner(str(path)).caption(pictures)[0].text
