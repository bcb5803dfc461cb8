"""Named arrays, as NumPy, MATLAB and pickle files hold them: which are images, which are labels, and of which fold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.data.formats.names import FOLD_OF, words_of
from digits.data.raw_dataset import MNIST_FILES, RawDataset, dataset_name, make_digits
from digits.errors import DataError
from digits.types import SIDE

# In the order of preference: scikit-learn's digits are there as `images` and, flat, as `data`.
IMAGE_WORDS = ("images", "image", "imgs", "img", "x", "pixels", "pixel", "data", "features", "inputs")
LABEL_WORDS = ("labels", "label", "y", "targets", "target", "classes", "class", "digit")
NEUTRAL_WORDS = {
    "set", "dataset", "mnist", "emnist", "kmnist", "qmnist", "fashion", "digits", "orig", "original", "all",
}  # fmt: skip
UNNAMED = {"arr_0": ("all", "images", 0), "arr_1": ("all", "labels", 0)}  # of numpy.savez without names

Role = tuple[str, str, int]
"""Fold or ``all``, ``images`` or ``labels``, and how far down the word for these stands in the order of preference."""

KEYS_ADVICE = "Name the arrays x_train, y_train, x_test, y_test, or images, labels (and test_images, test_labels)."


def find_role(name: str) -> Role | None:
    """Find out from its name what an array holds; None if a word of the name is unknown, or says neither."""
    if name in UNNAMED:
        return UNNAMED[name]
    words = words_of(name)
    folds = [word for word in words if word in FOLD_OF]
    labels = [word for word in words if word in LABEL_WORDS]
    # "train_data_labels" are labels
    kinds = labels or [word for word in words if word in IMAGE_WORDS]
    if len(folds) > 1 or len(kinds) != 1 or {*words} - {*folds, *LABEL_WORDS, *IMAGE_WORDS} - NEUTRAL_WORDS:
        return None
    kind, order = ("labels", LABEL_WORDS) if labels else ("images", IMAGE_WORDS)
    return (FOLD_OF[folds[0]] if folds else "all", kind, order.index(kinds[0]))


def find_pairs(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Find the names of images and labels of each fold: ``train``, ``validation``, ``test`` or ``all``, in this order.

    Without a training fold, ``all`` takes its place, and is called so.
    """
    roles = sorted((role, name) for name in names if (role := find_role(name)))
    found: dict[tuple[str, str], str] = {}
    for (fold, kind, _), name in roles:
        found.setdefault((fold, kind), name)
    pairs = {
        fold: (found[fold, "images"], found[fold, "labels"])
        for fold in ("train", "all", "validation", "test")
        if {(fold, "images"), (fold, "labels")} <= found.keys()
    }
    if "train" not in pairs and "all" in pairs:
        pairs = {"train": pairs["all"], **pairs}
    pairs.pop("all", None)
    return pairs


def dataset_of(arrays: Mapping[str, NDArray[Any]], path: Path) -> RawDataset:
    """Make a dataset of the arrays of one file or folder.

    Raises
    ------
    DataError
        There are no images with labels among them, or they are invalid.
    """
    pairs = find_pairs(arrays)
    if not pairs:
        raise DataError(f"{path} holds {', '.join(sorted(arrays)) or 'no arrays'}. {KEYS_ADVICE}")
    folds = {
        fold: make_digits(turn_images(arrays[x]), arrays[y], f"{path} ({x})", f"{path} ({y})")
        for fold, (x, y) in pairs.items()
    }
    first = next(iter(folds))
    keys = [key for fold in (first, "test") if fold in pairs for key in pairs[fold]]
    sources = {name: f"{path} ({key})" for name, key in zip(MNIST_FILES, keys, strict=False)}
    rest = {fold: digits for fold, digits in folds.items() if fold != first}
    return RawDataset(
        dataset_name(path), path, folds[first], rest.get("test"), validation=rest.get("validation"), sources=sources
    )


def images_of(arrays: Mapping[str, NDArray[Any]], path: Path) -> NDArray[Any]:
    """Choose the images to classify: the only array, or test images rather than others; errors as in `dataset_of`."""
    roles = {name: role for name in arrays if (role := find_role(name)) and role[1] == "images"}
    order = ("test", "all", "train", "validation")
    best = min(roles, key=lambda name: (order.index(roles[name][0]), roles[name][2]), default=None)
    if key := next(iter(arrays)) if len(arrays) == 1 else best:
        return turn_images(arrays[key])
    raise DataError(f"{path} holds {', '.join(sorted(arrays)) or 'no arrays'}. Call the array with the digits images.")


def turn_images(images: NDArray[Any]) -> NDArray[Any]:
    """Put the number of the image first where it is last, as in MATLAB: ``[784, n]``, ``[28, 28, n]``, or with a 1."""
    shape = images.shape
    if shape[1:] in ((SIDE, SIDE), (SIDE * SIDE,), (SIDE, SIDE, 1), (1, SIDE, SIDE)) or images.ndim < 2:
        return images
    if shape[:-1] in ((SIDE, SIDE), (SIDE * SIDE,), (SIDE, SIDE, 1), (1, SIDE, SIDE)):
        return np.moveaxis(images, -1, 0)
    return images
