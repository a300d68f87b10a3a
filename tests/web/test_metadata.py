"""What a stranger writes into a container's metadata is nowhere markup."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.web.visiting import result

pytestmark = [pytest.mark.slow, pytest.mark.needs_tool("ffmpeg")]

_MARK = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture
def marked(film: Path, tmp_path: Path) -> Path:
    """A film whose title, stream and chapters are markup."""
    facts = tmp_path / "facts.txt"
    said = _MARK.replace("=", "\\=")
    chapter = f"[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=3\ntitle={said}\n"
    facts.write_text(f";FFMETADATA1\ntitle={said}\ncomment={said}\n{chapter}")
    made = tmp_path / "marked.mkv"
    command = ["ffmpeg", "-v", "error", "-i", str(film), "-i", str(facts), "-map_metadata", "1"]
    command += ["-metadata:s:v:0", f"title={_MARK}", "-metadata:s:v:0", f"language={_MARK}"]
    subprocess.run([*command, "-c", "copy", str(made)], check=True)
    assert made.read_bytes().count(_MARK.encode()) >= 4
    return made


def test_markup_in_metadata_is_inert(tab: Any, marked: Path) -> None:
    tab.on("dialog", lambda dialog: pytest.fail("a script ran"))
    shown = result(tab, marked)
    tab.locator(".vc-scenes button").nth(1).click()
    tab.locator(".vc-words button").first.wait_for()
    for name in ("SubRip", "WebVTT", "JSON", "Transcript"):
        with tab.expect_download() as download:
            shown.get_by_role("link", name=name).click()
        text = Path(download.value.path()).read_text()
        assert "black dog" in text.lower()
        assert "alert(" not in text
    for part in ("Describe", "Edit"):
        tab.get_by_role("tab", name=part).click()
        tab.wait_for_timeout(500)
    assert "alert(" not in tab.content()
