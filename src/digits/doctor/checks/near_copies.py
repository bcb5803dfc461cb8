"""Images that are nearly the same: copies that were shifted, compressed again, dimmed or made noisy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from digits.doctor.findings import Finding, share
from digits.doctor.measures import find_contrast, ink_boxes
from digits.doctor.subject import Part, Subject
from digits.shapes import Float32, Shaped
from digits.types import SIDE, Images

SAMPLE_SIZE = 500
"""Images that are compared with all others; a share of one in 50 shows in them."""

CHUNK = 200
"""Images that are compared at once: with 60,000 others, their similarities fill 48 MB."""

MAX_DISTANCE = 0.02
"""Squared distance of two images of length 1 below which they are copies. Noise of ten greys gives 0.015, JPEG
less; the nearest pair of a test digit and a training digit of MNIST has 0.03, two plain strokes of a 1."""

NARROW = 0.5
"""Width of ink, as a share of its height, below which it is a plain stroke, and as like to others as to a copy."""

MANY = 0.02
"""Share of near copies from which on they are more than strokes that look alike."""

MIN_FOUND = 3
"""Near copies that are no coincidence in a small set."""

BLOCK = 4
"""Pixels to a side of the blocks whose means are compared first."""


def check_near_copies(subject: Subject) -> Iterator[Finding]:
    """Find images that are another one but for its place, brightness and noise; equal ones are another finding's.

    Only digits are compared: things that fill the frame, such as clothes, are all alike by this distance.
    """
    parts = subject.parts
    queries, others = parts[-1], parts[0]
    if not subject.is_thorough or queries.verdict is None or not queries.verdict.are_digits:
        return
    shown = np.flatnonzero(~queries.is_blank)
    index = np.sort(np.random.default_rng(1).permutation(shown)[:SAMPLE_SIZE])
    _, _, width, height = ink_boxes(queries.images[index]).T
    index = index[width >= NARROW * height]
    if len(index) < 2:
        return
    nearest, distances = _find_nearest(queries, index, others)
    is_near = (distances < MAX_DISTANCE) & (queries.hashes[index] != others.hashes[nearest])
    found = np.flatnonzero(is_near)
    n, total = len(found), len(index)
    if n < max(MANY * total, MIN_FOUND):
        return
    first = found[0]
    what = "test images are nearly the same as training images"
    if len(parts) == 1:
        what = "images are nearly the same as others, so that training and test, which are drawn from them, share them"
    yield Finding(
        "near-copies",
        f"{share(n, total)} {what}: shifted, dimmed or noisy copies.", n, total,
        advice="Keep one of each: a network is scored on what it has seen.",
        examples=queries.examples(index[first : first + 1]) + others.examples(nearest[first : first + 1]),
    )  # fmt: skip


def _find_nearest(
    queries: Part, index: Shaped[np.ndarray, " k"], others: Part
) -> tuple[Shaped[np.ndarray, " k"], Shaped[np.ndarray, " k"]]:
    """Find the most similar other image of each, and its squared distance."""
    aligned = _align(find_contrast(others.images))
    sample = _align(find_contrast(queries.images[index]))
    known, wanted = _describe(aligned), _describe(sample)
    nearest = np.empty(len(index), np.int64)
    for start in range(0, len(index), CHUNK):
        rows = slice(start, start + CHUNK)
        similarity = wanted[rows] @ known.T
        if queries is others:
            similarity[np.arange(len(similarity)), index[rows]] = -1
        nearest[rows] = similarity.argmax(1)
    a, b = (_unit(images.reshape(len(images), -1)) for images in (sample, aligned[nearest]))
    return nearest, 2 - 2 * (a * b).sum(1)


def _align(images: Images) -> Images:
    """Move the centre of mass of each image to the middle, by whole pixels."""
    total = np.maximum(images.sum((1, 2), dtype=np.int64), 1)
    place = np.arange(SIDE)
    rows, columns = (
        np.rint(SIDE // 2 - (images.sum(axis, dtype=np.int64) * place).sum(1) / total).astype(int) for axis in (2, 1)
    )
    aligned = images.copy()
    for row, column in np.unique(np.stack([rows, columns], axis=1), axis=0):
        if row or column:
            moved = (rows == row) & (columns == column)
            aligned[moved] = np.roll(images[moved], (int(row), int(column)), axis=(1, 2))
    return aligned


def _describe(images: Images) -> Float32[np.ndarray, "n 49"]:
    """Give the means of 7 × 7 blocks, as vectors of length 1."""
    side = SIDE // BLOCK
    rows = images.reshape(-1, side, BLOCK, SIDE).sum(2, dtype=np.uint16)
    return _unit(rows.reshape(-1, side, side, BLOCK).sum(3, dtype=np.uint16).reshape(len(images), -1))


def _unit(vectors: Shaped[np.ndarray, "n _k"]) -> Float32[np.ndarray, "n _k"]:
    vectors = vectors.astype(np.float32)
    unit: Float32[np.ndarray, "n _k"] = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1)
    return unit
