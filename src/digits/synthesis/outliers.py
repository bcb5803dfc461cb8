"""Outliers by the same writers with the same pens, so that a model can learn to reject non-digits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from digits.shapes import Float64
from digits.synthesis.curves import GLYPH_POINTS, interpolate
from digits.synthesis.digit_images import BLOCK_SIZE, DIGITS_PER_WRITER, check_request, draw_digits
from digits.synthesis.handwriting import Handwriting, Writers, sample_writers, write_digits, write_glyphs
from digits.synthesis.outlier_glyphs import parse_outlier_glyphs
from digits.synthesis.pens import Pens, sample_pens
from digits.types import CLASSES, SIDE, Images

# Letters and signs, scribbles, filled spots, and two digits in one image.
OUTLIER_SHARES = {"signs": 0.62, "scribbles": 0.16, "blots": 0.06, "pairs": 0.16}

TANGLE_KNOTS = 9  # points that a tangle goes through; with fewer it may look like a digit by chance
BLOT_PRESSURE = 2.5  # at which the rings of a blot run together; pens respond to no higher one

Rows = TypeVar("Rows", Handwriting, Pens)


def synthesize_outliers(n: int, seed: int = 0) -> Images:
    """Write outliers: letters, signs, scribbles, blots, and pairs of digits that were not split.

    They come in random order, drawn and normalized as by `synthesize`, whose parameters and errors are the same.
    """
    check_request(seed, n)
    rng = np.random.default_rng(seed)
    images = np.empty((n, SIDE, SIDE), np.uint8)
    for start in range(0, n, BLOCK_SIZE):
        images[start : start + BLOCK_SIZE] = _write_block(min(BLOCK_SIZE, n - start), rng)
    return images


def _write_block(n: int, rng: np.random.Generator) -> Images:
    n_writers = -(-n // DIGITS_PER_WRITER)
    writer_ids = np.arange(n) // DIGITS_PER_WRITER
    writers, pens = sample_writers(n_writers, rng)[writer_ids], sample_pens(n_writers, rng)[writer_ids]
    # exact shares, so that even a few images have all kinds
    bounds = np.array(list(OUTLIER_SHARES.values())).cumsum()
    kind = rng.permutation(np.searchsorted(bounds, (np.arange(n) + 0.5) / n).clip(0, len(bounds) - 1))
    signs, scribbles, blots, pairs = (np.flatnonzero(kind == index) for index in range(len(OUTLIER_SHARES)))
    blot_writing, blot_pens = draw_blots(len(blots), rng)
    writing = concatenate(
        [
            _write_outlier_glyphs(writers[signs], rng),
            draw_scribbles(len(scribbles), rng),
            blot_writing,
            write_pairs(writers[pairs], pens[pairs].width, rng),
        ]
    )
    order = np.argsort(np.concatenate((signs, scribbles, blots, pairs)))
    return draw_digits(writing[order], concatenate([pens[signs], pens[scribbles], blot_pens, pens[pairs]])[order])


def write_signs(writers: Writers, rng: np.random.Generator) -> Handwriting:
    """Write one random sign per row of `writers`, or now and then a scribble."""
    is_scribble = rng.random(len(writers)) < OUTLIER_SHARES["scribbles"]
    signs, scribbles = np.flatnonzero(~is_scribble), np.flatnonzero(is_scribble)
    parts = [_write_outlier_glyphs(writers[signs], rng), draw_scribbles(len(scribbles), rng)]
    return concatenate(parts)[np.argsort(np.concatenate((signs, scribbles)))]


def _write_outlier_glyphs(writers: Writers, rng: np.random.Generator) -> Handwriting:
    glyphs = parse_outlier_glyphs()
    return write_glyphs(glyphs, rng.integers(len(glyphs), size=len(writers)), writers, rng)


def draw_scribbles(n: int, rng: np.random.Generator) -> Handwriting:
    """Draw tangles, coils, and the zigzags that cross something out."""
    t = np.linspace(0, 1, GLYPH_POINTS)[None]
    knots = rng.uniform(-0.5, 0.5, (n, TANGLE_KNOTS, 2)).transpose(1, 0, 2).reshape(TANGLE_KNOTS, 2 * n)
    tangles = interpolate(knots, np.zeros(TANGLE_KNOTS, bool), 6)[:GLYPH_POINTS]
    tangles = tangles.reshape(GLYPH_POINTS, n, 2).transpose(1, 0, 2)
    turns, phase = rng.uniform(2.6, 5.5, (n, 1)), rng.uniform(0, 2 * np.pi, (n, 1))
    angle = 2 * np.pi * turns * t + phase
    drift, size = rng.uniform(0.2, 1.5, (n, 1)), rng.uniform(0.25, 0.5, (n, 1))
    coils = np.stack((drift * (t - 0.5) + size * np.cos(angle), size * np.sin(angle)), axis=2)
    swing = 2 * np.abs((turns * t + phase) % 1 - 0.5) - 0.5
    tilt = rng.uniform(-0.6, 0.6, (n, 1))
    zigzags = np.stack((1.4 * size * swing * 2, drift * 0.6 * (t - 0.5) + tilt * swing), axis=2)
    kind = rng.integers(0, 3, n)[:, None, None]
    points = np.where(kind == 0, tangles, np.where(kind == 1, coils, zigzags))
    points = points + rng.normal(0, 0.01, (n, GLYPH_POINTS, 2))
    return Handwriting(points, _one_stroke(n), 1 + 0.2 * np.sin(angle))


def draw_blots(n: int, rng: np.random.Generator) -> tuple[Handwriting, Pens]:
    """Draw filled spots of smooth shape: spirals, and pens so thick that their turns run together."""
    angle = np.linspace(0, 6 * np.pi, GLYPH_POINTS)[None]
    radius = np.ones((n, GLYPH_POINTS))
    for waves in range(1, 5):
        radius += rng.normal(0, 0.16 / waves, (n, 1)) * np.cos(waves * angle + rng.uniform(0, 2 * np.pi, (n, 1)))
    radius = 0.36 * np.linspace(0, 1, GLYPH_POINTS) ** 0.7 * radius
    # never higher than wide: an upright blot could be a 1
    aspect = rng.uniform(1.0, 1.8, (n, 1))
    points = np.stack((aspect * radius * np.cos(angle), radius * np.sin(angle)), axis=2)
    pens = sample_pens(n, rng)
    pens = Pens(pens.kind, np.full(n, 0.12), pens.softness, pens.darkness, pens.grain, np.ones(n))
    return Handwriting(points, _one_stroke(n), np.full((n, GLYPH_POINTS), BLOT_PRESSURE)), pens


def _one_stroke(n: int) -> np.ndarray:
    return np.tile(np.arange(GLYPH_POINTS) < GLYPH_POINTS - 1, (n, 1))


def write_pairs(writers: Writers, widths: Float64[np.ndarray, " n"], rng: np.random.Generator) -> Handwriting:
    """Write two random digits side by side, at a distance somewhat larger than the line's width in heights."""
    n = len(writers)
    both = write_digits(rng.integers(0, CLASSES, 2 * n), writers[np.tile(np.arange(n), 2)], rng)
    # every second point, so that a pair has as many points as one glyph
    points, pressure = both.points[:, ::2], both.pressure[:, ::2]
    pen_down = both.pen_down[:, ::2] & both.pen_down[:, 1::2]
    first, second = points[:n].copy(), points[n:].copy()
    first[..., 0] -= first[..., 0].max(1, keepdims=True)
    second[..., 0] -= second[..., 0].min(1, keepdims=True) - (widths + rng.uniform(0.05, 0.35, n))[:, None]
    pairs = np.concatenate((first, second), axis=1)
    pairs -= (pairs.min(1, keepdims=True) + pairs.max(1, keepdims=True)) / 2
    return Handwriting(pairs, *(np.concatenate((each[:n], each[n:]), axis=1) for each in (pen_down, pressure)))


def concatenate(parts: Sequence[Rows]) -> Rows:
    """Concatenate the rows of several handwritings, or of several pens."""
    names = parts[0].__dataclass_fields__
    return type(parts[0])(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
