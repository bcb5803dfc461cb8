"""How long an epoch without augmentation takes, beside its matrix products alone; how fast commands start."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from statistics import median

import torch

import digits
from benchmarks import machine
from benchmarks.rows import write_csv

REPEATS = 7
BATCHES = (64, 500)
STARTS = {
    "python -c pass": ["-c", "pass"],
    "import digits": ["-c", "import digits"],
    "digits --help": ["-m", "digits", "--help"],
    "digits train --help": ["-m", "digits", "train", "--help"],
    "import torch": ["-c", "import torch"],
    "digits train fast": ["-m", "digits", "train", "fast", "--json", "--out"],
}
"""What is started; a run folder is added where a word asks for one."""


def measure_epochs() -> None:
    """Time epochs of the 784-256-128-10 network and write ``results/epochs.csv``."""
    learned, validation = digits.split(digits.load_mnist().train)
    environment = machine.describe()
    rows = []
    for batch_size in BATCHES:
        for dropout in (0.0, 0.2):
            config = digits.RECIPES["classic"].replace(
                batch_size=batch_size, dropout=dropout, epochs=REPEATS + 1, optimizer="adamw"
            )
            history = digits.fit(digits.make_network(config), learned, validation, config)
            # the first epoch also imports what the optimizer needs
            seconds = [epoch.seconds for epoch in history[1:]]
            rows.append(
                {
                    "batch_size": batch_size,
                    "dropout": dropout,
                    "n": REPEATS,
                    "epoch_seconds": round(median(seconds), 4),
                    "fastest": round(min(seconds), 4),
                    "slowest": round(max(seconds), 4),
                    "products_seconds": round(_products(batch_size, len(learned)), 4),
                    **environment,
                }
            )
    write_csv("epochs", rows)


def _products(batch_size: int, n: int) -> float:
    """Seconds that an epoch's matrix products take by themselves: forward, and backward to weights and inputs."""
    widths = (784, 256, 128, 10)
    layers = [(torch.randn(batch_size, i), torch.randn(o, i), torch.randn(batch_size, o)) for i, o in pairwise(widths)]
    times = []
    for _ in range(50):
        start = time.perf_counter()
        for inputs, weights, gradient in layers:
            inputs @ weights.T
            gradient.T @ inputs
            if weights.shape[1] != widths[0]:
                gradient @ weights
        times.append(time.perf_counter() - start)
    return median(times) * n / batch_size


def measure_starts() -> None:
    """Time whole processes and write ``results/starts.csv``."""
    environment = machine.describe()
    rows = []
    for name, arguments in STARTS.items():
        seconds = []
        for _ in range(REPEATS + 1):
            with tempfile.TemporaryDirectory() as folder:
                asked = [folder] if arguments[-1] == "--out" else []
                call = [sys.executable, *arguments, *asked]
                start = time.perf_counter()
                subprocess.run(call, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                seconds.append(time.perf_counter() - start)
        counted = seconds[1:]
        rows.append(
            {
                "command": name,
                "n": REPEATS,
                "seconds": round(median(counted), 4),
                "fastest": round(min(counted), 4),
                "slowest": round(max(counted), 4),
                **environment,
            }
        )
    write_csv("starts", rows)
