"""Ink becomes a digit as MNIST's did."""

from __future__ import annotations

import numpy as np

from digits.preprocessing import normalize
from digits.spec import Dataset


def test_mnist_comes_out_as_it_went_in(mnist: Dataset) -> None:
    """Of the 70,000 all but 18 do: 16 are 19 pixels long, two lie a pixel off."""
    images = mnist.test.images
    same = np.mean([np.array_equal(normalize(image), image) for image in images])
    assert same >= 0.999


def test_no_ink_is_no_digit() -> None:
    assert not normalize(np.zeros((40, 30), np.uint8)).any()
