"""The folder of pictures: where the one of a name lies, and no way out of it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path, PurePosixPath, PureWindowsPath

from pipelines.training.datasets.base import PICTURE_SUFFIXES

# What the archives unpack to, so that the folder above may be named.
_ARCHIVES = (
    *("images", "Images", "Flicker8k_Dataset", "Flickr8k_Dataset"),
    *("flickr30k-images", "flickr30k_images", "flickr30k_images/flickr30k_images"),
)


def plain_name(name: str) -> str | None:
    """Return a picture's path as written, in the one form that is compared and looked up.

    Backslashes, as Windows writes them, become slashes.  A path that leads out of the folder, and
    one that no file can have, gives ``None``.
    """
    text = name.strip().replace("\\", "/")
    path = PurePosixPath(text)
    if not path.parts or path.is_absolute() or PureWindowsPath(text).drive:
        return None
    if ".." in path.parts or any(ord(character) < 32 for character in text):
        return None
    return path.as_posix()


class PictureFolder:
    """The folder of pictures that the user named."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def find(self, name: str, others: tuple[str, ...] = ()) -> Path | None:
        """Return the file of a picture, looked for under each of its names and known folders."""
        for folder in self._folders:
            for written in (name, *others):
                plain = plain_name(written)
                if plain is None:
                    continue
                try:
                    if (folder / plain).is_file():
                        return folder / plain
                except (OSError, ValueError):
                    # A name that is too long, or that the file system cannot write.
                    continue
        return None

    def has_stem(self, stem: str) -> bool:
        """Tell whether a picture of this name, but for its suffix, lies in the folder itself."""
        return stem in self._stems

    @cached_property
    def _folders(self) -> tuple[Path, ...]:
        return (self.path, *(self.path / name for name in _ARCHIVES if (self.path / name).is_dir()))

    @cached_property
    def _stems(self) -> frozenset[str]:
        try:
            return frozenset(
                path.stem for path in self.path.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES
            )
        except OSError:
            return frozenset()
