"""What ``vidcap subtitle --report`` writes: one page to look at what was made of a video.

The page opens nothing else: pictures are in it, and there are no scripts.  The same video and
settings give the same bytes.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from fractions import Fraction
from html import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vidcap.captioning.attention import Explanation, place
from vidcap.captioning.attention_svg import shade_svg
from vidcap.captioning.captioner import CheckpointCaptioner
from vidcap.jobs import Subtitles
from vidcap.pages import html_page
from vidcap.scenes import Scene
from vidcap.subtitles import Cue
from vidcap.subtitles.clean import clean_text, sentence_case

_SIDE = 224  # longer side of a picture
_QUALITY = 80
_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
h2 { font-size: 1.1rem; margin: 0; }
dl { display: grid; gap: 0 1rem; grid-template-columns: max-content auto; }
dd { margin: 0; overflow-wrap: anywhere; }
.line { border: 1px solid; height: 4.5rem; margin: 1rem 0; position: relative; }
.line a, .line i, .line b { position: absolute; }
.line a { background-size: cover; border-right: 2px solid Canvas; box-sizing: border-box;
  height: 3.5rem; top: 0; }
.line i { border-left: 2px dashed; height: 100%; top: 0; }
.line b { background: LinkText; bottom: 0; height: .5rem; }
.scene { border-top: 1px solid #8888; display: flex; flex-wrap: wrap; gap: 1rem; padding: 1rem 0; }
.scene > div { flex: 1 1 20rem; }
.seen { background-size: 100% 100%; display: inline-block; }
.words { display: flex; flex-wrap: wrap; gap: .5rem; margin: .5rem 0; }
.words figure { font-size: .8rem; margin: 0; text-align: center; }
.facts { font-size: .875rem; margin: 0; }
"""


def report_html(subtitles: Subtitles) -> str:
    """Return the page for a video whose subtitles have been worked out.

    A time line with the shots, the scenes and the cues; for each scene its middle frame, the
    sentence with its score and confidence, the cues with the rules they break, and where in that
    frame each word looks, as a picture and in words, where the captioner can tell.

    Raises:
        MediaError: the video cannot be read again.
    """
    document = subtitles.document()
    scenes, cues = document.scenes, document.cues
    pictures = dict(subtitles.key_frames())
    traces = _traces(subtitles, pictures)
    width, height = _size(subtitles.info.width, subtitles.info.height)
    shown = {index: _shown(picture, (width, height)) for index, picture in pictures.items()}
    title = clean_text(str(document.video["path"]))
    style = "".join(
        f".p{index} {{ background-image: url({data}); }}\n" for index, data in sorted(shown.items())
    )
    parts = [
        *_facts({**document.video, **document.made_by, **document.settings}),
        *_time_line(scenes, cues),
    ]
    for index, scene in enumerate(scenes):
        own = [cue for cue in cues if cue.scene == index]
        parts += _scene(index, scene, own, (width, height), traces.get(index))
    return html_page(title, _STYLE + style, parts, language=document.language)


def _traces(subtitles: Subtitles, pictures: dict[int, NDArray[np.uint8]]) -> dict[int, Explanation]:
    captioner = subtitles.captioner
    if not isinstance(captioner, CheckpointCaptioner):
        return {}
    told = {index: subtitles.scenes[index].text for index in sorted(pictures)}
    told = {index: text for index, text in told.items() if text}
    made = captioner.trace([pictures[index] for index in told], list(told.values()))
    return dict(zip(told, made, strict=True))


def _facts(facts: dict[str, object]) -> Iterator[str]:
    yield "<details><summary>What made this</summary><dl>"
    for name, value in facts.items():
        if value is not None:
            yield f"<dt>{escape(name)}</dt><dd>{escape(clean_text(str(value)))}</dd>"
    yield "</dl></details>"


