from __future__ import annotations

import platform
import sys
from importlib import metadata

import pytest

from vidcap.commands import doctor
from vidcap.commands.doctor import Finding
from vidcap.extras import REQUIRED


def printed(findings: list[Finding], monkeypatch: pytest.MonkeyPatch) -> tuple[int, list[str]]:
    monkeypatch.setattr(doctor, "examine", lambda: iter(findings))
    lines: list[str] = []
    code = doctor.run(emit=lines.append)
    return code, "".join(lines).splitlines()


def test_what_the_main_job_needs_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    fine = Finding("av", True, "18.1")
    optional = Finding("extra web", False, "not installed: gradio", "mend it", needed=False)
    needed = Finding("openvino", False, "not installed", "mend that")
    code, lines = printed([fine, optional], monkeypatch)
    assert code == 0
    assert lines[0].split() == ["ok", "av", "18.1"]
    assert lines[2].strip() == "mend: mend it"
    code, lines = printed([fine, needed], monkeypatch)
    assert code == 1
    assert lines[1].startswith("MISSING")
    assert lines[-1] == "vidcap cannot do its main job here."


def test_a_missing_package_comes_with_the_line_that_mends_it() -> None:
    found = doctor._package("no_such_module", "no-such-distribution")
    assert not found.works
    assert found.mend == "python -m pip install no-such-distribution"


def test_a_broken_package_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: "1.0")
    found = doctor._package("no_such_module", "numpy")
    assert not found.works
    assert "1.0; cannot be imported: ModuleNotFoundError" in found.words
    assert found.mend.endswith("--no-deps numpy")


def test_a_package_that_kills_its_importer_does_not_kill_the_doctor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: "1.0")
    found = doctor._package("os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "numpy")
    assert not found.works
    assert "exit code" in found.words


@pytest.mark.parametrize(
    ("system", "machine", "mend"),
    [("Linux", "x86_64", "python -m pip install decord"), ("Darwin", "arm64", "")],
)
def test_decord_is_missed_only_where_it_could_be(
    system: str, machine: str, mend: str, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    found = doctor._decoder("decord", tmp_path)  # type: ignore[arg-type]
    assert (found.works, found.needed, found.mend) == (False, False, mend)


def test_an_extra_names_what_is_missing_and_the_command() -> None:
    found = doctor._extra("web", ["gradio"], ["gradio"])
    assert (found.works, found.needed) == (False, False)
    assert found.words == "not installed: gradio"
    assert found.mend == "python -m pip install 'vidcap[web]'"


@pytest.mark.skipif(sys.platform != "linux", reason="the machines of CI are Linux")
def test_the_decoders_are_tried_on_a_real_clip() -> None:
    found = {finding.name: finding for finding in doctor._decoders()}
    assert set(found) == {"decoder pyav", "decoder opencv", "decoder decord"}
    assert found["decoder pyav"].works, found["decoder pyav"].words
    assert found["decoder opencv"].works, found["decoder opencv"].words


@pytest.mark.slow
def test_here_the_main_job_can_run() -> None:
    findings = {finding.name: finding for finding in doctor.examine()}
    assert set(REQUIRED.values()) <= set(findings)
    lacking = [f for f in findings.values() if f.needed and not f.works]
    assert lacking == []
