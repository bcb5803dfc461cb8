"""Splits: a partition, stratified, and the same every time."""

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
    """Digits whose first pixels hold their index, so that each can be told from all others."""
    images = np.zeros((len(labels), 28, 28), np.uint8)
    images[:, 0, 0], images[:, 0, 1] = np.divmod(np.arange(len(labels)), 256)
    return LabelledDigits(images, np.array(labels, np.uint8))


def indices(digits: LabelledDigits) -> list[int]:
    return (digits.images[:, 0, 0].astype(int) * 256 + digits.images[:, 0, 1]).tolist()


LABELS = st.lists(st.integers(0, 9), min_size=1, max_size=300)


@given(LABELS, st.data(), st.integers(0, 2**32))
def test_every_digit_is_in_one_part_with_its_label_and_in_order(
    labels: list[int], data: st.DataObject, seed: int
) -> None:
    held = data.draw(st.integers(0, len(labels) - 1))
    train, validation = split(numbered(labels), held, seed=seed)
    assert len(validation) == held
    assert sorted(indices(train) + indices(validation)) == list(range(len(labels)))
    for part in (train, validation):
        assert indices(part) == sorted(indices(part))
        assert part.labels.tolist() == [labels[i] for i in indices(part)]


@given(LABELS, st.data(), st.integers(0, 2**32))
def test_every_class_keeps_its_share_to_within_one(labels: list[int], data: st.DataObject, seed: int) -> None:
    held = data.draw(st.integers(0, len(labels) - 1))
    _, validation = split(numbered(labels), held, seed=seed)
    exact = np.bincount(labels, minlength=10) * held / len(labels)
    assert (np.abs(np.bincount(validation.labels, minlength=10) - exact) < 1).all()


@given(LABELS, st.floats(0, 1, exclude_max=True), st.integers(0, 2**32))
def test_a_fraction_is_the_rounded_count(labels: list[int], fraction: float, seed: int) -> None:
    digits, held = numbered(labels), round(fraction * len(labels))
    if held < len(labels):
        assert indices(split(digits, fraction, seed=seed)[1]) == indices(split(digits, held, seed=seed)[1])


def test_the_same_seed_gives_the_same_parts_whatever_else_was_drawn() -> None:
    digits = numbered([i % 10 for i in range(1000)])
    first = indices(split(digits, 100, seed=7)[1])
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1]  # noqa: NPY002
    assert indices(split(digits, 100, seed=7)[1]) == first
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


def test_another_seed_gives_other_parts() -> None:
    digits = numbered([i % 10 for i in range(1000)])
    assert indices(split(digits, 100, seed=0)[1]) != indices(split(digits, 100, seed=1)[1])


def test_largest_remainders_get_the_rest() -> None:
    _, validation = split(numbered([0] * 50 + [1] * 26 + [2] * 24), 10)
    assert np.bincount(validation.labels).tolist() == [5, 3, 2]


def test_mnist_gives_55000_and_5000_that_never_change(mnist: Dataset) -> None:
    train, validation = split(mnist.train)
    assert (len(train), len(validation)) == (55_000, 5_000)
    assert np.bincount(validation.labels).tolist() == [494, 562, 496, 511, 487, 452, 493, 522, 487, 496]
    # Recorded: another numpy must draw the very same digits, or runs are no longer comparable.
    assert hashlib.sha256(validation.images.tobytes()).hexdigest() == (
        "b7524de92ed193011a5107cdfff2a119f11b9f5da1cd580ed86e35ab8cb15ddd"
    )


@pytest.mark.parametrize(
    ("validation", "message"),
    [
        (10, "validation asks for 10 digits of a set of 10, which leaves none to train on. Give a number below 10"),
        (5000, "validation asks for 5,000 digits of a set of 10"),
        (-1, "validation is -1: it cannot be negative"),
        (1.0, "validation is 1.0: a fraction goes from 0 to below 1"),
        (-0.1, "validation is -0.1: a fraction"),
        (float("nan"), "validation is nan: a fraction"),
        (0.99, "validation asks for 10 digits of a set of 10"),
    ],
)
def test_a_split_that_cannot_be_meant_names_its_numbers(validation: float, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        split(numbered(list(range(10))), validation)
    assert str(caught.value).startswith(message)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(UsageError, match="seed is -1: it must be 0 or more"):
        split(numbered([1, 2]), 1, seed=-1)
