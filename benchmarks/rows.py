"""The rows of ``results/*.csv``: written, read, and what every table makes of them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results"


def write_csv(name: str, rows: Sequence[dict[str, Any]]) -> None:
    """Write a results file."""
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_csv(name: str) -> list[dict[str, str]]:
    """Read a results file."""
    with (RESULTS / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def range_of(row: dict[str, str], median: str) -> str:
    """Give a median with the fastest and the slowest."""
    low, middle, high = (float(row[name]) for name in ("fastest", median, "slowest"))
    return f"{middle:.2f} s ({low:.2f}–{high:.2f})"


def spread(values: Sequence[float], places: int) -> str:
    """Give a mean and, of several values, their standard deviation."""
    spread = f" ± {stdev(values):.{places}f}" if len(values) > 1 else ""
    return f"{mean(values):.{places}f}{spread}"


def source(rows: Sequence[dict[str, str]], what: str, name: str) -> str:
    """Say what was measured on what, how to repeat it, and where the rows are."""
    row = rows[0]
    return (
        f"{what}; {row['cores']} cores of an {row['processor']} ({float(row['gemm_gflops']):.0f} GFLOP/s in float32), "
        f"PyTorch {row['torch'].split('+')[0]}. Repeat with `python -m benchmarks {name}`; "
        f"rows in `benchmarks/results/{name}.csv`."
    )
