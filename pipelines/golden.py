"""Record the outputs of a vidcap tree, and compare those of two trees.

    python pipelines/golden.py record --tree DIR --output FOLDER [--clips DIR --limit 30]
        [--pictures DIR --captions FILE --limit-pictures 200]
    python pipelines/golden.py compare FOLDER_A FOLDER_B

A refactoring must change no output: record the tree before and the tree after on one machine, then
compare.  ``record`` runs the tree's command and keeps exit code, stdout, stderr and files of

- ``subtitle`` in every format with its report, for the sample video and the clips;
- ``describe`` in every form of script, for the sample and the first ``--describe`` clips; for the
  sample also the extended script and the sound;
- ``caption --json`` of the pictures, those of ``--split`` where there are ``--captions``;
- ``index``, ``library export`` and ``search`` over the clips, or the sample where there are none.

The clips are the first of each kind (suffix) by path, then the second of each, and so on, up to
``--limit``.  What is broken is recorded as well: its exit code and its message are the output.

Files that are no text are kept as their SHA-256; vidcap's own records (``.vidcap``) and the library
itself are not kept, for they hold the times of files.  Bars, elapsed times, addresses and the paths
of the machine are replaced.  Times within a video stay: they are output.  A step that is there is
skipped, so a record that was stopped goes on; one of another state of the tree or of other inputs
is refused.  A command that takes longer than ``--timeout`` is not kept, and the exit code is 1.

``compare`` also replaces the version and the hash of the checkpoint.  Diffs and progress go to
stderr, one JSON object to stdout; the exit code is 1 when anything differs.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from tqdm import tqdm

from pipelines.training.data import load_captions
from vidcap.errors import UsageError, VidcapError
from vidcap.files import write_atomically

Rules = tuple[tuple[re.Pattern[str], str], ...]

ROOT = Path(__file__).resolve().parents[1]
FORMATS = "srt,vtt,ttml,json,descriptions,ass,tsv,txt"
SCRIPTS = ("dapt.xml", "json", "vtt", "txt")
QUERIES = ("a dog in the snow", "a man in a black shirt", "a rabbit on the grass", "cars on a road")
RANKINGS = ("meaning", "words", "fusion")
# The two files of a record that say what it is of; the others are outputs.
ABOUT, INPUTS = "record.json", "inputs.json"
# Lines of a diff, and characters of a line, that are printed of one file.
DIFF_LINES, DIFF_WIDTH = 200, 1000

_ELAPSED = r"\d+(?:\.\d+)? ?(?:ms|s|sec|seconds|min|minutes)\b"
# What is replaced in the streams, in files, and when two records are compared.
STREAMS: Rules = (
    # Of a line that is drawn again and again, what stands in the end.
    (re.compile(r"^.*\r(?!\n)", re.M), ""),
    (re.compile(r"\x1b\[[0-9;?]*[A-Za-z]"), ""),
    # What is left of a bar: its share and its times.
    (re.compile(r"^.*\d %\|.*\| .* gone, .* left *$", re.M), "<bar>"),
    (re.compile(r"\d+ s of video, [\d:]+ gone"), "<bar>"),
    # FFmpeg and Python name addresses; OpenCV says when, since it started.
    (re.compile(r"\b0x[0-9a-f]{6,}\b"), "<address>"),
    (re.compile(r"(\[ ?(?:WARN|ERROR|INFO|DEBUG):\d+@)\d+\.\d+\]"), r"\1<time>]"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"), "<date>"),
    (re.compile(rf"\b(took|elapsed:?|finished in|done in) {_ELAPSED}"), r"\1 <time>"),
    (re.compile(r'("(?:elapsed|took|seconds)": )\d+(?:\.\d+)?'), r"\1<time>"),
)
FILES: Rules = ((re.compile(r'("mtime_ns": )\d+'), r"\1<time>"),)
COMPARED: Rules = (
    (
        re.compile(r'\b(version(?:"?: ?"?|</dt>\s*<dd>)|vidcap"?:? "?)\d+\.\d+[\w.+-]*'),
        r"\1<version>",
    ),
    # A library's model is a hash of the checkpoint with the settings of search.
    (
        re.compile(r'\b(checkpoint(?:"?: ?"?|</dt>\s*<dd>)|model": ?")[0-9a-f]{64}\b'),
        r"\1<checkpoint>",
    ),
)
_BASE64 = re.compile(r"[A-Za-z0-9+/]{200,}={0,2}")


@dataclass(frozen=True)
class Step:
    """Hold commands that run in one folder and are recorded together.

    Attributes:
        name: path below the folder of the record.
        commands: a label for each, and the arguments for ``vidcap``.
        copied: files that are copied to the folder beforehand.
    """

    name: str
    commands: dict[str, list[str]]
    copied: tuple[Path, ...] = ()


def normalised(text: str, rules: Rules) -> str:
    """Return a text with what may differ from run to run replaced by names."""
    for pattern, replacement in rules:
        text = pattern.sub(replacement, text)
    return text


def path_rules(places: dict[str, Path]) -> Rules:
    """Return the rules that replace folders by the names they are given, the longest first."""
    folders = {
        str(form): name for name, p in places.items() for form in (p.absolute(), p.resolve())
    }
    return tuple(
        # Never a part of a longer name, nor the root of the file system.
        (re.compile(re.escape(folder) + r"(?![\w.-])"), f"<{folders[folder]}>")
        for folder in sorted(folders, key=len, reverse=True)
        if folder != "/"
    )


def choose_clips(folder: Path, limit: int) -> list[Path]:
    """Return the first clips of each kind, then the second of each, up to a limit, by path."""
    kinds: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        # The list says where the others are from.
        if path.is_file() and path.name != "index.json":
            kinds[path.suffix.lower()].append(path)
    rounds = chain.from_iterable(zip_longest(*(kinds[kind] for kind in sorted(kinds))))
    return sorted([path for path in rounds if path is not None][:limit])


def choose_pictures(folder: Path, captions: Path | None, split: str, limit: int) -> list[Path]:
    """Return the first pictures by path: of a split of captioned ones, or of a folder.

    Raises:
        DataError: the captions cannot be read.
    """
    if captions is not None:
        paths = [picture.path for picture in load_captions(folder, captions, split=split)]
    else:
        paths = [path for path in folder.rglob("*") if path.is_file()]
    return sorted(path.absolute() for path in paths)[:limit]


def describe_step(name: str, video: str, copied: tuple[Path, ...] = ()) -> Step:
    """Return the step that writes the scripts of one video."""
    commands = {
        f"describe.{suffix}": ["describe", "-o", f"script.{suffix}", "--", video]
        for suffix in SCRIPTS
    }
    return Step(name, commands, copied)


def plan(
    sample: Path,
    clips: Sequence[Path],
    folder: Path | None,
    pictures: Sequence[Path],
    described: int,
) -> list[Step]:
    """Return what is recorded, step by step."""
    subtitle = ["subtitle", "--format", FORMATS, "--report", "report.html", "-o", "out/", "--"]
    script = describe_step("sample/describe", sample.name, (sample,))
    script.commands["describe.extended"] = [
        *("describe", "--mode", "extended", "-o", "extended.dapt.xml", "--", sample.name)
    ]
    script.commands["describe.wav"] = ["describe", "-o", "described.wav", "--", sample.name]
    steps = [Step("sample/subtitle", {"subtitle": [*subtitle, sample.name]}, (sample,)), script]
    for number, clip in enumerate(clips):
        name = f"clips/{clip.relative_to(folder or clip.parent)}"
        steps.append(Step(f"{name}/subtitle", {"subtitle": [*subtitle, str(clip)]}))
        if number < described:
            steps.append(describe_step(f"{name}/describe", str(clip)))
    if pictures:
        command = ["caption", "--json", "--", *map(str, pictures)]
        steps.append(Step("pictures", {"caption": command}))
    db = ["--db", "library.db"]
    videos = [str(clip) for clip in clips] or [sample.name]
    commands = {
        "index": ["index", "--json", *db, "--", *videos],
        "export": ["library", "export", *db, "export.jsonl"],
    }
    for query in QUERIES:
        for ranking in RANKINGS:
            label = f"search.{ranking}.{query.replace(' ', '-')}"
            commands[label] = ["search", "--json", *db, "--ranking", ranking, "--", query]
    return [*steps, Step("library", commands, () if clips else (sample,))]


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tree_state(tree: Path) -> str:
    """Return a hash over the files of a tree's package."""
    state = hashlib.sha256()
    for path in sorted((tree / "vidcap").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            state.update(f"{path.relative_to(tree)} {digest(path)}\n".encode())
    return state.hexdigest()


def environment(tree: Path) -> dict[str, str]:
    """Return the environment in which a tree's command runs."""
    return {
        **os.environ,
        "PYTHONPATH": str(tree),
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "100",
    }


def check_tree(tree: Path) -> str:
    """Return the version of a tree's package, once Python is known to take it from there.

    Raises:
        UsageError: Python takes the package from elsewhere, or cannot import it.
    """
    code = "import vidcap; print(vidcap.__file__); print(getattr(vidcap, '__version__', ''))"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            cwd=folder,
            env=environment(tree),
            check=False,
        )
    if done.returncode:
        raise UsageError(f"{tree}: no vidcap can be imported: {done.stderr.strip()[-300:]}")
    file, version = done.stdout.split("\n")[:2]
    if not Path(file).resolve().is_relative_to(tree.resolve()):
        raise UsageError(f"{tree}: Python takes vidcap from {file} instead")
    return version


