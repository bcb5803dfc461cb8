"""Splits are stratified partitions, and the same every time."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits.data import split
from digits.errors import UsageError
from digits.types import Dataset, LabelledDigits


def numbered(labels: list[int]) -> LabelledDigits:
    """Make digits whose first pixels hold their index, so that each can be identified."""
    images = np.zeros((len(labels), 28, 28), np.uint8)
    images[:, 0, 0], images[:, 0, 1] = np.divmod(np.arange(len(labels)), 256)
    return LabelledDigits(images, np.array(labels, np.uint8))


def indices(digits: LabelledDigits) -> list[int]:
    return (digits.images[:, 0, 0].astype(int) * 256 + digits.images[:, 0, 1]).tolist()


LABELS = st.lists(st.integers(0, 9), min_size=1, max_size=300)


@given(LABELS, st.data(), st.integers(0, 2**32))
def test_parts_are_an_ordered_partition(labels: list[int], data: st.DataObject, seed: int) -> None:
    held = data.draw(st.integers(0, len(labels) - 1))
    train, validation = split(numbered(labels), held, seed=seed)
    assert len(validation) == held
    assert sorted(indices(train) + indices(validation)) == list(range(len(labels)))
    for part in (train, validation):
        assert indices(part) == sorted(indices(part))
        assert part.labels.tolist() == [labels[i] for i in indices(part)]


@given(LABELS, st.data(), st.integers(0, 2**32))
def test_every_class_keeps_its_share_within_one(labels: list[int], data: st.DataObject, seed: int) -> None:
    held = data.draw(st.integers(0, len(labels) - 1))
    _, validation = split(numbered(labels), held, seed=seed)
    exact = np.bincount(labels, minlength=10) * held / len(labels)
    assert (np.abs(np.bincount(validation.labels, minlength=10) - exact) < 1).all()


@given(LABELS, st.floats(0, 1, exclude_max=True), st.integers(0, 2**32))
def test_fraction_is_the_rounded_count(labels: list[int], fraction: float, seed: int) -> None:
    digits, held = numbered(labels), round(fraction * len(labels))
    if held < len(labels):
        assert indices(split(digits, fraction, seed=seed)[1]) == indices(split(digits, held, seed=seed)[1])


def test_same_seed_gives_the_same_parts_without_global_state() -> None:
    digits = numbered([i % 10 for i in range(1000)])
    first = indices(split(digits, 100, seed=7)[1])
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1]  # noqa: NPY002
    assert indices(split(digits, 100, seed=7)[1]) == first
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


def test_different_seeds_give_different_parts() -> None:
    digits = numbered([i % 10 for i in range(1000)])
    assert indices(split(digits, 100, seed=0)[1]) != indices(split(digits, 100, seed=1)[1])


def test_counts_are_rounded_by_largest_remainder() -> None:
    _, validation = split(numbered([0] * 50 + [1] * 26 + [2] * 24), 10)
    assert np.bincount(validation.labels).tolist() == [5, 3, 2]


def test_split_of_mnist_never_changes(mnist: Dataset) -> None:
    train, validation = split(mnist.train)
    assert (len(train), len(validation)) == (55_000, 5_000)
    assert np.bincount(validation.labels).tolist() == [494, 562, 496, 511, 487, 452, 493, 522, 487, 496]
    # Recorded: if another numpy drew other digits, runs would no longer be comparable.
    assert hashlib.sha256(validation.images.tobytes()).hexdigest() == (
        "b7524de92ed193011a5107cdfff2a119f11b9f5da1cd580ed86e35ab8cb15ddd"
    )


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (10, "validation_size takes 10 of 10 digits and leaves none for training. Give a number below 10"),
        (5000, "validation_size takes 5,000 of 10 digits"),
        (-1, "validation_size must be 0 or more, not -1"),
        (1.0, "validation_size must be a fraction below 1 or a whole number, not 1.0"),
        (-0.1, "validation_size must be a fraction below 1 or a whole number, not -0.1"),
        (float("nan"), "validation_size must be a fraction below 1 or a whole number, not nan"),
        (0.99, "validation_size takes 10 of 10 digits"),
    ],
)
def test_invalid_size_is_named(size: float, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        split(numbered(list(range(10))), size)
    assert str(caught.value).startswith(message)


def test_negative_seed_is_refused() -> None:
    with pytest.raises(UsageError, match="seed must be 0 or more"):
        split(numbered([1, 2]), 1, seed=-1)
