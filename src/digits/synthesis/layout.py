"""Where things are written on a page: lines, gaps, and a hand that does not keep to either."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from digits.shapes import Float64, Int64
from digits.synthesis.writing import Writing
from digits.types import CLASSES

MOST_LINES = 8
MOST_DIGITS = 12
"""Lines of a page, and digits of a line."""


@dataclass(frozen=True)
class Spacing:
    """How a page is set, in heights of a digit.

    Attributes
    ----------
    gap
        Between neighbours; below 0 they run into each other.
    space
        Between two numbers on one line, in addition.
    pitch
        From line to line.
    slope
        How much a line falls over its length; below 0 it rises.
    wave
        How far it leaves its course.
    unevenness
        Standard deviation of the logarithm of the digits' heights.
    columns
        Whether lines end below each other, as sums do, and not begin there.
    """

    gap: float
    space: float
    pitch: float
    slope: float
    wave: float
    unevenness: float
    columns: bool


def draw_spacing(rng: np.random.Generator) -> Spacing:
    """Decide how a page is set: mostly with room between, sometimes so tight that neighbours touch."""
    tight = rng.random() < 0.2
    return Spacing(
        gap=rng.uniform(-0.06, 0.08) if tight else rng.uniform(0.12, 0.7),
        space=rng.uniform(0.7, 1.6),
        pitch=rng.uniform(1.45, 2.4),
        slope=rng.normal(0, 0.025),
        wave=rng.uniform(0, 0.06),
        unevenness=rng.uniform(0.02, 0.1),
        columns=bool(rng.random() < 0.2),
    )


def draw_text(rng: np.random.Generator) -> tuple[str, ...]:
    """Invent what a page says: digits in lines, a space between two numbers."""
    lines = 1 if rng.random() < 0.35 else int(rng.integers(2, MOST_LINES + 1))
    most = int(rng.integers(1, MOST_DIGITS + 1))
    numbers = rng.random() < 0.4
    return tuple(_line(int(rng.integers(1, most + 1)), numbers, rng) for _ in range(lines))


def _line(n: int, numbers: bool, rng: np.random.Generator) -> str:
    text = "".join(str(digit) for digit in rng.integers(0, CLASSES, n))
    if not numbers:
        return text
    cut = [i for i in range(1, n) if rng.random() < 0.25]
    return " ".join(text[a:b] for a, b in zip([0, *cut], [*cut, n], strict=True))


def place(
    lines: tuple[str, ...],
    writing: Writing,
    wide: Float64[np.ndarray, "n p"],
    spacing: Spacing,
    rng: np.random.Generator,
) -> tuple[Float64[np.ndarray, "n p 2"], Float64[np.ndarray, "n p"]]:
    """Set glyphs in lines.

    Parameters
    ----------
    lines
        What each line holds: a glyph for every character, but for spaces, which move on.
    writing, wide
        The glyphs, and the width of their lines.
    spacing
        How.
    rng
        Decides how far the hand strays.

    Returns
    -------
    Their points and widths in heights of a digit; the upper left corner of all ink is at 0, 0.
    """
    n = len(writing.points)
    sizes = np.exp(rng.normal(0, spacing.unevenness, n))
    points = writing.points * sizes[:, None, None]
    wide = wide * sizes[:, None]
    half = wide[:, :, None] / 2
    low, high = (points - half).min(1), (points + half).max(1)
    at = np.empty((n, 2))
    glyph = 0
    for row, line in enumerate(lines):
        first, x = glyph, rng.uniform(0, 0.8)
        phase, course = rng.uniform(0, 2 * np.pi), spacing.slope + rng.normal(0, 0.008)
        for character in line:
            if character == " ":
                x += spacing.space + rng.exponential(0.1)
                continue
            foot = row * spacing.pitch + course * x + spacing.wave * np.sin(phase + 0.8 * x) + rng.normal(0, 0.03)
            at[glyph] = x - low[glyph, 0], foot - high[glyph, 1]
            # loose setting is uneven; where neighbours are to touch, they all do or nearly
            x += high[glyph, 0] - low[glyph, 0] + spacing.gap + rng.normal(0, 0.02 + 0.15 * max(spacing.gap, 0))
            glyph += 1
        if spacing.columns:
            at[first:glyph] -= x, course * x
    points = points + at[:, None]
    return points - (low + at).min(0), wide


def reading_order(lines: tuple[str, ...]) -> Int64[np.ndarray, " n"]:
    """Give the digits of the lines in the order in which they are read."""
    return np.array([int(character) for line in lines for character in line if character != " "], np.int64)
