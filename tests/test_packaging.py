"""What is said in several places is said alike in all of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from vidcap.commands import exits
from vidcap.errors import MissingExtraError, VidcapError
from vidcap.extras import EXTRAS, REQUIRED, import_extra

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
README = (ROOT / "README.md").read_text()


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=;\s]", requirement)[0] for requirement in requirements}


def test_the_doctor_knows_every_requirement() -> None:
    # decord has no wheel for some platforms: the doctor has a line of its own for it.
    assert names(PROJECT["dependencies"]) == {*REQUIRED.values(), "decord"}


def test_the_doctor_knows_every_extra() -> None:
    declared = PROJECT["optional-dependencies"]
    for extra, modules in EXTRAS.items():
        wanted = list(declared[extra])
        if "vidcap[torch]" in wanted:
            wanted.remove("vidcap[torch]")
            wanted += declared["torch"]
        assert names(wanted) == set(modules.values()), extra
    assert declared["all"] == [f"vidcap[{','.join(EXTRAS)}]"]


def test_every_requirement_has_a_lower_bound() -> None:
    for requirements in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()):
        for requirement in requirements:
            assert requirement.startswith("vidcap[") or ">=" in requirement, requirement


def test_a_missing_extra_is_one_line_with_the_command() -> None:
    with pytest.raises(MissingExtraError) as error:
        import_extra("no_such_module.inner", "web")
    assert str(error.value) == (
        "this needs no_such_module, which is not installed: python -m pip install 'vidcap[web]'"
    )


def test_an_extra_that_is_there_is_imported() -> None:
    assert import_extra("json", "web").__name__ == "json"


def test_onnxruntime_keeps_no_account_of_itself(tmp_path: Path) -> None:
    # It opens a session of its telemetry with a file, before it sends anything.
    pytest.importorskip("onnxruntime")
    program = "from vidcap.extras import import_extra; import_extra('onnxruntime', 'describe')"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    assert list(tmp_path.iterdir()) == []


def test_the_readme_has_the_table_of_exit_codes() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| (.+?) \|$", README, re.MULTILINE))
    assert {int(code): meaning for code, meaning in rows.items()} == dict(exits.MEANINGS)


def test_every_kind_of_error_has_a_code_of_its_own() -> None:
    kinds = VidcapError.__subclasses__()
    codes = [kind.exit_code for kind in kinds if kind.__module__ == "vidcap.errors"]
    assert len(set(codes)) == len(codes)
    assert set(codes) <= set(exits.MEANINGS)


def test_continuous_integration_runs_the_readmes_commands() -> None:
    script = (ROOT / ".ci/run").read_text()
    commands = re.findall(r"^    (python3 -m venv .+)$", README, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        assert f"\n{command}\n" in script


def test_the_licence_and_notice_are_whole() -> None:
    assert "END OF TERMS AND CONDITIONS" in (ROOT / "LICENSE").read_text()
    assert "EfficientNet-Lite" in (ROOT / "NOTICE").read_text()
