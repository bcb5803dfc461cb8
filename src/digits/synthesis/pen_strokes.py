"""Digits that people wrote on a tablet, drawn with the synthesizer's pens in slightly varied styles."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from digits.shapes import Float64
from digits.synthesis.curves import interpolate
from digits.synthesis.digit_images import BLOCK_SIZE, check_request, draw_digits
from digits.synthesis.handwriting import Writers, sample_writers, vary_style
from digits.synthesis.pens import sample_pens
from digits.types import SIDE, Images

POINTS = 96  # along a digit: a tablet records half as many in the tenths of a second that a digit takes
STEPS_PER_PIECE = 4  # of the smooth curve between two points

# Share of a synthetic writer's style that is added to that of the real writer.
STYLE_SHARE = 0.5
STYLES = ("slant", "stretch", "rotation", "bow", "taper", "waist")

Strokes = Sequence[Float64[np.ndarray, "_k 2"]]


def draw_pen_strokes(digits: Sequence[Strokes], seed: int = 0) -> Images:
    """Draw digits from the strokes of real pens, each with another pen, slant, width and proportions.

    Parameters
    ----------
    digits
        For each digit its strokes, of one or more points x and y each, x to the right and y down, in any unit.
    seed
        As in `simulate_photos`, with the same error.
    """
    check_request(seed)
    rng = np.random.default_rng(seed)
    images = np.empty((len(digits), SIDE, SIDE), np.uint8)
    for start in range(0, len(digits), BLOCK_SIZE):
        block = digits[start : start + BLOCK_SIZE]
        curves = [follow(strokes) for strokes in block]
        points, pen_down = (np.stack(each) for each in zip(*curves, strict=True))
        writing = vary_style(points, pen_down, mild_writers(len(block), rng), rng)
        images[start : start + BLOCK_SIZE] = draw_digits(writing, sample_pens(len(block), rng))
    return images


def follow(strokes: Strokes) -> tuple[Float64[np.ndarray, "p 2"], np.ndarray]:
    """Return evenly spaced points along smooth strokes, centred and 1 high or wide, and whether the pen is down."""
    curves = [
        interpolate(np.concatenate((each, each[-1:])), np.zeros(len(each) + 1, bool), STEPS_PER_PIECE)
        for each in strokes
    ]
    lengths = [np.concatenate(([0.0], np.linalg.norm(np.diff(curve, axis=0), axis=1).cumsum())) for curve in curves]
    shares = np.array([length[-1] for length in lengths])
    # every stroke has two points, and the others go by length
    ends = np.rint(
        2 * np.arange(1, len(curves) + 1) + (POINTS - 2 * len(curves)) * shares.cumsum() / max(shares.sum(), 1e-9)
    )
    counts = np.diff(ends.astype(int), prepend=0)
    counts[-1] += POINTS - counts.sum()
    points, pen_down = np.empty((POINTS, 2)), np.ones(POINTS, bool)
    row = 0
    for curve, length, count in zip(curves, lengths, counts, strict=True):
        places = np.linspace(0, length[-1], count)
        points[row : row + count] = np.stack([np.interp(places, length, axis) for axis in curve.T], axis=1)
        row += count
        pen_down[row - 1] = False
    low, high = points.min(0), points.max(0)
    return (points - (low + high) / 2) / max(float((high - low).max()), 1e-9), pen_down


def mild_writers(n: int, rng: np.random.Generator) -> Writers:
    """Sample styles to be added to those that recorded digits have."""
    writers = sample_writers(n, rng)
    return dataclasses.replace(
        writers, **{name: STYLE_SHARE * (getattr(writers, name) - getattr(writers, name).mean()) for name in STYLES}
    )
