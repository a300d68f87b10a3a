"""Find and check local folders of Hugging Face models."""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from vidcap.errors import ModelError

# Everything a model is made of, and nothing that could be run: neither code nor pickles.
_PATTERNS = ("*.json", "*.safetensors", "*.txt", "*.jinja", "*.model")
# Weights for other programs, a second time.
_NOT_OURS = ("*/*", "consolidated*.safetensors", "*.fp16.safetensors")
_NAME = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}")
_WEIGHTS = "model.safetensors"
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.h5", "*.msgpack", "*.pkl")

Downloaded = Callable[[int, int], None]
"""Is called with the bytes that are there, and those that are known to be wanted."""

_log = logging.getLogger("vidcap")
_offline_lock = Lock()


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A folder that holds a model.

    Attributes:
        path: where it is.
        checkpoint: SHA-256 over the names and contents of the files that make the model.
        revision: commit of the Hub that it is a copy of; empty for the user's own folder.
    """

    path: Path
    checkpoint: str
    revision: str = ""


def find_model(name: str, *, downloaded: Downloaded | None = None) -> ModelFolder:
    """Return the folder of a model: the one that is named, or the Hub's copy on this machine.

    A model of the Hub (``owner/name``, or ``owner/name@revision``) is downloaded where it is not in
    the cache of ``huggingface_hub`` yet; a line in the log of ``vidcap`` says so.  What is in the
    cache is used as it is, without asking the Hub for news.

    Args:
        name: of the model.
        downloaded: hears how far a download is; where nobody hears, ``huggingface_hub`` draws bars.

    Raises:
        ModelError: there is no such model, it cannot be had, or its weights are no safetensors.
    """
    path = Path(name).expanduser()
    if name and path.is_dir():
        _check_folder(path, name)
        return ModelFolder(path, _digest(path))
    repository, _, revision = name.partition("@")
    if not _NAME.fullmatch(repository) or repository.startswith("."):
        raise ModelError(
            f"hf:{name}: there is no such folder; a model of the Hugging Face Hub is named "
            "OWNER/NAME or OWNER/NAME@REVISION"
        )
    path = _from_hub(repository, revision or "main", downloaded)
    _check_folder(path, name)
    return ModelFolder(path, _digest(path), revision=path.name)


def _from_hub(repository: str, revision: str, downloaded: Downloaded | None) -> Path:
    hub: Any = importlib.import_module("huggingface_hub")
    errors: Any = importlib.import_module("huggingface_hub.errors")
    constants: Any = importlib.import_module("huggingface_hub.constants")
    wanted = {
        "repo_id": repository,
        "revision": revision,
        "allow_patterns": list(_PATTERNS),
        "ignore_patterns": list(_NOT_OURS),
    }
    try:
        return Path(hub.snapshot_download(**wanted, local_files_only=True))
    except errors.LocalEntryNotFoundError:
        pass
    by_hand = (
        f"run 'hf download {repository} --local-dir FOLDER' where there is, and name hf:FOLDER"
    )
    if constants.HF_HUB_OFFLINE:
        raise ModelError(
            f"hf:{repository}: not a folder and not in the Hub's cache on this machine, and "
            f"HF_HUB_OFFLINE forbids to download it; unset that, or {by_hand}"
        )
    _log.warning(
        "hf:%s is not on this machine: downloading it from the Hugging Face Hub (%s)",
        repository,
        constants.ENDPOINT,
    )
    bars = None if downloaded is None else _telling_bars(downloaded)
    try:
        return Path(hub.snapshot_download(**wanted, tqdm_class=bars))
    except errors.GatedRepoError as error:
        raise ModelError(
            f"hf:{repository}: its owner gives it only to those who ask; accept the conditions at "
            f"{constants.ENDPOINT}/{repository}, then run 'hf auth login'"
        ) from error
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError) as error:
        raise ModelError(
            f"hf:{repository}: neither a folder here nor a model that the Hub shows you in "
            f"revision {revision!r}; check the name, or run 'hf auth login' for a private one"
        ) from error
    # Whatever else stands in the way is the network's or the disk's, in a dozen classes.
    except Exception as error:
        raise ModelError(
            f"hf:{repository}: cannot be downloaded from {constants.ENDPOINT} "
            f"({one_line(error, 120)}); without a network, {by_hand}"
        ) from error


def _telling_bars(downloaded: Downloaded) -> type:
    """Return a class of progress bars that tell how far they are and draw nothing."""
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[type-arg]
        counting: Any = None

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{**options, "file": io.StringIO()})
            # There is one for bytes on the line, made first, one for bytes on the disk, and one
            # for files: the second counts what the user waits for.
            if options.get("unit") == "B":
                type(self).counting = self

        def update(self, n: float | None = 1) -> bool | None:
            told = super().update(n)
            if self is type(self).counting and self.total:
                downloaded(int(self.n), int(self.total))
            return told

        def display(self, *args: Any, **options: Any) -> None:
            pass

    return Bar


def _check_folder(path: Path, name: str) -> None:
    if not (path / "config.json").is_file():
        raise ModelError(f"hf:{name}: {path} holds no config.json, so it is no Hugging Face model")
    index = path / f"{_WEIGHTS}.index.json"
    needed = [_WEIGHTS]
    if not (path / _WEIGHTS).is_file() and index.is_file():
        try:
            shards = json.loads(index.read_text("utf-8"))["weight_map"].values()
            needed = sorted({Path(shard).name for shard in shards})
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            RecursionError,
        ) as error:
            raise ModelError(f"hf:{name}: {index} is damaged: {error}") from error
    missing = [file for file in needed if not (path / file).is_file()]
    if not missing:
        return
    pickles = sorted(file.name for pattern in _PICKLES for file in path.glob(pattern))
    if pickles and missing == [_WEIGHTS]:
        raise ModelError(
            f"hf:{name}: its weights are a pickle ({pickles[0]}), which can run any code and is "
            f"never read; name a revision with {_WEIGHTS}, or save the model anew with "
            "save_pretrained(FOLDER) and name hf:FOLDER"
        )
    raise ModelError(
        f"hf:{name}: {missing[0]} is missing in {path}: no whole set of safetensors weights; "
        "download the model anew"
    )


def _digest(folder: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(file for pattern in _PATTERNS for file in folder.glob(pattern)):
        if path.is_file():
            with path.open("rb") as file:
                total.update(path.name.encode("utf-8", "surrogateescape") + b"\0")
                total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


@contextmanager
def hub_offline() -> Iterator[None]:
    """Keep ``huggingface_hub`` from opening any connection while the block runs.

    A configuration may name a backbone or a base model elsewhere; loading a folder must not fetch
    what nobody named.
    """
    constants: Any = importlib.import_module("huggingface_hub.constants")
    with _offline_lock:
        before = constants.HF_HUB_OFFLINE
        constants.HF_HUB_OFFLINE = True
        try:
            yield
        finally:
            constants.HF_HUB_OFFLINE = before


def one_line(error: BaseException, length: int = 300) -> str:
    """Return what an error says, on one line of at most so many characters."""
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= length else f"{words[: length - 1]}\u2026"
