"""A class with phones, and a training beside the page: how soon the page answers when it matters.

Thirty phones, each at an address of its own, draw for ten minutes: a second of live updates, one more with the pixels
that supported the answer, two seconds to look. Then, in Chromium, a number is drawn while a network trains on the same
computer. Service, phones, browser and training share the cores. Needs psutil, playwright and a Chromium.

    python -m benchmarks classroom --minutes 10
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
from benchmarks.results import Row, summarize
from benchmarks.service import draw_requests, memory, receive, serve

PHONES, MINUTES = 30, 10.0
DRAW_SECONDS, LOOK_SECONDS, PACE = 1.0, 2.0, 30
"""Seconds in which a digit is drawn and looked at, and live updates per second, at most: answers set the pace."""

LIVE, SETTLED = (f"/api/explain?model=cnn&model=mlp&upright=true&evidence={word}" for word in ("false", "true"))
UPDATES, LATE = "live updates of 30 phones, median", "live updates of 30 phones, 99th percentile"
ALONE = "from a stroke to the bars, in Chromium"
FAILED, BARS = "requests of 30 phones that failed", "from a stroke to the bars while a network trains, in Chromium"
MEMORY = ("memory before the phones", "memory after the phones")


def measure(minutes: float = MINUTES) -> Iterator[Row]:
    """Let the class draw for so many minutes, then draw while a network trains."""
    note = f"{minutes:g} minutes"
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as (address, pid):
        port, process = int(address.rpartition(":")[2]), psutil.Process(pid)
        live, settled = draw_requests(LIVE, 100), draw_requests(SETTLED, 100)
        asyncio.run(_draw(live, settled, port, 10.0))  # warm
        yield _row(MEMORY[0], "MiB", [memory(process)], 1, note)
        seconds, failed = asyncio.run(_draw(live, settled, port, 60 * minutes))
        milliseconds = 1000 * np.array(seconds)
        for case, quantile in ((UPDATES, 0.5), (LATE, 0.99)):
            yield _row(case, "ms", [float(np.quantile(milliseconds, quantile))], len(seconds), note)
        yield _row(FAILED, "", [float(failed)], len(seconds), note)
        yield _row(MEMORY[1], "MiB", [memory(process)], len(seconds), note)
    yield _row(ALONE, "ms", stroke_to_bars(3), None, "")
    yield _row(BARS, "ms", stroke_to_bars(3, is_training=True), None, "")


def missed(rows: Sequence[Row]) -> list[str]:
    """Give a sentence for every claim that these rows do not support."""
    value = {row.case: row.value or 0 for row in rows}
    before, after = (value[case] for case in MEMORY)
    claims = [
        (value[FAILED] == 0, f"{value[FAILED]:.0f} requests of the phones failed"),
        (value[LATE] <= 500, f"99 % of the phones' updates come within {value[LATE]:.0f} ms; we claim 500"),
        (value[BARS] <= 60, f"bars come {value[BARS]:.0f} ms after the stroke while a network trains; we claim 60"),
        (after <= before + 20, f"memory grew from {before:.0f} to {after:.0f} MiB"),
    ]
    return [sentence for holds, sentence in claims if not holds]


def _row(case: str, unit: str, values: list[float], n: int | None, note: str) -> Row:
    return Row(case=case, metric="measured", unit=unit, note=note, **summarize(values, 2) | {"n": n or len(values)})


async def _draw(live: list[bytes], settled: list[bytes], port: int, seconds: float) -> tuple[list[float], int]:
    """Let all phones draw: how long each live update took, in seconds, and how many requests failed."""
    took, failed, end = list[float](), 0, time.perf_counter() + seconds

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> float:
        nonlocal failed
        sent = time.perf_counter()
        writer.write(request)
        status, _ = await receive(reader)
        failed += status != 200
        return time.perf_counter() - sent

    async def use_phone(number: int) -> None:
        local = (f"127.0.0.{number + 2}", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=local)
        await asyncio.sleep(number / PHONES * (DRAW_SECONDS + LOOK_SECONDS))  # a class does not draw in step
        drawn = number
        while (begun := time.perf_counter()) < end:
            while time.perf_counter() < begun + DRAW_SECONDS:
                seconds = await ask(reader, writer, live[drawn % len(live)])
                took.append(seconds)
                await asyncio.sleep(max(1 / PACE - seconds, 0))
            await ask(reader, writer, settled[drawn % len(settled)])
            await asyncio.sleep(LOOK_SECONDS)
            drawn += 1
        writer.close()

    await asyncio.gather(*(use_phone(number) for number in range(PHONES)))
    return took, failed
