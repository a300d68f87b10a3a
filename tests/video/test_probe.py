"""What a file says of itself, and one clear sentence for what is no video."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import pytest

from tests import media
from vidcap.errors import MediaError
from vidcap.video.probe import probe


def test_facts_are_those_of_the_displayed_picture(tmp_path: Path) -> None:
    info = probe(
        media.write_video(tmp_path / "a.mp4", rotation=90, pixel_aspect=Fraction(4, 3), sound=True)
    )
    assert (info.width, info.height) == (96, 85)
    assert (info.coded_width, info.coded_height) == (64, 96)
    assert info.rotation == 90
    assert not info.mirrored
    assert info.pixel_aspect == Fraction(4, 3)
    assert info.codec == "h264"
    assert info.frame_rate == 30
    assert info.frames == 36
    assert info.duration == Fraction(36, 30)
    assert (info.video_streams, info.audio_streams) == (1, 1)
    assert not info.interlaced


def test_player_time_counts_from_the_containers_start(tmp_path: Path) -> None:
    info = probe(media.write_video(tmp_path / "late.mp4", times=range(150, 186)))
    assert info.start_time == 5
    assert info.player_time(info.first_ticks) == 0
    assert info.duration == Fraction(36, 30)
    assert info.ticks_at(Fraction(0)) == info.first_ticks


def test_a_start_that_microseconds_cannot_say_is_still_exact(tmp_path: Path) -> None:
    info = probe(media.write_video(tmp_path / "late.mp4", times=range(1, 37)))
    assert info.start_time * 1_000_000 % 1
    assert info.player_time(info.first_ticks) == 0


def test_the_larger_of_two_default_streams_is_shown(tmp_path: Path) -> None:
    info = probe(media.write_video(tmp_path / "two.mkv", second=True))
    assert (info.stream_index, info.width, info.video_streams) == (1, 96, 2)


def _sound(folder: Path) -> Path:
    return media.write_sound(folder / "sound.mp3")


def _cover(folder: Path) -> Path:
    return media.write_sound(folder / "cover.mp3", cover=True)


def _empty(folder: Path) -> Path:
    (folder / "empty.mp4").touch()
    return folder / "empty.mp4"


def _noise(folder: Path) -> Path:
    (folder / "noise.mp4").write_bytes(bytes(range(256)) * 40)
    return folder / "noise.mp4"


def _text(folder: Path) -> Path:
    (folder / "notes.txt").write_text("not a video\n" * 40)
    return folder / "notes.txt"


def _playlist(folder: Path) -> Path:
    media.write_video(folder / "part.ts")
    text = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.2,\npart.ts\n#EXT-X-ENDLIST\n"
    (folder / "list.m3u8").write_text(text)
    return folder / "list.m3u8"


def _concat(folder: Path) -> Path:
    media.write_video(folder / "part.mp4")
    (folder / "list.ffconcat").write_text("ffconcat version 1.0\nfile part.mp4\n")
    return folder / "list.ffconcat"


def _no_index(folder: Path) -> Path:
    return media.cut_off(media.write_video(folder / "whole.mp4"), folder / "head.mp4", keep=0.5)


def _still(folder: Path) -> Path:
    from PIL import Image

    Image.fromarray(media.numbered(3)).save(folder / "still.png")
    return folder / "still.png"


def _undecodable(folder: Path) -> Path:
    whole = media.write_video(folder / "whole.mp4", options={"g": "1"})
    return media.damage(whole, folder / "broken.mp4", packets=range(36))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: folder / "nowhere.mp4", "there is no such file"),
        (lambda folder: folder / "a" / "nowhere.mp4", "there is no such file"),
        (lambda folder: folder, "is a folder"),
        (_empty, "the file is empty"),
        (_noise, "is not a video"),
        (_text, "is not a video|is a text file"),
        (_no_index, "cut off before its index"),
        (_playlist, "is a playlist|is not a video"),
        (_concat, "is a playlist|is not a video"),
        (_sound, "holds only sound"),
        (_cover, "sound with cover art"),
        (_still, "is a still picture"),
        (_undecodable, "no picture of its h264 video can be decoded"),
    ],
)
def test_what_is_no_video_is_one_clear_sentence(make, words: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = make(tmp_path)
    with pytest.raises(MediaError, match=words) as caught:
        probe(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this platform has no named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(MediaError, match="not a regular file"):
        probe(tmp_path / "pipe.mp4")


@pytest.mark.parametrize("name", ["http://127.0.0.1:9/a.mp4", "concat:a.mp4|b.mp4", "pipe:0"])
def test_a_name_that_looks_like_a_protocol_is_only_a_name(name: str) -> None:
    with pytest.raises(MediaError, match="there is no such file"):
        probe(name)
