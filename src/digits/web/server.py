"""Starting and stopping: a socket, the models, uvicorn, and a word when it is ready."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import uvicorn

from digits.errors import UsageError
from digits.web.connections import Connection
from digits.web.own import OwnSet
from digits.web.workers import Workers

PORT = 8000
"""Where it listens when nobody says."""

GRACE = 5
"""Seconds that requests have to end when the service is stopped."""

IDLE = 30
"""Seconds that a connection is kept for a further request."""

BACKLOG = 512
"""Connections that may wait to be accepted."""


class _Server(uvicorn.Server):
    """uvicorn's server, which tells when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.ready()


def serve(
    host: str,
    port: int | None,
    *,
    models: Sequence[str | Path] = (),
    own: Path,
    names: tuple[str, ...] = (),
    ready: Callable[[str], None],
) -> None:
    """Run the service until it is stopped by Ctrl-C or SIGTERM.

    Parameters
    ----------
    host
        Address to listen at.
    port
        0: any free one; None: 8000, or any free one where that is taken.
    models
        Model files and run folders that answer too; the first of them by default.
    own
        Folder that corrections are kept in.
    names
        Names of this host that requests may use.
    ready
        Told the address when it answers.

    Raises
    ------
    UsageError
        When it cannot listen there.
    ModelError
        When a model cannot be loaded.
    """
    with _listener(host, port) as listener:
        workers = Workers(models)  # they load their models while this loads the rest
        from digits.web.app import make_app

        workers.ready()
        app = make_app(workers, OwnSet(own), names=names)
        config = uvicorn.Config(
            app,
            http=Connection,
            ws="none",
            lifespan="on",
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,  # whoever asks is who asks
            backlog=BACKLOG,
            timeout_keep_alive=IDLE,
            timeout_graceful_shutdown=GRACE,
        )
        _Server(config, lambda: ready(address_of(listener))).run([listener])


def address_of(listener: socket.socket) -> str:
    """Give the address that a browser on this computer opens."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _listener(host: str, port: int | None) -> socket.socket:
    try:
        return _bound(host, PORT if port is None else port)
    except (OSError, OverflowError) as error:
        if port is None and getattr(error, "errno", None) == errno.EADDRINUSE:
            return _bound(host, 0)
        reason = getattr(error, "strerror", None) or str(error)
        where = f"{host}, port {PORT if port is None else port}"
        raise UsageError(f"cannot listen at {where}: {reason}; name another --host or --port") from None


def _bound(host: str, port: int) -> socket.socket:
    family: Any = socket.AF_INET6 if ":" in host else socket.AF_INET
    # said to be TCP, or asyncio leaves Nagle's algorithm on, and a body waits 40 ms until its head is acknowledged
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except (OSError, OverflowError):
        bound.close()
        raise
    return bound


def warning_of(host: str) -> str:
    """Say what listening beyond this computer means; empty where it does not."""
    from digits.web.guard import is_loopback

    if host == "localhost" or is_loopback(host):
        return ""
    return f"everybody who reaches {host} can use this; corrections are kept for this computer alone"
