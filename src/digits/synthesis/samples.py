"""Digits under the contract: as many as are asked for, each by one of many writers with one of many pens."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np
from numpy.typing import ArrayLike

from digits.errors import UsageError
from digits.preprocessing import normalize
from digits.shapes import Float64, Int64, UInt8
from digits.synthesis.ink import Pens, draw_lines, draw_pens, plain_pens, widths
from digits.synthesis.strokes import smooth
from digits.synthesis.writing import Writing, draw_writers, write_digits
from digits.types import CLASSES, SIDE, Images, LabelledDigits

DIGITS_PER_WRITER = 20
"""Each writer writes about two of every class, always with the same pen."""

BLOCK = 5000
"""Digits written at once, which keeps memory flat for any number."""

TILE = 96
"""Side of the picture a digit is drawn in, in pixels: four of them are one of the digit's, and there is room around."""

INK = 84
"""Side of the square its ink is fitted into."""

TOGETHER = 64
"""Digits drawn on one canvas: few calls, and the canvas stays in the processor's cache."""

TEETH = 16
"""Pieces of paper to write on with a pencil."""

SMOOTH = 0.1
"""Grain that is not seen in a digit."""

SOFTNESSES = (0.0, 0.6, 1.0, 1.5)
"""Blurs to choose from, in pixels of a tile: those of one canvas are the same."""


def synthesize(n: int, seed: int = 0) -> LabelledDigits:
    """Write digits by hand: the same seed gives the same bytes.

    Parameters
    ----------
    n
        How many, 1 or more.
    seed
        0 or more. Every seed has writers of its own.

    Returns
    -------
    Classes as even as `n` allows, in random order.

    Raises
    ------
    UsageError
        For a number or seed that cannot be meant.
    """
    check_call(n, seed)
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % CLASSES)
    images = np.empty((n, SIDE, SIDE), np.uint8)
    for start in range(0, n, BLOCK):
        images[start : start + BLOCK] = _written(labels[start : start + BLOCK], rng)
    return LabelledDigits(images, labels.astype(np.uint8))


def check_call(n: int, seed: int) -> None:
    """Refuse a number or seed that cannot be meant."""
    if n < 1:
        raise UsageError(f"n is {n}: ask for 1 or more")
    if seed < 0:
        raise UsageError(f"seed is {seed}: it must be 0 or more")


def _written(labels: Int64[np.ndarray, " n"], rng: np.random.Generator) -> Images:
    """Let new writers write these digits."""
    writers = draw_writers(-(-len(labels) // DIGITS_PER_WRITER), rng)
    who = np.arange(len(labels)) // DIGITS_PER_WRITER
    writing = write_digits(labels, who, writers, rng)
    return draw_digits(writing, draw_pens(len(writers), rng)[who])


def draw_strokes(strokes: Sequence[ArrayLike], width: float = 0.11) -> UInt8[np.ndarray, "28 28"]:
    """Draw the strokes of a pen or mouse as one digit.

    Parameters
    ----------
    strokes
        Each an array of points ``[k, 2]``, one or more, x to the right and y down, in any unit.
    width
        Of the line, over the height or width of the whole, whichever is larger; 0.02 to 0.5.

    Raises
    ------
    UsageError
        There is no stroke, a stroke is no array of points, or the width is not one.
    """
    if not 0.02 <= width <= 0.5:
        raise UsageError(f"width is {width}: give the line's share of the digit's height, 0.02 to 0.5")
    curves = []
    for stroke in strokes:
        points = np.asarray(stroke, np.float64)
        if points.ndim != 2 or points.shape[1] != 2 or not len(points) or not np.isfinite(points).all():
            raise UsageError(f"a stroke is an array [k, 2] of x and y, k 1 or more; this one is {points.shape}")
        points = points if len(points) > 1 else np.concatenate((points, points))
        curves.append(smooth(points, np.zeros(len(points), bool), 4))
    if not curves:
        raise UsageError("there are no strokes to draw: give one or more")
    points = np.concatenate(curves)
    drawn = np.ones(len(points), bool)
    drawn[np.cumsum([len(curve) for curve in curves]) - 1] = False
    points = (points - points.min(0)) / (np.ptp(points, axis=0).max() or 1.0)
    writing = Writing(points[None], drawn[None], np.ones((1, len(points))))
    digit: UInt8[np.ndarray, "28 28"] = draw_digits(writing, plain_pens(width))[0]
    return digit


def draw_digits(writing: Writing, pens: Pens) -> Images:
    """Draw glyphs and make digits of them, by the normalisation that reading uses."""
    n = len(pens)
    wide = widths(writing, pens)
    points, thickness = fitted(writing, wide)
    blur = np.array([np.abs(np.array(SOFTNESSES) - each).argmin() for each in pens.softness * thickness.mean(1)])
    images = np.zeros((n, SIDE, SIDE), np.uint8)
    tooth = _tooth()
    order = np.argsort(blur, kind="stable")
    for mine in (part for b in range(len(SOFTNESSES)) for part in _parts(order[blur[order] == b])):
        canvas = np.zeros((len(mine) * TILE, TILE), np.uint8)
        down = np.arange(len(mine))[:, None] * TILE
        placed = points[mine] + np.stack((np.zeros_like(down), down), axis=2)
        draw_lines(canvas, placed, writing.drawn[mine], thickness[mine])
        if sigma := SOFTNESSES[blur[mine[0]]]:
            cv2.GaussianBlur(canvas, (0, 0), sigma, dst=canvas)
        for row, index in enumerate(mine):
            tile: UInt8[np.ndarray, "t t"] = canvas[row * TILE : (row + 1) * TILE]
            if pens.grain[index] > SMOOTH:
                missing = cv2.convertScaleAbs(tooth[index % len(tooth)], alpha=pens.grain[index])
                cv2.subtract(tile, missing, dst=tile)
            images[index] = normalize(tile)
    return images


def fitted(
    writing: Writing, wide: Float64[np.ndarray, "n p"]
) -> tuple[Float64[np.ndarray, "n p 2"], Float64[np.ndarray, "n p"]]:
    """Scale each glyph so that its ink fills a tile, and give points and thickness in the tile's pixels."""
    half = wide[:, :, None] / 2
    low, high = (writing.points - half).min(1), (writing.points + half).max(1)
    scale = INK / (high - low).max(1)
    points = (writing.points - ((low + high) / 2)[:, None]) * scale[:, None, None] + TILE / 2
    return points, wide * scale[:, None]


def _parts(indices: np.ndarray) -> list[np.ndarray]:
    return [indices[start : start + TOGETHER] for start in range(0, len(indices), TOGETHER)]


@cache
def _tooth() -> UInt8[np.ndarray, "k t t"]:
    """Give a few pieces of paper: how deep its tooth is, where the ink of a pencil does not reach."""
    noise = np.random.default_rng(0).normal(0, 1, (TEETH, TILE, TILE))
    smoothed = np.stack([cv2.GaussianBlur(each, (0, 0), 1.2) for each in noise])
    depth: UInt8[np.ndarray, "k t t"] = (128 + 90 * smoothed / smoothed.std()).clip(0, 255).astype(np.uint8)
    return depth
