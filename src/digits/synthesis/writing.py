"""Writers and what they write: from classes to pen points. Everything random comes from the generator that is given.

A writer is a draw of style: slant, width, proportions, roundness, which way of a class is preferred, and how each path
differs from the model. A sample adds what differs from time to time: proportions again, looseness, tremor, ends that
drift, and a pen that presses harder where it is slow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from digits.shapes import Bool, Float64, Int64
from digits.synthesis.skeletons import DIGITS
from digits.synthesis.strokes import POINTS, Path, parse
from digits.types import CLASSES

FAITHFUL = 0.85
"""Share of the digits that writers write in the way they prefer."""

FARTHEST = 2.0
"""Standard deviations by which a writer's style differs from the mean at most: beyond, few could read it."""

HABIT = 0.045
"""Standard deviation, in heights, by which a writer's path differs from the model at each control point."""

DRIFT = 1.6
"""How many times as far the ends of strokes drift."""

NEAR = 0.55
"""Heights between two strokes up to which a writer in a hurry may leave the pen down."""


@dataclass(frozen=True, eq=False)
class Writers:
    """Styles, a row a writer; lengths are in heights of a digit.

    Attributes
    ----------
    slant
        How far the top leans to the right of the foot.
    stretch
        Natural logarithm of the width over that of the path.
    turn
        Rotation, in radians.
    bow, taper, waist
        How far the middle is bent sideways; how much wider the foot is than the head, and how far the middle is
        lowered, which together make one loop large and the other small.
    roundness
        0 follows every corner, 1 cuts all of them.
    looseness
        Standard deviation by which control points differ from time to time.
    joins
        Share of the lifts between near strokes at which the pen stays down.
    tremor
        Amplitude of what a hand adds unwillingly.
    pressure
        How much wider the line gets where the pen is slow.
    taste
        In 0–1, a column a class: which way is preferred.
    habit
        Seed of how each path differs from the model.
    """

    slant: Float64[np.ndarray, " w"]
    stretch: Float64[np.ndarray, " w"]
    turn: Float64[np.ndarray, " w"]
    bow: Float64[np.ndarray, " w"]
    taper: Float64[np.ndarray, " w"]
    waist: Float64[np.ndarray, " w"]
    roundness: Float64[np.ndarray, " w"]
    looseness: Float64[np.ndarray, " w"]
    joins: Float64[np.ndarray, " w"]
    tremor: Float64[np.ndarray, " w"]
    pressure: Float64[np.ndarray, " w"]
    taste: Float64[np.ndarray, "w 10"]
    habit: Float64[np.ndarray, "w 64 2"]

    def __len__(self) -> int:
        return len(self.slant)


@dataclass(frozen=True, eq=False)
class Writing:
    """Glyphs as pen points: heights of a glyph are 1 or about 1, x to the right, y down, centres near the origin.

    Attributes
    ----------
    points
        Where the pen is.
    drawn
        Whether it is down from a point to the next.
    pressure
        Width of the line at each point over that of the pen.
    """

    points: Float64[np.ndarray, "n p 2"]
    drawn: Bool[np.ndarray, "n p"]
    pressure: Float64[np.ndarray, "n p"]

    def __getitem__(self, rows: np.ndarray) -> Writing:
        """Give some of them."""
        return Writing(self.points[rows], self.drawn[rows], self.pressure[rows])


def draw_writers(n: int, rng: np.random.Generator) -> Writers:
    """Invent `n` writers."""
    return Writers(
        slant=_styles(0.12, 0.22, n, rng),
        stretch=_styles(0.08, 0.26, n, rng),
        turn=_styles(0.0, 0.05, n, rng),
        bow=_styles(0.0, 0.06, n, rng),
        taper=_styles(0.0, 0.15, n, rng),
        waist=_styles(0.0, 0.08, n, rng),
        roundness=0.7 * rng.beta(1.2, 1.8, n),
        looseness=rng.uniform(0.010, 0.04, n),
        joins=rng.beta(0.5, 5.0, n),
        tremor=rng.exponential(0.002, n).clip(0, 0.01),
        pressure=rng.uniform(0.0, 0.5, n),
        taste=rng.random((n, CLASSES)),
        habit=rng.normal(0.0, 1.0, (n, 64, 2)).clip(-FARTHEST, FARTHEST),
    )


