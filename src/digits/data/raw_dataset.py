"""A labelled set as its files give it, before it is known which set it is: arrays checked, nothing named yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.errors import DataError
from digits.types import CLASSES, SIDE, Images, LabelledDigits, Labels

MNIST_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
"""The four arrays of a set, by the names MNIST publishes them under."""

DIGIT_NAMES = tuple("0123456789")
"""What the classes are called where they are digits."""


@dataclass(frozen=True, eq=False)
class RawDataset:
    """What one place holds.

    Attributes
    ----------
    name
        What the place is called; never a claim about its content.
    location
        File or folder.
    train
        Digits to learn from, or all there are.
    test
        None when the place holds one part only.
    sources
        Which file or key each of `MNIST_FILES` came from, for error messages.
    classes
        What each label is called.
    """

    name: str
    location: Path
    train: LabelledDigits
    test: LabelledDigits | None = None
    sources: dict[str, str] = field(default_factory=dict)
    classes: tuple[str, ...] = DIGIT_NAMES


def dataset_name(path: Path) -> str:
    """Name a set after its file or folder, passing over names that tell nothing, such as torchvision's ``raw``."""
    path = path.resolve()
    if path.is_file():
        return f"{path.parent.name}/{path.name}"
    while path.name.lower() in {"raw", "processed", "data"} and path.parent.name:
        path = path.parent
    return path.name or str(path)


def make_digits(images: NDArray[Any], labels: NDArray[Any], images_from: str, labels_from: str) -> LabelledDigits:
    """Check arrays of any source and make digits of them.

    Parameters
    ----------
    images
        Whole numbers 0–255, ``[n, 28, 28]``, ``[n, 28, 28, 1]`` or ``[n, 784]``.
    labels
        Whole numbers 0–9, ``[n]`` or ``[n, 1]``.
    images_from, labels_from
        Where they came from, for error messages.

    Raises
    ------
    DataError
        Shapes, types, ranges or counts are not those of labelled digits, or images and labels are swapped.
    """
    if images.ndim == 1 and labels.ndim == 3:
        raise DataError(
            f"{images_from} holds labels and {labels_from} holds images: the two are swapped. Exchange their names."
        )
    pixels, numbers = _pixels(images, images_from), _classes(labels, labels_from)
    if len(pixels) != len(numbers):
        raise DataError(
            f"{images_from} holds {len(pixels):,} images, but {labels_from} holds {len(numbers):,} labels: "
            "they do not belong together. Use files of the same set and part."
        )
    if not len(pixels):
        raise DataError(f"{images_from} holds no images. Use a file with at least one.")
    return LabelledDigits(pixels, numbers)


def _pixels(images: NDArray[Any], source: str) -> Images:
    if images.ndim == 1:
        raise DataError(f"{source} holds labels, where images belong. Put the file of images there.")
    if images.shape[1:] not in {(SIDE, SIDE), (SIDE, SIDE, 1), (SIDE * SIDE,)}:
        raise DataError(
            f"{source} holds {_dimensions(images)} images; digits are {SIDE} × {SIDE} in grey. "
            "Save them as pictures in one folder a class: those are resized."
        )
    if images.dtype.kind not in "iu":
        raise DataError(f"{source} holds {images.dtype} images; digits are uint8, 0–255. Scale and round them first.")
    if images.dtype != np.uint8 and images.size and (images.min() < 0 or images.max() > 255):
        raise DataError(
            f"{source} holds pixels {images.min()} to {images.max()}; 0 to 255 are needed. Scale them first."
        )
    return np.ascontiguousarray(images.reshape(-1, SIDE, SIDE), dtype=np.uint8)


def _classes(labels: NDArray[Any], source: str) -> Labels:
    if labels.ndim != 1 and labels.shape[1:] != (1,):
        raise DataError(f"{source} holds {_dimensions(labels)} labels; one number an image is needed.")
    if labels.dtype.kind not in "iu":
        raise DataError(f"{source} holds {labels.dtype} labels; whole numbers 0–{CLASSES - 1} are needed.")
    numbers = labels.reshape(-1)
    wrong = np.flatnonzero((numbers < 0) | (numbers >= CLASSES))
    if len(wrong):
        raise DataError(
            f"{source} holds labels outside 0–{CLASSES - 1}: the first is {numbers[wrong[0]]}, of image {wrong[0]:,}. "
            "Sets of more than ten classes, such as EMNIST's letters, cannot be learned here: keep ten and number them."
        )
    return numbers.astype(np.uint8)


def _dimensions(array: NDArray[Any]) -> str:
    return " × ".join(map(str, array.shape[1:])) or "single-number"
