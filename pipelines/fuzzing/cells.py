"""Cells: a process for every file, that is watched from outside and swept up behind.

The parent has imported everything, so a cell costs a fork.  A cell has little memory and time, a
folder of its own for everything it writes, and tells of what Python opens or connects to elsewhere.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzzing.targets import Exit, Fault, Target

MEMORY_BYTES = 4 << 30  # of address space beyond what the parent has
MUCH_BYTES = 1 << 30  # resident, beyond what the parent has
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_GRACE_SECONDS = 3.0
_OWN = ("answer", "stdout", "stderr", "picture.ppm", "told.srt")


@dataclass(frozen=True, slots=True)
class Task:
    """A file and what is to be done with it.

    Attributes:
        key: what tells it from the others.
        path: the file, in its cell's folder.
        folder: the cell's.
        target: what is done.
        seconds: after which it counts as hanging.
    """

    key: str
    path: Path
    folder: Path
    target: Target
    seconds: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a file.

    Attributes:
        outcome: ``output``, ``refused``, or the kind of a failure: ``crash``, ``hang``,
            ``traceback``, ``memory``, ``network``, ``files``, ``process``, ``fault``.
        words: kind of error and message.
        seconds: that it took.
        memory: resident bytes at most, of the cell and of processes that it started.
    """

    outcome: str
    words: str
    seconds: float
    memory: int

    @property
    def failed(self) -> bool:
        """Whether it should not have come to this."""
        return self.outcome not in ("output", "refused")


@dataclass(slots=True)
class _Cell:
    task: Task
    process: int
    started: float = field(default_factory=time.monotonic)
    killed: bool = False


def run_all(
    tasks: Iterator[Task], judged: Callable[[Task, Verdict], None], *, jobs: int, until: float
) -> None:
    """Run tasks in cells, ``jobs`` at a time, and hand on what came of each.

    Args:
        tasks: in order; not asked for more after ``until``.
        judged: takes a task and its verdict; the cell's folder is still there.
        jobs: cells at a time.
        until: on the monotonic clock.
    """
    _adopt_orphans()
    cells: dict[int, _Cell] = {}
    waiting = True
    while cells or waiting:
        while waiting and len(cells) < jobs:
            task = next(tasks, None) if time.monotonic() < until else None
            if task is None:
                waiting = False
                break
            cell = _start(task)
            cells[cell.process] = cell
        for cell in cells.values():
            if not cell.killed and time.monotonic() - cell.started > cell.task.seconds:
                cell.killed = True
                _end(cell.process)
        if not cells:
            continue
        process, status, usage = os.wait4(-1, os.WNOHANG)
        if not process:
            time.sleep(0.001)
        elif process in cells:
            cell = cells.pop(process)
            verdict = _verdict(cell, status, usage.ru_maxrss * 1024)
            judged(cell.task, verdict)
            shutil.rmtree(cell.task.folder, ignore_errors=True)


def _adopt_orphans() -> None:
    """Let processes that a cell leaves behind become children of this one, which reaps them."""
    import ctypes

    set_child_subreaper = 36
    ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)


def _start(task: Task) -> _Cell:
    for name in ("out", "tmp", "home"):
        (task.folder / name).mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    process = os.fork()
    if not process:
        try:
            _confine(task)
            _work(task)
        finally:
            os._exit(1)
    return _Cell(task, process)


def _confine(task: Task) -> None:
    os.setsid()
    faulthandler.disable()  # a test runner's would write to its own terminal
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(task.folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.chdir(task.folder)
    temporary = str(task.folder / "tmp")
    os.environ |= {
        "TMPDIR": temporary, "HOME": str(task.folder / "home"),
        "XDG_CACHE_HOME": str(task.folder / "home"), "VIDCAP_DEBUG": "0",
    }  # fmt: skip
    import tempfile

    tempfile.tempdir = temporary
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    most = pages * resource.getpagesize() + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 28, 1 << 28))


