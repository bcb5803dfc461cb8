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
    if dataset.name == "MNIST":  # its digits were found, scaled and centred when it was made
        mending = dataclasses.replace(mending, from_pictures=False)
    if mending == Mending():
        return dataset
    classes = dataset.classes
    if mending.relabel:
        n_labels = len(classes)
        if classes == DIGIT_NAMES:
            parts_there = (part for part in (dataset.train, dataset.validation, dataset.test) if part is not None)
            n_labels = 1 + max(int(part.labels.max()) for part in parts_there)
        if len(mending.relabel) < n_labels:
            raise UsageError(
                f"--relabel names {len(mending.relabel)} digits, but {dataset.name} has the labels 0 to "
                f"{n_labels - 1}: name one digit for each"
            )
        classes = DIGIT_NAMES
    # the test digits first, since what they hold is left out of the others
    named = {"test": dataset.test, "validation": dataset.validation, "training": dataset.train}
    parts: dict[str, LabelledDigits] = {}
    for name, digits in named.items():
        if digits is not None:
            part = _mend_part(digits, mending)
            parts[name] = _without_copies(part, list(parts.values())) if mending.drop_duplicates else part
            if not len(parts[name]):
                raise DataError(f"{mending.flags} leaves no {name} digits of {dataset.location}. Leave out a flag.")
    raw = RawDataset(
        dataset.name, Path(dataset.location), parts["training"], parts["test"], validation=parts.get("validation"),
        classes=classes, picture_side=dataset.picture_side,
    )  # fmt: skip
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


def _without_copies(part: LabelledDigits, others: list[LabelledDigits]) -> LabelledDigits:
    """Keep each image once, and none that is in another part."""
    hashes = hash_images(part.images)
    keep = np.zeros(len(part), bool)
    keep[np.unique(hashes, return_index=True)[1]] = True
    for other in others:
        keep &= ~np.isin(hashes, hash_images(other.images))
    return _select(part, keep)


def _select(part: LabelledDigits, keep: Shaped[np.ndarray, " n"]) -> LabelledDigits:
    return LabelledDigits(part.images[keep], part.labels[keep])
