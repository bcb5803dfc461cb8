"""How long recipes take on one GPU, and when they first reach 99 % of the validation digits; all runs in one process.

On an NVIDIA H100: `cnn` is at 99 % after 4 s, and at 99.57 % of the test digits after 9 s.

    python -m benchmarks gpu
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import digits
from benchmarks.results import Row

SEEDS = {"fast": 5, "standard": 5, "cnn": 5, "classic": 2}
MARK = 0.99


def measure() -> Iterator[Row]:
    """Train every recipe on the GPU."""
    import torch

    if not torch.cuda.is_available():
        raise SystemExit("gpu: there is no CUDA device here; benchmarks/results/gpu.csv stays as it is")
    dataset = digits.load_mnist()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("fast", "cnn"):  # loads what CUDA loads at its first use
            digits.train(name, data=dataset, out=Path(folder, f"warm-{name}"), device="cuda", epochs=1)
        for name, seed in ((name, seed) for name, seeds in SEEDS.items() for seed in range(seeds)):
            start = time.perf_counter()
            run = digits.train(name, data=dataset, out=Path(folder, f"{name}-{seed}"), device="cuda", seed=seed)
            whole = time.perf_counter() - start
            spent = list(accumulate(epoch.seconds for epoch in run.history))
            reached = (s for s, each in zip(spent, run.history, strict=True) if each.validation_accuracy >= MARK)
            for metric, value, unit in (
                ("validation accuracy", run.scores["validation"].accuracy, "share"),
                ("test accuracy", run.scores["test"].accuracy, "share"),
                ("training time", spent[-1], "s"),
                ("time to 99 %", next(reached, None), "s"),
                ("time in all", whole, "s"),
            ):
                yield Row(
                    case=f"`{name}`",
                    seed=seed,
                    metric=metric,
                    value=None if value is None else round(value, 4),
                    unit=unit,
                    command=f"digits train {name} --device cuda --seed {seed}",
                    processor=torch.cuda.get_device_name(),
                )
