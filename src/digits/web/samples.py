"""Digits to try, and to show what excites a unit: MNIST's if this computer has it, otherwise synthetic handwriting."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from digits.data import load_mnist, split
from digits.errors import DataError
from digits.types import CLASSES, LabelledDigits

MISTAKES = (
    445, 582, 583, 674, 947, 1790, 1901, 2035, 2130, 2293, 2597, 2654, 3422, 4027, 4201, 4740, 4761, 5654, 6576, 8316,
    9664, 9729,
)  # fmt: skip
"""Test digits of MNIST that both the cnn and the mlp of release 0.1 take for the same wrong digit; people differ on
several, and networks have stumbled over them since LeNet."""

PER_CLASS = 2
"""Ordinary digits of each class to try."""

SYNTHETIC_DIGITS = 1000
"""Digits that are synthesized without MNIST: a hundred per class, in a quarter of a second."""


class Samples(NamedTuple):
    """Labelled digits that no network learned from, and MNIST's famous mistakes, if MNIST is here."""

    source: str
    digits: LabelledDigits
    mistakes: LabelledDigits | None


@cache
def load_samples() -> Samples:
    """Load the validation digits of MNIST; without MNIST on this computer, synthesize digits."""
    try:
        mnist = load_mnist(download=False)
    except DataError:
        from digits.synthesis import synthesize

        return Samples("synthetic handwriting", synthesize(SYNTHETIC_DIGITS), None)
    famous = np.array(MISTAKES)
    mistakes = LabelledDigits(mnist.test.images[famous], mnist.test.labels[famous])
    return Samples("MNIST's validation digits", split(mnist.train)[1], mistakes)


def choose_ordinary(digits: LabelledDigits) -> LabelledDigits:
    """Choose the first digits of each class."""
    rows = np.concatenate([np.flatnonzero(digits.labels == value)[:PER_CLASS] for value in range(CLASSES)])
    return LabelledDigits(digits.images[rows], digits.labels[rows])
