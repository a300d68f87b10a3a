"""An audio description for a video: found, fitted, spoken, mixed and written."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from vidcap.closing import Closing
from vidcap.description.formats import FORMATS, ScriptFormat, format_for_script
from vidcap.description.gaps import find_gaps
from vidcap.description.mixing import (
    CEILING_DBTP,
    Loudness,
    Timeline,
    measure,
    measure_file,
    mixed,
    resampled,
    timed_voices,
    voice_gain,
    write_mix,
)
from vidcap.description.mixing import RATE as MIX_RATE
from vidcap.description.muxing import (
    CONTAINERS,
    SOUNDS,
    write_described,
    write_sound,
    write_waiting,
)
from vidcap.description.risk import measured_risk
from vidcap.description.scheduling import Fitter
from vidcap.description.script import Candidate, Description, Detail, Omitted, Script, Span
from vidcap.description.selection import candidates_from_scenes
from vidcap.description.sound import Samples, SoundInfo, find_sound, stream_sound
from vidcap.description.speech import RATE as SPEECH_RATE
from vidcap.description.speech import SpeechDetector, find_speech
from vidcap.description.voices import DEFAULT_VOICE, Speech, Voice, load_voice
from vidcap.description.voices.cache import CachedVoice
from vidcap.errors import UsageError
from vidcap.files import longest_suffix, write_atomically
from vidcap.jobs.options import CaptionerOptions, Number, ReadOptions, exact
from vidcap.jobs.scenes import AnyPath, Progress, Scenes, open_inputs
from vidcap.subtitles.clean import clean_text
from vidcap.subtitles.document import Document, Fact, video_facts
from vidcap.subtitles.files import read_subtitles
from vidcap.subtitles.timed_text import TimedText
from vidcap.subtitles.times import nearest_ms, video_end_ms
from vidcap.video.container import regular_file
from vidcap.video.frame import VideoInfo
from vidcap.video.probe import probe

if TYPE_CHECKING:
    from vidcap.captioning.captioner import Captioner

MODES = ("standard", "extended")
# A voice that overlaps speech by less is not heard to do so.
_OVERLAP_MS = 100
_TRIES = 4


def describe(
    path: AnyPath,
    *,
    mode: str = "standard",
    voice: str | Voice = DEFAULT_VOICE,
    rate: Number = 160,
    min_gap: Number = 2,
    duck: Number = 12,
    min_confidence: Number = "0.25",
    ocr: Number = 0,
    script: AnyPath | None = None,
    seen: Document | None = None,
    captioner: str | Captioner | Future[Captioner] = "default",
    sampling: str = "fps",
    fps: Number = 1,
    decoder: str = "auto",
    device: str = "auto",
    batch_size: int = 16,
    threads: int = 0,
    prompt: str | None = None,
    progress: Progress | None = None,
) -> DescribedVideo:
    """Describe a video for people who cannot see it; the work is done when it is asked for.

    Args:
        path: a video file on this machine.
        mode: ``"standard"``: only what fits between speech is said; ``"extended"``: the film stands
            still for the rest.
        voice: name of a voice (:func:`vidcap.description.voices.load_voice` says what there is),
            or one that is loaded.
        rate: words a minute, 80 to 300.
        min_gap: least seconds between two stretches of speech to say something in.
        duck: by how many decibels the film is turned down under the voice, 0 to 60.
        min_confidence: sentences less sure are told as what they are about, alone, and those less
            sure than half of it not at all; 0 to 1.
        ocr: seconds to spend on reading text on screen, with the extra ``ocr``; 0 for not at all.
        script: a script to speak instead of what is seen: ``.dapt.xml``, ``.json``, ``.vtt`` or
            ``.txt``, as :meth:`Described.write` writes them.
        seen: what :func:`vidcap.subtitle` saw in the same video: its scenes are told, and nobody
            watches it again.
        captioner: name of a captioner or path of a checkpoint, or one that is loaded or loading.
        sampling: which frames to look at, as for :func:`vidcap.subtitle`.
        fps: frames a second to look at, above 0, where ``sampling`` is ``"fps"``.
        decoder: ``"auto"``, ``"decord"``, ``"opencv"`` or ``"pyav"``.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        batch_size: pictures to caption at a time, 1 or more.
        threads: threads for decoding and for captioning, 0 for as many as make sense.
        prompt: what to ask a captioner that is named and takes a prompt.
        progress: called after every batch of pictures with the player time reached, in seconds.

    Raises:
        UsageError: an option has a value that cannot be used.
        MediaError: the file cannot be read as a video.
        DataError: the script cannot be read.
        ModelError: there is no such voice; or the captioner cannot be loaded, which is raised
            when the script is asked for.
        MissingExtraError: the extra ``describe`` is not installed.
    """
    if mode not in MODES:
        raise UsageError(f"mode is {mode!r}; it must be one of {', '.join(MODES)}")
    options = _Options(
        mode=mode,
        rate=_between("rate", rate, 80, 300),
        min_gap=_between("min_gap", min_gap, 0, 3600),
        duck=_between("duck", duck, 0, 60),
        min_confidence=_between("min_confidence", min_confidence, 0, 1),
        ocr=_between("ocr", ocr, 0, 86_400),
    )
    read = ReadOptions(
        sampling=sampling,
        fps=fps,
        decoder=decoder,
        batch_size=batch_size,
        threads=threads,
    )
    file = regular_file(path)
    written = None
    if script is not None:
        form = format_for_script(Path(script))
        written = _candidates(read_subtitles(Path(script), form=form))
    speaker = CachedVoice(load_voice(voice) if isinstance(voice, str) else voice)
    settings: dict[str, Fact] = {
        "mode": mode,
        "voice": speaker.name,
        "rate": str(rate),
        "min_gap": str(min_gap),
        "duck": str(duck),
    }
    if written is not None:
        info = probe(path)
        settings["script"] = str(script)
        return DescribedVideo(str(path), file, info, None, written, speaker, options, settings)
    if seen is not None:
        settings |= {"min_confidence": str(min_confidence), "ocr": str(ocr), **seen.settings}
        return DescribedVideo(str(path), file, probe(path), seen, None, speaker, options, settings)
    loaded_with = CaptionerOptions(
        captioner=captioner,
        device=device,
        batch_size=batch_size,
        threads=threads,
        prompt=prompt,
    )
    name, info, loading = open_inputs(path, loaded_with)
    settings |= {"min_confidence": str(min_confidence), "ocr": str(ocr), **read.facts()}
    from vidcap.captioning.caption import Budget

    scenes = Scenes(name, info, loading, read, budget=lambda seconds: Budget(), progress=progress)
    return DescribedVideo(name, file, info, scenes, None, speaker, options, settings)


@dataclass(frozen=True, slots=True)
class _Options:
    """The figures of :func:`describe`, checked."""

    mode: str
    rate: Fraction
    min_gap: Fraction
    duck: Fraction
    min_confidence: Fraction
    ocr: Fraction


class DescribedVideo(Closing):
    """The description of one video: its script, and the files that can be made of it.

    A context manager: leaving it, or :meth:`close`, stops the work and removes what is in the
    making.  Made by :func:`describe`.

    Attributes:
        path: the file, as it was named.
        info: what the file says of its video.
    """

    def __init__(
        self,
        path: str,
        file: Path,
        info: VideoInfo,
        scenes: Scenes | Document | None,
        written: list[Candidate] | None,
        voice: CachedVoice,
        options: _Options,
        settings: dict[str, Fact],
    ) -> None:
        self.path = path
        self.info = info
        self._file = file
        self._scenes = scenes
        self._written = written
        self._voice = voice
        self._options = options
        self._settings = settings
        self._folder = tempfile.TemporaryDirectory(prefix="vidcap-")
        self._lowered_db = 0.0

    @cached_property
    def script(self) -> Script:
        """What is said when, and what is left out; found, fitted and spoken when first asked for.

        Raises:
            MediaError: the video or its sound cannot be read.
            ModelError: the captioner or the voice fails.
        """
        options = self._options
        notes: list[str] = []
        speech, heard_ms = self._listen()
        made_by: dict[str, Fact] = {}
        left: list[Omitted] = []
        if self._scenes is not None:
            made_by |= self._scenes.made_by
            end, said = _end_and_notes(self._scenes)
            seen_ms = video_end_ms(end)
            notes += said
            candidates, left = candidates_from_scenes(
                self._scenes.scenes, min_confidence=float(options.min_confidence)
            )
            if options.ocr:
                read, note = self._read_screen(self._scenes)
                notes.append(note)
                candidates = sorted([*candidates, *read], key=lambda one: one.start_ms)
        else:
            seen_ms = video_end_ms(self.info.duration or Fraction(0))
            candidates = self._written or []
        length_ms = max(seen_ms, heard_ms)
        gaps = find_gaps(speech, end_ms=length_ms, min_gap_ms=nearest_ms(options.min_gap))
        fitter = Fitter(
            self._voice,
            words_per_minute=float(options.rate),
            pauses=options.mode == "extended",
        )
        if self._written is None:
            fitted = fitter.fit(candidates, gaps)
        else:
            fitted = fitter.as_written([one for one in candidates if one.start_ms < length_ms])
            late = len(candidates) - len(fitted.told)
            if late:
                notes.append(f"{late} of the script's texts begin behind the end of the film.")
        self._voice.prune()
        made_by |= {"voice": self._voice.name, "voice_version": self._voice.version}
        return Script(
            told=tuple(_over_speech(one, speech) for one in fitted.told),
            left=tuple(
                sorted((*left, *fitted.left), key=lambda one: (one.candidate.start_ms, one.reason))
            ),
            speech=tuple(speech),
            gaps=tuple(gaps),
            length_ms=length_ms,
            mode=options.mode,
            duck_db=float(options.duck),
            film=video_facts(self.info, path=self.path, end=Fraction(length_ms, 1000)),
            made_by=made_by,
            settings=self._settings,
            risk=measured_risk(made_by.get("checkpoint"), float(options.min_confidence)),
            notes=tuple(notes),
        )

    @cached_property
    def sound(self) -> SoundInfo | None:
        """The sound that is described, or None where the video has none."""
        return find_sound(self._file)

    @cached_property
    def film_loudness(self) -> Loudness | None:
        """How loud the video's own sound is, or None where it has none."""
        if self.sound is None:
            return None
        return measure(self._film_blocks(), self._channels)

    @property
    def timeline(self) -> Timeline:
        """Where the film stands still."""
        return Timeline(
            tuple((one.start_ms, one.pause_ms) for one in self.script.told if one.pause_ms)
        )

    def text(self, format_name: str) -> str:
        """Return the script in a format (:data:`vidcap.description.formats.FORMATS`).

        Raises:
            UsageError: there is no such format.
        """
        for form in FORMATS:
            if form.name == format_name:
                return form.write(self.script)
        names = ", ".join(form.name for form in FORMATS)
        raise UsageError(f"there is no script format {format_name!r}; name one of {names}")

    def write(self, path: AnyPath, *, progress: Progress = lambda time: None) -> str:
        """Write a file, whole or not at all, over whatever stands there; its suffix says what.

        Args:
            path: ``.mp4`` or ``.mkv`` for the video with its description; ``.wav``, ``.m4a`` or
                ``.mp3`` for the described sound alone; ``.vtt``, ``.dapt.xml``, ``.json`` or
                ``.txt`` for the script.
            progress: is called with the seconds that are done.

        Returns:
            A sentence where something could not be kept, or nothing.

        Raises:
            UsageError: the suffix is none of these.
            OutputError: the file cannot be written.
        """
        target = Path(path)
        if target.suffix.lower() in (*CONTAINERS, *SOUNDS):
            return self._write_media(target, progress)
        write_atomically(target, _script_format(target).write(self.script))
        return ""

    def close(self) -> None:
        """Stop the work and remove what is in the making."""
        if isinstance(self._scenes, Scenes):
            self._scenes.close()
        self._folder.cleanup()

    @property
    def _channels(self) -> int:
        return 1 if self.sound is not None and self.sound.channels == 1 else 2

    def _film_blocks(self) -> Iterator[Samples]:
        if self.sound is not None:
            yield from stream_sound(self.sound, rate=MIX_RATE, channels=self._channels)

    def _listen(self) -> tuple[list[Span], int]:
        """Return where somebody speaks, and how long the sound is in milliseconds."""
        if self.sound is None:
            return [], 0
        heard = 0

        def counted(blocks: Iterator[Samples]) -> Iterator[Samples]:
            nonlocal heard
            for block in blocks:
                heard += len(block)
                yield block

        blocks = stream_sound(self.sound, rate=SPEECH_RATE, channels=1)
        speech = find_speech(SpeechDetector(), counted(blocks))
        return speech, heard * 1000 // SPEECH_RATE

    def _read_screen(self, scenes: Scenes | Document) -> tuple[list[Candidate], str]:
        from vidcap.description.screen import read_screen

        return read_screen(self._file, scenes.scenes, seconds=float(self._options.ocr))

    def _write_media(self, target: Path, progress: Progress) -> str:
        """Write sound or video; encoders add to peaks, so that it may take another try."""
        note = ""
        for attempt in range(_TRIES):
            note = self._encode(target, progress)
            stream = 0
            if target.suffix.lower() in CONTAINERS and self._options.mode == "standard":
                stream = 0 if self.sound is None else self.sound.streams
            peak = measure_file(target, stream=stream).dbtp
            if peak <= CEILING_DBTP or attempt == _TRIES - 1:
                break
            self._lowered_db += peak - CEILING_DBTP + 0.2
            self._mix().unlink()
        return note

    def _encode(self, target: Path, progress: Progress) -> str:
        mix = self._mix()
        if target.suffix.lower() in SOUNDS:
            write_sound(mix, target, subject=self._file, progress=progress)
            return ""
        language = self.script.language
        if self._options.mode == "standard":
            return write_described(self._file, mix, target, language=language, progress=progress)
        write_waiting(
            self._file,
            mix,
            target,
            info=self.info,
            timeline=self.timeline,
            language=language,
            progress=progress,
        )
        return "subtitles and other sound are left out: their times would be wrong now"

    def _mix(self) -> Path:
        """Return the described sound as a file, made when it is not there."""
        target = Path(self._folder.name) / "mix.flac"
        if not target.exists():
            blocks = mixed(
                self._film_blocks(),
                timed_voices(self.script.told, self._speak),
                channels=self._channels,
                timeline=self.timeline,
                length_ms=self.script.length_ms,
                gain=voice_gain(measure(self._voice_blocks(), self._channels), self.film_loudness),
                duck_db=self.script.duck_db,
            )
            write_mix(
                blocks,
                target,
                channels=self._channels,
                lowered_db=self._lowered_db,
                subject=self.path,
            )
        return target

    def _speak(self, one: Description) -> Speech:
        return self._voice.speak(one.text, speed=one.speed)

    def _voice_blocks(self) -> Iterator[Samples]:
        for one in self.script.told:
            spoken = resampled(self._speak(one))
            yield spoken[:, None].repeat(self._channels, axis=1)


