"""Starting and stopping the service: the socket, the workers and uvicorn."""

from __future__ import annotations

import asyncio
import errno
import gc
import multiprocessing
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from digits.errors import UsageError
from digits.web import memory
from digits.web.connections import Connection
from digits.web.corrections import Corrections
from digits.web.models import read_models
from digits.web.trainings import Trainings
from digits.web.workers import Workers

DEFAULT_PORT = 8000

SHUTDOWN_SECONDS = 5
"""Seconds for pending requests to end when the service is stopped."""

REFUSAL_SECONDS = 1
"""Seconds after that for the refusal of the others to be sent."""

KEEP_ALIVE_SECONDS = 30
"""Seconds that an idle connection stays open for a further request."""

BACKLOG = 2048
"""Connections that may wait to be accepted."""

ACCEPTED_AT_ONCE = 32
"""New connections that are accepted at once; after that, the others get their turn, so that no burst delays them."""

RELEASE_TICKS = 100
"""Tenths of a second between two times that this process gives its unused memory back, if it was asked anything."""


class _Server(uvicorn.Server):
    """uvicorn's server, which reports when it is ready, keeps no memory, and ends in time whatever the workers do.

    `close` ends the workers, if there are any.
    """

    def __init__(self, config: uvicorn.Config, close: Callable[[], None], ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.close = close
        self.ready = ready
        self._answered = 0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(BACKLOG)  # asyncio has one number for this and for `ACCEPTED_AT_ONCE`
        if self.started:
            self.ready()

    async def on_tick(self, counter: int) -> bool:
        """Do what is due every tenth of a second; `counter` counts them."""
        if counter % RELEASE_TICKS == 0 and self._answered != self.server_state.total_requests:
            self._answered = self.server_state.total_requests
            asyncio.get_running_loop().run_in_executor(None, memory.release)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer the pending requests; after a while refuse the rest, and then cut the connections."""
        loop = asyncio.get_running_loop()
        loop.call_later(SHUTDOWN_SECONDS, self.close)
        loop.call_later(SHUTDOWN_SECONDS + REFUSAL_SECONDS, self._cut_connections)
        await super().shutdown(sockets)
        self.close()  # here, since uvicorn ends this process by the signal that stopped it

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; at the second signal at once."""
        if self.should_exit:
            for process in multiprocessing.active_children():
                process.kill()
            os._exit(128 + sig)
        super().handle_exit(sig, frame)

    def _cut_connections(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def serve(
    host: str,
    port: int | None,
    *,
    models: Sequence[str | Path],
    corrections: Path,
    trainings: Trainings,
    names: tuple[str, ...],
    token: str | None,
    ready: Callable[[str], None],
) -> None:
    """Run the service until it is stopped by Ctrl-C or SIGTERM; `ready` is called with the address once it answers.

    `port` is 0 for any free port; None for 8000, or any free port if that is taken. The first of the `models`, files or
    run folders, becomes the default. `names` are names of this host, besides localhost and its addresses. If there is a
    `token`, calls must carry it.

    Raises
    ------
    UsageError
        When it cannot listen on this address.
    ModelError
        When a model cannot be loaded.
    """
    files = read_models(models)
    memory.return_large_blocks()
    with listen(host, port) as listener, closing(Workers(files)) as workers:
        from digits.web.app import make_app  # while the first process loads its models

        workers.wait_until_ready()
        app = make_app(workers, Corrections(corrections), trainings, names, token)
        try:
            run_app(app, listener, ready, workers.close)
        finally:
            trainings.close()


def run_app(
    app: Any, listener: socket.socket, ready: Callable[[str], None], close: Callable[[], None] = lambda: None
) -> None:
    """Answer requests until a signal; `ready` is called with the address, `close` ends what still works at the end."""
    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        lifespan="off",
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # any client could forge them
        backlog=ACCEPTED_AT_ONCE,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS + 2 * REFUSAL_SECONDS,
    )
    gc.collect()
    gc.freeze()  # or each of Python's full collections, which a burst triggers, would take a tenth of a second
    _Server(config, close, lambda: ready(url_of(listener))).run([listener])


def url_of(listener: socket.socket) -> str:
    """Return the URL to open in a browser on this computer."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def listen(host: str, port: int | None) -> socket.socket:
    """Listen on a port; 0 is any free one, and None 8000, or any free one if that is taken.

    Raises
    ------
    UsageError
        When the system does not let it.
    """
    try:
        return _bind(host, DEFAULT_PORT if port is None else port)
    except (OSError, OverflowError) as error:
        if port is None and getattr(error, "errno", None) == errno.EADDRINUSE:
            return _bind(host, 0)
        reason = getattr(error, "strerror", None) or str(error)
        where = f"{host}, port {DEFAULT_PORT if port is None else port}"
        raise UsageError(f"cannot listen on {where}: {reason}; choose another --host or --port") from None


def _bind(host: str, port: int) -> socket.socket:
    family: Any = socket.AF_INET6 if ":" in host else socket.AF_INET
    # explicitly TCP, or asyncio leaves Nagle's algorithm on, and a body waits 40 ms for the acknowledgement of its head
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except (OSError, OverflowError):
        bound.close()
        raise
    return bound


def warning_of(host: str) -> str:
    """Warn of listening beyond this computer; empty for a loopback address."""
    from digits.web.guard import is_loopback

    if host == "localhost" or is_loopback(host):
        return ""
    return f"everyone who can reach {host} can use this service; corrections work on this computer only"
