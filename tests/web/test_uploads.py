from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests import media
from tests.web.conftest import Loader
from vidcap.errors import MediaError
from vidcap.video.probe import probe
from vidcap.web.captioners import Captioners
from vidcap.web.limits import Limits
from vidcap.web.service import Studio
from vidcap.web.uploads import admit, shown_name
from vidcap.web.workspaces import Room, Rooms

LIMITS = Limits()


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Rooms(tmp_path / "rooms", LIMITS).open(name="theirs.mp4")


def refused(file: Path, room: Room, limits: Limits = LIMITS) -> str:
    with pytest.raises(MediaError) as error:
        admit(file, room, limits)
    message = str(error.value)
    assert not file.exists()
    assert str(room.folder) not in message
    assert message.startswith("theirs.mp4: ")
    return message


def png(width: int, height: int) -> bytes:
    """A PNG whose header promises more than follows."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 4096)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n/etc/passwd\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n",
        "ffconcat version 1.0\nfile '/etc/passwd'\n",
        "ffconcat version 1.0\nfile 'data:video/mp4;base64,AAAA'\n",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>file:///etc/passwd'
        "</BaseURL></MPD>",
        '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
        ";FFMETADATA1\ntitle=x\n",
        "data:video/mp4;base64,AAAA",
        "\x1b[31mart\x1b[0m\n" * 50,
    ],
)
def test_what_is_no_media_is_refused(text: str, room: Room, tmp_path: Path) -> None:
    file = tmp_path / "in"
    file.write_text(text)
    message = refused(file, room)
    assert "root:" not in message
    assert "can" in message


def test_a_postscript_picture_is_refused(room: Room, tmp_path: Path) -> None:
    file = tmp_path / "in"
    file.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\n")
    refused(file, room)


def test_a_huge_picture_is_refused_by_its_header(room: Room, tmp_path: Path) -> None:
    file = tmp_path / "in"
    file.write_bytes(png(30_000, 30_000))
    assert "30000x30000 pixels are more than the 50,000,000 allowed" in refused(file, room)


def test_a_cut_off_picture_is_refused(room: Room, tmp_path: Path) -> None:
    file = tmp_path / "in"
    file.write_bytes(png(64, 64)[:60])
    refused(file, room)


def test_a_video_of_too_many_pixels_is_refused(room: Room, tmp_path: Path) -> None:
    file = media.write_video(tmp_path / "in.mp4", frames=2)
    assert "96x64 pixels" in refused(file, room, Limits(pixels=96 * 64 - 1))


def test_a_bomb_of_frames_is_refused(room: Room, tmp_path: Path) -> None:
    black = np.zeros((16, 16, 3), np.uint8)
    file = media.write_video(tmp_path / "in.mp4", pictures=[black] * 2000, rate=1000)
    assert file.stat().st_size < 100_000
    assert "more than the 1,999 frames" in refused(file, room, Limits(frames=1999))


def test_a_video_that_is_too_long_is_refused(room: Room, tmp_path: Path) -> None:
    file = media.write_video(tmp_path / "in.mp4", frames=3, times=[0, 1, 90], rate=1)
    assert "longer than the 60 s" in refused(file, room, Limits(seconds=60))


def test_a_file_of_too_many_bytes_is_refused(room: Room, tmp_path: Path) -> None:
    file = tmp_path / "in"
    file.write_bytes(b"x" * 101)
    assert "101 bytes are more than the 100" in refused(file, room, Limits(file_bytes=100))


def test_decoding_is_kept_from_taking_all_memory(room: Room, tmp_path: Path) -> None:
    file = tmp_path / "in"
    Image.new("RGB", (7000, 7000)).save(file, "PNG", compress_level=1)
    message = refused(file, room, Limits(memory_bytes=220 * 1024 * 1024))
    assert "memory" in message or "decoder" in message


def test_a_picture_is_written_anew(room: Room, tmp_path: Path) -> None:
    file = tmp_path / "in"
    Image.new("RGB", (20, 10), "red").save(file, "PNG", pnginfo=None)
    file.write_bytes(file.read_bytes() + b"<script>alert(1)</script>")
    upload = admit(file, room, LIMITS)
    assert upload.info is None
    assert b"script" not in upload.path.read_bytes()
    assert [one.name for one in room.folder.iterdir()] == ["picture.png"]


def test_a_video_gets_a_name_of_ours(room: Room, tmp_path: Path) -> None:
    file = media.write_video(tmp_path / "in.mkv", frames=3)
    upload = admit(file, room, LIMITS)
    assert upload.path == room.folder / "source.mkv"
    assert upload.info == probe(upload.path)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\films\\a film.mp4", "a film.mp4"),
        ("<img src=x onerror=alert(1)>.mp4", "_img src_x onerror_alert(1)_.mp4"),
        ("${alert(1)}.mp4", "__alert(1)_.mp4"),
        ("..", "video"),
        ("", "video"),
        ("a\nb\x00.mp4", "a_b_.mp4"),
        ("x" * 300, "x" * 80),
        ("фильм.mp4", "фильм.mp4"),
    ],
)
def test_a_name_is_only_shown(name: str, shown: str) -> None:
    assert shown_name(name) == shown


def test_two_visitors_may_send_the_same_file(tmp_path: Path) -> None:
    rooms = Rooms(tmp_path / "rooms", LIMITS)
    file = media.write_video(tmp_path / "in.mp4", frames=3)
    made = [admit(file, rooms.open(name="theirs.mp4"), LIMITS) for _ in range(2)]
    assert made[0].path != made[1].path
    assert all(one.path.is_file() for one in made)


def test_the_server_itself_never_opens_a_file(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("av.open", lambda *_, **__: pytest.fail("opened"))
    studio = Studio(tmp_path / "studio", Captioners(["default"], Loader()), LIMITS)
    *_, last = studio.caption(film, name="film.mp4", captioner="default", owner="me")
    assert last.token
    *_, text = studio.srt(film, name="film.mp4")
    assert "black dog" in text
