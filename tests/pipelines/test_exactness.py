"""The comparison with a plain decode must pass where all is well and see what is not."""

from pathlib import Path

import pytest

PIPELINES = Path(__file__).parents[2] / "pipelines"
SAMPLE = PIPELINES.parent / "examples" / "sample.mp4"


@pytest.fixture
def exactness(monkeypatch):
    monkeypatch.syspath_prepend(str(PIPELINES))
    import exactness

    return exactness


def test_the_sample_is_read_exactly(exactness):
    result = exactness.compare(SAMPLE)
    assert result["frames"] == 625
    assert result["ticks_that_differ"] == result["pictures_that_differ"] == 0


def test_differences_are_counted(exactness, monkeypatch):
    real = exactness.plain

    def spoiled(path):
        for number, (ticks, picture) in enumerate(real(path)):
            if number == 3:
                yield ticks + 1, picture
            elif number == 5:
                yield ticks, picture[::-1]
            elif number != 624:
                yield ticks, picture

    monkeypatch.setattr(exactness, "plain", spoiled)
    result = exactness.compare(SAMPLE)
    assert (result["ticks_that_differ"], result["pictures_that_differ"]) == (2, 1)
