"""Connections with deadlines and limits, so that clients that send or receive nothing cannot keep out others."""

from __future__ import annotations

import asyncio
import sys
from functools import cache

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_SECONDS = 10.0
"""Seconds within which the head of a request must arrive, and the rest of a request that is answered already."""

MAX_ANSWER_SECONDS = 30.0
"""Seconds within which a client must receive a part of an answer."""

MAX_HEAD_BYTES = 2**19
"""Bytes of a head, at most, together with the part of the body that arrives with it."""

MAX_REST_BYTES = 2**25
"""Bytes, at most, that a client may still send of a body after a refusal; some read the answer only then."""

MAX_URL_BYTES = 2**13
"""Bytes of an address, at most."""

MAX_HEADERS = 100
"""Headers of a request, at most: browsers send twenty."""

MAX_CONNECTIONS = 4096
"""Open connections, at most; above that, the one that has waited longest for its client is closed."""

RESERVED_FILES = 128
"""Open files that connections may not use: they are for the workers' pipes, the page and corrections."""


class TooLongHeadError(Exception):
    """The head of a request has too many headers, or too long an address."""


class Connection(HttpToolsProtocol):
    """A connection of uvicorn with deadlines; without them, it would wait for its client forever."""

    waiting: dict[Connection, None] = {}  # noqa: RUF012, shared by all: those that wait for their client, oldest first
    head_deadline: asyncio.TimerHandle | None = None
    answer_deadline: asyncio.TimerHandle | None = None
    is_in_head = True
    unused_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start to wait for the first request."""
        super().connection_made(transport)
        self._wait_for_head()
        if len(self.connections) > max_connections():
            next(iter(self.waiting))._abort()

    def data_received(self, data: bytes) -> None:
        """Pass data on, unless the head, or what follows a refused one, has grown too large."""
        self.unused_bytes = self.unused_bytes + len(data) if self.head_deadline else 0
        if self.unused_bytes > (MAX_HEAD_BYTES if self.is_in_head else MAX_REST_BYTES):
            self._abort()
            return
        super().data_received(data)
        # uvicorn has cancelled its own timer, but the client may send no more than the rest of an answered request
        if self.cycle and self.cycle.response_complete and self in self.waiting:
            self._wait_for_head()

    def send_400_response(self, msg: str) -> None:
        """Refuse an invalid request as the rest of the service does: with a sentence and all headers."""
        from digits.web.handlers import HEADERS, refuse  # here, since FastAPI is loaded after the first process

        answer = refuse(400, f"{msg.rstrip('.')}: send HTTP/1.1, with a shorter address and fewer headers")
        answer.headers.update(HEADERS | {"Cache-Control": "no-store", "Connection": "close"})
        lines = [b"HTTP/1.1 400 Bad Request", *(b"%b: %b" % header for header in answer.raw_headers), b"", b""]
        self.transport.write(b"\r\n".join(lines) + bytes(answer.body))
        self.transport.close()

    def on_message_begin(self) -> None:
        """Start to wait for the rest of a further head."""
        super().on_message_begin()
        self.is_in_head = True
        self._wait_for_head()

    def on_url(self, url: bytes) -> None:
        """Limit the address; uvicorn answers with status 400."""
        super().on_url(url)
        if len(self.url) > MAX_URL_BYTES:
            raise TooLongHeadError

    def on_header(self, name: bytes, value: bytes) -> None:
        """Limit the headers; uvicorn answers with status 400."""
        super().on_header(name, value)
        if len(self.headers) > MAX_HEADERS:
            raise TooLongHeadError

    def on_headers_complete(self) -> None:
        """Pass the request on; from here, other time limits apply."""
        self.is_in_head = False
        self._cancel_head_deadline()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Keep the connection until the request is answered."""
        super().on_message_complete()
        if self.cycle and not self.cycle.response_complete:
            self.waiting.pop(self, None)

    def on_response_complete(self) -> None:
        """Start to wait for a further request."""
        super().on_response_complete()
        if self.cycle.response_complete and not self.transport.is_closing():
            self.waiting[self] = None

    def pause_writing(self) -> None:
        """Start to wait for the client to receive what was written."""
        super().pause_writing()
        self.answer_deadline = self.loop.call_later(MAX_ANSWER_SECONDS, self._abort)

    def resume_writing(self) -> None:
        """Write again."""
        super().resume_writing()
        self._cancel_answer_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self.waiting.pop(self, None)
        self._cancel_head_deadline()
        super().connection_lost(exc)
        self._cancel_answer_deadline()

    def _wait_for_head(self) -> None:
        self.waiting.setdefault(self)
        if self.head_deadline is None:
            self.head_deadline = self.loop.call_later(MAX_HEAD_SECONDS, self._abort)

    def _cancel_head_deadline(self) -> None:
        if self.head_deadline is not None:
            self.head_deadline.cancel()
            self.head_deadline = None

    def _cancel_answer_deadline(self) -> None:
        if self.answer_deadline is not None:
            self.answer_deadline.cancel()
            self.answer_deadline = None

    def _abort(self) -> None:
        self.waiting.pop(self, None)
        self._cancel_head_deadline()
        self.transport.abort()


@cache
def max_connections() -> int:
    """Allow this process as many open files as the system does, and return how many connections it may hold."""
    if sys.platform == "win32":
        return MAX_CONNECTIONS
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + RESERVED_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MAX_CONNECTIONS, soft - RESERVED_FILES)
