"""Digits as MNIST has them: any number, by many writers with many pens; and strokes drawn as one digit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import cv2
import numpy as np
from numpy.typing import ArrayLike

from digits.errors import UsageError
from digits.preprocessing import normalize
from digits.shapes import Int64, UInt8
from digits.synthesis.curves import interpolate
from digits.synthesis.handwriting import Handwriting, Writers, sample_writers, write_digits, write_evenly
from digits.synthesis.pens import Pens, draw_lines, line_widths, plain_pens, sample_pens
from digits.types import CLASSES, SIDE, Images, LabelledDigits

DIGITS_PER_WRITER = 20  # about two per class, always with the same pen
BLOCK_SIZE = 5000  # digits written at once, which keeps memory flat for any number

# In pixels; each digit is drawn in a tile.
TILE_SIDE = 96  # four for each pixel of the result, with room around
TILE_INK_SIDE = 84  # of the square that its ink is scaled to
BLURS = (0.0, 0.6, 1.0, 1.5)  # to choose from; each canvas has one

TILES_PER_CANVAS = 64  # digits drawn at once: few calls, and the canvas stays in the processor's cache
PENCIL_TEXTURES = 16
MIN_GRAIN = 0.1  # below which the texture is invisible in a digit

Write = Callable[[Int64[np.ndarray, " n"], Writers, np.random.Generator], Handwriting]
"""Writes digits of the given classes, each by the writer in its row."""


def synthesize(n: int, seed: int = 0) -> LabelledDigits:
    """Write digits by hand: the same seed gives the same bytes.

    Parameters
    ----------
    n
        Number of digits, 1 or more.
    seed
        0 or more. Every seed has its own writers.

    Returns
    -------
    LabelledDigits
        In random order; the classes are as even as `n` allows.

    Raises
    ------
    UsageError
        `n` is below 1, or the seed is negative.
    """
    return _synthesize(n, seed, write_digits)


def synthesize_evenly(n: int, seed: int = 0) -> LabelledDigits:
    """Write digits in rare ways as often as in usual ones.

    Every glyph of a class is equally frequent, also those that `synthesize` never writes; otherwise, parameters,
    order, labels and errors are those of `synthesize`.
    """
    return _synthesize(n, seed, write_evenly)


def synthesize_hands(labels: Int64[np.ndarray, "w k"], seed: int = 0) -> UInt8[np.ndarray, "w k 28 28"]:
    """Write the given digits by hand, each row by another writer with another pen: the same seed gives the same bytes.

    Parameters
    ----------
    labels
        What each writer writes, 0–9.
    seed
        0 or more. Every seed has its own writers.

    Raises
    ------
    UsageError
        There is no label, or the seed is negative.
    """
    check_request(seed, labels.size)
    rng = np.random.default_rng(seed)
    writer_ids = np.arange(labels.size) // labels.shape[1]
    writing = write_digits(labels.ravel(), sample_writers(len(labels), rng)[writer_ids], rng)
    return draw_digits(writing, sample_pens(len(labels), rng)[writer_ids]).reshape(*labels.shape, SIDE, SIDE)


def check_request(seed: int, n: int = 1) -> None:
    """Raise `UsageError` for a negative seed, or a number below 1."""
    if n < 1:
        raise UsageError(f"n must be 1 or more, not {n}")
    if seed < 0:
        raise UsageError(f"seed must be 0 or more, not {seed}")


def _synthesize(n: int, seed: int, write: Write) -> LabelledDigits:
    check_request(seed, n)
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % CLASSES)
    images = np.empty((n, SIDE, SIDE), np.uint8)
    for start in range(0, n, BLOCK_SIZE):
        images[start : start + BLOCK_SIZE] = _write_block(labels[start : start + BLOCK_SIZE], rng, write)
    return LabelledDigits(images, labels.astype(np.uint8))


def _write_block(labels: Int64[np.ndarray, " n"], rng: np.random.Generator, write: Write) -> Images:
    n_writers = -(-len(labels) // DIGITS_PER_WRITER)
    writer_ids = np.arange(len(labels)) // DIGITS_PER_WRITER
    writing = write(labels, sample_writers(n_writers, rng)[writer_ids], rng)
    return draw_digits(writing, sample_pens(n_writers, rng)[writer_ids])


def draw_strokes(strokes: Sequence[ArrayLike], width: float = 0.11) -> UInt8[np.ndarray, "28 28"]:
    """Draw the strokes of a pen or mouse as one digit.

    Parameters
    ----------
    strokes
        Arrays of points ``[k, 2]``, k 1 or more, x to the right and y down, in any unit.
    width
        Line width over the larger of the digit's height and width, 0.02 to 0.5.

    Raises
    ------
    UsageError
        There is no stroke, a stroke is not an array of points, or the width is out of range.
    """
    if not 0.02 <= width <= 0.5:
        raise UsageError(f"width must be 0.02 to 0.5, as a share of the digit's height, not {width}")
    curves = []
    for stroke in strokes:
        points = np.asarray(stroke, np.float64)
        if points.ndim != 2 or points.shape[1] != 2 or not len(points) or not np.isfinite(points).all():
            raise UsageError(f"a stroke must be an array [k, 2] of finite x and y, not of shape {points.shape}")
        points = points if len(points) > 1 else np.concatenate((points, points))
        curves.append(interpolate(points, np.zeros(len(points), bool), 4))
    if not curves:
        raise UsageError("there are no strokes to draw; give one or more")
    points = np.concatenate(curves)
    pen_down = np.ones(len(points), bool)
    pen_down[np.cumsum([len(curve) for curve in curves]) - 1] = False
    points = (points - points.min(0)) / (np.ptp(points, axis=0).max() or 1.0)
    digit: UInt8[np.ndarray, "28 28"] = draw_digits(
        Handwriting(points[None], pen_down[None], np.ones((1, len(points)))), plain_pens(width)
    )[0]
    return digit


def draw_digits(writing: Handwriting, pens: Pens) -> Images:
    """Draw each glyph with its pen, and normalize it as reading does."""
    widths = line_widths(writing, pens)
    half = widths[:, :, None] / 2
    low, high = (writing.points - half).min(1), (writing.points + half).max(1)
    scale = TILE_INK_SIDE / (high - low).max(1)
    points = (writing.points - ((low + high) / 2)[:, None]) * scale[:, None, None] + TILE_SIDE / 2
    widths = widths * scale[:, None]
    blur = np.array([np.abs(np.array(BLURS) - each).argmin() for each in pens.softness * widths.mean(1)])
    images = np.zeros((len(pens), SIDE, SIDE), np.uint8)
    textures = _pencil_textures()
    for level, sigma in enumerate(BLURS):
        same_blur = np.flatnonzero(blur == level)
        for start in range(0, len(same_blur), TILES_PER_CANVAS):
            mine = same_blur[start : start + TILES_PER_CANVAS]
            canvas = np.zeros((len(mine) * TILE_SIDE, TILE_SIDE), np.uint8)
            down = np.arange(len(mine))[:, None] * TILE_SIDE
            placed = points[mine] + np.stack((np.zeros_like(down), down), axis=2)
            draw_lines(canvas, placed, writing.pen_down[mine], widths[mine])
            if sigma:
                cv2.GaussianBlur(canvas, (0, 0), sigma, dst=canvas)
            for row, index in enumerate(mine):
                tile: UInt8[np.ndarray, "t t"] = canvas[row * TILE_SIDE : (row + 1) * TILE_SIDE]
                if pens.grain[index] > MIN_GRAIN:
                    missing = cv2.convertScaleAbs(textures[index % len(textures)], alpha=pens.grain[index])
                    cv2.subtract(tile, missing, dst=tile)
                images[index] = normalize(tile)
    return images


@cache
def _pencil_textures() -> UInt8[np.ndarray, "k t t"]:
    """Make a few pieces of paper: how much of a pencil's ink their hollows keep away."""
    noise = np.random.default_rng(0).normal(0, 1, (PENCIL_TEXTURES, TILE_SIDE, TILE_SIDE))
    smoothed = np.stack([cv2.GaussianBlur(each, (0, 0), 1.2) for each in noise])
    depth: UInt8[np.ndarray, "k t t"] = (128 + 90 * smoothed / smoothed.std()).clip(0, 255).astype(np.uint8)
    return depth