def _work(task: Task) -> None:
    strayed: list[str] = []
    sys.addaudithook(_watching(task.folder, strayed))
    try:
        found = task.target(task.path, task.folder)
        answer = {"outcome": "output", "words": ""}
        if isinstance(found, Exit) and found:
            answer = {"outcome": "refused", "words": f"exit {int(found)}"}
    except Fault as error:
        answer = {"outcome": "fault", "words": str(error)}
    except MemoryError as error:
        answer = {"outcome": "memory", "words": _where(error)}
    except BaseException as error:
        from vidcap.errors import VidcapError

        kind = "refused" if isinstance(error, VidcapError) else "traceback"
        words = f"{type(error).__name__}: {error}" if kind == "refused" else _where(error)
        answer = {"outcome": kind, "words": words}
    if strayed:
        answer = {"outcome": strayed[0].split()[0], "words": "; ".join(strayed[:3])}
    answer["words"] = answer["words"][:400]
    (task.folder / "answer").write_text(json.dumps(answer), encoding="utf-8")
    os._exit(0)


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    at = " < ".join(f"{Path(one.filename).name}:{one.lineno}" for one in reversed(frames))
    return f"{type(error).__name__}: {str(error)[:150]} at {at}"


def _watching(folder: Path, strayed: list[str]) -> Callable[[str, tuple[Any, ...]], None]:
    """Return an audit hook that notes connections, unpickling, and files opened for writing."""
    inside = (str(folder), os.devnull, "/dev/shm")  # noqa: S108 - where semaphores lie

    def hook(event: str, given: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "urllib.Request"):
            strayed.append(f"network {event} {given[1:3]}")
        elif event == "pickle.find_class":
            strayed.append(f"fault {event} {given}")
        elif event == "open" and isinstance(given[0], str | bytes | os.PathLike):
            writing = (given[2] or 0) & _WRITING or (given[1] and set(given[1]) & set("wax+"))
            place = str(Path(os.fsdecode(given[0])).absolute())
            if writing and not place.startswith(inside):
                strayed.append(f"files {os.fsdecode(given[0])}")

    return hook


def _verdict(cell: _Cell, status: int, memory: int) -> Verdict:
    seconds = time.monotonic() - cell.started
    task = cell.task
    answer: Mapping[str, str] = {}
    with contextlib.suppress(OSError, ValueError):
        answer = json.loads((task.folder / "answer").read_text(encoding="utf-8"))
    left = _left_processes(cell.process)
    if cell.killed:
        return Verdict("hang", f"after {task.seconds:g} s", seconds, memory)
    if os.WIFSIGNALED(status):
        return Verdict("crash", f"signal {os.WTERMSIG(status)}", seconds, memory)
    if not answer:
        return Verdict("crash", f"exit {os.waitstatus_to_exitcode(status)}", seconds, memory)
    if answer["outcome"] in ("output", "refused"):
        own = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        if memory - own * resource.getpagesize() > MUCH_BYTES:
            return Verdict("memory", f"{memory >> 20} MB; {answer['words']}", seconds, memory)
        if left:
            return Verdict("process", left, seconds, memory)
        stray = _stray_files(task)
        if stray:
            return Verdict("files", f"left {stray[:3]}", seconds, memory)
    return Verdict(answer["outcome"], answer["words"], seconds, memory)


def _end(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _left_processes(group: int) -> str:
    """Return what a cell left running, and end it; nothing where all went within a moment."""
    deadline = time.monotonic() + _GRACE_SECONDS
    while True:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return ""
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-group, os.WNOHANG)[0]:
                pass
        if time.monotonic() > deadline:
            _end(group)
            return f"processes of group {group} were left"
        time.sleep(0.005)


def _stray_files(task: Task) -> list[str]:
    """Return the files that a cell left where it should not, and halves of results."""
    found = []
    for path in task.folder.rglob("*"):
        if path.is_dir() or path == task.path:
            continue
        place = path.relative_to(task.folder).parts
        half = path.name.startswith(".vidcap-") or path.name.endswith((".db-wal", ".db-shm"))
        if (place[0] not in (*_OWN, "out", "home")) or half:
            found.append("/".join(place))
    return found
