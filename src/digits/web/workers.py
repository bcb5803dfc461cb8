"""The worker processes and their queues: no slow or hostile picture delays the ordinary ones.

Reading is hundreds of short calls into compiled code. Threads would compete for Python's lock at each of them and lose
a third of the time. And a picture that crashes a decoder ends its process, not the service.

A job is short until it turns out to be long: by the size of its upload or picture, or by its time. One process is
always kept free of long jobs, so that short ones never wait for them. A job that turns out to be long there is
interrupted, and starts again when it is the turn of a long one. Clients take turns, each known by its address.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from digits.errors import ModelError
from digits.web import jobs
from digits.web.processes import CHILDREN, Call, LateError, LostError, NotBegunError, Outcome, WorkerProcess
from digits.web.queues import FairQueue
from digits.web.refusals import RefusedError
from digits.web.uploads import Upload

Result = TypeVar("Result")

MAX_PROCESSES = 4
"""Worker processes, at most, on any number of cores: each loads the models and libraries anew."""

LONG_BYTES = 128 * 2**10
"""Size of an upload from which on its job is long: drawings have a tenth of it, photographs ten times as much."""

SHORT_SECONDS = 0.05
"""Time after which a job is long: a drawn digit takes 3 milliseconds."""

MAX_SHORT_WAITING = 1024
"""Short jobs that wait, at most: some seconds of work, and uploads of 128 MiB."""

MAX_LONG_WAITING = 64
"""Long jobs that wait, at most; `digits.web.bodies` limits the memory of their uploads."""

MAX_WAIT_SECONDS = 30.0
"""Time after which a job that still waits is refused."""

MAX_RESTART_SECONDS = 30.0
"""Pause, at most, before a process is started again that could not load its models."""

MAX_RENEWAL_SECONDS = 60.0
"""Time to wait, at most, until all processes have other models; each start takes about a second."""

BUSY = "too many pictures at the moment: try again in a second"
LATE = "the picture takes too long to read: shrink it, or save it again as PNG or JPEG"
LATE_SET = "the set of digits takes too long to read: send it in parts"
LOST = "the process that worked on this request has crashed: try again, or save the file again"
STOPPING = "the service is being stopped: try again later"


@dataclass(eq=False)
class _Job:
    call: Call
    client: str
    is_long: bool
    future: Future[Any] = field(default_factory=Future)
    is_second_try: bool = False

    def finish(self, outcome: Outcome) -> None:
        """Pass the outcome to the caller, which waits for it."""
        if self.future.set_running_or_notify_cancel():
            if outcome.error is None:
                self.future.set_result(outcome.result)
            else:
                if outcome.trace:
                    outcome.error.__cause__ = RuntimeError(outcome.trace)
                self.future.set_exception(outcome.error)

    def refuse(self, status: int, message: str) -> None:
        self.finish(Outcome(error=RefusedError(status, message)))


class Workers:
    """Run jobs in processes. The first starts at once and loads its models in the background, then one by one the rest.

    `models` is handed to `jobs.start` in each of them.
    """

    def __init__(self, models: Any) -> None:
        self.count = min((os.cpu_count() or 1) + 1, MAX_PROCESSES)
        self._models = models
        self._changed = threading.Condition()  # held to use what follows
        self._short = FairQueue[_Job](MAX_SHORT_WAITING)
        self._long = FairQueue[_Job](MAX_LONG_WAITING)
        self._long_running = 0
        self._processes: set[WorkerProcess] = set()
        self._is_closed = self._is_renewing = False
        self._starting = threading.Lock()  # held to start one
        self._first_start: Future[None] = Future()
        for number in range(self.count):
            threading.Thread(target=self._supervise, name=f"worker {number}", daemon=True).start()

    def wait_until_ready(self) -> dict[str, Any]:
        """Wait for the first process to load its models, and describe them.

        Raises
        ------
        ModelError
            When they cannot be loaded.
        """
        self._first_start.result()
        description: dict[str, Any] = self._submit(_Job((jobs.describe_models, ()), "", is_long=False)).result()
        return description

    async def run(self, job: Callable[..., Result], *arguments: Any) -> Result:
        """Run a job in one of the processes, and return its result or raise its error.

        It must change nothing outside its process, where it may be interrupted and begun again.

        Raises
        ------
        RefusedError
            503 when too many jobs wait, or this one has waited for too long; 422 when it takes too long, or when its
            process dies.
        """
        upload = next((each for each in arguments if isinstance(each, Upload)), None)
        is_long = upload is not None and len(upload.body) >= LONG_BYTES
        submitted = _Job((job, arguments), upload.client if upload else "", is_long)
        future = self._submit(submitted)
        timer = asyncio.get_running_loop().call_later(MAX_WAIT_SECONDS, self._give_up, submitted)
        try:
            return cast(Result, await asyncio.wrap_future(future))
        finally:
            timer.cancel()

    @property
    def models(self) -> Any:
        """What was handed to the processes."""
        with self._changed:
            return self._models

    def replace_models(self, models: Any) -> None:
        """Hand other models to the processes, and wait until all have them: they are replaced one after the other."""
        with self._changed:
            self._models = models
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: self._is_closed or all(each.models is models for each in self._processes), MAX_RENEWAL_SECONDS
            )

    def close(self) -> None:
        """Refuse the jobs that are left, and end the processes at once, whatever they do."""
        with self._changed:
            self._is_closed = True
            left = self._short.clear() + self._long.clear()
            for process in self._processes:
                process.kill()
            self._changed.notify_all()
        for job in left:
            job.refuse(503, STOPPING)
        with CHILDREN:  # a process that is being started would complain if this one ended now
            pass

    def _submit(self, job: _Job) -> Future[Any]:
        with self._changed:
            if self._is_closed:
                raise RefusedError(503, STOPPING)
            self._enqueue(job)
        return job.future

    def _enqueue(self, job: _Job) -> None:
        dropped = (self._long if job.is_long else self._short).add(job.client, job)
        if dropped:
            dropped.refuse(503, BUSY)
        self._changed.notify()

    def _give_up(self, job: _Job) -> None:
        with self._changed:
            waited = any(queue.remove(job.client, job) for queue in (self._short, self._long))
        if waited:
            job.refuse(503, BUSY)

    def _supervise(self) -> None:
        """Keep one process at work, in a thread of its own, and replace it whenever it ends."""
        while process := self._start():
            while job := self._take(process):
                self._do(job, process)
                del job  # or its upload would stay in memory until the next one
            with self._changed:
                self._processes.discard(process)
                self._changed.notify()  # for another process to take the job that may have woken this thread
            process.close()

    def _start(self) -> WorkerProcess | None:
        """Start a process, as often as it takes until one is ready; None when the workers are closed."""
        with self._starting:
            pause = 1.0
            while not self._is_closed:
                try:
                    process = self._start_once()
                except ModelError as error:
                    if not self._first_start.done():
                        self._first_start.set_exception(error)
                else:
                    if not self._first_start.done():
                        self._first_start.set_result(None)
                    with self._changed:
                        self._is_renewing = False
                        self._changed.notify_all()
                    return process
                with self._changed:
                    self._changed.wait_for(lambda: self._is_closed, pause)
                pause = min(2 * pause, MAX_RESTART_SECONDS)
        return None

    def _start_once(self) -> WorkerProcess:
        try:
            with CHILDREN:
                if self._is_closed:
                    raise ModelError(STOPPING)
                process = WorkerProcess(self._models, self._notify)
        except (OSError, RuntimeError) as error:  # too many processes or open files, or too little memory
            raise ModelError(f"no process can be started to load the models: {error}; end other programs") from error
        with self._changed:
            self._processes.add(process)
            if self._is_closed:
                process.kill()
        if process.wait_until_ready():
            return process
        process.close()
        with self._changed:
            self._processes.discard(process)
        raise ModelError("a worker process ended while it loaded the models: serve them one by one to find which")

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _take(self, process: WorkerProcess) -> _Job | None:
        """Wait for a job; None when the process has ended or shall be replaced, or the workers are closed."""
        with self._changed:
            while not (self._is_closed or process.is_dead):
                if process.models is not self._models and not self._is_renewing:
                    self._is_renewing = True
                    return None
                if self._long and not self._long_running:
                    job = self._long.take()  # one process may always do a long one, however many short ones wait
                elif self._short:
                    job = self._short.take()
                elif self._long and self._long_running < self.count - 1:
                    job = self._long.take()
                else:
                    self._changed.wait()
                    continue
                self._long_running += job.is_long
                return job
            return None

    def _do(self, job: _Job, process: WorkerProcess) -> None:
        """Do a job; begin it again later if it was interrupted, and once if its process has died."""
        try:
            if job.is_long:
                outcome = process.run(job.call)
            else:
                outcome = process.run(_shorten(job.call), SHORT_SECONDS, lambda: self._may_go_on(job))
        except LateError:
            outcome = Outcome(error=RefusedError(422, LATE_SET if job.call[0] is jobs.read_set else LATE))
        except NotBegunError:
            outcome = None
        except LostError:
            outcome = Outcome(error=RefusedError(422, LOST))
            if not job.is_second_try:
                job.is_second_try, outcome = True, None
        with self._changed:
            self._long_running -= job.is_long
            if outcome and outcome.is_interrupted:
                job.is_long, outcome = True, None
            if self._is_closed:
                outcome = outcome or Outcome(error=RefusedError(503, STOPPING))
            elif outcome is None:
                self._enqueue(job)
            self._changed.notify()
        if outcome:
            job.finish(outcome)

    def _may_go_on(self, job: _Job) -> bool:
        """Let a job that turned out to be long continue, unless the highest number of long jobs runs already."""
        with self._changed:
            if self._long_running < self.count - 1:
                job.is_long = True
                self._long_running += 1
        return job.is_long


def _shorten(call: Call) -> Call:
    """Let a job read only a picture that takes little time."""
    function, arguments = call
    return function, tuple(replace(each, is_short=True) if isinstance(each, Upload) else each for each in arguments)
