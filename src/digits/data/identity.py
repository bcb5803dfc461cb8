"""MNIST is recognized by its content: the SHA-256 of the four decoded arrays, whatever file they came from."""

from __future__ import annotations

import logging

import numpy as np

from digits.data.formats.idx import idx_sha256
from digits.data.raw_dataset import MNIST_FILES, RawDataset
from digits.data.splits import split
from digits.errors import DataError
from digits.types import Dataset, LabelledDigits

log = logging.getLogger(__name__)

# Of the decoded files: the same for every mirror, whatever its compression.
MNIST_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}

TEST_FRACTION = 1 / 7  # held out for the test fold where a dataset has none; MNIST has 10,000 of 70,000


def make_dataset(raw: RawDataset) -> Dataset:
    """Hold out a test fold if there is none, hash the arrays, and name the dataset.

    A held-out test fold is a stratified seventh, drawn with seed 0.

    Raises
    ------
    DataError
        Some of the four arrays are MNIST's and others are not, or there are too few digits to hold any out.
    """
    train, validation, test = raw.train, raw.validation, raw.test
    if test is None:
        if len(train) < 2:
            raise DataError(f"{raw.location} holds 1 digit, too few to hold one out for the test. Add more digits.")
        train, test = split(train, max(1, round(len(train) * TEST_FRACTION)), seed=0)
    if validation and _hashes(joined := _join(train, validation), test) == MNIST_SHA256:
        # some copies keep the last 10,000 of the 60,000 apart
        train, validation = joined, None
    hashes = _hashes(train, test)
    name = raw.name
    if hashes == MNIST_SHA256:
        name = "MNIST"
    elif _has_changed_pixels(raw, hashes):
        log.warning("%s has the labels of MNIST and other pixels: it is not MNIST, but MNIST changed.", raw.location)
        name = f"{raw.name} (MNIST with changed pixels)"
    else:
        _refuse_mixture(raw, hashes)
        name = f"{raw.name} (not the published set)" if raw.name.upper() == "MNIST" else raw.name
    if validation is not None:
        pairs = (("images", validation.images), ("labels", validation.labels))
        hashes |= {f"validation-{kind}": idx_sha256(array) for kind, array in pairs}
    location = str(raw.location.resolve())
    return Dataset(
        name, train, test, location, hashes, raw.classes, raw.test is None, validation, picture_side=raw.picture_side
    )


def _hashes(train: LabelledDigits, test: LabelledDigits) -> dict[str, str]:
    arrays = (train.images, train.labels, test.images, test.labels)
    return {name: idx_sha256(array) for name, array in zip(MNIST_FILES, arrays, strict=True)}


def _join(first: LabelledDigits, second: LabelledDigits) -> LabelledDigits:
    return LabelledDigits(np.concatenate([first.images, second.images]), np.concatenate([first.labels, second.labels]))


def _has_changed_pixels(raw: RawDataset, hashes: dict[str, str]) -> bool:
    """Tell whether all labels are MNIST's in their places, and no images are, as in a binarized MNIST or MNIST-C."""
    known = {*MNIST_SHA256.values()}
    return raw.test is not None and all(
        hashes[name] == MNIST_SHA256[name] if "labels" in name else hashes[name] not in known for name in MNIST_FILES
    )


def _refuse_mixture(raw: RawDataset, hashes: dict[str, str]) -> None:
    files = {digest: name for name, digest in MNIST_SHA256.items()}
    if raw.test is None or not files.keys() & hashes.values():
        return
    problems = []
    for name, digest in hashes.items():
        source = raw.sources.get(name, f"{raw.location} ({name})")
        if digest not in files:
            expected = MNIST_SHA256[name]
            problems.append(f"{source} is not MNIST's {name} (decoded SHA-256 {digest}, MNIST's is {expected})")
        elif files[digest] != name:
            problems.append(f"{source} holds MNIST's {files[digest]}: files are swapped")
    raise DataError(f"{'; '.join(problems)}. Replace or rename these files: MNIST is never mixed with other data.")
