from __future__ import annotations

import time
from pathlib import Path

import pytest

from vidcap.web.limits import Limits
from vidcap.web.routes import room_file
from vidcap.web.workspaces import Rooms


def test_a_room_is_removed_with_what_is_in_it(tmp_path: Path) -> None:
    rooms = Rooms(tmp_path, Limits())
    room = rooms.open()
    (room.folder / "file").write_text("x")
    rooms.close(room)
    assert rooms.find(room.token) is None
    assert not list(tmp_path.iterdir())


def test_the_oldest_rooms_go_first_but_never_one_in_use(tmp_path: Path) -> None:
    rooms = Rooms(tmp_path, Limits(rooms=2))
    made = [rooms.open() for _ in range(2)]
    made[1].held = False
    rooms.open()
    assert [rooms.find(room.token) is not None for room in made] == [True, False]


def test_old_rooms_go(tmp_path: Path) -> None:
    now = [0.0]
    rooms = Rooms(tmp_path, Limits(room_seconds=60), clock=lambda: now[0])
    room = rooms.open()
    room.held = False
    now[0] = 61.0
    rooms.sweep()
    assert rooms.find(room.token) is None


def test_old_rooms_go_although_nobody_comes(tmp_path: Path) -> None:
    rooms = Rooms(tmp_path, Limits(room_seconds=1))
    with rooms.ageing():
        room = rooms.open()
        rooms.release(room)
        time.sleep(0.3)
        assert room.folder.exists()
        time.sleep(1)
        assert not room.folder.exists()


def test_who_leaves_takes_only_what_is_his(tmp_path: Path) -> None:
    rooms = Rooms(tmp_path, Limits())
    mine, other = rooms.open(owner="me"), rooms.open(owner="you")
    mine.held = other.held = False
    rooms.leave("me")
    assert rooms.find(mine.token) is None
    assert rooms.find(other.token) is not None


def test_who_leaves_while_work_goes_on_takes_the_room_when_it_ends(tmp_path: Path) -> None:
    rooms = Rooms(tmp_path, Limits())
    room = rooms.open(owner="me")
    rooms.leave("me")
    assert rooms.find(room.token) is not None
    rooms.release(room)
    assert rooms.find(room.token) is None


@pytest.mark.parametrize(
    "name", ["../secret", "upload", "source.mp4/../upload", "/etc/passwd", "", "frame-1.jpg\n"]
)
def test_a_room_gives_out_nothing_but_its_results(name: str, tmp_path: Path) -> None:
    rooms = Rooms(tmp_path, Limits())
    room = rooms.open()
    (tmp_path / "secret").write_text("x")
    (room.folder / "upload").write_text("x")
    (room.folder / "frame-1.jpg").write_text("x")
    assert room_file(rooms, room.token, name) is None
    assert room_file(rooms, room.token, "frame-1.jpg") is not None
    assert room_file(rooms, f"../{tmp_path.name}", "frame-1.jpg") is None
