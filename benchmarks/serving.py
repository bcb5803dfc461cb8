"""How many requests the service answers, how soon, and at what cost: drawn MNIST digits from several connections.

On 2 cores of an Intel Xeon: 477 drawn digits per second, 99 % of them within 12 ms at 200 per second, 0.66 s from the
command to the first answer. The service and its client share the cores, so that a service with a machine of its own
answers more. Needs psutil, playwright and a Chromium.

    python -m benchmarks serving
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import psutil

from benchmarks.page_pictures import stroke_to_bars
from benchmarks.results import Row, elapsed, summarize
from benchmarks.service import draw_requests, memory, receive, serve

CONNECTIONS, ROUNDS, REQUESTS, STARTS = 8, 5, 2000, 7
"""Connections, rounds at full load, answers in each, and starts of the service."""

PACE = 200
"""Requests per second at half load."""

MANY = 20_000
"""Requests over which memory must stay flat."""

DRAWN, UPDATE = (
    "a drawn digit, `POST /api/read?single=true`",
    "a live update while drawing, two models, `POST /api/explain`",
)
PATHS = {
    DRAWN: "/api/read?single=true",
    "the same with `mlp`": "/api/read?single=true&model=mlp",
    "the same as a page, `POST /api/read`": "/api/read",
    UPDATE: "/api/explain?model=cnn&model=mlp",
}
LATE = f"99th percentile of latency at {PACE} drawn digits per second"
BARS = "from the last point of a stroke to the bars, in Chromium"
MEMORY = (f"memory before the first of {MANY:,} requests", "memory after the last")


def measure() -> Iterator[Row]:
    """Load the service."""
    with tempfile.TemporaryDirectory() as name:
        yield _row("from the command to the first answer", "s", _starts(Path(name)))
        with serve(Path(name)) as (address, pid):
            port, process = int(address.rpartition(":")[2]), psutil.Process(pid)
            requests = {case: draw_requests(path) for case, path in PATHS.items()}
            drawn = requests[DRAWN]
            send(drawn, REQUESTS, port)  # warm
            for case, some in requests.items():
                n = REQUESTS if case == DRAWN else REQUESTS // 4
                rates = [n / elapsed(lambda n=n, some=some: send(some, n, port)) for _ in range(ROUNDS)]
                yield _row(case, "answers/s", rates, n * ROUNDS)
            paced = [1000 * each for each in send(drawn, 10 * PACE, port, pace=PACE)]
            for case, quantile in ((f"median latency at {PACE} drawn digits per second", 0.5), (LATE, 0.99)):
                yield _row(case, "ms", [float(np.quantile(paced, quantile))], len(paced))
            alone = [1000 * each for each in send(requests[UPDATE], 300, port, connections=1)]
            yield _row("live updates, one at a time", "ms", alone)
            for case, n in zip(MEMORY, (0, MANY), strict=True):
                send(drawn, n, port)
                yield _row(case, "MiB", [memory(process)], max(n, 1))
    yield _row(BARS, "ms", stroke_to_bars(5))


def _row(case: str, unit: str, values: list[float], n: int | None = None) -> Row:
    figures = summarize(values, 2)
    return Row(case=case, metric="measured", unit=unit, **figures | {"n": n or len(values)})


def missed(rows: Sequence[Row]) -> list[str]:
    """Give a sentence for every claim that these rows do not support."""
    value = {row.case: row.value or 0 for row in rows}
    before, after = (value[case] for case in MEMORY)
    claims = [
        (value[DRAWN] >= 400, f"{value[DRAWN]:.0f} drawn digits per second; we claim 400"),
        (value[BARS] <= 30, f"bars come {value[BARS]:.0f} ms after the stroke; we claim 30"),
        (value[LATE] <= 50, f"99 % of the answers come within {value[LATE]:.0f} ms; we claim 50"),
        (after <= before + 20, f"memory grew from {before:.0f} to {after:.0f} MiB"),
    ]
    return [sentence for holds, sentence in claims if not holds]


def _starts(folder: Path) -> list[float]:
    request, seconds = draw_requests("/api/read")[:1], []
    for _ in range(STARTS + 1):
        start = time.perf_counter()
        with serve(folder) as (address, _):
            send(request, 1, int(address.rpartition(":")[2]), connections=1)
            seconds.append(time.perf_counter() - start)
    return seconds[1:]  # the first found the disk's cache empty


def send(requests: list[bytes], n: int, port: int, *, connections: int = CONNECTIONS, pace: float = 0) -> list[float]:
    """Send ``n`` requests over several connections, one after the other on each: how long each took, in seconds.

    With a ``pace`` they are due at even times, so many per second, whether or not earlier ones are answered; waiting
    for a connection counts.
    """
    return asyncio.run(_send_all(requests, n, port, connections, pace))


async def _send_all(requests: list[bytes], n: int, port: int, connections: int, pace: float) -> list[float]:
    seconds, numbers, begun = list[float](), iter(range(n)), time.perf_counter()

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in numbers:
            due = begun + number / pace if pace else time.perf_counter()
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            writer.write(requests[number % len(requests)])
            status, body = await receive(reader)
            if status != 200:
                raise RuntimeError(f"the service refused a request: {status} {body[:200]!r}")
            seconds.append(time.perf_counter() - due)
        writer.close()

    await asyncio.gather(*(work() for _ in range(connections)))
    return seconds
