"""Every package that is needed has a licence that somebody has looked at."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def licences(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "pipelines"))
    import licences

    return licences


def test_somebody_has_looked_at_every_licence(licences: Any) -> None:
    found = licences.packages()
    assert {"numpy", "torch", "av"} <= {one.name for one in found}
    assert [f"{one.name}: {one.says!r}" for one in found if not one.licence] == []


def test_the_document_lists_what_vidcap_asks_for(licences: Any) -> None:
    document = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| ([a-z0-9-]+) \|", document, re.MULTILINE))
    project = licences.tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for group in (project["dependencies"], *project["optional-dependencies"].values()):
        for text in group:
            name = licences.Requirement(text).name.lower()
            assert name in {*listed, "vidcap", "package"}, f"{name}: run pipelines/licences.py"


@pytest.mark.parametrize(
    ("says", "licence"),
    [
        ("MIT", "MIT"),
        ("mit license", "MIT"),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", "MPL-2.0 AND (Apache-2.0 OR MIT)"),
        ("MIT License; Apache Software License", "MIT AND Apache-2.0"),
        ("Apache-2.0 WITH LLVM-exception", "Apache-2.0 WITH LLVM-exception"),
        ("GPL-3.0-only", ""),
        ("MIT AND GPL-3.0-only", ""),
        ("", ""),
    ],
)
def test_licences_are_read_in_whatever_words(licences: Any, says: str, licence: str) -> None:
    assert licences._licence("some-package", says) == licence