def run_step(
    step: Step, target: Path, tree: Path, places: dict[str, Path], timeout: float
) -> str | None:
    """Run the commands of a step and keep what they give in ``target``, all of it or nothing.

    Returns:
        None, or the label of a command that took longer than ``timeout`` seconds.
    """
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as place:
        work, streams = Path(place) / "work", Path(place) / "streams"
        work.mkdir()
        streams.mkdir()
        for path in step.copied:
            shutil.copy2(path, work / path.name)
        paths = path_rules({**places, "work": work})
        for label, command in step.commands.items():
            outputs = {name: streams / f"{label}.{name}.txt" for name in ("stdout", "stderr")}
            # Files, not pipes: a worker that outlives the command does not hold them open.
            with outputs["stdout"].open("wb") as out, outputs["stderr"].open("wb") as err:
                try:
                    done = subprocess.run(
                        [sys.executable, "-m", "vidcap", *command],
                        stdin=subprocess.DEVNULL,
                        stdout=out,
                        stderr=err,
                        cwd=work,
                        env=environment(tree),
                        timeout=timeout,
                        check=False,
                    )
                except subprocess.TimeoutExpired:
                    shutil.rmtree(partial)
                    return label
            (partial / f"{label}.exit.txt").write_text(f"{done.returncode}\n", encoding="utf-8")
            for path in outputs.values():
                text = path.read_bytes().decode("utf-8", "backslashreplace")
                (partial / path.name).write_text(
                    normalised(text, (*paths, *STREAMS)), encoding="utf-8"
                )
        inputs = {path.name for path in step.copied}
        for path in sorted(work.rglob("*")):
            name = path.relative_to(work)
            own = ".vidcap" in name.parts or name.parts[0].startswith("library.db")
            if path.is_file() and not own and str(name) not in inputs:
                keep_file(path, partial / "files" / name, (*paths, *FILES))
    partial.rename(target)
    return None


