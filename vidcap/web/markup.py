"""The page's own HTML: the player with its scenes, and where words looked.

Whatever a stranger may have written is escaped here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from html import escape as html_escape

from vidcap.captioning.attention import Explanation, place
from vidcap.captioning.attention_svg import shade_svg
from vidcap.scenes import Scene
from vidcap.subtitles import Document
from vidcap.subtitles.clean import clean_text, sentence_case

DOWNLOADS = {"srt": "SubRip (SRT)", "vtt": "WebVTT", "json": "JSON", "txt": "Transcript"}
# What is at least so probable is called so.
_SURE = ((0.75, "sure"), (0.5, "fairly sure"), (0.25, "unsure"), (0.0, "a guess"))
# Gradio fills in templates in the browser: these begin one.
_TEMPLATE = str.maketrans({"$": "&#36;", "{": "&#123;", "}": "&#125;", "`": "&#96;"})


def escape(text: str) -> str:
    """Return text that neither HTML nor Gradio's templates take for anything but text."""
    return html_escape(text).translate(_TEMPLATE)


def confidence_words(confidence: float | None) -> str:
    """Say in words how sure a captioner is."""
    if confidence is None:
        return "not known how sure"
    words = next(words for least, words in _SURE if confidence >= least)
    return f"{words}, {confidence:.0%}"


def clock(time: Fraction | float) -> str:
    """Return a time as ``m:ss``, or ``h:mm:ss``."""
    seconds = int(time)
    if seconds < 3600:
        return f"{seconds // 60}:{seconds % 60:02}"
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def said(scene: Scene) -> str:
    """Return the sentence of a scene as it is read."""
    return sentence_case(clean_text(scene.text)) or "(nothing to say)"


def status(text: str) -> str:
    """Return a line that screen readers read out when it changes."""
    return f'<p class="vc-status" role="status">{escape(text)}</p>'


def problem(text: str) -> str:
    """Return a line that tells what went wrong."""
    return f'<p class="vc-problem" role="alert">{escape(text)}</p>'


def video_tag(base: str, source: str, name: str, track: str = "") -> str:
    """Return a player that begins when it is told to, with a track if there is one."""
    return (
        f'<video class="vc-video" controls preload="metadata" tabindex="0" '
        f'aria-label="{escape(name)}" src="{base}/{source}">{track}</video>'
    )


def player(base: str, source: str, name: str, document: Document) -> str:
    """Return the video with its subtitles, and its scenes beside it.

    Args:
        base: address of the room.
        source: name of the video in it.
        name: what people call the video.
        document: what was seen.
    """
    return "\n".join(_player(base, source, name, document))


def _player(base: str, source: str, name: str, document: Document) -> Iterator[str]:
    yield f'<section class="vc-result" data-base="{base}" aria-label="Result">'
    yield f'<h2 dir="auto">{escape(name)}</h2>'
    if document.completeness != "complete":
        notes = " ".join(document.notes)
        yield f"<p>The video is {escape(document.completeness)}. {escape(clean_text(notes))}</p>"
    yield '<div class="vc-columns"><div>'
    yield video_tag(
        base,
        source,
        name,
        f'<track kind="subtitles" srclang="en" label="What is seen" src="{base}/subtitles.vtt" '
        "default>",
    )
    yield '<p class="vc-unplayable" hidden>This browser cannot play this kind of video; '
    yield "its subtitles are there all the same.</p>"
    yield "</div><div>"
    yield f"<h3>{len(document.scenes)} scenes</h3>"
    yield '<ol class="vc-scenes">'
    for index, scene in enumerate(document.scenes):
        yield (
            f'<li><button type="button" data-scene="{index}" data-time="{float(scene.start):.3f}">'
            f"<b>{clock(scene.start)}</b> {escape(said(scene))} "
            f"<small>({confidence_words(scene.confidence)})</small></button></li>"
        )
    yield "</ol></div></div>"
    yield '<div class="vc-looked" role="region" aria-label="Where the words look" '
    yield 'aria-live="polite"><p>Choose a scene to see where its words look.</p></div>'
    yield downloads(base, name, DOWNLOADS)
    yield "</section>"


