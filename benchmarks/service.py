"""The service as a user starts it, with its memory; requests to it, and a model file that it may serve."""

from __future__ import annotations

import asyncio
import importlib.resources
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from PIL import Image

import digits

DRAWINGS = 500
"""Different drawings: MNIST test digits as they would be drawn on the page's canvas."""

CANVAS, DIGIT = 280, 200
"""Sides of the canvas and of the digit on it, in pixels."""

STOP_SECONDS = 30
"""Seconds within which the service must end; its own period of grace is shorter."""


@contextmanager
def serve(folder: Path, *flags: str, before: str = "") -> Iterator[tuple[str, int]]:
    """Start the service, with a folder for corrections, and give its address and process id.

    `before` is code that runs first and sets, for instance, other limits.

    Raises
    ------
    subprocess.TimeoutExpired
        When it does not end after SIGTERM.
    """
    code = f"{before}\nfrom digits.cli import main\nmain()"
    command = [sys.executable, "-c", code, "serve", "--port", "0", "--corrections", str(folder), *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        found = re.search(r"http://[\w.:]+", process.stdout.readline())
        assert found, "digits serve did not name its address"
        try:
            yield found[0], process.pid
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def shipped_model() -> bytes:
    """Read a model file that comes with the package."""
    return importlib.resources.files("digits.pretrained").joinpath("mlp.onnx").read_bytes()


def memory(process: psutil.Process) -> float:
    """Give the memory of the service and its workers, in MiB."""
    total = 0.0
    for each in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # a worker that has just ended
            total += each.memory_info().rss
    return total / 2**20


def draw_requests(path: str, n: int = DRAWINGS) -> list[bytes]:
    """Make requests to read the first `n` test digits, each drawn on a canvas."""
    requests = []
    for image in digits.load_mnist().test.images[:n]:
        canvas = Image.new("L", (CANVAS, CANVAS), 255)
        drawn = Image.fromarray(255 - image).resize((DIGIT, DIGIT), Image.Resampling.BICUBIC)
        canvas.paste(drawn, ((CANVAS - DIGIT) // 2,) * 2)
        buffer = io.BytesIO()
        canvas.save(buffer, "PNG")
        requests.append(post(path, buffer.getvalue()))
    return requests


def post(path: str, body: bytes, kind: str = "image/png", headers: str = "") -> bytes:
    """Make a request with a body."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def receive(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Receive an answer: its status and its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return int(head.split(b" ", 2)[1]), await reader.readexactly(int(length.partition(b":")[2]))
