"""The layout of a page: lines, gaps, and the unevenness of handwriting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from digits.shapes import Float64, Int64
from digits.synthesis.handwriting import Handwriting, Points
from digits.types import CLASSES

MAX_LINES = 8
MAX_DIGITS_PER_LINE = 12


@dataclass(frozen=True)
class Spacing:
    """Distances on a page, in heights of a digit."""

    gap: float  # between neighbours; below 0 they overlap
    space: float  # additional, between two numbers on one line
    pitch: float  # from line to line
    slope: float  # fall of a line over its length; below 0 it rises
    wave: float  # amplitude of its deviation from a straight line
    unevenness: float  # standard deviation of the logarithm of the digits' heights
    columns: bool  # whether lines are aligned at their ends, as in sums


def sample_spacing(rng: np.random.Generator) -> Spacing:
    """Sample the distances: usually wide, sometimes so tight that neighbours touch."""
    is_tight = rng.random() < 0.2
    return Spacing(
        gap=rng.uniform(-0.06, 0.08) if is_tight else rng.uniform(0.12, 0.7),
        space=rng.uniform(0.7, 1.6),
        pitch=rng.uniform(1.45, 2.4),
        slope=rng.normal(0, 0.025),
        wave=rng.uniform(0, 0.06),
        unevenness=rng.uniform(0.02, 0.1),
        columns=bool(rng.random() < 0.2),
    )


def sample_text(rng: np.random.Generator) -> tuple[str, ...]:
    """Sample the text of a page: lines of digits, with a space between two numbers."""
    lines = 1 if rng.random() < 0.35 else int(rng.integers(2, MAX_LINES + 1))
    max_digits = int(rng.integers(1, MAX_DIGITS_PER_LINE + 1))
    has_spaces = rng.random() < 0.4
    return tuple(_sample_line(int(rng.integers(1, max_digits + 1)), has_spaces, rng) for _ in range(lines))


def _sample_line(n: int, has_spaces: bool, rng: np.random.Generator) -> str:
    text = "".join(str(digit) for digit in rng.integers(0, CLASSES, n))
    if not has_spaces:
        return text
    spaces = [i for i in range(1, n) if rng.random() < 0.25]
    return " ".join(text[a:b] for a, b in zip([0, *spaces], [*spaces, n], strict=True))


def place_glyphs(
    lines: tuple[str, ...],
    writing: Handwriting,
    widths: Float64[np.ndarray, "n p"],
    spacing: Spacing,
    rng: np.random.Generator,
) -> tuple[Points, Float64[np.ndarray, "n p"]]:
    """Place one glyph for every character of the lines except spaces.

    Returns
    -------
    Points and line widths in heights of a digit; the upper left corner of all ink is at 0, 0.
    """
    n = len(writing.points)
    sizes = np.exp(rng.normal(0, spacing.unevenness, n))
    points = writing.points * sizes[:, None, None]
    widths = widths * sizes[:, None]
    half = widths[:, :, None] / 2
    low, high = (points - half).min(1), (points + half).max(1)
    offsets = np.empty((n, 2))
    glyph = 0
    for row, line in enumerate(lines):
        first, x = glyph, rng.uniform(0, 0.8)
        phase, slope = rng.uniform(0, 2 * np.pi), spacing.slope + rng.normal(0, 0.008)
        for character in line:
            if character == " ":
                x += spacing.space + rng.exponential(0.1)
                continue
            foot = row * spacing.pitch + slope * x + spacing.wave * np.sin(phase + 0.8 * x) + rng.normal(0, 0.03)
            offsets[glyph] = x - low[glyph, 0], foot - high[glyph, 1]
            # wide gaps are uneven; where neighbours touch, nearly all of them do
            x += high[glyph, 0] - low[glyph, 0] + spacing.gap + rng.normal(0, 0.02 + 0.15 * max(spacing.gap, 0))
            glyph += 1
        if spacing.columns:
            offsets[first:glyph] -= x, slope * x
    points = points + offsets[:, None]
    return points - (low + offsets).min(0), widths


def digits_in_order(lines: tuple[str, ...]) -> Int64[np.ndarray, " n"]:
    """List the digits of the lines in reading order."""
    return np.array([int(character) for line in lines for character in line if character != " "], np.int64)