def downloads(base: str, name: str, kinds: dict[str, str]) -> str:
    """Return links to the files of a room.

    Args:
        base: address of the room.
        name: what people call the video.
        kinds: suffixes with what people call them.
    """
    stem = name.rpartition(".")[0] or name
    links = " ".join(
        f'<a download="{escape(stem)}.en.{kind}" href="{base}/subtitles.{kind}">{label}</a>'
        for kind, label in kinds.items()
    )
    return f'<p class="vc-downloads">Download: {links}</p>'


def picture(base: str, text: str, confidence: float | None, looked: str) -> str:
    """Return a picture with its sentence.

    Args:
        base: address of the room, where ``picture.png`` lies.
        text: the sentence.
        confidence: of the sentence.
        looked: from :func:`words_over`; empty where nobody knows.
    """
    shown = escape(sentence_case(clean_text(text)) or "(nothing to say)")
    there = looked or f'<img class="vc-picture" src="{base}/picture.png" alt="{shown}">'
    return (
        f'<section class="vc-result" aria-label="Result"><h2 dir="auto">{shown}</h2>'
        f"<p>{confidence_words(confidence).capitalize()}.</p>"
        f'<div class="vc-looked">{there}</div></section>'
    )


def words_over(image: str, sentence: str, explanation: Explanation) -> str:
    """Return a frame, a button for each word that shows where it looked, and the same in words.

    Args:
        image: address of the frame.
        sentence: what it shows.
        explanation: where each word looked.
    """
    side = explanation.maps.shape[1]
    drawings, buttons, told = [], [], []
    for number, (word, attention) in enumerate(
        zip(explanation.words, explanation.maps, strict=True)
    ):
        where, share = place(attention)
        drawings.append(
            f'<svg data-map="{number}" viewBox="0 0 {side} {side}" preserveAspectRatio="none" '
            f'shape-rendering="crispEdges" aria-hidden="true" hidden>{shade_svg(attention)}</svg>'
        )
        buttons.append(
            f'<button type="button" aria-pressed="false" data-word="{number}">'
            f"{escape(word)}</button>"
        )
        told.append(f"<li>{escape(word)}: {where}, {share:.0%} of the attention</li>")
    return (
        f'<div class="vc-frame"><img src="{image}" alt="{escape(sentence)}">{"".join(drawings)}'
        f'</div><div class="vc-words" role="group" aria-label="Words">{"".join(buttons)}</div>'
        f"<details><summary>The same in words</summary><ul>{''.join(told)}</ul></details>"
    )


def breaks(document: Document) -> str:
    """Return the rules that cues break, as a list; a sentence where they keep them all."""
    broken = [cue for cue in document.cues if cue.breaks]
    if not broken:
        return '<p class="vc-status" role="status">Every cue keeps all rules.</p>'
    lines = (
        f"<li>{clock(Fraction(cue.start_ms, 1000))} “{escape(' '.join(cue.lines))}”: "
        + ", ".join(
            f"{one.rule.replace('_', ' ')} is {one.value:g}, its limit {one.limit:g}"
            for one in cue.breaks
        )
        + "</li>"
        for cue in broken
    )
    return (
        f'<div class="vc-breaks" role="status"><p>{len(broken)} of {len(document.cues)} cues break '
        f"a rule:</p><ul>{''.join(lines)}</ul></div>"
    )


def scene_choices(scenes: Sequence[Scene]) -> list[tuple[str, int]]:
    """Return the scenes as a list to choose from; those without words are left out."""
    return [
        (f"{clock(scene.start)} {said(scene)}", index)
        for index, scene in enumerate(scenes)
        if scene.text
    ]
