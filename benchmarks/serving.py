"""How much the service answers, how soon, and what it costs: real digits, drawn, from several connections.

The service and who asks share the cores of one machine, so that what is measured is less than what a service of its
own machine gives.
"""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import numpy as np
import psutil
from PIL import Image
from tqdm import tqdm

import digits
from benchmarks import machine
from benchmarks.page_pictures import stroke_to_bars
from benchmarks.rows import write_csv

DRAWINGS = 500
"""Different ones: test digits of MNIST as the page's canvas would have them."""

CANVAS, DIGIT = 280, 200
"""Sides of the canvas and of the digit on it, in pixels."""

CONNECTIONS = 8
ROUNDS, ASKED = 5, 2000
"""Rounds at full load, and answers in each."""

PACED = 200
"""Requests a second at half load."""

MANY = 20_000
"""Requests over which memory must stay flat."""

STARTS = 7

KINDS = {
    "a drawn digit, `POST /api/read?single=true`": "/api/read?single=true",
    "the same by `mlp`": "/api/read?single=true&model=mlp",
    "the same as a page, `POST /api/read`": "/api/read",
    "what the page asks while a stroke is drawn, two models, `POST /api/look`": "/api/look?model=cnn&model=mlp",
}
"""What is asked for."""


def measure() -> list[str]:
    """Load the service, write ``results/serving.csv``, and say what it missed."""
    environment = machine.describe()
    rows: list[dict[str, str | float]] = []

    def row(what: str, n: int, unit: str, values: list[float]) -> None:
        low, high = round(min(values), 2), round(max(values), 2)
        told: dict[str, str | float] = {"what": what, "n": n, "unit": unit, "median": round(median(values), 2)}
        rows.append(told | {"lowest": low, "highest": high} | environment)

    with tempfile.TemporaryDirectory() as name:
        row("from the command to the first answer", STARTS, "s", _starts(Path(name)))
        with _serving(Path(name)) as (port, process):
            asked = {what: _requests(path) for what, path in KINDS.items()}
            first = asked[next(iter(KINDS))]
            _run(_all(first, ASKED, CONNECTIONS, port))  # warm
            for what, requests in asked.items():
                fewer = ASKED if requests is first else ASKED // 4
                rates = [fewer / _seconds(requests, fewer, port) for _ in tqdm(range(ROUNDS), desc=what)]
                row(what, fewer * ROUNDS, "answers a second", rates)
            waited = [1000 * each for each in _run(_paced(first, 10 * PACED, PACED, port))]
            row(f"{PACED} drawn digits a second: half of them within", len(waited), "ms", [float(np.median(waited))])
            late = float(np.quantile(waited, 0.99))
            row(f"{PACED} drawn digits a second: 99 % within", len(waited), "ms", [late])
            alone = _run(_all(asked[list(KINDS)[3]], 300, 1, port))
            row("what the page asks, one at a time", len(alone), "ms", [1000 * each for each in alone])
            held = [_held(process)]
            for _ in tqdm(range(10), desc=f"{MANY:,} requests"):
                _run(_all(first, MANY // 10, CONNECTIONS, port))
                held.append(_held(process))
            row("memory held before the first of 20,000 requests", 1, "MiB", [held[0]])
            row("memory held after the last", MANY, "MiB", [held[-1]])
    bars = stroke_to_bars(5)
    row("from the last point of a stroke to its bars, in Chromium", len(bars), "ms", bars)
    write_csv("serving", rows)
    fast = next(float(each["median"]) for each in rows if each["what"] == next(iter(KINDS)))
    missed = [f"{fast:.0f} answers a second are fewer than 400"] if fast < 400 else []
    missed += [f"half of the bars come after {median(bars):.0f} ms, later than 30"] if median(bars) > 30 else []
    missed += [f"99 % within {late:.0f} ms is later than 50"] if late > 50 else []
    missed += [f"memory grew from {held[0]:.0f} to {held[-1]:.0f} MiB"] if held[-1] > held[0] + 20 else []
    return missed


def _held(process: psutil.Process) -> float:
    """Give the memory of the service and its workers, in MiB."""
    return sum(float(each.memory_info().rss) for each in (process, *process.children(recursive=True))) / 2**20


@contextmanager
def _serving(folder: Path) -> Iterator[tuple[int, psutil.Process]]:
    call = [sys.executable, "-m", "digits", "serve", "--port", "0", "--own", str(folder / "own")]
    process = subprocess.Popen(call, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield int(process.stdout.readline().split()[3].rpartition(":")[2]), psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def _starts(folder: Path) -> list[float]:
    seconds, request = [], _requests("/api/read")[:1]
    for _ in range(STARTS + 1):
        begun = time.perf_counter()
        with _serving(folder) as (port, _):
            _run(_all(request, 1, 1, port))
            seconds.append(time.perf_counter() - begun)
    return seconds[1:]  # the first found the disk's cache empty


def _requests(path: str) -> list[bytes]:
    requests = []
    for image in digits.load_mnist().test.images[:DRAWINGS]:
        canvas = Image.new("L", (CANVAS, CANVAS), 255)
        drawn = Image.fromarray(255 - image).resize((DIGIT, DIGIT), Image.Resampling.BICUBIC)
        canvas.paste(drawn, ((CANVAS - DIGIT) // 2,) * 2)
        buffer = io.BytesIO()
        canvas.save(buffer, "PNG")
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
        requests.append(f"{head}Content-Length: {len(buffer.getvalue())}\r\n\r\n".encode() + buffer.getvalue())
    return requests


class _Connection:
    def __init__(self, port: int) -> None:
        self.port = port

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, request: bytes) -> None:
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        body = await self.reader.readexactly(int(length.partition(b":")[2]))
        if b" 200 " not in head[:20]:
            raise RuntimeError(f"not an answer: {head[:40]!r} {body[:200]!r}")


async def _all(requests: list[bytes], count: int, connections: int, port: int) -> list[float]:
    """Ask so many as soon as possible, each connection one after the other; give how long each took."""
    waiting, seconds = iter(range(count)), list[float]()

    async def one() -> None:
        connection = _Connection(port)
        await connection.open()
        for number in waiting:
            begun = time.perf_counter()
            await connection.ask(requests[number % len(requests)])
            seconds.append(time.perf_counter() - begun)
        connection.writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    return seconds


async def _paced(requests: list[bytes], count: int, rate: float, port: int) -> list[float]:
    """Ask at even times, whether or not earlier ones are answered; waiting for a connection counts."""
    due: asyncio.Queue[tuple[int, float] | None] = asyncio.Queue()
    seconds = list[float]()

    async def one() -> None:
        connection = _Connection(port)
        await connection.open()
        while entry := await due.get():
            await connection.ask(requests[entry[0] % len(requests)])
            seconds.append(time.perf_counter() - entry[1])
        connection.writer.close()

    asking = [asyncio.create_task(one()) for _ in range(CONNECTIONS)]
    begun = time.perf_counter()
    for number in range(count):
        when = begun + number / rate
        await asyncio.sleep(max(when - time.perf_counter(), 0))
        due.put_nowait((number, when))
    for _ in asking:
        due.put_nowait(None)
    await asyncio.gather(*asking)
    return seconds


def _seconds(requests: list[bytes], count: int, port: int) -> float:
    begun = time.perf_counter()
    _run(_all(requests, count, CONNECTIONS, port))
    return time.perf_counter() - begun


def _run(asking: Coroutine[None, None, list[float]]) -> list[float]:
    return asyncio.run(asking)
