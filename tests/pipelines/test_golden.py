"""The comparison of two trees must see every change of an output, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PIPELINES = Path(__file__).parents[2] / "pipelines"

# Writes what it is told to where a real command would; the words are those of the tree.
FAKE = """
import json, os, sys, time
from pathlib import Path
arguments = sys.argv[1:]
video = arguments[-1]
print(f"{video}: opened at 0x7f{os.getpid():010x}", file=sys.stderr)
print(f"{video}:  50 %|###  | 0:0{os.getpid() % 10} gone, 0:01 left\\r", end="", file=sys.stderr)
if video.endswith("bad.mkv"):
    sys.exit(f"{video}: no video")
made = {"version": "VERSION", "checkpoint": "CHECKPOINT" * 8, "path": os.path.abspath(video)}
if arguments[0] == "subtitle":
    Path("out/.vidcap").mkdir(parents=True)
    Path("out/.vidcap/record.json").write_text(str(time.time()))
    Path("out/film.en.srt").write_text("WORDS\\r\\n")
    Path("out/film.en.json").write_text(json.dumps(made))
elif "-o" in arguments:
    words = b"RIFF\\xff" + b"WORDS" if arguments[2].endswith("wav") else b"WORDS"
    Path(arguments[arguments.index("-o") + 1]).write_bytes(words)
else:
    print(json.dumps(made))
