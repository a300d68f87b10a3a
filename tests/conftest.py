"""What all tests share: tools that may be missing, and how hypothesis searches."""

from __future__ import annotations

import os
import shutil

import pytest
from hypothesis import settings

# Examples are drawn the same way in every run, and a slow machine is not an error.
settings.register_profile("vidcap", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("vidcap")


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