def _end_and_notes(scenes: Scenes | Document) -> tuple[Fraction, tuple[str, ...]]:
    """Return where what was seen ends, and what is to be said of the watching."""
    if isinstance(scenes, Document):
        return scenes.scenes[-1].end, scenes.notes
    return scenes.status.end, scenes.status.notes


def _candidates(texts: list[TimedText]) -> list[Candidate]:
    """Return what is to be said of a script, in order of time."""
    found = [
        Candidate(None, one.start_ms, max(one.start_ms, one.end_ms), text, Detail.SCRIPT)
        for one in texts
        if (text := clean_text(one.text))
    ]
    return sorted(found, key=lambda one: one.start_ms)


def _between(name: str, value: Number, least: int, most: int) -> Fraction:
    number = exact(name, value)
    if not least <= number <= most:
        raise UsageError(f"{name} is {value}; it must be {least} to {most}")
    return number


def _script_format(path: Path) -> ScriptFormat:
    if longest_suffix(path, [form.suffix for form in FORMATS]) is None:
        suffixes = ", ".join((*CONTAINERS, *SOUNDS, *(form.suffix for form in FORMATS)))
        raise UsageError(f"{path}: the suffix says what to write; it can be {suffixes}")
    return format_for_script(path)


def _over_speech(one: Description, speech: list[Span]) -> Description:
    """Return a description with a note where it is spoken over somebody."""
    if one.pause_ms:
        return one
    over = sum(
        max(0, min(one.end_ms, span.end_ms) - max(one.start_ms, span.start_ms)) for span in speech
    )
    if over <= _OVERLAP_MS:
        return one
    said = f"{over / 1000:.1f} s over speech"
    return replace(one, note=f"{one.note}; {said}" if one.note else said)
