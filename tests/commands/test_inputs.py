from __future__ import annotations

from pathlib import Path

import pytest

from vidcap.commands.inputs import VIDEO_SUFFIXES, find_inputs


def found(*paths: Path) -> list[tuple[str, str]]:
    return [(item.path.name, str(item.below)) for item in find_inputs(paths, VIDEO_SUFFIXES)]


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_a_folder_is_walked_in_order_without_what_is_hidden(tmp_path: Path) -> None:
    for name in ("b/z.mp4", "b/a.MKV", "a.mp4", ".hidden.mp4", ".git/x.mp4", "notes.txt", "c.webm"):
        touch(tmp_path / name)
    assert found(tmp_path) == [("a.mp4", "."), ("a.MKV", "b"), ("z.mp4", "b"), ("c.webm", ".")]


def test_a_folder_of_source_code_holds_no_transport_streams(tmp_path: Path) -> None:
    (tmp_path / "main.ts").write_text("// Gruß\r\nexport const answer = 42;\n", encoding="utf-8")
    (tmp_path / "film.ts").write_bytes(b"\x47\x40\x11\x10" + bytes(184))
    (tmp_path / "torn.TS").write_bytes(b"plain first, then\x00\x01\xb3")
    touch(tmp_path / "empty.ts")
    assert [name for name, _ in found(tmp_path)] == ["empty.ts", "film.ts", "torn.TS"]
    assert found(tmp_path / "main.ts") == [("main.ts", ".")]


def test_a_file_that_is_named_is_taken_whatever_its_name(tmp_path: Path) -> None:
    odd = touch(tmp_path / ".recording")
    missing = tmp_path / "-missing"
    assert found(odd, missing) == [(".recording", "."), ("-missing", ".")]


def test_nothing_comes_twice(tmp_path: Path) -> None:
    film = touch(tmp_path / "film.mp4")
    assert found(film, tmp_path, film) == [("film.mp4", ".")]


def test_links_that_go_round_end(tmp_path: Path) -> None:
    touch(tmp_path / "a/film.mp4")
    (tmp_path / "a/loop").symlink_to(tmp_path)
    (tmp_path / "broken.mp4").symlink_to(tmp_path / "gone.mp4")
    assert found(tmp_path) == [("film.mp4", "a"), ("broken.mp4", ".")]


def test_a_folder_without_videos_is_an_error_of_its_own(tmp_path: Path) -> None:
    touch(tmp_path / "empty/readme.txt")
    film = touch(tmp_path / "film.mp4")
    first, second = find_inputs([tmp_path / "empty", film], VIDEO_SUFFIXES)
    assert "no file in this folder" in str(first.error)
    assert (second.path, second.error) == (film, None)


def test_a_folder_that_cannot_be_read_does_not_end_the_walk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    touch(tmp_path / "a/film.mp4")
    touch(tmp_path / "locked/film.mp4")
    touch(tmp_path / "z.mp4")
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    items = list(find_inputs([tmp_path], VIDEO_SUFFIXES))
    assert [item.path.name for item in items] == ["film.mp4", "locked", "z.mp4"]
    assert "locked: this folder cannot be read: Permission denied" in str(items[1].error)
