"""Requests begin one at a time, so that a burst of them does not keep the service from hearing its other clients."""

from __future__ import annotations

import asyncio

from digits.web.connections import MAX_CONNECTIONS
from digits.web.queues import FairQueue


class Pace:
    """Let requests begin in turn, client by client; between two of them, the service looks for what has arrived.

    The first step of a request takes about a millisecond. Without this, all requests that arrive together would take it
    before anything else happens.
    """

    def __init__(self) -> None:
        self._waiting = FairQueue[asyncio.Future[None]](MAX_CONNECTIONS)  # each connection has one request at a time
        self._is_scheduled = False

    async def wait(self, client: str) -> None:
        """Wait until a request of this client may begin."""
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._waiting.add(client, turn)
        if not self._is_scheduled:
            self._is_scheduled = True
            loop.call_soon(self._begin_next, loop)
        await turn

    def _begin_next(self, loop: asyncio.AbstractEventLoop) -> None:
        turn = self._waiting.take()
        if not turn.done():  # it is, if its connection was lost
            turn.set_result(None)
        self._is_scheduled = bool(self._waiting)
        if self._is_scheduled:
            loop.call_soon(self._begin_next, loop)
