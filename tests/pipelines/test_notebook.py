"""The script that executes notebooks: outputs kept, and never half of them."""

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

SCRIPT = Path(__file__).parents[2] / "pipelines" / "notebook.py"

pytestmark = pytest.mark.slow  # each starts a kernel


def execute(tmp_path, *sources):
    path = tmp_path / "small.ipynb"
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    before = path.read_bytes()
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(path)],
        capture_output=True,
        text=True,
        cwd=SCRIPT.parents[1],
    )
    return done, path, before


def test_cells_run_in_the_notebooks_folder_and_leave_no_trace_of_when(tmp_path):
    (tmp_path / "here.txt").write_text("42")
    done, path, _ = execute(tmp_path, "x = open('here.txt').read()", "print(x)", "int(x) + 1")
    assert done.returncode == 0, done.stderr
    notebook = nbformat.read(path, as_version=4)
    assert [cell.execution_count for cell in notebook.cells] == [1, 2, 3]
    assert notebook.cells[1].outputs[0].text == "42\n"
    assert notebook.cells[2].outputs[0].data["text/plain"] == "43"
    assert all(cell.metadata == {} for cell in notebook.cells)
    assert json.loads(path.read_text())["metadata"]["language_info"] == {"name": "python"}


def test_a_cell_that_fails_leaves_the_file_as_it_was(tmp_path):
    done, path, before = execute(tmp_path, "print('fine')", "1 / 0")
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert "Traceback (most recent call last):\n  File" not in done.stderr  # the script's own
    assert path.read_bytes() == before
