"""Threads that read, and a queue that ends: who comes when it is full is told so at once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from digits.preprocessing.ink import one_thread_each
from digits.web.refusals import RefusedError

Result = TypeVar("Result")

WAITING = 64
"""Pictures that are read or wait for it, at most: more would wait for longer than anybody does."""

LONGEST = 30.0
"""Seconds after which nobody waits for a reading any more."""


class Workers:
    """Runs readings in threads, one a core.

    Parameters
    ----------
    threads
        How many; 0: one a core.
    """

    def __init__(self, threads: int = 0) -> None:
        one_thread_each()  # a core a reading: threads that wait for each other cost a third more
        self.pool = ThreadPoolExecutor(threads or os.cpu_count() or 1, "reader")
        self.waiting = 0

    async def run(self, job: Callable[[], Result]) -> Result:
        """Run a job in a thread.

        Raises
        ------
        RefusedError
            503 when too many wait already, or this one took too long.
        """
        if self.waiting >= WAITING:
            raise RefusedError(503, "too many pictures are being read at the moment: try again in a second")
        self.waiting += 1
        future = asyncio.get_running_loop().run_in_executor(self.pool, job)
        future.add_done_callback(self._done)
        try:
            return await asyncio.wait_for(asyncio.shield(future), LONGEST)
        except asyncio.TimeoutError:
            raise RefusedError(503, f"this took longer than {LONGEST:.0f} seconds: send a smaller picture") from None

    def _done(self, future: asyncio.Future[Result]) -> None:
        self.waiting -= 1
        if not future.cancelled():
            future.exception()  # of one that nobody waits for, nothing is printed