def _styles(mean: float, sd: float, n: int, rng: np.random.Generator) -> Float64[np.ndarray, " n"]:
    """Draw one trait of many writers; who would be too far from the others writes as the farthest allowed."""
    return mean + sd * rng.normal(0.0, 1.0, n).clip(-FARTHEST, FARTHEST)


def write_digits(
    labels: Sequence[int] | Int64[np.ndarray, " n"],
    who: Int64[np.ndarray, " n"],
    writers: Writers,
    rng: np.random.Generator,
) -> Writing:
    """Write digits of the given classes.

    Parameters
    ----------
    labels
        Classes 0–9.
    who
        For each of them, the row of its writer.
    writers
        Those who write.
    rng
        Decides what differs from time to time.
    """
    labels = np.asarray(labels)
    n = len(labels)
    unfaithful = rng.random(n) > FAITHFUL
    taste = np.where(unfaithful, rng.random(n), writers.taste[who, labels])
    ways = np.zeros(n, np.int64)
    for label, among in enumerate(DIGITS):
        often = np.array([share for share, _ in among.values()])
        mine = labels == label
        ways[mine] = np.searchsorted(often.cumsum() / often.sum(), taste[mine]).clip(0, len(among) - 1)
    starts = np.cumsum([0, *(len(paths) for paths in DIGITS)])
    paths = [parsed for paths in _digit_paths() for parsed in paths]
    return write(paths, starts[labels] + ways, who, writers, rng)


def write(
    paths: Sequence[Path],
    which: Int64[np.ndarray, " n"],
    who: Int64[np.ndarray, " n"],
    writers: Writers,
    rng: np.random.Generator,
) -> Writing:
    """Write any paths: digits, letters, or signs.

    Parameters
    ----------
    paths
        What can be written, all of one number of points.
    which
        For each glyph, the index of its path.
    who
        For each glyph, the row of its writer.
    writers
        Those who write.
    rng
        Decides what differs from time to time.
    """
    n = len(which)
    points, drawn = np.empty((n, POINTS, 2)), np.empty((n, POINTS), bool)
    # a round hand is round all over, but not the same at every corner
    roundness = (writers.roundness[who] + rng.normal(0, 0.15, n)).clip(0, 1)[:, None, None]
    loose = writers.looseness[who][:, None, None]
    order = np.argsort(which, kind="stable")
    bounds = np.searchsorted(which[order], np.arange(len(paths) + 1))
    most = max(len(path.controls) for path in paths)
    jitter = rng.normal(0, 1, (n, most, 2)).clip(-FARTHEST, FARTHEST)
    for index, path in enumerate(paths):
        mine = order[bounds[index] : bounds[index + 1]]
        if not len(mine):
            continue
        k = len(path.controls)
        drift = np.where(path.ends, DRIFT, 1.0)[:, None]
        # the same writer bends the same path in the same way: a different draw of the habit for every path
        habit = np.roll(writers.habit, 7 * index, axis=1)[who[mine], :k]
        controls = path.controls + HABIT * habit * drift + loose[mine] * jitter[mine, :k] * drift
        straight, soft = path.sharp @ controls, path.round @ controls
        points[mine] = straight + roundness[mine] * (soft - straight)
        drawn[mine] = path.drawn
    points -= (points.min(1, keepdims=True) + points.max(1, keepdims=True)) / 2
    points = _trembling(_shaped(points, who, writers, rng), who, writers, rng)
    drawn |= _joined(points, drawn) & (rng.random((n, 1)) < writers.joins[who][:, None])
    return Writing(points, drawn, _pressed(points, who, writers, rng))


