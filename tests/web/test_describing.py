from __future__ import annotations

import pickle
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.processes import children
from tests.web.conftest import TracingCaptioner
from vidcap.errors import MediaError
from vidcap.jobs import subtitle
from vidcap.subtitles import Document
from vidcap.video.process import worker_environment
from vidcap.web.describing import describing_player, render
from vidcap.web.editing import edited
from vidcap.web.limits import Limits


@pytest.fixture
def seen(film: Path) -> Document:
    with subtitle(film, captioner=TracingCaptioner()) as subtitles:
        return subtitles.document()


def test_a_description_is_said_as_describers_do_but_for_what_somebody_wrote(
    seen: Document,
) -> None:
    guessing = replace(seen, scenes=(replace(seen.scenes[0], text="a happy man"), *seen.scenes[1:]))
    changed = edited(guessing, 1, start=2, end=4, text="his cat, i think")
    shown = describing_player("base", "source.mp4", "film", changed)
    assert ">A person.<" in shown
    assert ">his cat, i think<" in shown
    assert "happy" not in shown


def test_times_alone_change_no_words(seen: Document) -> None:
    changed = edited(seen, 0, start=0, end=1.5, text="A black dog.")
    assert changed.scenes[0] == replace(seen.scenes[0], end=changed.scenes[0].end)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(work_seconds=0), "longer than the 0 s"),
        (Limits(memory_bytes=1 << 26, work_seconds=20), "memory"),
    ],
)
def test_a_description_that_reaches_a_limit_leaves_nothing(
    film: Path, seen: Document, limits: Limits, said: str
) -> None:
    with pytest.raises(MediaError, match=said):
        list(render(film, seen, limits))
    assert [path.name for path in film.parent.iterdir()] == ["film.mp4"]
    assert not children(b"spawn_main")


@pytest.mark.slow
def test_a_description_that_nobody_waits_for_ends(film: Path, seen: Document) -> None:
    work = render(film, seen, Limits())
    next(work)
    assert children(b"spawn_main")
    work.close()
    assert not children(b"spawn_main")
    assert [path.name for path in film.parent.iterdir()] == ["film.mp4"]


_SERVER = """
import pickle, sys, time
from pathlib import Path
from vidcap.web.describing import render
from vidcap.web.limits import Limits

if __name__ == "__main__":
    import multiprocessing
    seen = pickle.loads(sys.stdin.buffer.read())
    work = render(Path(sys.argv[1]), seen, Limits())
    next(work)
    print(multiprocessing.active_children()[0].pid, flush=True)
    time.sleep(60)
"""


@pytest.mark.slow
def test_a_description_ends_with_the_server_that_asked_for_it(
    film: Path, seen: Document, tmp_path: Path
) -> None:
    script = tmp_path / "server.py"
    script.write_text(_SERVER)
    server = subprocess.Popen(
        [sys.executable, str(script), str(film)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=worker_environment(),
    )
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(pickle.dumps(seen))
    server.stdin.close()
    worker = Path("/proc", server.stdout.readline().decode().strip())
    assert worker.exists()
    server.kill()
    server.wait()
    for _ in range(100):
        if not worker.exists() or "State:\tZ" in (worker / "status").read_text():
            return
        time.sleep(0.1)
    pytest.fail("it went on without its server")
