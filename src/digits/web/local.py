"""Pages for one task of the person at this computer, such as a review: on loopback, with a token, and nothing else."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI, Request
from starlette.staticfiles import StaticFiles

from digits.version import __version__
from digits.web.guard import Guard, is_this_computer
from digits.web.handlers import HANDLERS
from digits.web.refusals import RefusedError
from digits.web.server import listen, run_app

HOST = "127.0.0.1"

FOLDER = Path(__file__).parent


def make_local_app(token: str) -> FastAPI:
    """Make an application without calls: its pages, and the protections of the service; calls need the token."""
    app = FastAPI(
        title="digits", version=__version__, docs_url=None, redoc_url=None, openapi_url=None,
        exception_handlers=HANDLERS, dependencies=[Depends(_require_this_computer)],
    )  # fmt: skip
    app.add_middleware(Guard, names=(), token=token)
    # beside each other as in the package, so that the pages find what they share
    for name in ("local_page", "page"):
        app.mount(f"/{name}", StaticFiles(directory=FOLDER / name))
    return app


def serve_local(make: Callable[[str], Any], port: int | None, page: str, ready: Callable[[str], None]) -> None:
    """Serve a page to this computer until Ctrl-C; `make` makes the application for a new token.

    Parameters
    ----------
    make
        From a token to the application.
    port
        As of `listen`.
    page
        File of the page.
    ready
        Called with the address to open, which holds the token after the #, so that it is in no log.

    Raises
    ------
    UsageError
        When it cannot listen.
    """
    token = secrets.token_urlsafe(32)
    with listen(HOST, port) as listener, contextlib.suppress(KeyboardInterrupt):
        run_app(make(token), listener, lambda url: ready(f"{url}/local_page/{page}#token={token}"))


async def _require_this_computer(request: Request) -> None:
    if not is_this_computer(request):
        raise RefusedError(403, "this page is for the computer that runs digits: open it there")
