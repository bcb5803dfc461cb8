"""A labelled dataset as its files hold it: arrays checked, but neither identified nor split."""

from __future__ import annotations

import logging
import os
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.errors import DataError
from digits.pixels import NUMBERS, find_scale, scale_pixels, shape_digits
from digits.types import CLASSES, SIDE, Images, LabelledDigits, Labels

log = logging.getLogger(__name__)

MNIST_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
"""The four arrays of a dataset, under the names that MNIST published."""

DIGIT_NAMES = tuple("0123456789")
"""Names of the classes where they are digits."""


@dataclass(frozen=True, eq=False)
class RawDataset:
    """Content of one file or folder, as it is there.

    Attributes
    ----------
    name
        Name of the file or folder; says nothing about the content.
    location
        File or folder.
    train
        Training digits, or all digits if there is no test fold.
    test
        Test digits, if the files have a test fold.
    validation
        Validation digits, if the files have such a fold.
    sources
        File or key that each of `MNIST_FILES` was read from, for error messages.
    classes
        Name of each class.
    picture_side
        Median longer side, in pixels, of the picture files that were fitted into 28 × 28; 0 if they were arrays.
    """

    name: str
    location: Path
    train: LabelledDigits
    test: LabelledDigits | None = None
    _: KW_ONLY
    validation: LabelledDigits | None = None
    sources: dict[str, str] = field(default_factory=dict)
    classes: tuple[str, ...] = DIGIT_NAMES
    picture_side: int = 0


def dataset_name(path: Path) -> str:
    """Name a dataset after its file or folder; skip folders with generic names, such as torchvision's ``raw``."""
    path = path.resolve()
    if path.is_file():
        return shown_name(f"{path.parent.name}/{path.name}")
    while path.name.lower() in {"raw", "processed", "data"} and path.parent.name:
        path = path.parent
    return shown_name(path.name or str(path))


def shown_name(name: str) -> str:
    r"""Write bytes of a file's name that are not UTF-8 as ``\xff``: reports and figures cannot show them."""
    return os.fsencode(name).decode(errors="backslashreplace")


def make_digits(images: NDArray[Any], labels: NDArray[Any], images_from: str, labels_from: str) -> LabelledDigits:
    """Check arrays from any file and convert them to `LabelledDigits`.

    Images are those of `check_images`. Labels are whole numbers 0–9 of any type, or text, ``[n]``, ``[n, 1]`` or
    ``[1, n]``; or one-hot, ``[n, 2]`` to ``[n, 10]``. The errors name `images_from` and `labels_from`.

    Raises
    ------
    DataError
        Invalid shapes, types, ranges or counts, or images and labels are swapped.
    """
    if images.ndim == 1 and labels.ndim == 3:
        raise DataError(f"{images_from} holds labels and {labels_from} holds images: they are swapped. Swap the names.")
    pixels, classes = check_images(images, images_from), _check_labels(labels, labels_from)
    if len(pixels) != len(classes):
        raise DataError(
            f"{images_from} holds {len(pixels):,} images, but {labels_from} holds {len(classes):,} labels. "
            "Use files of the same dataset and fold."
        )
    if not len(pixels):
        raise DataError(f"{images_from} holds no images. Use a file with at least one.")
    return LabelledDigits(pixels, classes)


def check_images(images: NDArray[Any], source: str) -> Images:
    """Check an array of digits from any file, and convert it; pixels of 0–1 are scaled, which the log says.

    Images are ``[n, 28, 28]``, ``[n, 28, 28, 1]``, ``[n, 1, 28, 28]`` or ``[n, 784]``, or one digit ``[28, 28]``.

    Raises
    ------
    DataError
        Invalid shapes, types or ranges.
    """
    if images.ndim == 1:
        raise DataError(f"{source} holds labels in place of images. Use the file of images.")
    shaped = shape_digits(images)
    if shaped is None:
        raise DataError(
            f"{source} holds {_dimensions(images)} images; digits are {SIDE} × {SIDE} in grey. "
            "Save them as pictures in one folder per class; those are resized."
        )
    if shaped.dtype.kind not in NUMBERS:
        raise DataError(f"{source} holds {images.dtype} images; digits are numbers, 0–255. Convert them first.")
    scale = find_scale(shaped)
    if scale is None:
        raise DataError(f"{source} holds pixels from {images.min():g} to {images.max():g}. Scale them to 0–255 first.")
    if scale > 1:
        say_scaled(source)
    return scale_pixels(shaped, scale)


def say_scaled(source: str) -> None:
    """Log that the pixels of a file are scaled."""
    log.warning("%s: the pixels are 0–1, which are scaled to 0–255.", source)


def _check_labels(labels: NDArray[Any], source: str) -> Labels:
    if is_one_hot(labels):
        return np.asarray(labels.argmax(axis=1), np.uint8)
    if labels.ndim != 1 and not (labels.ndim == 2 and 1 in labels.shape):
        raise DataError(f"{source} holds {_dimensions(labels)} labels. Use one whole number per image.")
    classes = _whole_numbers(labels.reshape(-1))
    if classes is None:
        raise DataError(f"{source} holds {labels.dtype} labels. Use whole numbers 0–{CLASSES - 1}.")
    invalid = np.flatnonzero((classes < 0) | (classes >= CLASSES))
    if len(invalid):
        index = invalid[0]
        raise DataError(
            f"{source} holds labels outside 0–{CLASSES - 1}; the first is {classes[index]}, of image {index:,}. "
            f"Keep at most {CLASSES} classes and number them from 0."
        )
    return classes.astype(np.uint8)


def is_one_hot(labels: NDArray[Any]) -> bool:
    """Tell whether every row has a 1 for its class, of at most ten, and 0 for all others."""
    if labels.ndim != 2 or labels.dtype.kind not in NUMBERS or not 2 <= labels.shape[1] <= CLASSES or not len(labels):
        return False
    return bool(np.isin(labels, (0, 1)).all() and (labels.sum(axis=1) == 1).all())


def _whole_numbers(labels: NDArray[Any]) -> NDArray[Any] | None:
    """Give labels of any type as integers; None if they are no whole numbers."""
    if labels.dtype.kind in "SU":
        digits = [str(index).encode() if labels.dtype.kind == "S" else str(index) for index in range(CLASSES)]
        return np.searchsorted(digits, labels) if np.isin(labels, digits).all() else None
    if labels.dtype.kind == "f":
        # beyond this size, not every whole number is a float
        is_whole = np.isfinite(labels).all() and (np.abs(labels) < 2**24).all() and (labels == np.rint(labels)).all()
        return labels.astype(np.int64) if is_whole else None
    return labels if labels.dtype.kind in "iu" else None


def _dimensions(array: NDArray[Any]) -> str:
    return " × ".join(map(str, array.shape[1:])) or "single-number"
