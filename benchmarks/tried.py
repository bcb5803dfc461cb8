"""What was tried to make a training step faster, and left out: milliseconds of each beside what is done instead."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import digits
from benchmarks import machine
from benchmarks.tables import write_csv

BATCH_SIZE = 500
REPEATS = 200


class NarrowDropout(nn.Module):
    """Dropout that takes four 16-bit random numbers from each 64-bit draw."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """Drop a share `p` of `x`."""
        draws = torch.empty((x.numel() + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
        keep = draws.view(torch.int16)[: x.numel()].view(x.shape) >= int(2**16 * self.p) - 2**15
        return x * keep.to(x.dtype).mul_(1 / (1 - self.p))


def measure() -> None:
    """Time steps and look-ups and write ``results/tried.csv``."""
    environment = machine.describe()
    images = torch.from_numpy(digits.load_mnist().train.images[:BATCH_SIZE].copy())
    labels = torch.arange(BATCH_SIZE) % 10
    grid = torch.rand(BATCH_SIZE, 28, 28, 2) * 2 - 1
    floats = images[:, None].float()
    threads = torch.get_num_threads()
    timings = {
        "step, no dropout": _step(images, labels, nn.Identity),
        "step, nn.Dropout": _step(images, labels, lambda: nn.Dropout(0.2)),
        "step, dropout from 16-bit numbers": _step(images, labels, lambda: NarrowDropout(0.2)),
        "look-up, bilinear": _median(lambda: F.grid_sample(floats, grid, mode="bilinear", align_corners=False)),
        "look-up, bicubic": _median(lambda: F.grid_sample(floats, grid, mode="bicubic", align_corners=False)),
    }
    torch.set_num_threads(1)
    timings["step, no dropout, one thread"] = _step(images, labels, nn.Identity)
    torch.set_num_threads(threads)
    rows = [
        {"what": what, "milliseconds": round(1000 * seconds, 3), "n": REPEATS, "threads": threads, **environment}
        for what, seconds in timings.items()
    ]
    write_csv("tried", rows)


def _step(images: Tensor, labels: Tensor, dropout: Callable[[], nn.Module]) -> float:
    """Seconds of a training step of the 784-256-128-10 network."""
    network = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), dropout(), nn.Linear(256, 128), nn.ReLU(), dropout(),
        nn.Linear(128, 10),
    )  # fmt: skip
    optimizer = torch.optim.Adam(network.parameters(), fused=True)

    def step() -> None:
        loss = F.cross_entropy(network(images.float() / 255), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return _median(step)


def _median(call: Callable[[], object]) -> float:
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return median(seconds)
