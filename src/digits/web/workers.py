"""Worker processes and a bounded queue: when it is full, requests are refused at once.

Reading is hundreds of short calls into compiled code. Threads would compete for Python's lock at each of them and lose
a third of the time. And a picture that crashes a decoder ends a worker, not the service.
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

MAX_PROCESSES = 4
"""Worker processes, at most, on any number of cores: each loads the models and libraries anew."""

MAX_PENDING = 32
"""Jobs running or waiting, at most: further ones would wait too long."""

MAX_JOB_SECONDS = 30.0
"""Seconds after which a job is given up and the processes are killed: the stuck one would never be free again."""


class Workers:
    """Run jobs in processes, one per core; the first starts at once and loads its models in the background."""

    def __init__(self, models: Sequence[str | os.PathLike[str]]) -> None:
        self.models = tuple(os.fspath(model) for model in models)
        self.count = min(os.cpu_count() or 1, MAX_PROCESSES)
        self.pending = 0
        self._start()

    def _start(self) -> None:
        # not forked: this process has threads, which a fork would stop at any point
        context = multiprocessing.get_context("spawn")
        self.pool = ProcessPoolExecutor(self.count, context, jobs.start, (self.models,))
        self.first: Future[dict[str, Any]] = self.pool.submit(jobs.describe_models)

    def wait_until_ready(self) -> None:
        """Wait for the first process to load its models, then start the others, which would have slowed it down."""
        self.first.result()
        for _ in range(self.count):  # each job that finds no idle process starts one
            self.pool.submit(jobs.rest)

    async def run(self, job: Callable[..., Result], *arguments: Any) -> Result:
        """Run a job in one of the processes.

        It is refused with status 503 when too many jobs are pending, it takes too long, or its process dies.
        """
        if self.pending >= MAX_PENDING:
            raise RefusedError(503, "too many pictures at the moment: try again in a second")
        pool = self.pool
        self.pending += 1
        try:
            future = asyncio.get_running_loop().run_in_executor(pool, job, *arguments)
        except BrokenProcessPool:
            self.pending -= 1
            raise self._restart(pool) from None
        future.add_done_callback(self._finish)
        try:
            return await asyncio.wait_for(asyncio.shield(future), MAX_JOB_SECONDS)
        except asyncio.TimeoutError:
            for process in multiprocessing.active_children():
                process.kill()
            raise RefusedError(503, f"reading took over {MAX_JOB_SECONDS:.0f} seconds: shrink the picture") from None
        except BrokenProcessPool:
            raise self._restart(pool) from None

    def close(self) -> None:
        """Stop the processes, each after its current job."""
        self.pool.shutdown(wait=True, cancel_futures=True)

    def _restart(self, broken: ProcessPoolExecutor) -> RefusedError:
        if self.pool is broken:  # the first of several failed jobs restarts the pool
            self._start()
        return RefusedError(503, "a worker process crashed and is restarting: try again, or send another picture")

    def _finish(self, future: asyncio.Future[Result]) -> None:
        self.pending -= 1
        if not future.cancelled():
            future.exception()  # retrieved, so that an abandoned job prints nothing
