from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.processes import children
from tests.running import Vidcap
from tests.web.conftest import Server, TracingCaptioner
from tests.web.visiting import ask, leftovers, reach, result, upload

pytestmark = pytest.mark.slow


def test_a_video_is_watched_with_its_subtitles_and_scenes(
    tab: Any, film: Path, vidcap_: Vidcap, tmp_path: Path
) -> None:
    shown = result(tab, film)
    assert tab.locator(".vc-scenes button").count() == 3
    assert "(sure, 75%)" in tab.locator(".vc-scenes").inner_text()
    tab.wait_for_function("document.querySelector('video').readyState >= 1")
    assert tab.evaluate("document.querySelector('video').paused")
    tab.wait_for_function("document.querySelector('video').textTracks[0].cues?.length === 3")

    tab.locator(".vc-scenes button").nth(1).click()
    tab.wait_for_function("Math.abs(document.querySelector('video').currentTime - 2) < 0.1")
    tab.get_by_role("button", name="grey", exact=True).click()
    assert tab.locator(".vc-frame svg:visible").count() == 1
    tab.get_by_text("The same in words").click()
    assert tab.get_by_text("grey: upper left, 100% of the attention").is_visible()

    with tab.expect_download() as download:
        shown.get_by_role("link", name="SubRip").click()
    assert download.value.suggested_filename == "film.en.srt"
    vidcap_("subtitle", film, "-o", tmp_path / "command.srt", captioner=TracingCaptioner())
    assert Path(download.value.path()).read_bytes() == (tmp_path / "command.srt").read_bytes()


def test_a_picture_is_captioned(tab: Any, tmp_path: Path) -> None:
    Image.new("RGB", (64, 48), "black").save(tmp_path / "night.png")
    upload(tab, tmp_path / "night.png")
    tab.get_by_role("heading", name="A black dog.").wait_for()
    tab.get_by_role("button", name="black", exact=True).click()
    assert tab.locator(".vc-frame svg:visible").count() == 1


