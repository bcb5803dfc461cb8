"""Digits of a set that the network is not sure of are looked at again; the others stay as they were read."""

from __future__ import annotations

import numpy as np
import pytest

from digits.inference import Reader
from digits.types import Dataset


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def accuracy(reader: Reader, images: np.ndarray, mnist: Dataset) -> float:
    return float((reader.read_digits(images).argmax(1) == mnist.test.labels[: len(images)]).mean())


def test_sure_answers_stay_as_they_are(reader: Reader, mnist: Dataset) -> None:
    images = mnist.test.images[:500]
    once, again = reader.model.probabilities(images), reader.read_digits(images)
    sure = once.max(1) >= 0.95
    assert np.array_equal(once[sure], again[sure])
    assert (again.max(1) >= once.max(1)).all()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda images: 255 - images,
        lambda images: 100 + images // 2,
        lambda images: np.concatenate([255 - images[:, :, :7], images[:, :, 7:21], 255 - images[:, :, 21:]], 2),
    ],
    ids=["dark on light", "on grey", "on stripes"],
)
def test_other_grounds_are_read_at_a_further_look(spoil: object, reader: Reader, mnist: Dataset) -> None:
    spoilt = spoil(mnist.test.images[:200])  # type: ignore[operator]
    assert (reader.model.probabilities(spoilt).argmax(1) == mnist.test.labels[:200]).mean() < 0.5
    assert accuracy(reader, spoilt, mnist) > 0.75


def test_no_digits_have_no_answers(reader: Reader) -> None:
    assert reader.read_digits(np.empty((0, 28, 28), np.uint8)).shape == (0, 10)
