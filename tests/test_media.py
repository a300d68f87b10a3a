"""What the makers of videos must not do to the process that runs the tests."""

import os

import pytest

from tests.media import write_video


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="only Linux has it")
def test_an_encoder_does_not_leave_the_process_a_realtime_one(tmp_path):
    write_video(tmp_path / "av1.mp4", codec="libsvtav1", frames=2)
    assert os.sched_getscheduler(0) == os.SCHED_OTHER
