"""Processes that read, and a queue that ends: who comes when it is full is told so at once.

A reading is hundreds of short calls into compiled code. Threads would wait for each other at each of them, a third of
their time; and what kills a process, as a picture might that a decoder was never tried on, does not kill the service.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from digits.web import jobs
from digits.web.refusals import RefusedError

Result = TypeVar("Result")

MOST = 4
"""Processes, at most, however many cores there are: each holds models and libraries of its own."""

WAITING = 32
"""Pictures that are read or wait for it, at most: more would wait for longer than anybody does."""

LONGEST = 30.0
"""Seconds after which a reading is given up, and its process with it, which would be busy for ever; few wait, so that
nobody waits so long for those before them."""


class Workers:
    """Runs jobs in processes, one a core, the first of which begins at once and loads its models meanwhile.

    Parameters
    ----------
    models
        Model files and run folders that answer beside those of the package.
    """

    def __init__(self, models: Sequence[str | os.PathLike[str]] = ()) -> None:
        self.models = tuple(os.fspath(model) for model in models)
        self.count = min(os.cpu_count() or 1, MOST)
        self.waiting = 0
        self._begin()

    def _begin(self) -> None:
        # not forked from this process, whose threads would be lost in the middle of something
        context = multiprocessing.get_context("spawn")
        self.pool = ProcessPoolExecutor(self.count, context, jobs.begin, (self.models,))
        self.first: Future[dict[str, Any]] = self.pool.submit(jobs.described)

    def ready(self) -> None:
        """Wait until one has its models, and let the others begin, which would have held it up.

        Raises
        ------
        ModelError
            When a model is missing, broken, not ours or changed.
        """
        self.first.result()
        for _ in range(self.count):  # a process begins with each job that finds none idle
            self.pool.submit(jobs.rest)

    async def run(self, job: Callable[..., Result], *arguments: Any) -> Result:
        """Run a job, which is a function of a module, in one of the processes.

        Raises
        ------
        RefusedError
            503 when too many wait already, this one took too long, or its process died.
        """
        if self.waiting >= WAITING:
            raise RefusedError(503, "too many pictures are being read at the moment: try again in a second")
        pool = self.pool
        self.waiting += 1
        try:
            future = asyncio.get_running_loop().run_in_executor(pool, job, *arguments)
        except BrokenProcessPool:
            self.waiting -= 1
            raise self._begun_anew(pool) from None
        future.add_done_callback(self._done)
        try:
            return await asyncio.wait_for(asyncio.shield(future), LONGEST)
        except asyncio.TimeoutError:
            for process in multiprocessing.active_children():
                process.kill()
            raise RefusedError(503, f"this took longer than {LONGEST:.0f} seconds: send a smaller picture") from None
        except BrokenProcessPool:
            raise self._begun_anew(pool) from None

    def close(self) -> None:
        """End the processes, each after what it does now."""
        self.pool.shutdown(wait=True, cancel_futures=True)

    def _begun_anew(self, broken: ProcessPoolExecutor) -> RefusedError:
        if self.pool is broken:  # and nobody else was here before
            self._begin()
        return RefusedError(503, "the reader stopped over a picture, and begins anew: try again, or send another one")

    def _done(self, future: asyncio.Future[Result]) -> None:
        self.waiting -= 1
        if not future.cancelled():
            future.exception()  # of one that nobody waits for, nothing is printed
