"""What was tried to make a training step faster: milliseconds of each way beside the other."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import digits
from benchmarks import machine
from benchmarks.rows import write_csv

BATCH_SIZE = 500
REPEATS = 200


def measure() -> None:
    """Time steps and look-ups and write ``results/tried.csv``."""
    environment = machine.describe()
    images = torch.from_numpy(digits.load_mnist().train.images[:BATCH_SIZE].copy())
    labels = torch.arange(BATCH_SIZE) % 10
    grid = torch.rand(BATCH_SIZE, 28, 28, 2) * 2 - 1
    floats = images[:, None].float()
    threads = torch.get_num_threads()
    timings = {
        "step, no dropout": _step(images, labels, digits.MLP(dropout=0.0)),
        "step, dropout 0.2, a byte a value (done)": _step(images, labels, digits.MLP(dropout=0.2)),
        "step, dropout 0.2, torch.nn.Dropout": _step(images, labels, _with_torch_dropout()),
        "look-up, bilinear (done)": _median(lambda: F.grid_sample(floats, grid, mode="bilinear", align_corners=False)),
        "look-up, bicubic": _median(lambda: F.grid_sample(floats, grid, mode="bicubic", align_corners=False)),
    }
    torch.set_num_threads(1)
    timings["step, no dropout, one thread"] = _step(images, labels, digits.MLP(dropout=0.0))
    torch.set_num_threads(threads)
    timings |= {
        "step in `fit`, AdamW, float32": _fitted(optimizer="adamw", precision="float32"),
        "step in `fit`, AdamW, bfloat16": _fitted(optimizer="adamw", precision="bfloat16"),
        "step in `fit`, Muon, float32": _fitted(precision="float32"),
        "step in `fit`, Muon, bfloat16 (done)": _fitted(precision="bfloat16"),
    }
    rows = [
        {"what": what, "milliseconds": round(1000 * seconds, 3), "n": REPEATS, "threads": threads, **environment}
        for what, seconds in timings.items()
    ]
    write_csv("tried", rows)


def _with_torch_dropout() -> nn.Module:
    network = digits.MLP(dropout=0.2)
    layers = [nn.Dropout(0.2) if isinstance(layer, nn.Dropout) else layer for layer in network.layers]
    network.layers = nn.Sequential(*layers)
    return network


def _step(images: Tensor, labels: Tensor, network: nn.Module) -> float:
    """Seconds of a training step of the 784-256-128-10 network."""
    optimizer = torch.optim.Adam(network.parameters(), fused=True)

    def step() -> None:
        loss = F.cross_entropy(network(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return _median(step)


def _fitted(**changes: str) -> float:
    """Seconds of a training step as users have it, validation after each epoch included."""
    learned, validation = digits.split(digits.load_mnist().train)
    config = digits.RECIPES["fast"].replace(batch_size=BATCH_SIZE, epochs=8, **changes)
    history = digits.fit(digits.make_network(config), learned, validation, config)
    return median(epoch.seconds for epoch in history[1:]) * BATCH_SIZE / len(learned)


def _median(call: Callable[[], object]) -> float:
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return median(seconds)