def test_a_playlist_is_refused_and_nothing_is_left(
    tab: Any, server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "list.m3u8"
    file.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n")
    before = leftovers(server)
    upload(tab, file)
    tab.locator(".vc-problem").wait_for()
    assert "list.m3u8: " in tab.locator(".vc-problem").inner_text()
    assert leftovers(server) == before


def test_markup_in_a_name_stays_text(tab: Any, film: Path) -> None:
    named = film.rename(film.with_name("<img src=x onerror=alert(1)>${1+1}.mp4"))
    tab.on("dialog", lambda dialog: pytest.fail("a script ran"))
    with tab.expect_response(lambda answer: "/upload" in answer.url):
        tab.locator("input[type=file]").first.set_input_files(named)
    tab.locator(".file-preview").first.wait_for()
    tab.get_by_role("button", name="Caption", exact=True).click()
    tab.locator(".vc-scenes button").first.wait_for()
    assert tab.locator(".vc-result img[src=x]").count() == 0


def test_the_endpoint_gives_the_bytes_of_the_command(
    server: Server, film: Path, vidcap_: Vidcap, tmp_path: Path
) -> None:
    from gradio_client import Client, handle_file

    client = Client(server.address, verbose=False, analytics_enabled=False)
    text = client.predict(handle_file(str(film)), api_name="/subtitle")
    vidcap_("subtitle", film, "-o", tmp_path / "command.srt", captioner=TracingCaptioner())
    assert text.encode() == (tmp_path / "command.srt").read_bytes()
    assert server.loader.loaded.count("default") == 1


@pytest.mark.parametrize("endpoint", ["subtitle", "search"])
@pytest.mark.parametrize("place", ["http://127.0.0.1:1/film.mp4", "{}", "../../../../../../{}"])
def test_endpoints_take_uploads_alone(
    server: Server, film: Path, endpoint: str, place: str
) -> None:
    before = leftovers(server)
    value = {"path": place.format(film), "meta": {"_type": "gradio.FileData"}}
    answer = ask(server, endpoint, value)
    assert answer.startswith("event: error")
    assert "event: complete" not in answer
    assert leftovers(server) == before
    assert film.exists()


def test_a_scene_is_changed_and_downloaded_again(tab: Any, film: Path) -> None:
    result(tab, film)
    tab.get_by_role("tab", name="Edit").click()
    tab.get_by_text("Every cue keeps all rules.").wait_for()
    words = tab.get_by_label("Words", exact=True)
    tab.wait_for_function("document.querySelector('textarea')?.value === 'A black dog.'")
    words.fill("the dog " * 20)
    tab.locator(".vc-breaks").wait_for()
    assert "reading speed" in tab.locator(".vc-breaks").inner_text()
    words.fill("a <b>white</b> dog")
    tab.get_by_text("Every cue keeps all rules.").wait_for()
    tab.get_by_role("button", name="Keep this change").click()
    tab.get_by_text("The change is kept.").wait_for()
    with tab.expect_download() as download:
        tab.locator(".vc-downloads:visible").get_by_role("link", name="WebVTT").click()
    assert "A &lt;b&gt;white&lt;/b&gt; dog." in Path(download.value.path()).read_text()


def test_the_library_is_searched(tab: Any) -> None:
    tab.get_by_role("tab", name="Search").click()
    tab.get_by_label("What to look for").fill("a cat")
    tab.keyboard.press("Enter")
    found = tab.locator(".vc-hits button")
    found.first.wait_for()
    assert "The grey cat sleeps." in tab.locator(".vc-hits").inner_text()
    found.first.click()
    tab.wait_for_function(
        "Math.abs(document.querySelector('.vc-result video:not([hidden])')?.currentTime - 2) < 0.1"
    )


def test_a_video_is_described_by_keyboard_alone(tab: Any, film: Path) -> None:
    result(tab, film)
    tab.get_by_role("tab", name="Describe").focus()
    tab.keyboard.press("Enter")
    tab.locator(".vc-describe").wait_for()
    video = "document.querySelector('.vc-describe video')"
    live = tab.locator(".vc-live")
    assert tab.evaluate(f"{video}.paused && !{video}.autoplay")
    assert tab.evaluate(
        "[...document.querySelectorAll('.vc-transcript span')].map(one => one.innerText)"
    ) == ["A black dog.", "The grey cat sleeps.", "Two white birds fly over water."]

    reach(tab, "Speak descriptions")
    tab.keyboard.press("Space")
    assert tab.evaluate("document.activeElement.getAttribute('aria-pressed')") == "false"
    reach(tab, "Pause to describe")
    tab.keyboard.press("Enter")
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    reach(tab, "Next description")
    tab.keyboard.press("Enter")
    assert live.inner_text() == "A black dog."
    assert live.get_attribute("aria-live") == "polite"
    tab.keyboard.press("Enter")
    assert live.inner_text() == "The grey cat sleeps."
    assert tab.evaluate(f"{video}.currentTime") == pytest.approx(2, abs=0.1)
    reach(tab, "0:00")
    tab.keyboard.press("Enter")
    tab.get_by_role("button", name="Play or pause").focus()
    tab.keyboard.press("Enter")
    # The film stands still for the next description.
    tab.wait_for_function("document.querySelector('.vc-live').innerText.startsWith('The grey')")
    assert tab.evaluate(f"{video}.paused")


def test_a_described_video_is_made(tab: Any, server: Server, film: Path) -> None:
    pytest.importorskip("hibari", reason="needs the extra describe")
    result(tab, film)
    tab.get_by_role("tab", name="Describe").click()
    tab.locator(".vc-describe").wait_for()
    tab.get_by_role("button", name="Make a video").click()
    link = tab.get_by_role("link", name="Described video")
    link.wait_for(timeout=40_000)
    with tab.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == "film.described.mp4"
    import av

    with av.open(download.value.path()) as video:
        assert len(video.streams.audio) == 1
    [room] = [path.parent for path in server.folder.glob("vidcap-page-*/rooms/*/described.mp4")]
    assert not [path for path in room.iterdir() if path.is_dir()]
    assert not children(b"spawn_main")
