"""Requests begin one at a time, so that during a burst the service still attends to its other connections."""

from __future__ import annotations

import asyncio

from digits.web.connections import MAX_CONNECTIONS
from digits.web.queues import FairQueue


class Pace:
    """Let requests begin in turn, client by client; between two of them, the event loop handles what has arrived.

    The first step of a request takes about a millisecond. Without this, all requests that arrive together would take it
    before anything else happens.
    """

    def __init__(self, limit: int = MAX_CONNECTIONS) -> None:
        self._waiting = FairQueue[asyncio.Future[bool]](limit)
        self._is_scheduled = False

    async def wait(self, client: str) -> bool:
        """Wait until a request of this client may begin; false if too many wait, so that it has to be refused.

        Each connection has one request at a time, but requests of connections that were closed meanwhile wait too.
        """
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[bool] = loop.create_future()
        dropped = self._waiting.add(client, turn)
        if dropped and not dropped.done():
            dropped.set_result(False)
        if not self._is_scheduled:
            self._is_scheduled = True
            loop.call_soon(self._begin_next, loop)
        return await turn

    def _begin_next(self, loop: asyncio.AbstractEventLoop) -> None:
        turn = self._waiting.take()
        if not turn.done():  # it is, if its task was cancelled
            turn.set_result(True)
        self._is_scheduled = bool(self._waiting)
        if self._is_scheduled:
            loop.call_soon(self._begin_next, loop)
