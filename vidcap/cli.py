"""The ``vidcap`` command: reads the command line, calls the job, turns errors into exit codes.

Nothing but the standard library is imported until a command is known.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from io import TextIOWrapper
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from vidcap import __version__
from vidcap.commands import exits
from vidcap.commands.progress import Reporter
from vidcap.errors import OutputError, UsageError, VidcapError

_FORMATS = "srt, vtt, descriptions, ttml, ass, tsv, json or txt"


class _Terminated(BaseException):
    """The process was told to terminate; what is running cleans up on its way out."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; never raises an error, never reads stdin."""
    _prepare_streams()
    reporter = Reporter()
    try:
        with _termination():
            parsed = _parser().parse_args(arguments)
            reporter = Reporter(quiet=parsed.quiet, verbose=parsed.verbose > 0)
            if parsed.verbose > 1:
                os.environ["VIDCAP_DEBUG"] = "1"
            code: int = parsed.run(parsed, reporter)
            return code
    except VidcapError as error:
        reporter.warn(f"vidcap: {error}")
        return error.exit_code
    except BrokenPipeError:
        return exits.BROKEN_PIPE
    except KeyboardInterrupt:
        reporter.warn("vidcap: interrupted; finished files stay")
        return exits.INTERRUPTED
    except _Terminated:
        reporter.warn("vidcap: terminated; finished files stay")
        return exits.TERMINATED
    except Exception as error:
        from vidcap.commands.outcomes import foreseen, internal

        known = foreseen(error)
        if isinstance(known, VidcapError):
            reporter.warn(f"vidcap: {known}")
            return known.exit_code
        reporter.warn(f"vidcap: {internal(error)}")
        return exits.INTERNAL


def _prepare_streams() -> None:
    # A closed descriptor would go to the next file opened, and messages would land in that file.
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115 - for good
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115
    # File names may hold what no encoding can say; and data is UTF-8 wherever it goes.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            encoding = None if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


