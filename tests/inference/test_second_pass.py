"""Doubtful digits get a second pass; confident answers stand."""

from __future__ import annotations

import numpy as np
import pytest

from digits.inference import Reader
from digits.types import Dataset


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader("mlp")  # `cnn` needs no second pass for most of them


def accuracy(reader: Reader, images: np.ndarray, mnist: Dataset) -> float:
    return float((reader.read_digits(images).argmax(1) == mnist.test.labels[: len(images)]).mean())


def invert_sides(images: np.ndarray) -> np.ndarray:
    return np.concatenate([255 - images[:, :, :7], images[:, :, 7:21], 255 - images[:, :, 21:]], 2)


def test_confident_answers_stand(reader: Reader, mnist: Dataset) -> None:
    images = mnist.test.images[:500]
    first, second = reader.model.predict_proba(images), reader.read_digits(images)
    confident = first.max(1) >= 0.95
    assert np.array_equal(first[confident], second[confident])
    assert (second.max(1) >= first.max(1)).all()


@pytest.mark.parametrize(
    ("spoil", "after"),
    [(lambda images: 255 - images, 0.9), (lambda images: 100 + images // 2, 0.99), (invert_sides, 0.9)],
    ids=["dark on light", "on grey", "on stripes"],
)
def test_other_grounds_are_read_in_the_second_pass(spoil: object, after: float, reader: Reader, mnist: Dataset) -> None:
    spoilt = spoil(mnist.test.images[:200])  # type: ignore[operator]
    before = (reader.model.predict_proba(spoilt).argmax(1) == mnist.test.labels[:200]).mean()
    assert accuracy(reader, spoilt, mnist) > max(before, after)
    assert accuracy(Reader("cnn"), spoilt, mnist) > 0.99


def test_no_digits_give_no_rows(reader: Reader) -> None:
    assert reader.read_digits(np.empty((0, 28, 28), np.uint8)).shape == (0, 10)
