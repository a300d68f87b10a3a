import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from pipelines.training.data import CaptionedPicture
from pipelines.training.page import Captioned, Table, choose, page
from vidcap.errors import MediaError

NASTY = "<script>alert(\"x\")</script> & 'y'"


class Seen(HTMLParser):
    """What a browser would find; every element must be closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.open = [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def pictures(tmp_path):
    found = []
    for number in range(5):
        path = tmp_path / f"{number}.png"
        Image.new("RGB", (900, 40 * (number + 1)), (40 * number, 0, 0)).save(path)
        found.append(CaptionedPicture(path, (f"Said of {number}", NASTY), "val"))
    return found


def make(pictures, *, cases=2):
    scores = np.array([0.5, 2.0, 0.1, 0.5, 1.0])
    captioned = [Captioned(NASTY, [f"caption {n}" for n in range(4)] + [NASTY], scores)]
    tables = [Table("Scores", ["", "one"], [["cider_d", "0.8"]])]
    return page(f"Title {NASTY}", tables, captioned, pictures, cases=cases)


def test_groups_are_by_score_and_then_by_place():
    scores = np.array([0.5, 2.0, 0.1, 0.5, 1.0])
    assert choose(scores, 2) == {"best": [1, 4], "median": [4, 0], "worst": [2, 3]}
    assert choose(scores, 9)["median"] == [1, 4, 0, 3, 2]


def test_everything_that_was_said_is_escaped(pictures):
    text = make(pictures)
    assert "<script" not in text
    assert "&lt;script&gt;alert(&quot;x&quot;)" in text
    assert "script" not in Seen(text).tags


def test_the_page_is_complete_and_can_be_read_aloud(pictures):
    seen = Seen(make(pictures))
    assert ("html", {"lang": "en"}) in seen.attributes
    assert [tag for tag in seen.tags if re.fullmatch("h[1-6]", tag)] == "h1 h2 h2 h3 h3 h3".split()
    images = [attributes for tag, attributes in seen.attributes if tag == "img"]
    assert len(images) == 6
    assert [image["alt"] for image in images[:2]] == ["Said of 1", "Said of 4"]
    assert ("th", {"scope": "row"}) in seen.attributes
    for _, attributes in seen.attributes:
        assert not {"href", "onload", "onerror"} & set(attributes)
        assert attributes.get("src", "data:image/jpeg;base64,").startswith(
            "data:image/jpeg;base64,"
        )
    data = base64.b64decode(images[0]["src"].partition(",")[2])
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.format == "JPEG"
        assert max(picture.size) == 320
        assert picture.size == (int(images[0]["width"]), int(images[0]["height"]))


def test_the_same_captions_give_the_same_bytes(pictures):
    assert make(pictures) == make(pictures)


def test_a_picture_that_cannot_be_read_is_named(pictures):
    pictures[1].path.write_bytes(b"no picture")
    with pytest.raises(MediaError, match=r"1\.png"):
        make(pictures)
