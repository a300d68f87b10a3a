import pytest
import torch

from vidcap.captioning.show_attend_tell import ShowAttendTell, ShowAttendTellConfig
from vidcap.captioning.vocabulary import END, START
from vidcap.training.batches import make_batch

CONFIG = ShowAttendTellConfig(channels=12, width=16, attention_width=8)


@pytest.fixture
def decoder():
    torch.manual_seed(1)
    return ShowAttendTell(CONFIG, 20).eval()


def test_training_and_decoding_predict_the_same(decoder):
    """Teacher forcing over sorted captions equals one step after the other."""
    features = torch.randn(2, 9, 12)
    captions = [[[START, 5, 6, END], [START, 7, END]], [[START, 8, 9, 10, 11, END]]]
    batch = make_batch(features, captions)
    with torch.no_grad():
        logits, received = decoder(batch.features, batch.rows, batch.words, batch.lengths)
        logs = logits.log_softmax(-1)
        place = 0
        expected = torch.zeros_like(received)
        prepared = [part[batch.rows] for part in decoder.prepare(features)]
        hidden, cell = prepared[2:]
        for step in range(batch.lengths[0]):
            active = sum(length > step for length in batch.lengths)
            out, hidden, cell, weights = decoder.step(
                batch.words[:active, step],
                prepared[0][:active],
                prepared[1][:active],
                hidden[:active],
                cell[:active],
            )
            torch.testing.assert_close(out, logs[place : place + active])
            expected[:active] += weights
            place += active
    assert place == len(logits)
    torch.testing.assert_close(received, expected)


def test_attention_is_a_distribution_and_follows_the_state(decoder):
    with torch.no_grad():
        regions, keys, hidden, _ = decoder.prepare(torch.randn(2, 9, 12))
        rows = torch.stack([hidden, hidden + 1.0], dim=1)
        context, weights = decoder.attend(regions, keys, rows)
    assert context.shape == (2, 2, 16)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 2))
    assert not torch.equal(weights[:, 0], weights[:, 1])


def test_rows_of_a_picture_see_their_own_picture(decoder):
    features = torch.randn(3, 9, 12)
    with torch.no_grad():
        prepared = decoder.prepare(features)
        words = torch.tensor([4, 5, 6, 7, 8, 9])
        state = [part.repeat_interleave(2, 0) for part in prepared[2:]]
        together = decoder.step(words, *prepared[:2], *state)[0]
        for picture in range(3):
            own = slice(2 * picture, 2 * picture + 2)
            alone = decoder.step(
                words[own],
                *(part[picture : picture + 1] for part in prepared[:2]),
                *(part[own] for part in state),
            )[0]
            torch.testing.assert_close(together[own], alone)


def test_dropout_works_in_training_only(decoder):
    features = torch.randn(1, 9, 12)
    batch = make_batch(features, [[[START, 5, 6, 7, END]]])
    first, second = (
        decoder(batch.features, batch.rows, batch.words, batch.lengths)[0] for _ in range(2)
    )
    assert torch.equal(first, second)
    decoder.train()
    first, second = (
        decoder(batch.features, batch.rows, batch.words, batch.lengths)[0] for _ in range(2)
    )
    assert not torch.equal(first, second)