@contextmanager
def _termination() -> Iterator[None]:
    def terminate(number: int, frame: FrameType | None) -> NoReturn:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _emit(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _abandon_stdout()
        raise
    except OSError as error:
        _abandon_stdout()
        raise OutputError(f"the standard output cannot be written: {error.strerror}") from error


def _abandon_stdout() -> None:
    # Python would try once more at its end, and complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _subtitle(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import subtitle

    return subtitle.run(
        parsed.paths,
        output=parsed.output,
        formats=parsed.format,
        videos=[kind for kind in ("mux", "burn") if getattr(parsed, kind)],
        report=parsed.report,
        force=parsed.force,
        options={
            "preset": parsed.preset,
            "start": parsed.start,
            "end": parsed.end,
            **_watching(parsed),
        },
        reporter=reporter,
        emit=_emit,
    )


def _describe(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import describe

    return describe.run(
        parsed.paths,
        output=parsed.output,
        everything=parsed.all,
        force=parsed.force,
        options={
            "mode": parsed.mode,
            "voice": parsed.voice,
            "rate": parsed.rate,
            "min_gap": parsed.min_gap,
            "duck": parsed.duck,
            "min_confidence": parsed.min_confidence,
            "ocr": parsed.ocr,
            "script": parsed.script,
            **_watching(parsed),
        },
        reporter=reporter,
        emit=_emit,
    )


def _watching(parsed: argparse.Namespace) -> dict[str, object]:
    """Return the options of every command that watches videos."""
    return {
        "captioner": parsed.captioner,
        "sampling": parsed.sampling,
        "fps": parsed.fps if parsed.fps is not None else Fraction(1),
        "decoder": parsed.decoder,
        "device": parsed.device,
        "batch_size": parsed.batch_size,
        "threads": parsed.threads,
        "prompt": parsed.prompt,
    }


def _caption(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import caption

    return caption.run(
        parsed.paths,
        output=parsed.output,
        as_json=parsed.json,
        attention=parsed.attention,
        force=parsed.force,
        options={
            "captioner": parsed.captioner,
            "device": parsed.device,
            "batch_size": parsed.batch_size,
            "threads": parsed.threads,
            "prompt": parsed.prompt,
        },
        reporter=reporter,
        emit=_emit,
    )


def _index(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import index

    return index.run(
        parsed.paths,
        db=parsed.db,
        watch=parsed.watch,
        as_json=parsed.json,
        options={
            "workers": parsed.workers,
            "refresh": parsed.refresh,
            "retry_failed": parsed.retry_failed,
            "limit": parsed.limit,
            "dry_run": parsed.dry_run,
            "screen_text": parsed.ocr,
            **_watching(parsed),
        },
        reporter=reporter,
        emit=_emit,
    )


def _search(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import search

    return search.run(
        parsed.text,
        db=parsed.db,
        like=parsed.like,
        top=parsed.top,
        within=parsed.within,
        ranking=parsed.ranking,
        captioner=parsed.captioner,
        as_json=parsed.json,
        reporter=reporter,
        emit=_emit,
    )


def _library_status(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import library

    return library.status(parsed.db, as_json=parsed.json, emit=_emit)


def _library_prune(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import library

    return library.prune(parsed.db, reporter=reporter)


def _library_export(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import library

    return library.export(
        parsed.db, parsed.target, force=parsed.force, reporter=reporter, emit=_emit
    )


def _library_import(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import library

    return library.take(parsed.db, parsed.source, reporter=reporter)


def _check(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import check

    return check.run(
        parsed.paths,
        preset=parsed.preset,
        frame_rate=parsed.frame_rate,
        as_json=parsed.json,
        reporter=reporter,
        emit=_emit,
    )


def _convert(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import convert

    return convert.run(
        parsed.source,
        parsed.target,
        source_format=parsed.source_format,
        target_format=parsed.target_format,
        force=parsed.force,
        reporter=reporter,
        emit=_emit,
    )


def _probe(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import probe

    return probe.run(parsed.paths, as_json=parsed.json, reporter=reporter, emit=_emit)


def _models(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import models

    return models.run(as_json=parsed.json, emit=_emit)


def _serve(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import serve

    return serve.run(
        host=parsed.host,
        port=parsed.port,
        allowed=parsed.allow_captioner,
        db=parsed.db,
        login=parsed.login,
        reporter=reporter,
    )


def _doctor(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import doctor

    return doctor.run(emit=_emit)


def _parser() -> argparse.ArgumentParser:
    codes = "\n".join(f"  {code:<5}{meaning}" for code, meaning in exits.MEANINGS.items())
    parser = _Parser(
        prog="vidcap",
        description="Turns what is seen in a video into timed words, on this machine.",
        epilog=f"exit codes:\n{codes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"vidcap {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(
        name: str,
        summary: str,
        run: Callable[[argparse.Namespace, Reporter], int],
        *examples: str,
        among: Any = None,
    ) -> argparse.ArgumentParser:
        added = (among or commands).add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            epilog="examples:\n" + "\n".join(f"  {example}" for example in examples),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        speech = added.add_mutually_exclusive_group()
        speech.add_argument(
            "-q", "--quiet", action="store_true", help="no progress: only warnings and errors"
        )
        speech.add_argument(
            "-v",
            "--verbose",
            action="count",
            default=0,
            help="say more; twice: where a fault in vidcap comes from",
        )
        added.set_defaults(run=run)
        return added

    subtitle = command(
        "subtitle",
        "write subtitles of what is seen in videos",
        _subtitle,
        "vidcap subtitle film.mp4                  writes film.en.srt beside it",
        "vidcap subtitle films/ --format srt,json  does what is missing in a folder",
        "vidcap subtitle film.mp4 -o scenes.vtt",
        "vidcap subtitle film.mp4 --mux             writes film.subtitled.mp4",
    )
    _add_paths(subtitle, "videos, or folders to walk")
    _add_output(subtitle, "srt, vtt, json and others, see --format")
    subtitle.add_argument(
        "--format",
        type=_names,
        default=(),
        metavar="NAMES",
        help=f"{_FORMATS}, or several with commas (default: srt)",
    )
    subtitle.add_argument(
        "--mux",
        action="store_true",
        help="write film.subtitled.mp4 (or mov, mkv, webm): a copy with the subtitles as a track, "
        "all else as it is",
    )
    subtitle.add_argument(
        "--burn",
        action="store_true",
        help="write film.burned.mp4: the subtitles drawn on the pictures, which are encoded anew",
    )
    subtitle.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="also write a page (HTML, complete in one file) with the time line, each scene's "
        "picture, sentence, score and confidence, and where each word looks; for one video",
    )
    subtitle.add_argument(
        "--start", type=_time, metavar="TIME", help="where to start: seconds or [HH:]MM:SS[.mmm]"
    )
    subtitle.add_argument("--end", type=_time, metavar="TIME", help="where to end")
    _add_preset(subtitle)
    _add_sampling(subtitle)
    _add_captioner(subtitle)

    describe = command(
        "describe",
        "add a spoken description of what is seen, in the gaps of the dialogue",
        _describe,
        "vidcap describe film.mp4                     writes film.described.mp4 beside it",
        "vidcap describe film.mp4 -o film.dapt.xml    the script, to be edited",
        "vidcap describe film.mp4 --script film.dapt.xml -o new.mp4",
        "vidcap describe film.mp4 --mode extended --all described/",
    )
    _add_paths(describe, "videos, or folders to walk")
    _add_output(
        describe,
        "mp4, mkv: the video with the description as one more track; wav, m4a, mp3: the described "
        "sound alone; vtt, dapt.xml, json, txt: the script",
    )
    describe.add_argument(
        "--all", metavar="DIR", help="write every kind of result to this folder instead"
    )
    describe.add_argument(
        "--mode",
        default="standard",
        choices=("standard", "extended"),
        help="standard: say only what fits between speech; extended: the film stands still for "
        "the rest (default: standard)",
    )
    describe.add_argument(
        "--voice",
        default="hibari",
        metavar="NAME",
        help="hibari, espeak (or espeak:en-gb), or 'command:PROGRAM ARGUMENTS' for any program "
        "that reads text and writes WAV (default: hibari)",
    )
    describe.add_argument(
        "--rate",
        type=_number,
        default=Fraction(160),
        metavar="WPM",
        help="words a minute, 80 to 300; up to a fifth more where time is short (default: 160)",
    )
    describe.add_argument(
        "--min-gap",
        type=_number,
        default=Fraction(2),
        metavar="S",
        help="least seconds between two stretches of speech to say something in (default: 2)",
    )
    describe.add_argument(
        "--duck",
        type=_number,
        default=Fraction(12),
        metavar="DB",
        help="by how much the film is turned down under the voice (default: 12)",
    )
    describe.add_argument(
        "--min-confidence",
        type=_number,
        default=Fraction(1, 4),
        metavar="P",
        help="less sure sentences are told as what they are about, alone; those less sure than "
        "half of it not at all; 0 tells all (default: 0.25)",
    )
    describe.add_argument(
        "--ocr",
        type=_number,
        default=Fraction(0),
        metavar="S",
        help="also read text on screen, for at most so many seconds (default: 0, not at all)",
    )
    describe.add_argument(
        "--script",
        type=Path,
        metavar="FILE",
        help="speak this script (dapt.xml, json, vtt or txt) instead of what is seen: yours, or "
        "one that this command wrote and you edited",
    )
    _add_sampling(describe)
    _add_captioner(describe)

    caption = command(
        "caption",
        "say in a sentence what is on pictures",
        _caption,
        "vidcap caption photo.jpg",
        "vidcap caption photos/ --json > captions.jsonl",
        "vidcap caption photo.jpg --attention maps/  also where each word looked",
    )
    _add_paths(caption, "pictures, or folders to walk")
    _add_output(caption, "txt, json or jsonl")
    caption.add_argument(
        "--json",
        action="store_true",
        help='JSON lines: {"path","text","score","confidence"}, or {"path","error"} for one that '
        "failed",
    )
    caption.add_argument(
        "--attention",
        type=Path,
        metavar="DIR",
        help="also write to this folder where each word looked: a PNG of heat maps and the same "
        "in words as JSON",
    )
    _add_captioner(caption)

    index = command(
        "index",
        "keep the scenes of many videos in one file, to be searched",
        _index,
        "vidcap index films/ --db library.db              does what is new in a folder",
        "vidcap index films/ --db library.db --workers 4",
        "vidcap index films/ --db library.db --watch      goes on with what comes",
    )
    _add_paths(index, "videos, or folders to walk")
    _add_db(index, "the library; made where there is none")
    index.add_argument(
        "--workers",
        type=_positive,
        default=1,
        metavar="N",
        help="videos to watch side by side, in a process each; on CUDA in threads that share "
        "one captioner (default: 1)",
    )
    index.add_argument(
        "--refresh",
        action="store_true",
        help="watch videos again that another model or other settings have done",
    )
    index.add_argument(
        "--retry-failed", action="store_true", help="watch videos again that failed before"
    )
    index.add_argument("--limit", type=_count, metavar="N", help="watch at most so many videos")
    index.add_argument(
        "--dry-run", action="store_true", help="say what would be watched, and do nothing"
    )
    index.add_argument(
        "--watch",
        action="store_true",
        help="go on until stopped: index what comes to the folders, once it has stopped growing",
    )
    index.add_argument(
        "--ocr", action="store_true", help="also read text on screen, which takes seconds a scene"
    )
    index.add_argument("--json", action="store_true", help="a JSON line for each video")
    _add_sampling(index)
    _add_captioner(index)

    search = command(
        "search",
        "find scenes in a library by what they show",
        _search,
        "vidcap search 'a dog in the snow' --db library.db",
        "vidcap search goal --db library.db --in films/ --top 3 --json",
        "vidcap search --like photo.jpg --db library.db",
    )
    search.add_argument(
        "text", nargs="?", metavar="TEXT", help="what to look for, in plain words: no syntax"
    )
    _add_db(search, "the library")
    search.add_argument(
        "--like", type=Path, metavar="IMAGE", help="look for what is on this picture instead"
    )
    search.add_argument(
        "--top", type=_positive, default=10, metavar="N", help="scenes at most (default: 10)"
    )
    search.add_argument(
        "--in",
        dest="within",
        type=Path,
        metavar="PATH",
        help="look in this file or folder alone",
    )
    search.add_argument(
        "--ranking",
        choices=("words", "meaning", "fusion"),
        help="rank by words (BM25), by meaning (vectors), or by both (default: meaning, where the "
        "extra index is installed)",
    )
    search.add_argument(
        "--captioner",
        default="default",
        metavar="NAME",
        help="for --like: the captioner that the videos were indexed with",
    )
    search.add_argument("--json", action="store_true", help="a JSON line for each scene")

    library = commands.add_parser(
        "library",
        help="look after a library: status, prune, export, import",
        description="Look after a library.",
        allow_abbrev=False,
    )
    among = library.add_subparsers(metavar="ACTION", required=True, help="what to do")
    status = command(
        "status",
        "show what a library holds",
        _library_status,
        "vidcap library status --db library.db",
        among=among,
    )
    _add_db(status, "the library")
    status.add_argument("--json", action="store_true", help="one JSON object")
    prune = command(
        "prune",
        "forget videos whose files are gone",
        _library_prune,
        "vidcap library prune --db library.db",
        among=among,
    )
    _add_db(prune, "the library")
    export = command(
        "export",
        "write a library as JSON lines",
        _library_export,
        "vidcap library export library.jsonl --db library.db",
        among=among,
    )
    export.add_argument("target", metavar="OUT", help="the file to write; - for standard output")
    _add_db(export, "the library")
    export.add_argument("--force", action="store_true", help="replace a file that is there")
    take = command(
        "import",
        "take videos from an export, or from Parquet of pipelines/index_corpus.py",
        _library_import,
        "vidcap library import library.jsonl --db other.db",
        "vidcap library import scenes/ --db library.db",
        among=among,
    )
    take.add_argument("source", type=Path, metavar="IN", help="JSON lines, or a folder")
    _add_db(take, "the library; made where there is none")

    check = command(
        "check",
        "report which rules of a preset subtitles break",
        _check,
        "vidcap check film.en.srt",
        "vidcap check subtitles/ --preset bbc --json",
    )
    _add_paths(check, "subtitle files of any format that vidcap reads, or folders to walk")
    _add_preset(check)
    check.add_argument(
        "--frame-rate",
        type=_number,
        metavar="N",
        help="frames a second of the video, for gaps that count in frames (default: 25)",
    )
    check.add_argument("--json", action="store_true", help="JSON lines")

    convert = command(
        "convert",
        "write subtitles in another format",
        _convert,
        "vidcap convert film.srt film.ttml",
        "vidcap convert old.ass - --to vtt",
    )
    convert.add_argument("source", type=Path, metavar="IN", help="the file to read")
    convert.add_argument(
        "target", type=Path, metavar="OUT", help="the file to write; - for the standard output"
    )
    convert.add_argument(
        "--from",
        dest="source_format",
        metavar="NAME",
        help=f"{_FORMATS} (default: by the suffix)",
    )
    convert.add_argument(
        "--to", dest="target_format", metavar="NAME", help="likewise, for the file to write"
    )
    convert.add_argument("--force", action="store_true", help="replace a file that is there")

    probe = command(
        "probe",
        "show what video files say of themselves",
        _probe,
        "vidcap probe film.mp4",
        "vidcap probe films/ --json",
    )
    _add_paths(probe, "videos, or folders to walk")
    probe.add_argument("--json", action="store_true", help="JSON lines, with exact fractions")

    _add_serve(command)
    models = command("models", "list the captioners", _models, "vidcap models --json")
    models.add_argument("--json", action="store_true", help="JSON lines")

    command("doctor", "check what is installed and what works", _doctor, "vidcap doctor")
    return parser


def _add_serve(command: Callable[..., argparse.ArgumentParser]) -> None:
    serve = command(
        "serve",
        "open a page on which videos are dropped and watched described",
        _serve,
        "vidcap serve                            at http://127.0.0.1:7860/",
        "vidcap serve --db library.db            with a search over a library",
        "vidcap serve --allow-captioner default --allow-captioner fast",
        "vidcap serve --host 0.0.0.0 --login login.txt",
    )
    serve.add_argument(
        "--db",
        type=Path,
        metavar="FILE",
        help="a library of 'vidcap index' to search; visitors may watch the videos in it",
    )
    serve.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="where to listen; 0.0.0.0 for the whole network (default: 127.0.0.1)",
    )
    serve.add_argument(
        "--port", type=_port, default=7860, metavar="N", help="at which port (default: 7860)"
    )
    serve.add_argument(
        "--allow-captioner",
        action="append",
        default=[],
        metavar="NAME",
        help="a captioner that visitors may choose, as --captioner of 'vidcap subtitle' takes it; "
        "may be given several times, the first is loaded at once (default: default)",
    )
    serve.add_argument(
        "--login",
        type=Path,
        metavar="FILE",
        help="ask visitors for the user and password in this file: one line, USER:PASSWORD; over "
        "a network only behind a proxy that speaks HTTPS",
    )


def _add_paths(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help=what)


def _add_db(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--db", type=Path, required=True, metavar="FILE", help=what)


def _add_preset(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--preset",
        default="netflix",
        metavar="NAME",
        help="rules for the cues: netflix, netflix-children, bbc, vertical, or a YAML file of "
        "yours (default: netflix)",
    )


def _add_sampling(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--fps", type=_number, metavar="N", help="frames a second to look at (default: 1)"
    )
    parser.add_argument(
        "--sampling",
        default="fps",
        metavar="HOW",
        help="fps, keyframes, shot (one frame a shot) or shot:N (default: fps)",
    )
    parser.add_argument(
        "--decoder",
        default="auto",
        metavar="NAME",
        help="auto, decord, opencv or pyav (default: auto)",
    )


def _add_output(parser: argparse.ArgumentParser, suffixes: str) -> None:
    parser.add_argument(
        "-o",
        "--output",
        metavar="PATH",
        help=f"a file for one input ({suffixes}; the suffix picks the format), "
        "a folder for several, - for the standard output",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="replace what vidcap wrote before, or the file that -o names",
    )


def _add_captioner(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--captioner",
        default="default",
        metavar="NAME",
        help="a name that 'vidcap models' lists, a checkpoint file, hf:FOLDER or hf:OWNER/NAME for "
        "a Hugging Face model, or openai:URL#MODEL for a server",
    )
    parser.add_argument(
        "--prompt",
        metavar="TEXT",
        help="what to ask an hf: or openai: model, or how its sentence begins",
    )
    parser.add_argument(
        "--device",
        default="auto",
        choices=("auto", "cpu", "cuda"),
        help="auto, cpu or cuda (default: auto)",
    )
    parser.add_argument(
        "--batch-size",
        type=_positive,
        default=16,
        metavar="N",
        help="pictures to caption at a time (default: 16)",
    )
    parser.add_argument(
        "--threads", type=_count, default=0, metavar="N", help="processor threads (default: all)"
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _count(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 7:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 0 or more")


def _port(text: str) -> int:
    if 0 < _count(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text} is not a port, 1 to 65535")


def _positive(text: str) -> int:
    if _count(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError("0 is not a whole number, 1 or more")


def _number(text: str) -> Fraction:
    whole, _, part = text.partition("/")
    try:
        if len(text) <= 24 and not set(text) - set("0123456789./"):
            return Fraction(whole) / Fraction(part or 1)
    except (ValueError, ZeroDivisionError):
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not a number such as 2, 0.5 or 1/3")


def _time(text: str) -> Fraction:
    try:
        total = Fraction(0)
        for part in text.split(":"):
            total = total * 60 + _number(part)
    except argparse.ArgumentTypeError:
        pass
    else:
        if text.count(":") <= 2:
            return total
    raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 90, 1:30 or 0:01:30.5")
