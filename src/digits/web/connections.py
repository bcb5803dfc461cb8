"""Connections with a deadline: those that send no complete request head in time are closed."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_SECONDS = 10.0
"""Seconds within which the head of a request must arrive."""

MAX_HEAD_BYTES = 2**19
"""Bytes of a head, at most, counting what arrives of the body with it."""

MAX_WAITING = 256
"""Connections without a request, at most; above that, the oldest is closed."""


class Connection(HttpToolsProtocol):
    """A connection of uvicorn, which by itself would wait for a request forever."""

    waiting: dict[Connection, None] = {}  # noqa: RUF012, shared by all connections, the longest-waiting first
    deadline: asyncio.TimerHandle | None = None
    head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start to wait for the first request."""
        super().connection_made(transport)
        self._start_waiting()

    def data_received(self, data: bytes) -> None:
        """Pass data on, unless the head has grown too large."""
        self.head_bytes = self.head_bytes + len(data) if self.deadline else 0
        if self.head_bytes > MAX_HEAD_BYTES:
            self._abort()
        else:
            super().data_received(data)

    def on_message_begin(self) -> None:
        """Start to wait for the rest of a further head."""
        super().on_message_begin()
        if self.deadline is None:
            self._start_waiting()

    def on_headers_complete(self) -> None:
        """Pass the request on, which has a time limit of its own."""
        self._stop_waiting()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _start_waiting(self) -> None:
        self.deadline = self.loop.call_later(MAX_HEAD_SECONDS, self._abort)
        self.waiting[self] = None
        if len(self.waiting) > MAX_WAITING:
            next(iter(self.waiting))._abort()

    def _stop_waiting(self) -> None:
        self.waiting.pop(self, None)
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None

    def _abort(self) -> None:
        self._stop_waiting()
        self.transport.abort()
