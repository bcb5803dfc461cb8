"""The process that draws the pages of PDFs, seen from outside; `pdf_program` is what runs there.

PDFium cannot be interrupted, and a few bytes can demand any amount of time or memory. So a page that takes too much
ends this process, and the next page starts another. It is started with the first PDF, serves all of them, one request
after another, and ends with the process that started it.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

from digits.preprocessing.pdf_program import FaultError

MAX_SECONDS = 2.0
"""Processor time of opening a PDF or drawing a page, at most: A4 with 600 dots per inch takes 0.3 seconds as JPEG and
1.2 as JPEG 2000, 100,000 short lines take 0.4."""

MAX_CLOCK_SECONDS = 60.0
"""Seconds on the clock, at most: for a process that waits, and for systems that do not limit processor time."""

MAX_MEMORY = 3 * 2**29
"""Bytes of memory, at most, with the file: A4 with 600 dots per inch takes 0.2 GiB as JPEG and 1.35 as JPEG 2000."""

END_SECONDS = 1.0
"""Seconds on the clock within which a process that has stopped answering must have ended."""

PROGRAM = Path(__file__).with_name("pdf_program.py")

LATE, LOST = "late", "lost"
"""Faults besides those of `pdf_program`: it took too much time, and it ended for another reason."""

TIMED_OUT = -getattr(signal, "SIGPROF", 0) or None
"""Exit code of a process that took too much processor time."""


class Drawing(NamedTuple):
    """A drawn page: width and height in points and in pixels, and its rows of RGB pixels."""

    size: tuple[float, float]
    shape: tuple[int, int]
    pixels: bytes


class PdfProcess:
    """The process; the threads that use it take turns.

    Its methods raise `FaultError` with the reason when a PDF or page cannot be drawn within the limits, and `OSError`
    when no process can be started.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._opened = 0
        self._is_late = False

    def open(self, number: int, content: bytes) -> int:
        """Open a PDF, which has a number of its own, and count its pages."""
        with self._turn, self._limit() as process:
            return self._open(process, number, content)

    def draw(self, number: int, content: bytes, page: int, side: int, dpi: int) -> Drawing:
        """Draw a page, counted from 0, of a PDF that was opened before, as `pdf_program` describes."""
        with self._turn, self._limit() as process:
            if self._opened != number:  # another one was since, or the process has ended
                self._open(process, number, content)
            answer = _ask(process, {"page": page, "side": side, "dpi": dpi})
            width, height = answer["pixels"]
            pixels = _pipe(process.stdout).read(3 * width * height)
            if len(pixels) < 3 * width * height:
                raise EOFError
            return Drawing(tuple(answer["size"]), (width, height), pixels)

    def end(self, seconds: float = 0) -> int | None:
        """End the process if it does not end by itself within so many seconds; return its exit code, None without."""
        process, self._process = self._process, None
        if process is None:
            return None
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.kill()
        with suppress(OSError):  # what was not sent yet is dropped
            process.communicate()
        return process.returncode

    @contextmanager
    def _limit(self) -> Iterator[subprocess.Popen[bytes]]:
        """Give the process, started if there is none; end it if it takes too long or is left while it answers."""
        if self._process is None:
            self._process, self._opened = _start(), 0
        self._is_late = False
        timer = threading.Timer(MAX_CLOCK_SECONDS, self._kill, (self._process,))
        timer.daemon = True
        timer.start()
        try:
            yield self._process
        except FaultError:
            raise
        except (OSError, EOFError, ValueError):  # it ended before its answer did
            code = self.end(END_SECONDS)
            raise FaultError(LATE if self._is_late or code == TIMED_OUT else LOST) from None
        except BaseException:
            self.end()
            raise
        finally:
            timer.cancel()

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        self._is_late = True
        process.kill()

    def _open(self, process: subprocess.Popen[bytes], number: int, content: bytes) -> int:
        self._opened = 0
        count = int(_ask(process, {"bytes": len(content)}, content)["count"])
        self._opened = number
        return count


def _start() -> subprocess.Popen[bytes]:
    arguments = json.dumps([sys.path, MAX_MEMORY])
    return subprocess.Popen(
        [sys.executable, "-I", str(PROGRAM), arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _ask(process: subprocess.Popen[bytes], request: dict[str, int], content: bytes = b"") -> dict[str, Any]:
    requests = _pipe(process.stdin)
    requests.write(json.dumps(request | {"seconds": MAX_SECONDS}).encode() + b"\n")
    requests.write(content)
    requests.flush()
    answer: dict[str, Any] = json.loads(_pipe(process.stdout).readline())
    if "error" in answer:
        raise FaultError(answer["error"])
    return answer


def _pipe(end: IO[bytes] | None) -> IO[bytes]:
    assert end is not None  # for the type checker: both were asked for
    return end


_process = PdfProcess()


def get_process() -> PdfProcess:
    """Return the process that draws for this one."""
    return _process


def _renew() -> None:
    """After a fork: both sides would write to one pipe."""
    global _process
    _process = PdfProcess()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
atexit.register(lambda: _process.end())
