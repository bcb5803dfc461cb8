"""The rows of ``results/*.csv``: one schema for every measurement, its reader and writer, and the facts of the machine.

A row is one figure in long form: ``case`` is a row of a table, ``variant`` (a model, a test set) a column of it,
``seed`` one of several repetitions. A ``value`` of unit ``share`` lies in 0–1; ``low`` and ``high`` are the extremes of
the ``n`` repetitions or samples behind a value. The other columns say how and where it was measured.
"""

from __future__ import annotations

import csv
import os
import platform
import time
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure; the fields are the columns of the CSV files."""

    benchmark: str = ""
    case: str
    variant: str = ""
    seed: int | None = None
    metric: str
    value: float | None = None
    unit: str = ""
    n: int | None = None
    low: float | None = None
    high: float | None = None
    command: str = ""
    note: str = ""
    cores: int | None = None
    processor: str = ""
    gemm_gflops: float | None = None
    python: str = ""
    torch: str = ""
    digits: str = ""
    date: str = ""


INTEGERS, FLOATS = ("seed", "n", "cores"), ("value", "low", "high", "gemm_gflops")


def has_rows(benchmark: str) -> bool:
    """Tell whether there is a ``results/BENCHMARK.csv``."""
    return (RESULTS / f"{benchmark}.csv").exists()


def read_rows(benchmark: str) -> list[Row]:
    """Read ``results/BENCHMARK.csv``."""
    parsers: dict[str, Any] = dict.fromkeys(INTEGERS, int) | dict.fromkeys(FLOATS, float)
    with (RESULTS / f"{benchmark}.csv").open(newline="", encoding="utf-8") as file:
        return [
            Row(
                **{
                    name: parsers.get(name, str)(text)
                    for name, text in row.items()
                    if text or name in ("case", "metric")
                }
            )
            for row in csv.DictReader(file)
        ]


def write_rows(rows: Iterable[Row]) -> None:
    """Write rows to ``results/BENCHMARK.csv``, one file per benchmark."""
    by_benchmark: dict[str, list[Row]] = {}
    for row in rows:
        by_benchmark.setdefault(row.benchmark, []).append(row)
    for benchmark, members in by_benchmark.items():
        with (RESULTS / f"{benchmark}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([field.name for field in fields(Row)])
            writer.writerows([_format(value) for value in vars(row).values()] for row in members)


def _format(value: object) -> str:
    if isinstance(value, float):
        return str(round(value, 10)).removesuffix(".0")
    return "" if value is None else str(value)


def summarize(values: Iterable[float], places: int = 4) -> dict[str, Any]:
    """Give the median of repetitions with their extremes and number, as keywords of a `Row`."""
    values = sorted(values)
    middle, low, high = (round(each, places) for each in (median(values), values[0], values[-1]))
    return {"value": middle, "low": low, "high": high, "n": len(values)}


def shares(correct: int, n: int) -> dict[str, Any]:
    """Give a share with its number of samples, as keywords of a `Row`."""
    return {"value": correct / n, "unit": "share", "n": n}


def complete(row: Row, benchmark: str, facts: dict[str, Any]) -> Row:
    """Fill in the benchmark and the facts of the machine where the measurement gave none."""
    missing = {name: fact for name, fact in facts.items() if not getattr(row, name)}
    return replace(row, **missing, benchmark=row.benchmark or benchmark)


def machine_facts() -> dict[str, Any]:
    """Measure the machine's matrix rate and name its parts: no second means anything without them."""
    import torch

    import digits

    return {
        "cores": os.cpu_count() or 1,
        "processor": _processor(),
        "gemm_gflops": gemm_gflops(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "digits": digits.__version__,
        "date": time.strftime("%Y-%m-%d"),
    }


def gemm_gflops(size: int = 1024, repeats: int = 20) -> float:
    """Measure the rate of a square float32 matrix product: the median of some, in GFLOP/s."""
    import torch

    a = torch.randn(size, size)
    seconds = [elapsed(partial(torch.matmul, a, a)) for _ in range(repeats + 1)]
    return round(2 * size**3 / median(seconds[1:]) / 1e9, 1)


def elapsed(work: Any) -> float:
    """Call ``work`` and give the seconds that it took."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
