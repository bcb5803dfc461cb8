"""What is no digit, written by the same hands and with the same pens: for readers that must be able to say so."""

from __future__ import annotations

import numpy as np

from digits.spec import SIDE, Images
from digits.synthesis.ink import draw_pens
from digits.synthesis.samples import BLOCK, DIGITS_PER_WRITER, check_call, draw_digits
from digits.synthesis.signs import other_paths
from digits.synthesis.strokes import parse
from digits.synthesis.writing import Writing, draw_writers, write

SCRIBBLES = 0.2
"""Share of what is written that nobody else would write again."""


def write_signs(n: int, rng: np.random.Generator) -> Writing:
    """Let writers write `n` things that are no digits, `DIGITS_PER_WRITER` each."""
    writers = draw_writers(-(-n // DIGITS_PER_WRITER), rng)
    known, new = other_paths(), [parse(scribble(rng)) for _ in range(round(SCRIBBLES * n))]
    which = np.concatenate((rng.integers(len(known), size=n - len(new)), len(known) + np.arange(len(new))))
    return write([*known, *new], rng.permutation(which), np.arange(n) // DIGITS_PER_WRITER, writers, rng)


def scribble(rng: np.random.Generator) -> str:
    """Invent a path that goes here and there."""
    k = int(rng.integers(4, 13))
    points = rng.uniform(0, 1, (k, 2)) * (rng.uniform(40, 130), 100)
    corners = rng.random(k) < rng.uniform(0, 0.4)
    return " ".join(f"{x:.0f},{y:.0f}{'!' * int(c)}" for (x, y), c in zip(points, corners, strict=True))


def synthesise_others(n: int, seed: int = 0) -> Images:
    """Write what is no digit, in the size and place a digit would have: letters, marks, scribbles.

    Parameters
    ----------
    n
        How many, 1 or more.
    seed
        0 or more.

    Returns
    -------
    ``uint8[n, 28, 28]`` under the contract of `digits.spec`, but for being digits.

    Raises
    ------
    UsageError
        For a number or seed that cannot be meant.
    """
    check_call(n, seed)
    rng = np.random.default_rng(seed)
    images = np.empty((n, SIDE, SIDE), np.uint8)
    for start in range(0, n, BLOCK):
        mine = len(images[start : start + BLOCK])
        pens = draw_pens(-(-mine // DIGITS_PER_WRITER), rng)[np.arange(mine) // DIGITS_PER_WRITER]
        images[start : start + BLOCK] = draw_digits(write_signs(mine, rng), pens)
    return images