def _joined(points: Float64[np.ndarray, "n p 2"], drawn: Bool[np.ndarray, "n p"]) -> Bool[np.ndarray, "n p"]:
    """Where the pen is lifted though the next stroke begins nearby."""
    gap = np.linalg.norm(np.diff(points, axis=1), axis=2)
    near: Bool[np.ndarray, "n p"] = np.pad(~drawn[:, :-1] & (gap < NEAR), ((0, 0), (0, 1)))
    return near


def _shaped(
    points: Float64[np.ndarray, "n p 2"], who: Int64[np.ndarray, " n"], writers: Writers, rng: np.random.Generator
) -> Float64[np.ndarray, "n p 2"]:
    """Proportions, slant and rotation, of the writer and of the moment."""
    slant, stretch, turn, bow, taper, waist = (
        (style[who] + rng.normal(0, sd, len(who)))[:, None]
        for style, sd in (
            (writers.slant, 0.07),
            (writers.stretch, 0.09),
            (writers.turn, 0.04),
            (writers.bow, 0.03),
            (writers.taper, 0.08),
            (writers.waist, 0.03),
        )
    )
    x, y = points[..., 0], points[..., 1]
    middle = 1 - (2 * y) ** 2
    x = x * np.exp(stretch) * (1 + taper * y) + bow * middle - slant * y
    y = y + waist * middle
    cosine, sine = np.cos(turn), np.sin(turn)
    return np.stack((cosine * x - sine * y, sine * x + cosine * y), axis=2)


def _trembling(
    points: Float64[np.ndarray, "n p 2"], who: Int64[np.ndarray, " n"], writers: Writers, rng: np.random.Generator
) -> Float64[np.ndarray, "n p 2"]:
    """Add waves of 3 to 12 periods along the whole path, of random phase and direction."""
    waves = 4
    periods = rng.uniform(3, 12, (len(who), waves, 1))
    phases = rng.uniform(0, 2 * np.pi, (len(who), waves, 1))
    sizes = rng.normal(0, 1, (len(who), waves, 2)) * writers.tremor[who][:, None, None]
    swing = np.sin(2 * np.pi * periods * np.linspace(0, 1, points.shape[1]) + phases)
    trembling: Float64[np.ndarray, "n p 2"] = points + np.einsum("nwp,nwc->npc", swing, sizes)
    return trembling


def _pressed(
    points: Float64[np.ndarray, "n p 2"], who: Int64[np.ndarray, " n"], writers: Writers, rng: np.random.Generator
) -> Float64[np.ndarray, "n p"]:
    """Pressure at each point: the pen is slow where the curve is tight, and rests where it begins and ends."""
    step = np.diff(points, axis=1)
    length = np.hypot(step[..., 0], step[..., 1]) + 1e-3
    turning = step[:, :-1, 0] * step[:, 1:, 1] - step[:, :-1, 1] * step[:, 1:, 0]
    curvature = np.abs(turning) / (length[:, :-1] * length[:, 1:] * (length[:, :-1] + length[:, 1:]) / 2)
    # speed goes with the cube root of the radius (Lacquaniti, Terzuolo, Viviani 1983)
    speed = np.pad((curvature + 1.0) ** (-1 / 3), ((0, 0), (1, 1)), mode="edge")
    slow = speed.mean(1, keepdims=True) - speed
    slow[:, 1:-1] = (slow[:, :-2] + slow[:, 1:-1] + slow[:, 2:]) / 3
    wave = rng.uniform(0, 2 * np.pi, (len(who), 1)) + np.linspace(0, 1, points.shape[1]) * rng.uniform(
        2, 9, (len(who), 1)
    )
    strength = writers.pressure[who][:, None]
    pressure: Float64[np.ndarray, "n p"] = (1 + strength * (2 * slow + 0.3 * np.sin(wave))).clip(0.45, 1.8)
    return pressure


@cache
def _digit_paths() -> tuple[tuple[Path, ...], ...]:
    return tuple(tuple(parse(text) for _, text in paths.values()) for paths in DIGITS)