"""


@pytest.fixture
def golden(monkeypatch):
    monkeypatch.syspath_prepend(str(PIPELINES))
    import golden

    return golden


def make_tree(folder, words="hello", version="1.0", checkpoint="0123abcd"):
    package = folder / "vidcap"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(f"__version__ = {version!r}\n")
    text = FAKE.replace("WORDS", words).replace("VERSION", version)
    (package / "__main__.py").write_text(text.replace("CHECKPOINT", checkpoint))
    return folder


@pytest.fixture
def run(golden, monkeypatch, capsys):
    """Run the script in this process, on a plan that has one of each command."""
    monkeypatch.setattr(golden, "SCRIPTS", ("txt",))
    monkeypatch.setattr(golden, "QUERIES", ("a dog",))
    monkeypatch.setattr(golden, "RANKINGS", ("words",))

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["golden.py", *map(str, arguments)])
        code = golden.main()
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out else None, said.err

    return run


@pytest.fixture
def sample(tmp_path):
    path = tmp_path / "film.mp4"
    path.write_bytes(b"film")
    return path


def record(run, tree, output, sample, *more):
    code, result, said = run(
        "record", "--tree", tree, "--output", output, "--sample", sample, *more
    )
    assert code == 0, said
    return result


def test_trees_that_say_the_same_are_equal_wherever_they_are(run, tmp_path, sample):
    clips = tmp_path / "clips"
    clips.mkdir()
    (clips / "bad.mkv").touch()
    (clips / "index.json").write_text("{}")
    one = make_tree(tmp_path / "one")
    other = make_tree(tmp_path / "another", version="2.1.0.dev3", checkpoint="ffff0000")
    for tree in (one, other):
        result = record(run, tree, tmp_path / f"of {tree.name}", sample, "--clips", clips)
        assert result["clips"] == 1
    code, summary, said = run("compare", tmp_path / "of one", tmp_path / "of another")
    assert code == 0, said
    assert summary["equal"]
    assert summary["same"] == summary["files"]
    bad = tmp_path / "of one" / "clips" / "bad.mkv" / "subtitle"
    assert (bad / "subtitle.exit.txt").read_text() == "1\n"
    assert (bad / "subtitle.stderr.txt").read_text().endswith("<clips>/bad.mkv: no video\n")
    kept = tmp_path / "of one" / "sample" / "subtitle" / "files" / "out"
    assert sorted(path.name for path in kept.iterdir()) == ["film.en.json", "film.en.srt"]
    assert json.loads((kept / "film.en.json").read_text())["path"] == "<work>/film.mp4"


def test_what_a_change_changes_is_told(run, tmp_path, sample):
    record(run, make_tree(tmp_path / "a"), tmp_path / "of a", sample)
    record(run, make_tree(tmp_path / "b", words="hallo"), tmp_path / "of b", sample)
    (tmp_path / "of b" / "library" / "index.exit.txt").unlink()
    code, summary, said = run("compare", tmp_path / "of a", tmp_path / "of b")
    assert code == 1
    assert not summary["equal"]
    assert "sample/subtitle/files/out/film.en.srt" in summary["changed"]
    assert "sample/describe/files/described.wav.sha256" in summary["changed"]
    assert "sample/subtitle/files/out/film.en.json" not in summary["changed"]
    assert summary["only_in_a"] == ["library/index.exit.txt"]
    assert "-hello\\r" in said
    assert "+hallo\\r" in said


def test_a_record_goes_on_where_it_stopped_but_never_with_another_tree(run, tmp_path, sample):
    tree, output = make_tree(tmp_path / "tree"), tmp_path / "out"
    steps = record(run, tree, output, sample)["steps"]
    (output / "library").rename(output / ".library.partial")
    assert record(run, tree, output, sample)["skipped"] == steps - 1
    assert not (output / ".library.partial").exists()
    assert (output / "library" / "index.exit.txt").exists()
    (tree / "vidcap" / "__main__.py").write_text("print('other')")
    code, _, said = run("record", "--tree", tree, "--output", output, "--sample", sample)
    assert code == 2
    assert "another state" in said


def test_a_command_that_takes_too_long_is_not_kept(run, tmp_path, sample):
    tree, output = make_tree(tmp_path / "tree"), tmp_path / "out"
    (tree / "vidcap" / "__main__.py").write_text("import time; time.sleep(60)")
    options = ("--tree", tree, "--output", output, "--sample", sample, "--timeout", "0.2")
    code, result, _ = run("record", *options)
    assert code == 1
    assert len(result["too_slow"]) == result["steps"]
    assert not [path for path in output.rglob("*") if path.parent != output]


def test_a_tree_without_the_package_is_refused(tmp_path, sample):
    command = [sys.executable, PIPELINES / "golden.py", "record", "--tree", tmp_path]
    done = subprocess.run(
        [*command, "--output", tmp_path / "out", "--sample", sample],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PIPELINES.parent)},
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_clips_are_of_every_kind(golden, tmp_path):
    for name in ("a.mp4", "b.mp4", "c.mp4", "x/d.MKV", "x/e.mkv", "f.avi", "index.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    chosen = golden.choose_clips(tmp_path, 4)
    assert [path.name for path in chosen] == ["a.mp4", "f.avi", "d.MKV", "e.mkv"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("film 10 %|#   | 0:01 gone, 0:09 left\rfilm: done\n", "film: done\n"),
        ("film 10 %|#   | 0:01 gone, 0:09 left\n", "<bar>\n"),
        ("[mov @ 0x55d0c8a4] bad atom", "[mov @ <address>] bad atom"),
        ("[ WARN:0@12.345] global", "[ WARN:0@<time>] global"),
        ("it took 12.5 s", "it took <time>"),
        ("crlf\r\nstays\r\n", "crlf\r\nstays\r\n"),
        ("its pictures end at 3.20 s.", "its pictures end at 3.20 s."),
    ],
)
def test_what_differs_from_run_to_run_is_replaced(golden, text, expected):
    assert golden.normalised(text, golden.STREAMS) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"version": "0.1.0"', '"version": "<version>"'),
        ("version: 0.1.0, captioner: x", "version: <version>, captioner: x"),
        ("<dt>version</dt>\n<dd>0.1.0</dd>", "<dt>version</dt>\n<dd><version></dd>"),
        ('"voice_version": "hibari-tts 0.2.1"', '"voice_version": "hibari-tts 0.2.1"'),
        (f'"checkpoint": "{"0a" * 32}"', '"checkpoint": "<checkpoint>"'),
        (f'"model": "{"0a" * 32}"', '"model": "<checkpoint>"'),
        (f'"content": "{"0a" * 32}"', f'"content": "{"0a" * 32}"'),
        ('"duration": 25.0', '"duration": 25.0'),
    ],
)
def test_version_and_checkpoint_are_not_compared(golden, text, expected):
    assert golden.normalised(text, golden.COMPARED) == expected


def test_a_folder_is_no_part_of_a_longer_name(golden):
    rules = golden.path_rules({"tree": Path("/x/tree"), "work": Path("/x/tree/work")})
    text = "/x/tree/a /x/tree2/a /x/tree/work/a /x/tree: file:///x/tree/a"
    assert golden.normalised(text, rules) == "<tree>/a /x/tree2/a <work>/a <tree>: file://<tree>/a"
