"""Telling MNIST by its content: the SHA-256 of the four decoded arrays, whatever format and place they came from."""

from __future__ import annotations

from digits.data.formats.idx import idx_sha256
from digits.data.raw_dataset import MNIST_FILES, RawDataset
from digits.data.splits import split
from digits.errors import DataError
from digits.types import Dataset, LabelledDigits

MNIST_SHA256 = dict(
    zip(
        MNIST_FILES,
        (
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
        strict=True,
    )
)
"""SHA-256 of MNIST's decoded files: the same for every mirror, whatever its compression."""

TEST_SHARE = 7
"""A set without a test part gives up one digit in so many: MNIST's own 10,000 of 70,000."""


def make_dataset(parts: RawDataset) -> Dataset:
    """Make a data set of what a place holds: hold out a test part where there is none, hash, and name it.

    The test part of a set that has none is a seventh of it, stratified, drawn with seed 0.

    Raises
    ------
    DataError
        Some of the four arrays are MNIST's and others are not, or there are too few digits to hold any out.
    """
    train, test = parts.train, parts.test
    if test is None:
        if len(train) < 2:
            raise DataError(f"{parts.location} holds 1 digit, and none can be held out for the test. Add more digits.")
        train, test = split(train, max(1, round(len(train) / TEST_SHARE)), seed=0)
    hashes = _hashes(train, test)
    name = "MNIST" if hashes == MNIST_SHA256 else parts.name
    if name != "MNIST" and parts.test is not None:
        _refuse_mixture(parts, hashes)
    if name.upper() == "MNIST" and hashes != MNIST_SHA256:
        name = f"{parts.name} (not the published set)"
    return Dataset(name, train, test, str(parts.location.resolve()), hashes, parts.classes, parts.test is None)


def _hashes(train: LabelledDigits, test: LabelledDigits) -> dict[str, str]:
    arrays = (train.images, train.labels, test.images, test.labels)
    return {role: idx_sha256(array) for role, array in zip(MNIST_FILES, arrays, strict=True)}


def _refuse_mixture(parts: RawDataset, hashes: dict[str, str]) -> None:
    roles = {digest: role for role, digest in MNIST_SHA256.items()}
    if not roles.keys() & hashes.values():
        return
    findings = []
    for role, digest in hashes.items():
        source = parts.sources.get(role, f"{parts.location} ({role})")
        if digest in roles and roles[digest] != role:
            findings.append(f"{source} holds what belongs in {roles[digest]}: files are swapped")
        elif digest not in roles:
            expected = MNIST_SHA256[role]
            findings.append(f"{source} is not MNIST's {role} (decoded SHA-256 {digest}, MNIST's is {expected})")
    right = [role for role, digest in hashes.items() if MNIST_SHA256[role] == digest]
    others = f", while {', '.join(right)} {'is' if len(right) == 1 else 'are'} MNIST's" if right else ""
    raise DataError(f"{'; '.join(findings)}{others}. Replace or rename what is named first: sets are never mixed.")
