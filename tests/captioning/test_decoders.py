"""The conformance suite of decoders: every architecture passes all of it."""

import pytest
import torch

from pipelines.training.batches import make_batch
from vidcap.captioning.decoding.beam_search import BeamSettings, beam_search
from vidcap.captioning.decoding.vocabulary import END, START, UNKNOWN
from vidcap.captioning.networks.model import build_decoder, decoder_names
from vidcap.captioning.networks.teacher_forcing import drop_words, inside
from vidcap.captioning.runtimes.torch import torch_step
from vidcap.errors import ModelError

SMALL = {
    "soft": ("show-attend-tell", {"width": 16, "attention_width": 8}),
    "hard": ("show-attend-tell", {"width": 16, "attention_width": 8, "attention": "hard"}),
    "transformer": ("transformer", {"width": 16, "heads": 4, "decoder_layers": 2}),
}
WORDS = 20


def test_every_decoder_is_tested_here():
    assert {name for name, _ in SMALL.values()} == set(decoder_names())


@pytest.fixture(params=sorted(SMALL))
def decoder(request):
    torch.manual_seed(1)
    name, config = SMALL[request.param]
    return build_decoder(name, {"channels": 12, **config}, WORDS).eval()


def begin(decoder, features, rows):
    """The memory of each row's own picture, one row a picture, and the first state."""
    prepared = [part[rows] for part in decoder.prepare(features)]
    kept = decoder.memory_count
    return prepared[:kept], prepared[kept : kept + decoder.state_count]


def test_training_and_decoding_predict_the_same(decoder):
    """Teacher forcing over whole captions equals one step after the other."""
    features = torch.randn(2, 9, 12)
    captions = [[[START, 5, 6, END], [START, 7, END]], [[START, 8, 9, 10, 11, END]]]
    batch = make_batch(features, captions)
    with torch.no_grad():
        taught = decoder(batch.features, batch.words, batch.lengths)
        logs = iter(taught.logits.log_softmax(-1))
        received = taught.received
        for picture, own in enumerate(captions):
            for column, caption in enumerate(own):
                memory, state = begin(decoder, features, torch.tensor([picture]))
                expected = torch.zeros_like(received[picture, column])
                for word in caption[:-1]:
                    out, *state, weights = decoder.step(torch.tensor([word]), *memory, *state)
                    torch.testing.assert_close(out[0], next(logs))
                    expected += weights[0]
                torch.testing.assert_close(received[picture, column], expected)
    assert next(logs, None) is None
    assert (received[1, 1] == 0).all()


def test_a_step_gives_two_distributions_a_row(decoder):
    with torch.no_grad():
        memory, state = begin(decoder, torch.randn(2, 9, 12), torch.arange(2))
        logs, *state, weights = decoder.step(torch.tensor([4, 5]), *memory, *state)
    assert logs.shape == (2, WORDS)
    torch.testing.assert_close(logs.exp().sum(-1), torch.ones(2))
    assert weights.shape == (2, 9)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2))


def test_the_words_so_far_matter(decoder):
    with torch.no_grad():
        memory, state = begin(decoder, torch.randn(1, 9, 12), torch.tensor([0]))
        found = []
        for first in (4, 5):
            _, *later, _ = decoder.step(torch.tensor([first]), *memory, *state)
            found.append(decoder.step(torch.tensor([6]), *memory, *later)[0])
    assert not torch.allclose(*found)


def test_the_picture_matters(decoder):
    words = torch.tensor([4, 4])
    with torch.no_grad():
        memory, state = begin(decoder, torch.randn(2, 9, 12), torch.arange(2))
        logs, *_ = decoder.step(words, *memory, *state)
    assert not torch.allclose(logs[0], logs[1])


