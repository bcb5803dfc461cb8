"""Mending a data set: every mistake that one flag can undo."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from digits.data import DIGIT_NAMES, RawDataset, make_dataset
from digits.doctor.flags import Mending
from digits.doctor.measures import hash_images, is_blank, is_dark_on_light
from digits.errors import DataError, UsageError
from digits.shapes import Shaped
from digits.types import Dataset, Images, LabelledDigits


def mend(dataset: Dataset, mending: Mending) -> Dataset:
    """Change a data set as the flags say; its hashes are those of what comes out.

    Raises
    ------
    UsageError
        `relabel` has fewer digits than there are labels.
    DataError
        Nothing is left of the training or the test part.
    """
    if mending == Mending():
        return dataset
    classes = dataset.classes
    if mending.relabel:
        n_labels = len(classes)
        if classes == DIGIT_NAMES:
            n_labels = 1 + max(int(part.labels.max()) for part in (dataset.train, dataset.test))
        if len(mending.relabel) < n_labels:
            raise UsageError(
                f"--relabel names {len(mending.relabel)} digits, but {dataset.name} has the labels 0 to "
                f"{n_labels - 1}: name one digit for each"
            )
        classes = DIGIT_NAMES
    train, test = (_mend_part(part, mending) for part in (dataset.train, dataset.test))
    if mending.drop_duplicates:
        test = _select(test, _is_first(test.images))
        train = _select(train, _is_first(train.images))
        train = _select(train, ~np.isin(hash_images(train.images), hash_images(test.images)))
    for part, name in ((train, "training"), (test, "test")):
        if not len(part):
            raise DataError(f"{mending.flags} leaves no {name} digits of {dataset.location}. Use it without that flag.")
    raw = RawDataset(dataset.name, Path(dataset.location), train, test, classes=classes)
    return dataclasses.replace(make_dataset(raw), location=dataset.location, held_out=dataset.held_out)


def mend_images(images: Images, mending: Mending) -> Images:
    """Change images as the flags say that concern neither labels nor which images are kept."""
    if mending.transpose:
        images = images.transpose(0, 2, 1)
    images = images[:, :: -1 if mending.flip else 1, :: -1 if mending.mirror else 1]
    if mending.invert:
        images = np.where(is_dark_on_light(images)[:, None, None], 255 - images, images)
    if mending.stretch:
        low, high = images.min((1, 2), keepdims=True), images.max((1, 2), keepdims=True)
        factors = np.float32(255) / np.maximum(high - low, 1)
        images = np.rint((images - low) * factors).astype(np.uint8)
    if mending.from_pictures:
        from digits.preprocessing import extract_digit

        images = np.stack([extract_digit(image) for image in np.ascontiguousarray(images)])
    return np.ascontiguousarray(images)


def _mend_part(part: LabelledDigits, mending: Mending) -> LabelledDigits:
    labels = np.array(mending.relabel, np.uint8)[part.labels] if mending.relabel else part.labels
    mended = LabelledDigits(mend_images(part.images, mending), labels)
    return _select(mended, ~is_blank(mended.images)) if mending.drop_blank else mended


def _is_first(images: Images) -> Shaped[np.ndarray, " n"]:
    """Tell which images have no copy before them."""
    first = np.zeros(len(images), bool)
    first[np.unique(hash_images(images), return_index=True)[1]] = True
    return first


def _select(part: LabelledDigits, keep: Shaped[np.ndarray, " n"]) -> LabelledDigits:
    return LabelledDigits(part.images[keep], part.labels[keep])
