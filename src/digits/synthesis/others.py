"""What is no digit, by the same hands and with the same pens: for readers that must be able to say so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from digits.shapes import Float64, Int64
from digits.synthesis.ink import Pens, draw_pens
from digits.synthesis.samples import BLOCK, DIGITS_PER_WRITER, check_call, draw_digits
from digits.synthesis.signs import other_paths
from digits.synthesis.strokes import POINTS, smooth
from digits.synthesis.writing import Writers, Writing, draw_writers, write, write_digits
from digits.types import CLASSES, SIDE, Images

SHARES = {"signs": 0.62, "scribbles": 0.16, "blots": 0.06, "pairs": 0.16}
"""How often each kind is drawn: letters and signs, what the hand does on its own, spots, and two digits for one."""

KNOTS = 9
"""Points a tangle goes through: with fewer it may look like a digit by chance."""

FILLING = 2.5
"""Pressure at which the rings of a blot run together; it is the highest that a pen follows."""


def synthesize_outliers(n: int, seed: int = 0) -> Images:
    """Draw what is no digit: letters, signs, scribbles, blots, and two digits that nobody has parted.

    Drawn and normalised as `digits.synthesis.synthesize` does with digits: the same seed gives the same bytes.

    Parameters
    ----------
    n
        How many, 1 or more.
    seed
        0 or more. Every seed has writers of its own.

    Returns
    -------
    ``uint8[n, 28, 28]`` in the form of the contract of `digits.types`; in random order.

    Raises
    ------
    UsageError
        For a number or seed that cannot be meant.
    """
    check_call(n, seed)
    rng = np.random.default_rng(seed)
    images = np.empty((n, SIDE, SIDE), np.uint8)
    for start in range(0, n, BLOCK):
        images[start : start + BLOCK] = _drawn(min(BLOCK, n - start), rng)
    return images


def _drawn(n: int, rng: np.random.Generator) -> Images:
    writers = draw_writers(-(-n // DIGITS_PER_WRITER), rng)
    who = np.arange(n) // DIGITS_PER_WRITER
    pens = draw_pens(len(writers), rng)[who]
    # whole numbers of each kind, so that few pictures are of all kinds too
    bounds = np.array(list(SHARES.values())).cumsum()
    kind = rng.permutation(np.searchsorted(bounds, (np.arange(n) + 0.5) / n).clip(0, len(bounds) - 1))
    signs, scribbled, blotted, paired = (np.flatnonzero(kind == index) for index in range(len(SHARES)))
    blots, blot_pens = draw_blots(len(blotted), rng)
    writing = joined(
        [
            write(other_paths(), rng.integers(len(other_paths()), size=len(signs)), who[signs], writers, rng),
            draw_scribbles(len(scribbled), rng),
            blots,
            write_pairs(who[paired], writers, pens[paired].width, rng),
        ]
    )
    held = joined_pens([pens[signs], pens[scribbled], blot_pens, pens[paired]])
    back = np.argsort(np.concatenate((signs, scribbled, blotted, paired)))
    return draw_digits(writing[back], held[back])


def write_signs(who: Int64[np.ndarray, " n"], writers: Writers, rng: np.random.Generator) -> Writing:
    """Write signs, and a scribble among every few of them.

    Parameters
    ----------
    who
        For each, the row of its writer.
    writers
        Those who write.
    rng
        Decides what they write.
    """
    scribbled = rng.random(len(who)) < SHARES["scribbles"]
    signs, scribbles = np.flatnonzero(~scribbled), np.flatnonzero(scribbled)
    writing = joined(
        [
            write(other_paths(), rng.integers(len(other_paths()), size=len(signs)), who[signs], writers, rng),
            draw_scribbles(len(scribbles), rng),
        ]
    )
    return writing[np.argsort(np.concatenate((signs, scribbles)))]


def draw_scribbles(n: int, rng: np.random.Generator) -> Writing:
    """Draw what a hand does on its own: tangles, coils, and the back and forth that strikes something out.

    Parameters
    ----------
    n
        How many.
    rng
        Decides their shapes.
    """
    t = np.linspace(0, 1, POINTS)[None]
    knots = rng.uniform(-0.5, 0.5, (n, KNOTS, 2))
    tangle = smooth(knots.transpose(1, 0, 2).reshape(KNOTS, 2 * n), np.zeros(KNOTS, bool), 6)[:POINTS]
    tangles = tangle.reshape(POINTS, n, 2).transpose(1, 0, 2)
    turns, phase = rng.uniform(2.6, 5.5, (n, 1)), rng.uniform(0, 2 * np.pi, (n, 1))
    angle = 2 * np.pi * turns * t + phase
    drift, size = rng.uniform(0.2, 1.5, (n, 1)), rng.uniform(0.25, 0.5, (n, 1))
    coils = np.stack((drift * (t - 0.5) + size * np.cos(angle), size * np.sin(angle)), axis=2)
    swing = 2 * np.abs((turns * t + phase) % 1 - 0.5) - 0.5
    aslant = rng.uniform(-0.6, 0.6, (n, 1))
    struck = np.stack((1.4 * size * swing * 2, drift * 0.6 * (t - 0.5) + aslant * swing), axis=2)
    kind = rng.integers(0, 3, n)[:, None, None]
    points = np.where(kind == 0, tangles, np.where(kind == 1, coils, struck)) + rng.normal(0, 0.01, (n, POINTS, 2))
    drawn = np.tile(np.arange(POINTS) < POINTS - 1, (n, 1))
    return Writing(points, drawn, 1 + 0.2 * np.sin(angle))


def draw_blots(n: int, rng: np.random.Generator) -> tuple[Writing, Pens]:
    """Draw filled spots of smooth shape: a spiral so thick that its turns run together, and the pens it takes.

    Parameters
    ----------
    n
        How many.
    rng
        Decides their shapes.
    """
    angle = np.linspace(0, 6 * np.pi, POINTS)[None]
    radius = np.ones((n, POINTS))
    for waves in range(1, 5):
        radius += rng.normal(0, 0.16 / waves, (n, 1)) * np.cos(waves * angle + rng.uniform(0, 2 * np.pi, (n, 1)))
    radius = 0.36 * np.linspace(0, 1, POINTS) ** 0.7 * radius
    # never higher than wide: a blot that stands might be a one
    wide = rng.uniform(1.0, 1.8, (n, 1))
    points = np.stack((wide * radius * np.cos(angle), radius * np.sin(angle)), axis=2)
    drawn = np.tile(np.arange(POINTS) < POINTS - 1, (n, 1))
    pens = draw_pens(n, rng)
    same = np.ones(n)
    pens = Pens(pens.kind, 0.12 * same, pens.softness, pens.darkness, pens.grain, same)
    return Writing(points, drawn, np.full((n, POINTS), FILLING)), pens


def write_pairs(
    who: Int64[np.ndarray, " n"], writers: Writers, width: Float64[np.ndarray, " n"], rng: np.random.Generator
) -> Writing:
    """Write two digits side by side, as they are cut out where nobody has parted them.

    Parameters
    ----------
    who
        For each pair, the row of its writer.
    writers
        Those who write.
    width
        Of the line, in heights: the digits keep clear of each other by a little more.
    rng
        Decides which digits, and how far apart.
    """
    n = len(who)
    both = write_digits(rng.integers(0, CLASSES, 2 * n), np.tile(who, 2), writers, rng)
    # every second point, so that two digits have as many as one
    points, pressure = both.points[:, ::2], both.pressure[:, ::2]
    drawn = both.drawn[:, ::2] & both.drawn[:, 1::2]
    first, second = points[:n].copy(), points[n:].copy()
    first[..., 0] -= first[..., 0].max(1, keepdims=True)
    second[..., 0] -= second[..., 0].min(1, keepdims=True) - (width + rng.uniform(0.05, 0.35, n))[:, None]
    together = np.concatenate((first, second), axis=1)
    together -= (together.min(1, keepdims=True) + together.max(1, keepdims=True)) / 2
    return Writing(together, np.concatenate((drawn[:n], drawn[n:]), 1), np.concatenate((pressure[:n], pressure[n:]), 1))


def joined(writings: Sequence[Writing]) -> Writing:
    """Put writings one after the other."""
    return Writing(
        np.concatenate([each.points for each in writings]),
        np.concatenate([each.drawn for each in writings]),
        np.concatenate([each.pressure for each in writings]),
    )


def joined_pens(pens: Sequence[Pens]) -> Pens:
    """Put pens one after the other."""
    return Pens(*(np.concatenate([getattr(each, name) for each in pens]) for name in Pens.__dataclass_fields__))
