"""What all tests share: tools that may be missing, how hypothesis searches, the command."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from tests import media
from tests.fakes import ShadeCaptioner
from tests.running import Result, Vidcap, copy

# Examples are drawn the same way in every run, and a slow machine is not an error.
settings.register_profile("vidcap", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("vidcap")


LABORATORY = Path(__file__).parent / "pipelines"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of ``tests/pipelines`` as ``lab``."""
    for item in items:
        if LABORATORY in item.path.parents:
            item.add_marker(pytest.mark.lab)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked ``needs_tool(name)`` where that program is missing.

    With ``VIDCAP_REQUIRE_TOOLS=1`` the test fails instead: continuous integration installs every
    tool, so a skip there means that a check has silently gone.
    """
    for marker in item.iter_markers("needs_tool"):
        for name in marker.args:
            if shutil.which(name) is None:
                reason = f"needs the program {name!r} on the PATH"
                if os.environ.get("VIDCAP_REQUIRE_TOOLS") == "1":
                    pytest.fail(reason, pytrace=False)
                pytest.skip(reason)


@pytest.fixture
def vidcap_(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Vidcap:
    """Runs the command inside the test's process, with a captioner that is quick."""

    def run(*words: str | Path, captioner: ShadeCaptioner | None = None) -> Result:
        loaded = captioner or ShadeCaptioner()
        monkeypatch.setattr(
            "vidcap.captioning.registry.load_captioner", lambda *args, **options: loaded
        )
        from vidcap.cli import main

        code = main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Result(code, out, err)

    return run


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pictures = [
        np.full((64, 96, 3), level, np.uint8) for level in (10, 120, 240) for _ in range(20)
    ]
    path = tmp_path_factory.mktemp("films") / "film.mp4"
    return media.write_video(path, pictures=pictures, rate=10)


@pytest.fixture
def film(original: Path, tmp_path: Path) -> Path:
    return copy(original, tmp_path / "film.mp4")
