"""Connections that must come to a point: who opens one and says nothing, or little, is let go."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SLOWEST = 10.0
"""Seconds in which the head of a request must have come."""

LARGEST = 2**19
"""Bytes of such a head, at most, with what of the body came along."""

MOST = 256
"""Connections that have asked nothing yet, at most; when there are more, the oldest is closed."""


class Connection(HttpToolsProtocol):
    """A connection as uvicorn has it, which by itself waits for a request without end."""

    waiting: dict[Connection, None] = {}  # noqa: RUF012, of all connections, in the order in which they began to wait
    deadline: asyncio.TimerHandle | None = None
    come = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what came, as long as it may still become a request."""
        self.come = self.come + len(data) if self.deadline else 0
        if self.come > LARGEST:
            self._let_go()
        else:
            super().data_received(data)

    def on_message_begin(self) -> None:
        """Begin to wait for the head of a further one, whose first bytes came."""
        super().on_message_begin()
        if self.deadline is None:
            self._wait()

    def on_headers_complete(self) -> None:
        """Go on to the request, which has a time limit of its own."""
        self._wait_no_longer()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._wait_no_longer()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self.deadline = self.loop.call_later(SLOWEST, self._let_go)
        self.waiting[self] = None
        if len(self.waiting) > MOST:
            next(iter(self.waiting))._let_go()

    def _wait_no_longer(self) -> None:
        self.waiting.pop(self, None)
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None

    def _let_go(self) -> None:
        self._wait_no_longer()
        self.transport.abort()
