"""What is wrong with the batches of a loop of your own: their order, their labels, their digits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from digits.data import DIGIT_NAMES
from digits.doctor import Finding
from digits.doctor.checks.meanings import check_meanings
from digits.doctor.checks.orientation import check_orientation
from digits.doctor.findings import share
from digits.doctor.measures import hash_images
from digits.doctor.reference import MIN_CONFIDENCE, MIN_Z, predict
from digits.doctor.subject import MIN_JUDGED, Part
from digits.errors import UsageError
from digits.shapes import Shaped, UInt8
from digits.types import CLASSES, SIDE, Images, LabelledDigits

MAX_COLLECTED = 2000
"""Digits that are collected from the first batches: shares of them are known to ±2 %."""

MIN_FLIPPED = 0.05
"""Share of digits that are read as labelled only when flipped, from which on flips are named. Of MNIST's training
digits it is none in 1,200, and 31 % if left and right are swapped in half of them."""

Batches = Iterable[Sequence[Tensor]]
"""Pairs of images and labels."""


def collect(batches: Batches, most: int = MAX_COLLECTED) -> tuple[Shaped[Tensor, "n ..."], Shaped[Tensor, " n"]]:
    """Collect images and labels of the first batches.

    Raises
    ------
    UsageError
        When a batch is no pair of tensors, or there is none.
    """
    images, labels, n = [], [], 0
    for batch in batches:
        is_pair = isinstance(batch, list | tuple) and len(batch) == 2
        if not is_pair or not all(isinstance(each, Tensor) for each in batch):
            raise UsageError("a batch must be a pair of tensors, images and labels; wrap what makes the batches")
        images.append(batch[0])
        labels.append(batch[1])
        n += len(batch[1])
        if n >= most:
            break
    if not n:
        raise UsageError("there is no batch with a digit in it; pass an iterable of pairs of images and labels")
    return torch.cat(images)[:most], torch.cat(labels)[:most]


def check_order(batches: Batches, labels: Shaped[Tensor, " n"]) -> Iterator[Finding]:
    """Find batches that are sorted by class, or the same in every pass.

    Parameters
    ----------
    batches
        Passed again, unless it is an iterator, which cannot be.
    labels
        Labels of the first batches, in order.
    """
    values = labels.cpu().numpy()
    n = len(values) - 1
    counts = np.unique(values, return_counts=True)[1]
    expected = float(((counts / counts.sum()) ** 2).sum())
    same = int((values[1:] == values[:-1]).sum())
    deviation = (n * expected * (1 - expected)) ** 0.5
    is_sorted = n >= MIN_JUDGED and (len(counts) == 1 or same - n * expected > MIN_Z * deviation)
    if is_sorted:
        yield Finding(
            "unshuffled",
            f"The batches are not shuffled: {share(same, n)} labels are the same as the one before, and the first "
            f"{len(values):,} digits are of {len(counts)} {'class' if len(counts) == 1 else 'classes'}. A network "
            "forgets the classes of earlier batches.",
            same, n, advice="Shuffle the training digits anew for every epoch: DataLoader(…, shuffle=True).",
        )  # fmt: skip
    elif iter(batches) is not batches:
        first, second = (collect(batches, len(values)) for _ in range(2))
        if all(a.shape == b.shape and torch.equal(a, b) for a, b in zip(first, second, strict=True)):
            yield Finding(
                "unshuffled",
                f"The batches are not shuffled: the first {len(values):,} digits are the same in two passes, in "
                "the same order.",
                len(values), len(values),
                advice="Shuffle the training digits anew for every epoch: DataLoader(…, shuffle=True).",
            )  # fmt: skip


def check_labels(labels: Shaped[Tensor, " n"]) -> Iterator[Finding]:
    """Find labels that are not 0 to 9."""
    low, high = int(labels.min()), int(labels.max())
    wrong = int(((labels < 0) | (labels >= CLASSES)).sum())
    if wrong:
        yield Finding(
            "shifted-labels",
            f"Labels go from {low} to {high}: {share(wrong, len(labels))} are none of 0 to 9"
            + (", so that they are shifted by one." if (low, high) == (1, CLASSES) else "."),
            wrong, len(labels), advice="Labels are the digits themselves, 0 to 9.",
        )  # fmt: skip


def check_digits(digits: LabelledDigits) -> Iterator[Finding]:
    """Find digits that the shipped network reads otherwise than they are labelled: turned, relabelled, some flipped."""
    part = Part("training digits", digits, DIGIT_NAMES)
    found = [*check_orientation(part), *check_meanings(part)]
    for finding in found:
        yield replace(finding, mend="", advice="Correct what makes the batches.")
    if found or len(digits) < MIN_JUDGED:
        return
    images, labels = part.as_read, part.sample.labels
    upright = predict("cnn", images)
    for name, axis in (("left and right", 2), ("top and bottom", 1)):
        flipped = predict("cnn", np.ascontiguousarray(np.flip(images, axis)))
        is_flipped = (flipped.argmax(1) == labels) & (flipped.max(1) > MIN_CONFIDENCE) & (upright.argmax(1) != labels)
        n, total = int(is_flipped.sum()), len(labels)
        if n >= MIN_FLIPPED * total:
            yield Finding(
                "flips",
                f"{share(n, total)} training digits are read as labelled only after swapping {name}: some are flipped "
                "at random. A flipped digit is another one or none.",
                n, total, advice="Leave random flips out of the augmentation.",
                examples=part.examples(part.sample.places[np.flatnonzero(is_flipped)[:2]]),
            )  # fmt: skip


def check_copies(train: Images, test: UInt8[np.ndarray, "m 28 28"]) -> Iterator[Finding]:
    """Find test digits among those that are learned."""
    n = int(np.isin(hash_images(train), hash_images(test)).sum())
    if n:
        yield Finding(
            "test-in-training",
            f"{share(n, len(train))} training digits are also test digits: a network is scored on what it has seen.",
            n, len(train), advice="Split once, and learn only from the training part.",
        )  # fmt: skip


def as_images(pixels: Shaped[Tensor, "n ..."], low: float, high: float) -> Images | None:
    """Scale pixels of any range to 0–255; None if they are no pictures of 28×28 pixels.

    Parameters
    ----------
    pixels
        Such as ``float32[n, 1, 28, 28]``, normalized or not.
    low, high
        Black and white.
    """
    if pixels[0].numel() != SIDE * SIDE:
        return None
    scaled = (pixels.reshape(-1, SIDE, SIDE).float() - low) * (255 / max(high - low, 1e-12))
    images: Images = scaled.clamp(0, 255).round().to(torch.uint8).cpu().numpy()
    return images