def _time_line(scenes: Sequence[Scene], cues: Sequence[Cue]) -> Iterator[str]:
    if not scenes:
        return
    start, end = scenes[0].start, scenes[-1].end

    def percent(time: Fraction) -> str:
        return f"{float(100 * (time - start) / (end - start)):.3f}%"

    shots = sorted({frame.shot_start for scene in scenes for frame in scene.frames})
    told = f"{len(scenes)} scenes, {len(shots)} shots (dashed), {len(cues)} cues (bars)"
    yield f'<nav class="line" aria-label="Time line: {told}">'
    for index, scene in enumerate(scenes):
        where = f"left:{percent(scene.start)};width:{percent(start + scene.end - scene.start)}"
        said = escape(f"{_clock(scene.start)} {sentence_case(clean_text(scene.text))}")
        yield (
            f'<a class="p{index}" href="#s{index}" style="{where}" title="{said}" '
            f'aria-label="{said}"></a>'
        )
    for shot in shots:
        if shot > start:
            yield f'<i style="left:{percent(shot)}"></i>'
    for cue in cues:
        length = Fraction(cue.end_ms - cue.start_ms, 1000)
        where = f"left:{percent(Fraction(cue.start_ms, 1000))};width:{percent(start + length)}"
        yield f'<b style="{where}"></b>'
    yield "</nav>"
    yield f"<p>{told}.</p>"


def _scene(
    index: int,
    scene: Scene,
    cues: Sequence[Cue],
    size: tuple[int, int],
    trace: Explanation | None,
) -> Iterator[str]:
    said = sentence_case(clean_text(scene.text)) or "(nothing)"
    yield f'<section class="scene" id="s{index}">'
    yield _picture(index, size, f"Frame of the scene: {said}")
    yield "<div>"
    yield f'<h2 dir="auto">{escape(said)}</h2>'
    sure = "" if scene.confidence is None else f", confidence {scene.confidence:.2f} of 1"
    frames = "1 frame" if len(scene.frames) == 1 else f"{len(scene.frames)} frames"
    yield (
        f'<p class="facts">{_clock(scene.start)} to {_clock(scene.end)}, {frames}, '
        f"score {scene.score:.3f}{sure}</p>"
    )
    for cue in cues:
        times = f"{_clock(Fraction(cue.start_ms, 1000))} to {_clock(Fraction(cue.end_ms, 1000))}"
        broken = ", ".join(f"{one.rule} {one.value} for {one.limit}" for one in cue.breaks)
        yield f'<p class="facts">Cue {times}: {escape(broken) or "keeps all rules"}</p>'
    if trace is not None:
        yield '<div class="words">'
        for word, attention in zip(trace.words, trace.maps, strict=True):
            yield _looked(index, size, word, attention)
        yield "</div>"
    yield "</div>"
    yield "</section>"


def _picture(index: int, size: tuple[int, int], told: str) -> str:
    shape = f"width:{size[0]}px;height:{size[1]}px"
    told = escape(told)
    return f'<span class="seen p{index}" role="img" aria-label="{told}" style="{shape}"></span>'


def _looked(index: int, size: tuple[int, int], word: str, attention: NDArray[np.float32]) -> str:
    """Return a small picture, dark but for where the word looked."""
    side = len(attention)
    cells = shade_svg(attention)
    where, share = place(attention)
    told = f"{word}: {where}, {share:.0%} of the attention"
    width, height = size[0] // 2, size[1] // 2
    return (
        f'<figure><svg class="seen p{index}" role="img" aria-label="{escape(told)}" '
        f'width="{width}" height="{height}" viewBox="0 0 {side} {side}" '
        f'preserveAspectRatio="none" shape-rendering="crispEdges">{cells}</svg>'
        f"<figcaption>{escape(word)}</figcaption></figure>"
    )


def _size(width: int, height: int) -> tuple[int, int]:
    longer = max(width, height, 1)
    return max(1, width * _SIDE // longer), max(1, height * _SIDE // longer)


def _shown(picture: NDArray[np.uint8], size: tuple[int, int]) -> str:
    data = io.BytesIO()
    Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS).save(
        data, "JPEG", quality=_QUALITY
    )
    return f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode('ascii')}"


def _clock(time: Fraction) -> str:
    milliseconds = round(time * 1000)
    seconds, milliseconds = divmod(milliseconds, 1000)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}.{milliseconds:03}"
