"""Digits are converted from every usual form; ambiguous ones are refused with what to pass instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from digits.errors import UsageError
from digits.inference.inputs import to_images
from digits.types import Dataset

Convert = Callable[[np.ndarray], Any]


@pytest.fixture(scope="module")
def images(mnist: Dataset) -> np.ndarray:
    return mnist.test.images[:3]


@pytest.mark.parametrize(
    "convert",
    [
        lambda images: images,
        lambda images: images.reshape(3, 784),
        lambda images: images[:, None],
        lambda images: images[..., None],
        lambda images: images.tolist(),
        lambda images: images.astype(np.int64),
        lambda images: images.astype(np.float32),
        lambda images: images / 255,
        lambda images: (images / np.float32(255)).astype(np.float16),
        lambda images: torch.from_numpy(images),
        lambda images: torch.from_numpy(images / 255).requires_grad_(),
        lambda images: torch.from_numpy(images).bfloat16(),
        lambda images: [Image.fromarray(image) for image in images],
        lambda images: [Image.fromarray(image).convert("RGB") for image in images],
    ],
)
def test_batches_in_any_form(convert: Convert, images: np.ndarray) -> None:
    converted = to_images(convert(images))
    assert (converted.dtype, converted.shape) == (np.uint8, images.shape)
    assert np.abs(converted.astype(int) - images).max() <= 1


@pytest.mark.parametrize(
    "convert",
    [lambda image: image, lambda image: image.ravel(), lambda image: image[None], Image.fromarray, torch.from_numpy],
)
def test_a_single_digit_is_a_batch_of_one(convert: Convert, images: np.ndarray) -> None:
    assert np.array_equal(to_images(convert(images[0])), images[:1])


def test_booleans_are_ink_or_none(images: np.ndarray) -> None:
    assert np.array_equal(to_images(images > 99), (images > 99) * np.uint8(255))
    assert np.array_equal(to_images(Image.fromarray(images[0]).convert("1")).max(), 255)


def test_zeros_and_ones_are_scaled_with_a_word(images: np.ndarray, caplog: pytest.LogCaptureFixture) -> None:
    assert np.array_equal(to_images((images > 99).astype(np.int64)), (images > 99) * np.uint8(255))
    assert [record.getMessage() for record in caplog.records] == [
        "The pixels are 0 and 1, which are scaled to 0 and 255."
    ]


@pytest.mark.parametrize("empty", [np.zeros((0, 28, 28), np.uint8), np.zeros((0, 784))])
def test_no_digits(empty: np.ndarray) -> None:
    assert to_images(empty).shape == (0, 28, 28)


@pytest.mark.parametrize(
    ("digits", "message"),
    [
        (None, "None: pass digits as numbers"),
        ("cnn", "str: pass digits as numbers"),
        ([[1, 2], [3]], "list: pass digits as numbers"),
        (np.zeros((40, 30)), r"\[40, 30\].*digits.read\(picture, single=True\)"),
        (Image.new("RGBA", (28, 28)), r"\[28, 28, 4\].*digits.read"),
        (np.full((28, 28), 300), "range from 300 to 300: pass 0–255"),
        (np.full((28, 28), -0.42), "range from -0.42 .*not standardized"),
        (np.full((28, 28), np.nan), "nan"),
        (np.full((28, 28), 1.5), "range from 1.5 to 1.5: pass 0–255"),
    ],
)
def test_ambiguous_digits_are_refused_with_what_to_pass(digits: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        to_images(digits)
