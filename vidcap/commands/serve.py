"""``vidcap serve``: the page."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

from vidcap.commands.progress import Reporter
from vidcap.errors import OutputError
from vidcap.web.captioners import Captioners
from vidcap.web.limits import Limits
from vidcap.web.security import read_login
from vidcap.web.server import serve, served_app


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
