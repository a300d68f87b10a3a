import json

import pytest

from pipelines.training.clips import Clip, read_clips
from vidcap.errors import DataError


def test_a_list_of_clips_is_read(tmp_path):
    entries = [{"file": "a.mp4", "sentences": ["A dog."]}, {"file": "b/c.mp4"}]
    (tmp_path / "index.json").write_text(json.dumps(entries))
    assert read_clips(tmp_path) == [
        Clip(tmp_path / "a.mp4", ("A dog.",)),
        Clip(tmp_path / "b/c.mp4", ()),
    ]


def test_a_list_that_is_none_is_refused(tmp_path):
    with pytest.raises(DataError, match="is no list of videos"):
        read_clips(tmp_path)
