"""``vidcap serve``: the page."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

from vidcap.commands.command import command
from vidcap.commands.options import FILE, db_option, option
from vidcap.commands.options import port as port_number
from vidcap.commands.progress import Reporter
from vidcap.errors import OutputError

_ADDRESS = "Where and for whom"


@command(
    "serve",
    "open a page on which videos are dropped and watched described",
    "vidcap serve                            at http://127.0.0.1:7860/",
    "vidcap serve --db library.db            with a search over a library",
    "vidcap serve --allow-captioner default --allow-captioner fast",
    "vidcap serve --host 0.0.0.0 --login login.txt",
)
@db_option(
    "a library of 'vidcap index' to search; visitors may watch the videos in it", required=False
)
@option(
    "--allow-captioner",
    multiple=True,
    metavar="NAME",
    help="a captioner that visitors may choose, as --captioner of 'vidcap subtitle' takes it; may "
    "be given several times, the first is loaded at once (default: default)",
)
@option(
    "--host",
    default="127.0.0.1",
    section=_ADDRESS,
    metavar="ADDRESS",
    help="where to listen; 0.0.0.0 for the whole network (default: 127.0.0.1)",
)
@option(
    "--port",
    type=port_number,
    default="7860",
    section=_ADDRESS,
    metavar="N",
    help="at which port (default: 7860)",
)
@option(
    "--login",
    type=FILE,
    section=_ADDRESS,
    metavar="FILE",
    help="ask visitors for the user and password in this file: one line, USER:PASSWORD; over a "
    "network only behind a proxy that speaks HTTPS",
)
def command_(
    db: Path | None,
    allow_captioner: tuple[str, ...],
    host: str,
    port: int,
    login: Path | None,
    reporter: Reporter,
) -> int:
    """Serve the page until it is ended, and return the exit code."""
    return run(host=host, port=port, allowed=allow_captioner, db=db, login=login, reporter=reporter)


def run(
    *,
    host: str,
    port: int,
    allowed: Sequence[str],
    db: Path | None,
    login: Path | None,
    reporter: Reporter,
) -> int:
    """Serve the page until the user ends it, and return the exit code.

    Args:
        host: the address to listen at.
        port: the port.
        allowed: names of captioners that visitors may choose from; empty for the default alone.
        db: a library to search; None for none.
        login: a file with the line ``USER:PASSWORD``; None where everybody may come in.
        reporter: what speaks to the user.

    Raises:
        DataError: ``db`` is no library.
        MissingExtraError: the extra ``web`` is not installed.
        OutputError: somebody else listens there.
        UsageError: the login file cannot be used.
    """
    from vidcap.web.captioners import Captioners
    from vidcap.web.limits import Limits
    from vidcap.web.security import read_login
    from vidcap.web.server import serve, served_app

    who = None if login is None else read_login(login)
    _check_free(host, port)
    captioners = Captioners(tuple(allowed) or ("default",))
    with served_app(captioners, limits=Limits(), db=db, login=who) as app:
        reporter.say(f"vidcap: the page is at http://{host}:{port}/ (Ctrl-C ends it)")
        serve(app, host=host, port=port)
    return 0


def _check_free(host: str, port: int) -> None:
    try:
        family = socket.getaddrinfo(host, port)[0][0]
        with socket.socket(family) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((host, port))
    except OSError as error:
        raise OutputError(
            f"--host {host} --port {port}: cannot listen there ({error.strerror}); "
            "choose another port"
        ) from None
