"""Real digits to plant faults in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digits.data import DIGIT_NAMES, RawDataset, make_dataset
from digits.doctor.checks.mnist import EVERY
from digits.types import Dataset, LabelledDigits

PER_CLASS = 14
"""Digits of each class: enough for the networks to judge, few enough to be quick."""


@pytest.fixture(scope="session")
def clean(mnist: Dataset) -> LabelledDigits:
    """Training digits of MNIST, in the order 0, 1 … 9, 0, 1 …, but none of those that are recognized."""
    unknown = np.arange(len(mnist.train)) % EVERY > 0
    index = [np.flatnonzero(unknown & (mnist.train.labels == digit))[:PER_CLASS] for digit in range(10)]
    chosen = np.stack(index).T.ravel()
    return LabelledDigits(mnist.train.images[chosen], mnist.train.labels[chosen])


@pytest.fixture(scope="session")
def make() -> Callable[..., Dataset]:
    """Make a set of images and labels, with or without a test part."""

    def make_set(images: Any, labels: Any, test: Any = None, classes: tuple[str, ...] = DIGIT_NAMES) -> Dataset:
        parts = [(images, labels), *([test] if test else [])]
        digits = [LabelledDigits(np.ascontiguousarray(x, np.uint8), np.asarray(y, np.uint8)) for x, y in parts]
        return make_dataset(RawDataset("planted", Path("planted"), *digits, classes=classes))

    return make_set
