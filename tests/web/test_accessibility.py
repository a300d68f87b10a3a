"""axe-core on every state of the page, in its light and its dark colours: nothing is wrong."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.web.visiting import result, upload

pytestmark = pytest.mark.slow

AxeCheck = Callable[..., None]
Settled = Callable[[str], None]

_WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# What axe leaves to people: rule and beginning of the selector. The names of the tabs have a test
# of their own; whether a video has captions no program can tell.
_FOR_PEOPLE = (
    ("color-contrast", 'button[data-tab-id="'),
    ("color-contrast", ".selected"),
    ("video-caption", "video"),
    ("video-caption", ".vc-describe > video"),
)


@pytest.fixture
def settled(tab: Any) -> Settled:
    """Changes the colour scheme, and waits until nothing fades any more."""

    def change(scheme: str) -> None:
        tab.emulate_media(color_scheme=scheme)
        dark = "dark => document.body.classList.contains('dark') === dark"
        tab.wait_for_function(dark, arg=scheme == "dark")
        tab.wait_for_function("document.getAnimations().every(one => one.playState === 'finished')")

    return change


@pytest.fixture
def look(tab: Any, settled: Settled) -> AxeCheck:
    """Has axe look at the whole page, in a colour scheme."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe").Axe()

    def look(state: str, scheme: str = "light") -> None:
        settled(scheme)
        found = axe.run(tab, options={"runOnly": {"type": "tag", "values": _WCAG}}).response
        assert len(found["passes"]) > 10
        assert _told(found["violations"]) == [], state
        left = {(rule, at) for rule, at, _ in _told(found["incomplete"])}
        assert {one for one in left if not _is_for_people(*one)} == set(), state

    return look


def _told(found: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [
        (one["id"], node["target"][0], node["html"][:200]) for one in found for node in one["nodes"]
    ]


def _is_for_people(rule: str, selector: str) -> bool:
    return any(rule == one and selector.startswith(at) for one, at in _FOR_PEOPLE)


def test_axe_finds_nothing_on_a_video(tab: Any, film: Path, look: AxeCheck) -> None:
    look("start")
    result(tab, film)
    tab.locator(".vc-scenes button").nth(1).click()
    tab.locator(".vc-words button").nth(1).click()
    look("a video")
    look("a video", "dark")
    tab.get_by_role("tab", name="Describe").click()
    tab.locator(".vc-describe").wait_for()
    look("described")
    tab.get_by_role("tab", name="Edit").click()
    tab.wait_for_function("document.querySelector('textarea')?.value === 'A black dog.'")
    tab.get_by_role("textbox", name="Words").fill("the dog " * 20)
    tab.locator(".vc-breaks").wait_for()
    look("rules broken", "dark")
    tab.get_by_role("button", name="Keep this change").click()
    tab.get_by_text("The change is kept.").wait_for()
    look("changed")
    tab.get_by_role("tab", name="Search").click()
    tab.get_by_label("What to look for").fill("a cat")
    tab.keyboard.press("Enter")
    tab.locator(".vc-hits button").first.wait_for()
    look("found")


def test_axe_finds_nothing_on_a_picture(tab: Any, tmp_path: Path, look: AxeCheck) -> None:
    Image.new("RGB", (64, 48), "black").save(tmp_path / "night.png")
    upload(tab, tmp_path / "night.png")
    tab.get_by_role("button", name="black", exact=True).click()
    look("a picture")
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\n/etc/passwd\n")
    upload(tab, tmp_path / "list.m3u8")
    tab.locator(".vc-problem").wait_for()
    look("a refusal")


def test_the_names_of_the_tabs_have_contrast(tab: Any, settled: Settled) -> None:
    """Gradio lays a line over each, so that axe does not tell what is behind it."""
    colours = (
        "[...document.querySelectorAll('[role=tab]'), document.body].map((one, _, all) =>"
        " getComputedStyle(one)[one === all.at(-1) ? 'backgroundColor' : 'color'])"
    )
    for scheme in ("dark", "light"):
        settled(scheme)
        *names, ground = tab.evaluate(colours)
        assert len(names) == 4
        assert min(_contrast(name, ground) for name in names) >= 4.5, (scheme, names, ground)


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio of two colours as browsers write them."""
    lights = []
    for colour in (one, other):
        shares = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in shares]
        lights.append(sum(map(operator.mul, (0.2126, 0.7152, 0.0722), linear)) + 0.05)
    return max(lights) / min(lights)