def test_rows_of_a_picture_see_their_own_picture(decoder):
    features = torch.randn(3, 9, 12)
    words = torch.tensor([4, 5, 6, 7, 8, 9])
    with torch.no_grad():
        prepared = decoder.prepare(features)
        kept = decoder.memory_count
        state = [
            part.repeat_interleave(2, 0) for part in prepared[kept : kept + decoder.state_count]
        ]
        together = decoder.step(words, *prepared[:kept], *state)
        for picture in range(3):
            own = slice(2 * picture, 2 * picture + 2)
            alone = decoder.step(
                words[own],
                *(part[picture : picture + 1] for part in prepared[:kept]),
                *(part[own] for part in state),
            )
            for whole, part in zip(together, alone, strict=True):
                torch.testing.assert_close(whole[own], part)


def test_a_sentence_may_have_as_many_words_as_the_search_allows(decoder):
    """The state holds out to the last step, whatever order beams go on in."""
    settings = BeamSettings(size=3, min_words=20, max_words=20, no_repeat=0)
    with torch.no_grad():
        step = torch_step(decoder, decoder.prepare(torch.randn(2, 9, 12)))
        found = beam_search(step, pictures=2, settings=settings)
    assert all(len(hypotheses[0].words) == 20 for hypotheses in found)
    assert found[0][0].attention.shape == (20, 9)


def test_dropout_works_in_training_only(decoder):
    features = torch.randn(1, 9, 12)
    batch = make_batch(features, [[[START, 5, 6, 7, END]]])

    def twice():
        return [decoder(batch.features, batch.words, batch.lengths).logits for _ in range(2)]

    assert torch.equal(*twice())
    decoder.train()
    assert not torch.equal(*twice())


def test_hard_attention_looks_at_one_region_and_draws_it_in_training():
    torch.manual_seed(3)
    name, config = SMALL["hard"]
    decoder = build_decoder(name, {"channels": 12, **config}, WORDS).eval()
    regions, keys, hidden, _ = decoder.prepare(torch.randn(1, 9, 12))
    _, weights, looked = decoder.attend(regions, keys, hidden[:, None])
    assert looked.argmax() == weights.argmax()
    assert looked.max() == 1
    assert looked.sum() == 1
    decoder.train()
    many = hidden[:, None].expand(1, 500, -1)
    drawn = [decoder.attend(regions, keys, many)[2] for _ in range(8)]
    expected = [one for one in drawn if one.max() < 1]
    assert expected
    for one in expected:
        torch.testing.assert_close(one, weights.expand_as(one))
    shares = torch.cat([one for one in drawn if one.max() == 1], 1).mean(1)
    torch.testing.assert_close(shares, weights[0], atol=0.05, rtol=0)


def test_an_attention_that_is_neither_soft_nor_hard_is_refused():
    with pytest.raises(ModelError, match="'firm' is neither"):
        build_decoder("show-attend-tell", {"channels": 12, "attention": "firm"}, WORDS)


def test_a_width_that_the_heads_do_not_divide_is_refused():
    with pytest.raises(ModelError, match="no multiple"):
        build_decoder("transformer", {"channels": 12, "width": 18}, WORDS)


def test_dropped_words_are_drawn_and_never_the_start():
    words = torch.full((200, 12), 7)
    words[:, 0] = START
    torch.manual_seed(0)
    dropped = drop_words(words, 0.25)
    assert (dropped[:, 0] == START).all()
    assert set(dropped[:, 1:].unique().tolist()) == {UNKNOWN, 7}
    assert 0.2 < (dropped[:, 1:] == UNKNOWN).float().mean() < 0.3
    assert (words[:, 1:] == 7).all()


def test_places_inside_a_length():
    there = inside(torch.tensor([[2, 0], [3, 1]]), 3)
    assert there.tolist() == [
        [[True, True, False], [False, False, False]],
        [[True, True, True], [True, False, False]],
    ]


@pytest.mark.parametrize("name", ["show-attend-tell", "transformer"])
@pytest.mark.parametrize("setting", [{"width": 0}, {"channels": 0}, {"width": 16, "heads": 0}])
def test_a_decoder_of_no_size_is_refused(name, setting):
    with pytest.raises(ModelError, match="does not take these settings"):
        build_decoder(name, {"channels": 12, **setting}, WORDS)
