"""``vidcap serve``: its options, and what runs it."""

from __future__ import annotations

import argparse
from pathlib import Path

from vidcap.arguments.options import port
from vidcap.arguments.parser import Commands, add_command
from vidcap.commands.progress import Reporter


def add(commands: Commands) -> None:
    """Add the command ``serve`` to those that are there."""
    parser = add_command(
        commands,
        "serve",
        "open a page on which videos are dropped and watched described",
        _run,
        "vidcap serve                            at http://127.0.0.1:7860/",
        "vidcap serve --db library.db            with a search over a library",
        "vidcap serve --allow-captioner default --allow-captioner fast",
        "vidcap serve --host 0.0.0.0 --login login.txt",
    )
    parser.add_argument(
        "--db",
        type=Path,
        metavar="FILE",
        help="a library of 'vidcap index' to search; visitors may watch the videos in it",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="where to listen; 0.0.0.0 for the whole network (default: 127.0.0.1)",
    )
    parser.add_argument(
        "--port", type=port, default=7860, metavar="N", help="at which port (default: 7860)"
    )
    parser.add_argument(
        "--allow-captioner",
        action="append",
        default=[],
        metavar="NAME",
        help="a captioner that visitors may choose, as --captioner of 'vidcap subtitle' takes it; "
        "may be given several times, the first is loaded at once (default: default)",
    )
    parser.add_argument(
        "--login",
        type=Path,
        metavar="FILE",
        help="ask visitors for the user and password in this file: one line, USER:PASSWORD; over "
        "a network only behind a proxy that speaks HTTPS",
    )


def _run(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import serve

    return serve.run(
        host=parsed.host,
        port=parsed.port,
        allowed=parsed.allow_captioner,
        db=parsed.db,
        login=parsed.login,
        reporter=reporter,
    )
