from __future__ import annotations

import importlib.util
import re
import shlex
import tomllib
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests.web.conftest import Loader
from vidcap.captioning.registry import shipped_captioners
from vidcap.web.captioners import Captioners

ROOT = Path(__file__).parents[2]
SPACE = ROOT / "spaces/page"


def space_app() -> ModuleType:
    spec = importlib.util.spec_from_file_location("space_app", SPACE / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_space_says_what_it_is() -> None:
    front = yaml.safe_load((SPACE / "README.md").read_text().split("---")[1])
    assert front["sdk"] == "gradio"
    assert (SPACE / front["app_file"]).is_file()
    assert len(front["short_description"]) <= 60


def test_the_space_asks_for_versions_that_vidcap_takes() -> None:
    front = yaml.safe_load((SPACE / "README.md").read_text().split("---")[1])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    [asked] = map(Requirement, (SPACE / "requirements.txt").read_text().split())
    assert asked.name == project["name"]
    assert asked.extras <= set(extras)
    [gradio] = [one for one in map(Requirement, extras["web"]) if one.name == "gradio"]
    assert gradio.specifier.contains(front["sdk_version"])
    assert SpecifierSet(project["requires-python"]).contains(front["python_version"])
    [python] = re.findall(r"^FROM python:([\d.]+)-slim$", (ROOT / "Dockerfile").read_text(), re.M)
    assert SpecifierSet(project["requires-python"]).contains(python)


def test_the_space_starts_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    module = space_app()
    asked: list[dict[str, object]] = []

    def served(captioners: Captioners, **options: object) -> nullcontext[str]:
        assert captioners.names == module.CAPTIONERS
        assert options == {"limits": module.LIMITS}
        return nullcontext("app")

    # Two pages in one process would share what the environment tells Gradio.
    monkeypatch.setattr(module, "Captioners", partial(Captioners, load=Loader()))
    monkeypatch.setattr(module, "served_app", served)
    monkeypatch.setattr(module, "serve", lambda app, **options: asked.append({app: options}))
    module.main()
    assert asked == [{"app": {"host": "0.0.0.0", "port": 7860}}]


def test_the_space_needs_no_download() -> None:
    shipped = {one.name for one in shipped_captioners()} | {"default"}
    assert set(space_app().CAPTIONERS) <= shipped


def test_the_container_copies_what_there_is() -> None:
    text = (ROOT / "Dockerfile").read_text()
    for line in re.findall(r"^COPY (.+)$", text, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source


def test_the_container_starts_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    from vidcap import cli
    from vidcap.commands import serve

    asked: list[dict[str, object]] = []

    def note(**options: object) -> int:
        asked.append(options)
        return 0

    monkeypatch.setattr(serve, "run", note)
    text = (ROOT / "Dockerfile").read_text()
    [command] = re.findall(r"^CMD \[(.+)\]$", text, re.MULTILINE)
    words = [word.rstrip(",") for word in shlex.split(command)]
    assert words[0] == "vidcap"
    assert cli.main(words[1:]) == 0
    [options] = asked
    assert (options["host"], options["port"]) == ("0.0.0.0", 7860)