def keep_file(path: Path, kept: Path, rules: Rules) -> None:
    """Copy a text with the rules applied; of any other file write the SHA-256."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        kept.with_name(f"{kept.name}.sha256").write_text(f"{digest(path)}\n", encoding="utf-8")
    else:
        kept.write_bytes(normalised(text, rules).encode("utf-8"))


def begin(output: Path, about: dict[str, Any], inputs: dict[str, str]) -> None:
    """Write what a record is of, or see that the one that is there is of the same.

    Raises:
        UsageError: it is of another state of the tree, or of other inputs.
    """
    output.mkdir(parents=True, exist_ok=True)
    if (output / ABOUT).exists():
        there = json.loads((output / ABOUT).read_text(encoding="utf-8"))
        if there["state"] != about["state"]:
            raise UsageError(f"{output}: recorded of another state of {there['tree']}")
        if json.loads((output / INPUTS).read_text(encoding="utf-8")) != inputs:
            raise UsageError(f"{output}: recorded of other inputs")
        return
    write_atomically(output / INPUTS, (json.dumps(inputs, indent=1) + "\n").encode())
    write_atomically(output / ABOUT, (json.dumps(about, indent=1) + "\n").encode())


def record(arguments: argparse.Namespace) -> int:
    """Record the outputs of a tree and print how many steps there are."""
    started = time.monotonic()
    tree, output = arguments.tree.absolute(), arguments.output.absolute()
    version = check_tree(tree)
    folder = arguments.clips.absolute() if arguments.clips else None
    clips = choose_clips(folder, arguments.limit) if folder else []
    pictures: list[Path] = []
    if arguments.pictures:
        pictures = choose_pictures(
            arguments.pictures, arguments.captions, arguments.split, arguments.limit_pictures
        )
    for name, asked, found in (
        ("clips", folder, clips),
        ("pictures", arguments.pictures, pictures),
    ):
        if asked and not found:
            raise UsageError(f"{asked}: no {name} there")
    sample = arguments.sample.absolute()
    places = {"tree": tree, "python": Path(sys.prefix)}
    if folder:
        places["clips"] = folder
    if arguments.pictures:
        places["pictures"] = arguments.pictures
    steps = plan(sample, clips, folder, pictures, arguments.describe)
    about = {"tree": str(tree), "version": version, "state": tree_state(tree)}
    names = path_rules(places)
    inputs = {normalised(str(p), names): digest(p) for p in [*clips, *pictures]}
    begin(output, about, {"sample": digest(sample), **inputs})
    skipped = 0
    slow: list[str] = []
    for step in tqdm(steps, unit="step"):
        if (output / step.name).exists():
            skipped += 1
            continue
        (output / step.name).parent.mkdir(parents=True, exist_ok=True)
        label = run_step(step, output / step.name, tree, places, arguments.timeout)
        if label is not None:
            slow.append(f"{step.name}: {label}")
            print(f"{slow[-1]}: more than {arguments.timeout:g} s; not kept", file=sys.stderr)
    result = {
        **about,
        "clips": len(clips),
        "pictures": len(pictures),
        "steps": len(steps),
        "skipped": skipped,
        "too_slow": slow,
        "seconds": round(time.monotonic() - started, 1),
    }
    print(json.dumps(result, indent=1))
    return 1 if slow else 0


def outputs_of(folder: Path) -> dict[str, Path]:
    """Return the files of a record by their path in it.

    Raises:
        UsageError: there is no record.
    """
    if not (folder / ABOUT).is_file():
        raise UsageError(f"{folder}: no record, for it has no {ABOUT}")
    return {
        str(name): path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and (name := path.relative_to(folder)) != Path(ABOUT)
        and not any(part.endswith(".partial") and part.startswith(".") for part in name.parts)
    }


def comparable(path: Path) -> list[str]:
    """Return the lines of a recorded file without what may differ, pictures as their hashes."""
    # As bytes: reading as text would take CRLF and LF for the same.
    text = normalised(path.read_bytes().decode("utf-8"), COMPARED)
    text = _BASE64.sub(
        lambda found: f"<base64 {hashlib.sha256(found[0].encode()).hexdigest()[:16]}>", text
    )
    return text.split("\n")


def differences(a: Path, b: Path, name: str) -> list[str]:
    """Return the unified diff of a file in two records; it is empty where they say the same."""
    lines = list(
        difflib.unified_diff(
            comparable(a), comparable(b), f"a/{name}", f"b/{name}", lineterm="", n=2
        )
    )
    shown = [ascii(line)[1:-1] if not line.isprintable() else line for line in lines[:DIFF_LINES]]
    shown = [f"{s[:DIFF_WIDTH]}…" if len(s) > DIFF_WIDTH else s for s in shown]
    if len(lines) > DIFF_LINES:
        shown.append(f"… {len(lines) - DIFF_LINES} more lines")
    return shown


def compare(arguments: argparse.Namespace) -> int:
    """Compare two records, print the diffs and a summary."""
    a, b = outputs_of(arguments.a), outputs_of(arguments.b)
    changed = []
    for name in sorted(a.keys() & b.keys()):
        lines = differences(a[name], b[name], name)
        if lines:
            changed.append(name)
            print("\n".join(lines), file=sys.stderr)
    summary = {
        "files": len(a.keys() | b.keys()),
        "same": len(a.keys() & b.keys()) - len(changed),
        "changed": changed,
        "only_in_a": sorted(a.keys() - b.keys()),
        "only_in_b": sorted(b.keys() - a.keys()),
    }
    differs = bool(changed or summary["only_in_a"] or summary["only_in_b"])
    print(json.dumps({"equal": not differs, **summary}, indent=1))
    return 1 if differs else 0


def main() -> int:
    """Record one tree, or compare two records."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    recorder = commands.add_parser("record", help="record the outputs of a tree")
    recorder.set_defaults(run=record)
    recorder.add_argument("--tree", type=Path, required=True, help="checkout whose command runs")
    recorder.add_argument("--output", type=Path, required=True, help="folder of the record")
    recorder.add_argument(
        "--sample", type=Path, default=ROOT / "examples" / "sample.mp4", help="[%(default)s]"
    )
    recorder.add_argument("--clips", type=Path, help="folder of videos")
    recorder.add_argument("--limit", type=int, default=30, help="clips at most [%(default)s]")
    recorder.add_argument(
        "--describe", type=int, default=3, help="clips that are described too [%(default)s]"
    )
    recorder.add_argument("--pictures", type=Path, help="folder of pictures")
    recorder.add_argument("--captions", type=Path, help="their captions, to take one split alone")
    recorder.add_argument("--split", default="val", help="that split [%(default)s]")
    recorder.add_argument(
        "--limit-pictures", type=int, default=200, help="pictures at most [%(default)s]"
    )
    recorder.add_argument(
        "--timeout", type=float, default=900, help="seconds a command [%(default)s]"
    )
    comparer = commands.add_parser("compare", help="compare two records")
    comparer.set_defaults(run=compare)
    comparer.add_argument("a", type=Path, metavar="FOLDER_A")
    comparer.add_argument("b", type=Path, metavar="FOLDER_B")
    arguments = parser.parse_args()
    try:
        code: int = arguments.run(arguments)
    except VidcapError as error:
        print(f"golden: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"golden: {error}", file=sys.stderr)
        return 2
    return code


if __name__ == "__main__":
    sys.exit(main())
