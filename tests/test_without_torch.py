"""The main jobs on the CPU, in an environment where there is no torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "examples" / "sample.mp4"
PICTURE = ROOT / "examples" / "pictures" / "astronaut.jpg"
# Python imports it before anything else; child processes get it too.
HIDES = """
import sys

for name in ("torch", "torchvision"):
    sys.modules[name] = None
"""


class Command:
    """Runs the command in a folder, without torch."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "work"
        self._folder.mkdir()
        hidden = folder / "hidden"
        hidden.mkdir()
        (hidden / "sitecustomize.py").write_text(HIDES)
        paths = os.pathsep.join([str(hidden), str(ROOT)])
        self._environment = {**os.environ, "PYTHONPATH": paths}

    def __call__(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "vidcap", *map(str, words)],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def succeed(self, *words: str | Path) -> str:
        """Run the command, which must succeed, and return what it says."""
        done = self(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path)


@pytest.mark.slow
def test_subtitles_are_made_checked_and_converted(command: Command, tmp_path: Path) -> None:
    made, converted, page = (tmp_path / name for name in ("made.srt", "made.ttml", "page.html"))
    command.succeed("subtitle", SAMPLE, "-o", made, "--report", page)
    assert "-->" in made.read_text()
    assert page.stat().st_size > 0
    command.succeed("check", made)
    command.succeed("convert", made, converted)
    assert "<tt" in converted.read_text()


@pytest.mark.slow
def test_pictures_are_captioned(command: Command) -> None:
    told = json.loads(command.succeed("caption", PICTURE, "--json"))
    assert told["text"]


@pytest.mark.slow
def test_scenes_are_indexed_and_found(command: Command, tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    library = tmp_path / "library.db"
    command.succeed("index", SAMPLE, "--db", library)
    assert command.succeed("search", "a boy in front of a crowd", "--db", library)


@pytest.mark.slow
def test_a_voice_describes(command: Command, tmp_path: Path) -> None:
    pytest.importorskip("hibari")
    described = tmp_path / "described.mp4"
    command.succeed("describe", SAMPLE, "-o", described)
    assert described.stat().st_size > 0


@pytest.mark.slow
def test_the_doctor_finds_all_that_is_needed(command: Command) -> None:
    lines = command.succeed("doctor").splitlines()
    assert lines[-1] == "vidcap is ready."
    (place,) = (at for at, line in enumerate(lines) if " extra torch " in line)
    assert lines[place].startswith("- ")
    assert lines[place].endswith(
        "not installed: torch, torchvision; for a GPU, training and hf: captioners"
    )
    assert lines[place + 1].strip() == "mend: python -m pip install 'vidcap[torch]'"


@pytest.mark.parametrize(
    ("words", "extra"), [(["--device", "cuda"], "torch"), (["--captioner", "hf:model"], "hf")]
)
def test_what_needs_torch_says_so_in_one_line(
    words: list[str], extra: str, command: Command
) -> None:
    if extra == "hf":
        pytest.importorskip("transformers")
    done = command("caption", PICTURE, *words)
    assert done.returncode == 7
    (line,) = done.stderr.splitlines()
    assert line.endswith(
        f"this needs torch, which is not installed: python -m pip install 'vidcap[{extra}]'"
    )


def test_a_checkpoint_without_graphs_says_what_makes_them(command: Command, tmp_path: Path) -> None:
    from safetensors import safe_open
    from safetensors.numpy import save_file

    bare = tmp_path / "bare.safetensors"
    with safe_open(ROOT / "vidcap/captioning/models/fast.safetensors", "numpy") as file:
        names = [name for name in file.keys() if not name.startswith("graphs.")]  # noqa: SIM118
        save_file({name: file.get_tensor(name) for name in names}, bare, file.metadata())
    done = command("caption", PICTURE, "--captioner", bare)
    assert done.returncode == 7
    assert "this needs torch, which is not installed" in done.stderr
