"""What ``vidcap caption --attention`` writes of a picture: heat maps, and the same in words."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from vidcap.captioning.attention import Explanation, place
from vidcap.captioning.caption import Caption
from vidcap.captioning.confidence import entropy
from vidcap.subtitles.clean import sentence_case
from vidcap.video.image import read_picture

SCHEMA = "vidcap.attention/1"

_COLUMNS = 5
_SIDE = 192  # longer side of a panel's picture, in pixels
_MARGIN, _LABEL = 8, 22
_PAPER, _INK = (255, 255, 255), (20, 20, 20)
_HEAT = (255, 80, 0)
_DIM = 0.35  # how bright the least attended part stays


def caption_facts(caption: Caption) -> dict[str, Any]:
    """Return a caption as JSON lines hold it, numbers to four decimals."""
    return {
        "text": caption.text,
        "score": round(caption.score, 4),
        "confidence": None if caption.confidence is None else round(caption.confidence, 4),
    }


def attention_json(path: Path, explanation: Explanation) -> str:
    """Return the text alternative: for each word where it looked, and how spread out, as JSON."""
    spreads = entropy(explanation.maps.reshape(len(explanation.maps), -1))
    words = []
    for word, attention, spread in zip(explanation.words, explanation.maps, spreads, strict=True):
        where, share = place(attention)
        words.append(
            {
                "word": word,
                "where": where,
                "share": round(share, 4),
                "entropy": round(float(spread), 4),
                "map": [[round(float(weight), 5) for weight in row] for row in attention],
            }
        )
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "path": str(path),
        **caption_facts(explanation.caption),
        "words": words,
    }
    return json.dumps(record) + "\n"


def attention_png(path: Path, explanation: Explanation) -> bytes:
    """Return a PNG: the picture, and once more for each word, lit where that word looked.

    Each panel is scaled for itself: its brightest part got the most attention of this word.

    Raises:
        MediaError: the picture cannot be read any more.
    """
    picture = Image.fromarray(read_picture(path))
    picture.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    panels = [picture]
    panels += [_lit(picture, attention) for attention in explanation.maps]
    labels = ["", *explanation.words]
    columns = min(_COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    width, height = picture.width + _MARGIN, picture.height + _LABEL + _MARGIN
    # A sentence is wider than a few narrow panels: the sheet grows for it.
    sentence = sentence_case(explanation.caption.text)
    font, title = ImageFont.load_default(13), ImageFont.load_default(16)
    sheet_width = max(columns * width, round(title.getlength(sentence)) + _MARGIN) + _MARGIN
    sheet = Image.new("RGB", (sheet_width, rows * height + 3 * _MARGIN + _LABEL), _PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((_MARGIN, _MARGIN), sentence, _INK, title)
    for number, (panel, label) in enumerate(zip(panels, labels, strict=True)):
        left = _MARGIN + number % columns * width
        top = 2 * _MARGIN + _LABEL + number // columns * height
        sheet.paste(panel, (left, top))
        draw.text((left, top + panel.height + 3), label, _INK, font)
    written = io.BytesIO()
    sheet.save(written, "PNG", optimize=False)
    return written.getvalue()


def _lit(picture: Image.Image, attention: NDArray[np.float32]) -> Image.Image:
    span = float(attention.max() - attention.min())
    heat = (attention - attention.min()) / span if span > 0 else np.zeros_like(attention)
    small = Image.fromarray(heat.astype(np.float32), mode="F")
    share = np.asarray(small.resize(picture.size, Image.Resampling.BICUBIC))[:, :, None]
    share = np.clip(share, 0.0, 1.0)
    pixels = np.asarray(picture, dtype=np.float32)
    lit = pixels * (_DIM + (1 - _DIM) * share)
    lit += (np.array(_HEAT, dtype=np.float32) - lit) * 0.3 * share
    return Image.fromarray(np.clip(np.rint(lit), 0, 255).astype(np.uint8))
