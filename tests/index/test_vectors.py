from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.index.records import content, put, scenes
from vidcap.index import Catalogue
from vidcap.index.vectors import pack, unpack

ROOT = Path(__file__).parents[2]


def test_a_packed_vector_keeps_its_direction() -> None:
    rng = np.random.default_rng(0)
    for vector in rng.normal(size=(50, 384)).astype(np.float32):
        again = unpack(pack(vector))
        assert abs(np.linalg.norm(again) - 1) < 1e-5
        assert again @ vector / np.linalg.norm(vector) > 0.9995
    assert not unpack(pack(np.zeros(4, np.float32))).any()


def library(path: Path, count: int = 5000) -> Catalogue:
    rng = np.random.default_rng(1)
    catalogue = Catalogue(path, create=True)
    told = [
        replace(scene, sentence_vector=pack(rng.normal(size=16)))
        for scene in scenes(*["a dog"] * count)
    ]
    put(catalogue, "a", told)
    return catalogue


def test_the_nearest_are_those_that_all_cosines_say(tmp_path: Path) -> None:
    with library(tmp_path / "library.db") as catalogue:
        vectors = [unpack(scene.sentence_vector or b"") for scene in catalogue.scenes(content("a"))]
        wanted = vectors[7]
        cosines = np.stack(vectors) @ wanted
        best = np.argsort(-cosines, kind="stable")[:20]
        near = catalogue.vectors.nearest(wanted, "sentence", 20)
        assert [scene - 1 for scene in near] == best.tolist()
        np.testing.assert_allclose(list(near.values()), cosines[best], atol=1e-5)
        some = catalogue.vectors.of_scenes(wanted, "sentence", [8, 9, 100_000])
        assert set(some) == {8, 9}
        assert some[8] == pytest.approx(1, abs=1e-5)
        assert catalogue.vectors.nearest(wanted, "picture", 20) == {}


def test_vectors_of_another_length_are_another_captioners(tmp_path: Path) -> None:
    with library(tmp_path / "library.db", 10) as catalogue:
        longer = [
            replace(scene, sentence_vector=pack(np.eye(24, dtype=np.float32)[place]))
            for place, scene in enumerate(scenes("a cat", "a bird"))
        ]
        put(catalogue, "b", longer)
        wanted = np.eye(24, dtype=np.float32)[1]
        assert catalogue.vectors.nearest(wanted, "sentence", 20) == pytest.approx({12: 1, 11: 0})
        assert set(catalogue.vectors.of_scenes(wanted, "sentence", [1, 12])) == {12}
        assert len(catalogue.vectors.nearest(np.eye(16, dtype=np.float32)[0], "sentence", 20)) == 10
        assert catalogue.vectors.nearest(np.ones(8, np.float32), "sentence", 20) == {}


def _python_that_loads_extensions() -> str | None:
    """A Python of this version whose SQLite loads extensions: this one, or the system's."""
    for name in (sys.executable, "/usr/bin/python3"):
        if not shutil.which(name):
            continue
        program = (
            "import sqlite3, sys\n"
            f"assert sys.version_info[:2] == {sys.version_info[:2]}\n"
            "sqlite3.connect(':memory:').enable_load_extension(True)"
        )
        if subprocess.run([name, "-c", program], capture_output=True).returncode == 0:
            return name
    return None


def test_sqlite_vec_finds_what_numpy_finds(tmp_path: Path) -> None:
    pytest.importorskip("sqlite_vec")
    python = _python_that_loads_extensions()
    if python is None:
        pytest.skip("no Python of this version has an SQLite that loads extensions")
    with library(tmp_path / "library.db", 500) as catalogue:
        wanted = unpack(pack(np.arange(16, dtype=np.float32)))
        catalogue.vectors.in_sqlite = False
        expected = catalogue.vectors.nearest(wanted, "sentence", 20, "video IN (?)", [1])
    program = (
        "import json, sys, numpy as np\n"
        "from vidcap.index import Catalogue\n"
        "from vidcap.index.vectors import pack, unpack\n"
        "catalogue = Catalogue(sys.argv[1])\n"
        "assert catalogue.vectors.in_sqlite\n"
        "wanted = unpack(pack(np.arange(16, dtype=np.float32)))\n"
        "near = catalogue.vectors.nearest(wanted, 'sentence', 20, 'video IN (?)', [1])\n"
        "print(json.dumps(list(near.items())))\n"
    )
    done = subprocess.run(
        [python, "-c", program, tmp_path / "library.db"],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")]),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [scene for scene, _ in found] == list(expected)
    np.testing.assert_allclose([near for _, near in found], list(expected.values()), atol=1e-5)
