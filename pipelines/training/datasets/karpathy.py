"""The JSON of Karpathy and Fei-Fei (2015), which brings the splits that papers report on.

``{"images": [{"filename", "filepath", "split", "sentences": [{"raw"}]}]}``; sentences may be plain
strings too.  ``filepath`` is COCO's folder, such as ``val2014``; a picture that is not in it is
looked for without it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pipelines.training.datasets.base import Entry, Source
from pipelines.training.datasets.columns import entry_of


class Karpathy:
    """``dataset_flickr8k.json``, ``dataset_flickr30k.json``, ``dataset_coco.json``."""

    name = "karpathy"
    about = 'Karpathy\'s JSON: {"images": [{"filename", "split", "sentences"}]}'

    def recognises(self, source: Source) -> bool:
        """Tell whether the file is JSON with images, and with no list of annotations."""
        document = source.document
        return (
            isinstance(document, dict)
            and isinstance(document.get("images"), list)
            and "annotations" not in document
        )

    def read(self, source: Source) -> Iterator[Entry]:
        """Yield the images in their order."""
        for index, image in enumerate(source.document["images"]):
            entry = entry_of(image, source, f"images[{index}]")
            folder = image.get("filepath")
            if "filename" in image and isinstance(folder, str) and folder:
                entry = replace(entry, picture=f"{folder}/{entry.picture}", others=(entry.picture,))
            yield entry
