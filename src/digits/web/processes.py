"""A worker process, from both ends of its pipe: it loads the models, then does one job after another within limits.

The system itself ends a process whose job takes too much processor time, even inside compiled code that never returns.
A job that takes too much memory fails with `MemoryError`. Only this service and its own processes write to the pipes.
"""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from digits.errors import DigitsError
from digits.web import jobs, memory
from digits.web.refusals import LongJobError, RefusedError

Call = tuple[Callable[..., Any], tuple[Any, ...]]
"""A job: a function of a module, and its arguments."""

MAX_PROCESSOR_SECONDS = 10.0
"""Processor time of a job, at most: pictures of 50 megapixels take about 2 seconds, on slow computers about 6."""

MAX_JOB_SECONDS = 60.0
"""Time of a job on the clock, at most: for jobs that sleep or are stopped, and for systems without a timer."""

MAX_START_SECONDS = 120.0
"""Time on the clock within which a process must load its libraries and models."""

MAX_JOB_BYTES = 2**30
"""Memory of a job, at most, besides what the models take: pictures of 50 megapixels need about 0.6 GiB."""

TRIM_SECONDS, IDLE_TRIM_SECONDS = 0.5, 0.05
"""Processor time after which a process gives back unused memory: the first at once, the second when it is idle."""

IDLE_SECONDS = 0.5
"""Time without a job after which a process is idle."""

WATCH_SECONDS = 1.0
"""Time between two checks of a process against its deadline."""

CHILDREN = threading.RLock()
"""Held while a process starts or is joined: `multiprocessing` keeps one list of all, which no other thread may change.
"""


class LateError(Exception):
    """The job took too long; its process was killed."""


class LostError(Exception):
    """The process died during the job, perhaps because of it."""


class NotBegunError(Exception):
    """The process had died before it received the job."""


class Outcome(NamedTuple):
    """The outcome of a job: a result, an error with its traceback as text, or neither if it was interrupted."""

    result: Any = None
    error: Exception | None = None
    trace: str = ""
    is_interrupted: bool = False


class WorkerProcess:
    """A worker process; `on_exit` is called, in another thread, when it has ended for any reason.

    It raises `OSError` or `RuntimeError` when the system can start no process or thread.
    """

    def __init__(self, models: Any, on_exit: Callable[[], None]) -> None:
        # not forked: this process has threads, which a fork would stop at any point
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self.models = models
        limits = (MAX_PROCESSOR_SECONDS, MAX_JOB_BYTES)  # passed on, so that tests can change them here
        self._process = context.Process(target=work, args=(theirs, *limits), daemon=True)
        self._deadline = time.monotonic() + MAX_START_SECONDS
        self._is_late = self.is_dead = False
        with CHILDREN:
            self._process.start()
        theirs.close()
        threading.Thread(target=self._watch, args=(on_exit,), daemon=True).start()

    def wait_until_ready(self) -> bool:
        """Wait until the models are loaded; false when the process ended instead."""
        try:
            # not as an argument: `start` would wait forever for a process that dies before it has read megabytes
            self._pipe.send(self.models)
            self._pipe.recv()
        except (EOFError, OSError):
            return False
        self._deadline = math.inf
        return True

    def run(self, call: Call, seconds: float | None = None, may_go_on: Callable[[], bool] = bool) -> Outcome:
        """Do a job. When it takes more than so many seconds, it is interrupted unless it `may_go_on`.

        Raises
        ------
        LateError, LostError, NotBegunError
            When the process has ended instead.
        """
        self._is_late = has_begun = False
        self._deadline = time.monotonic() + MAX_JOB_SECONDS
        try:
            self._pipe.send(call)
            self._pipe.recv()
            has_begun = True
            if seconds is not None and not self._pipe.poll(seconds) and not may_go_on():
                self._interrupt()
            outcome: Outcome = self._pipe.recv()
        except (EOFError, OSError):
            self.is_dead = True
            with CHILDREN:
                self._process.join(WATCH_SECONDS)
            if self._is_late or self._process.exitcode == TIMED_OUT:
                raise LateError from None
            raise (LostError if has_begun else NotBegunError) from None
        self._deadline = math.inf
        return outcome

    def kill(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()

    def close(self) -> None:
        """End the process for good."""
        self.kill()
        self._pipe.close()

    def _interrupt(self) -> None:
        if INTERRUPT and self._process.pid:
            os.kill(self._process.pid, INTERRUPT)

    def _watch(self, on_exit: Callable[[], None]) -> None:
        while not wait([self._process.sentinel], WATCH_SECONDS):
            if time.monotonic() > self._deadline:
                self._is_late = True
                self.kill()
        self.is_dead = True
        on_exit()


# What follows runs in the worker process.

INTERRUPT: int | None = getattr(signal, "SIGUSR1", None)
"""Signal that interrupts a job; None on systems without it, where jobs are not interrupted."""

TIMED_OUT = -getattr(signal, "SIGPROF", 0) or math.nan
"""Exit code of a process whose job took too much processor time."""


_is_interruptible = False
"""Whether a job runs that has not been interrupted yet."""


def work(pipe: Connection, processor_seconds: float, job_bytes: int) -> None:
    """Load the models, which come first, then do jobs until the service ends."""
    try:
        models = pipe.recv()
    except (EOFError, OSError):  # the service has ended
        return
    jobs.start(models)
    _limit_memory(job_bytes)
    if INTERRUPT:
        signal.signal(INTERRUPT, _raise_interrupt)
    with contextlib.suppress(EOFError, OSError):  # the service has ended
        pipe.send(None)
        since = time.process_time()
        while True:
            pipe.send(_receive_and_do(pipe, processor_seconds))
            spent = time.process_time() - since
            if spent > TRIM_SECONDS or (spent > IDLE_TRIM_SECONDS and not pipe.poll(IDLE_SECONDS)):
                memory.release()
                since = time.process_time()


def _receive_and_do(pipe: Connection, processor_seconds: float) -> Outcome:
    try:
        call = pipe.recv()
    except MemoryError:
        pipe.send(None)
        return _too_much_memory()
    pipe.send(None)
    _set_timer(processor_seconds)
    try:
        return _attempt(call)
    except LongJobError:  # just as the job ended
        return Outcome(is_interrupted=True)
    finally:
        _set_timer(0)


def _attempt(call: Call) -> Outcome:
    global _is_interruptible
    function, arguments = call
    try:
        _is_interruptible = True
        result = function(*arguments)
        _is_interruptible = False
        return Outcome(result)
    except LongJobError:
        return Outcome(is_interrupted=True)
    except MemoryError:
        return _too_much_memory()
    except Exception as error:
        # others may be impossible to send
        known = isinstance(error, DigitsError | RefusedError) or type(error).__module__ == "builtins"
        return Outcome(error=error if known else RuntimeError(str(error)), trace=traceback.format_exc())
    finally:
        _is_interruptible = False


def _too_much_memory() -> Outcome:
    return Outcome(error=RefusedError(413, "the file needs too much memory: shrink it"))


def _raise_interrupt(number: int, frame: FrameType | None) -> None:
    global _is_interruptible
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):  # half of a module could not be loaded again
            return
        frame = frame.f_back
    if _is_interruptible:
        _is_interruptible = False
        raise LongJobError


def _set_timer(seconds: float) -> None:
    """Let the system end this process after so many seconds of processor time; 0: never."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _limit_memory(job_bytes: int) -> None:
    """Let allocations fail that would take more than this beyond what is in use now; other systems lack the limit."""
    if sys.platform == "linux":
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[5])  # of data and stacks
        limit = pages * resource.getpagesize() + job_bytes
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
