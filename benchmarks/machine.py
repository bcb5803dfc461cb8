"""What a measurement was made on, and how fast that is: no second means anything without it."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path

import torch

import digits


def describe() -> dict[str, str | float]:
    """Give the columns that every row of every results file ends with."""
    return {
        "gemm_gflops": round(gemm_rate() / 1e9, 1),
        "cores": os.cpu_count() or 1,
        "processor": _processor(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "digits": digits.__version__,
        "date": time.strftime("%Y-%m-%d"),
    }


def gemm_rate(size: int = 1024, repeats: int = 20) -> float:
    """Measure float32 operations a second in a square matrix product: the median of some."""
    a = torch.randn(size, size)
    a @ a
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        a @ a
        seconds.append(time.perf_counter() - start)
    return 2 * size**3 / sorted(seconds)[repeats // 2]


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
