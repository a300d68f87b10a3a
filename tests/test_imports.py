"""What is imported, and when: heavy packages only where they are used."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

import vidcap

HEAVY = ("torch", "openvino", "av", "cv2", "numpy", "PIL", "tqdm", "yaml", "decord", "pysubs2")
ROOT = Path(__file__).parents[1]


def imported(program: str, *names: str) -> list[str]:
    """Which of ``names`` a program has imported at its end."""
    check = f"\nimport sys\nprint(*(name for name in {names!r} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program + check],
        cwd=ROOT,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()


def test_importing_vidcap_imports_nothing_heavy() -> None:
    assert imported("import vidcap", *HEAVY) == []


@pytest.mark.parametrize("words", [["--help"], ["subtitle", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    program = f"from vidcap.cli import main\ntry:\n  main({words!r})\nexcept SystemExit: pass"
    assert imported(program, *HEAVY) == []


def test_help_answers_in_under_half_a_second() -> None:
    def once() -> float:
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "vidcap", "--help"], cwd=ROOT, check=True, capture_output=True
        )
        return time.perf_counter() - start

    # The best of several: what the program takes, not what else the machine was doing.
    assert min(once() for _ in range(5)) < 0.5


def test_captioning_on_the_cpu_does_not_import_torch(tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    Image.new("RGB", (64, 48), "green").save(picture)
    words = ["caption", str(picture), "--device", "cpu"]
    program = f"from vidcap.cli import main\nassert main({words!r}) == 0"
    assert imported(program, "torch", "openvino") == ["openvino"]


def test_every_public_name_is_there() -> None:
    for name in vidcap.__all__:
        assert getattr(vidcap, name) is not None
    assert set(vidcap.__all__) <= set(dir(vidcap))
    with pytest.raises(AttributeError, match="no attribute 'sing'"):
        vidcap.sing  # noqa: B018


def test_imports_point_one_way() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
