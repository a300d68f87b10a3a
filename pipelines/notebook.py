"""Execute a notebook and keep the outputs in it, without traces of when and where.

    python pipelines/notebook.py notebooks/captioner.ipynb

Needs the ``notebook`` extra.  Cells run in the notebook's own folder; the file is replaced only
when all of them have run.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from vidcap.files import write_atomically

# What a notebook says of itself: no version, so that another Python changes nothing.
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def execute(notebook: nbformat.NotebookNode, folder: Path) -> None:
    """Run all cells in a folder with this Python, outputs into the notebook."""
    client = NotebookClient(
        notebook,
        timeout=None,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        coalesce_streams=True,
    )
    client.execute()


def main() -> int:
    """Execute the notebook named; the exit code is 1 where a cell fails."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("notebook", type=Path, help="file to execute and to replace")
    path = parser.parse_args().notebook
    notebook = nbformat.read(path, as_version=4)
    try:
        execute(notebook, path.resolve().parent)
    except CellExecutionError as error:
        print(f"notebook: {path}: {error}", file=sys.stderr)
        return 1
    notebook.metadata = nbformat.from_dict(METADATA)
    write_atomically(path, nbformat.writes(notebook) + "\n")
    print(f"{path}: {len(notebook.cells)} cells, {path.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
