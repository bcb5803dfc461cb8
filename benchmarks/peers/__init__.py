"""Other ways to learn MNIST, each written as its library's own documentation writes it, and none slowed down.

Every ``train(dataset, seed)`` gives a `Trained`. All learn from the same 55,000 digits, are validated on the same 5,000
after each epoch, and open the test set once after that. Pixels become floats before the clock starts, except where a
library does so while it trains; ours count all of it.

`box_contours` learns nothing: it is another way to read a number in boxes.
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


def flat(dataset: Any, kind: str = "float32") -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give pixels ``[n, 784]`` in 0–1 (in 0–255 as ``uint8``) and labels: to learn from, of validation, of test."""
    from digits.data import split

    for part in (*split(dataset.train), dataset.test):
        pixels = part.images.reshape(-1, 784)
        yield pixels if kind == "uint8" else pixels.astype(kind) / 255, part.labels
