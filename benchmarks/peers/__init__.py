"""Other ways to learn MNIST, each written as its library's own documentation writes it, and none slowed down.

Every module has ``train(dataset, seed) -> Trained``. All learn from the same 55,000 digits, are validated on the same
5,000 after each epoch, and open the test set once after that. Pixels become floats before the clock starts, except
where a library does so while it trains; ours count all of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np


class Curve(list[dict[str, float]]):
    """A list of ``seconds`` since the start and ``validation_accuracy``, one entry per epoch; its clock starts now."""

    def __init__(self) -> None:
        super().__init__()
        self.start = time.perf_counter()

    def clock(self) -> float:
        """Give the seconds since the start."""
        return time.perf_counter() - self.start

    def add(self, accuracy: float) -> None:
        """Note the end of an epoch, and the validation accuracy then."""
        self.append({"seconds": self.clock(), "validation_accuracy": float(accuracy)})


class Trained(NamedTuple):
    """Seconds from building the model to the end of training, the accuracy on test (0–1), and the curve."""

    seconds: float
    test_accuracy: float
    curve: Curve


def flat(dataset: Any) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give pixels ``float32[n, 784]`` in 0–1 and labels ``uint8[n]``: to learn from, of validation, of test."""
    from digits.data import split

    for part in (*split(dataset.train), dataset.test):
        yield part.images.reshape(-1, 784).astype(np.float32) / 255, part.labels
