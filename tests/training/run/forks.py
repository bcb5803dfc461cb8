"""Processes that have examined a data set already, so that each of many runs on it starts at once."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

IsKilled = Callable[[Callable[..., Any], dict[str, Any], Callable[[], bool]], bool]


@contextmanager
def forking(data: Path) -> Iterator[IsKilled]:
    """Start a process that has what trainings on these data need, and give a function that runs them in its forks."""
    context = multiprocessing.get_context("spawn")  # threads of this process would not survive a fork
    pipe, other = context.Pipe()
    process = context.Process(target=_serve, args=(other, data))
    process.start()

    def is_killed(job: Callable[..., Any], arguments: dict[str, Any], is_due: Callable[[], bool]) -> bool:
        """Run a job in a process and kill it once that is due; return whether it was still running then."""
        pipe.send((job, arguments))
        pid, deadline = pipe.recv(), time.monotonic() + 200
        while not pipe.poll(0.001):
            assert time.monotonic() < deadline
            if is_due():
                with suppress(ProcessLookupError):  # it has just ended
                    os.kill(pid, signal.SIGKILL)
                break
        code = pipe.recv()
        assert code in (0, -signal.SIGKILL)
        return bool(code)

    yield is_killed
    process.kill()
    process.join()


def _serve(pipe: Connection, data: Path) -> None:
    from digits.synthesis import synthesize
    from digits.training import get_recipe
    from digits.training.run.inputs import examine, load_inputs

    for module in ("digits.training.run.train", "onnx", "torch.onnx.utils", "torch._dynamo"):
        importlib.import_module(module)
    examine(load_inputs(get_recipe("standard"), data, None, None, print)[0])  # what it finds is remembered
    synthesize(1)  # as every model file has some digits of
    context = multiprocessing.get_context("fork")
    while True:
        job, arguments = pipe.recv()
        process = context.Process(target=job, kwargs=arguments)
        process.start()
        pipe.send(process.pid)
        process.join()
        pipe.send(process.exitcode)
