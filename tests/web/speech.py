"""Descriptions spoken by the browser, with a voice that only remembers what it was told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import Server
from tests.web.visiting import reach, result

pytestmark = pytest.mark.slow

# Chromium without a desktop has no voice. This one is done when the test says so.
_VOICE = """
window.spoken = [];
window.hushed = 0;
window.SpeechSynthesisUtterance = class {
  constructor(text) { this.text = text; }
};
Object.defineProperty(window, "speechSynthesis", { value: {
  speak(voice) {
    const video = document.querySelector(".vc-describe video");
    window.spoken.push({ text: voice.text, lang: voice.lang, time: video.currentTime });
    window.voice = voice;
  },
  cancel() {
    if (!window.voice) return;
    const { onerror } = window.voice;
    window.voice = undefined;
    window.hushed += 1;
    if (onerror) setTimeout(onerror);
  },
} });
window.finish = () => { const { onend } = window.voice; window.voice = undefined; onend?.(); };
"""
_VIDEO = "document.querySelector('.vc-describe video')"


@pytest.fixture(scope="module")
def shown(browser: Any, server: Server, original: Path) -> Iterator[Any]:
    """The described player of a film, with the fake voice."""
    with browser.new_context() as context:
        context.add_init_script(_VOICE)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.goto(server.address)
        result(page, original)
        page.get_by_role("tab", name="Describe").focus()
        page.keyboard.press("Enter")
        page.locator(".vc-describe").wait_for()
        page.wait_for_function(f"{_VIDEO}.readyState >= 2")
        yield page


@pytest.fixture
def tab(shown: Any) -> Any:
    """The same as nobody had touched it."""
    shown.evaluate(f"{_VIDEO}.pause()")
    for name, wanted in (("Speak descriptions", "true"), ("Pause to describe", "false")):
        button = shown.get_by_role("button", name=name)
        if button.get_attribute("aria-pressed") != wanted:
            button.click()
    shown.evaluate(f"{_VIDEO}.currentTime = 0")
    shown.wait_for_function(f"{_VIDEO}.paused && !{_VIDEO}.seeking")
    shown.evaluate("spoken = []; hushed = 0; voice = undefined; document.activeElement.blur()")
    return shown


def press(tab: Any, name: str) -> None:
    reach(tab, name)
    tab.keyboard.press("Enter")


def texts(tab: Any) -> list[str]:
    return [str(one["text"]) for one in tab.evaluate("spoken")]


def test_each_description_is_spoken_at_its_time(tab: Any) -> None:
    assert texts(tab) == []
    press(tab, "Play or pause")
    tab.wait_for_function("spoken.length === 2")
    first, second = tab.evaluate("spoken")
    assert (first["text"], second["text"]) == ("A black dog.", "The grey cat sleeps.")
    assert first["lang"] == "en"
    assert second["time"] == pytest.approx(2, abs=0.5)
    assert tab.locator(".vc-live").get_attribute("aria-live") == "off"
    assert tab.locator(".vc-live").inner_text() == "The grey cat sleeps."
    assert not tab.evaluate(f"{_VIDEO}.paused")


def test_the_film_waits_for_the_voice_and_goes_on(tab: Any) -> None:
    press(tab, "Pause to describe")
    press(tab, "Play or pause")
    tab.wait_for_function("spoken.length === 1")
    assert tab.evaluate(f"{_VIDEO}.paused")
    assert tab.evaluate("hushed") == 0
    tab.evaluate("finish()")
    tab.wait_for_function(f"!{_VIDEO}.paused")
    tab.wait_for_function("spoken.length === 2")
    assert tab.evaluate(f"{_VIDEO}.paused")
    # Who presses play does not wait for the voice, and who pauses is not overruled by it.
    press(tab, "Play or pause")
    tab.wait_for_function(f"!{_VIDEO}.paused")
    tab.keyboard.press("Enter")
    tab.wait_for_function("hushed === 1")
    tab.wait_for_timeout(300)
    assert tab.evaluate(f"{_VIDEO}.paused")


def test_the_voice_stops_where_the_film_does_or_goes_elsewhere(tab: Any) -> None:
    press(tab, "Play or pause")
    tab.wait_for_function("spoken.length === 1")
    tab.keyboard.press("Enter")
    tab.wait_for_function("hushed === 1")
    press(tab, "Next description")
    tab.wait_for_function(f"spoken.length === 2 && !{_VIDEO}.seeking")
    assert texts(tab)[-1] == "The grey cat sleeps."
    assert tab.evaluate("hushed") == 1
    tab.evaluate(f"{_VIDEO}.currentTime = 0.5")
    tab.wait_for_function("hushed === 2")
    press(tab, "0:04")
    tab.wait_for_function("spoken.length === 3")
    press(tab, "Speak descriptions")
    tab.wait_for_function("hushed === 3")
    press(tab, "Previous description")
    assert tab.locator(".vc-live").get_attribute("aria-live") == "polite"
    assert len(texts(tab)) == 3
