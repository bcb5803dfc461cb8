"""MNIST's own digits in another set: its test digits in the training part, and Kaggle's part of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from digits.doctor.findings import Finding, share
from digits.doctor.measures import hash_images
from digits.doctor.subject import Part, Subject
from digits.shapes import Shaped
from digits.types import Dataset

FILE = Path(__file__).parents[2] / "pretrained" / "mnist-digits.npy"
"""Hashes of MNIST's 10,000 test digits, then those of every `EVERY`-th training digit."""

N_TEST = 10_000
EVERY = 16

LEAKED = 0.001
"""Share of test digits of MNIST from which on an accuracy on MNIST suffers in its first decimal."""

KAGGLE_SIZE = 42_000
"""Rows of Kaggle's ``train.csv``: MNIST's 70,000 digits but for the 28,000 of ``test.csv``."""


def mnist_hashes(mnist: Dataset) -> Shaped[np.ndarray, " n"]:
    """Compute the content of `FILE` from MNIST."""
    return np.concatenate((hash_images(mnist.test.images), hash_images(mnist.train.images[::EVERY])))


@cache
def load_hashes() -> Shaped[np.ndarray, " n"]:
    """Load the hashes that come with digits."""
    loaded: Shaped[np.ndarray, " n"] = np.load(FILE, allow_pickle=False)
    return loaded


def check_mnist(subject: Subject) -> Iterator[Finding]:
    """Find digits of MNIST where they make a score meaningless."""
    if subject.dataset.name == "MNIST":
        return
    hashes = load_hashes()
    first = subject.parts[0]
    is_test = np.isin(first.hashes, hashes[:N_TEST])
    if is_test.sum() >= LEAKED * len(first):
        yield _test_digits(first, is_test)
    second = subject.parts[-1]
    if second is not first:
        seen = np.isin(second.hashes, hashes[N_TEST:])
        n = int(seen.sum()) * EVERY
        if n >= LEAKED * len(second) and seen.sum() > 1:
            yield Finding(
                "mnist-training-digits",
                f"About {n:,} of the {len(second):,} test images are training digits of MNIST, which the shipped "
                "networks have learned.",
                n, len(second), examples=second.examples(np.flatnonzero(seen)[:2]),
                advice="Do not judge them, nor networks trained on MNIST, by these digits.",
            )  # fmt: skip


def _test_digits(part: Part, is_test: np.ndarray) -> Finding:
    n, found = int(is_test.sum()), np.flatnonzero(is_test)
    advice = "Test a network that learns from this set on its own test part or on other digits, not on MNIST's."
    if len(part) == KAGGLE_SIZE:
        advice = (
            "This is the train.csv of Kaggle's Digit Recognizer. Its test.csv is the rest of MNIST's 70,000 digits: a "
            "network that learned MNIST, as the shipped ones, has seen most of these, and a submission of it shows "
            "nothing. Train on this file alone, and do not test on MNIST."
        )
    return Finding(
        "mnist-test-digits", f"{share(n, len(part))} {part.name} are test digits of MNIST.", n, len(part),
        advice=advice, examples=part.examples(found[:2]),
    )  # fmt: skip
