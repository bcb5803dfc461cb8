"""Writers and what they write: from classes to pen positions.

A writer is a sample of style: slant, width, proportions, roundness, preferred glyphs, and deviations from each glyph.
Every digit adds what varies from one time to the next: proportions again, looseness, tremor, drifting ends, and a pen
that presses harder where it is slow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from digits.shapes import Bool, Float64, Int64
from digits.synthesis.curves import GLYPH_POINTS, Glyph, parse_glyph
from digits.synthesis.glyphs import DIGIT_GLYPHS
from digits.synthesis.rare_glyphs import RARE_GLYPHS
from digits.types import CLASSES

PREFERRED_SHARE = 0.85  # of the digits, for which writers use their preferred glyph
MAX_DEVIATION = 2.0  # of a style from the mean, in standard deviations; beyond it, handwriting is hardly legible
HABIT_DEVIATION = 0.045  # standard deviation, in heights, of a writer's control points from the glyph's
END_DRIFT = 1.6  # factor by which the ends of strokes deviate more
JOIN_DISTANCE = 0.55  # heights between two strokes up to which a writer in a hurry may leave the pen down

Points = Float64[np.ndarray, "n p 2"]


@dataclass(frozen=True, eq=False)
class Writers:
    """Styles, one writer per row; lengths are in heights of a digit.

    `taper` and `waist` make one loop large and the other small.
    """

    slant: Float64[np.ndarray, " w"]  # how far the top leans to the right of the foot
    stretch: Float64[np.ndarray, " w"]  # natural logarithm of the factor on the width
    rotation: Float64[np.ndarray, " w"]  # in radians
    bow: Float64[np.ndarray, " w"]  # how far the middle is bent sideways
    taper: Float64[np.ndarray, " w"]  # how much wider the foot is than the head
    waist: Float64[np.ndarray, " w"]  # how far the middle is lowered
    roundness: Float64[np.ndarray, " w"]  # 0 follows every corner, 1 cuts all of them
    looseness: Float64[np.ndarray, " w"]  # standard deviation of control points from one digit to the next
    joins: Float64[np.ndarray, " w"]  # share of the lifts between near strokes at which the pen stays down
    tremor: Float64[np.ndarray, " w"]  # amplitude of involuntary waves
    pressure: Float64[np.ndarray, " w"]  # how much wider the line gets where the pen is slow
    preference: Float64[np.ndarray, "w 10"]  # 0–1 for each class: which glyph is preferred
    habit: Float64[np.ndarray, "w 64 2"]  # standard normal deviations from each glyph

    def __len__(self) -> int:
        return len(self.slant)

    def __getitem__(self, rows: np.ndarray) -> Writers:
        """Select rows."""
        return Writers(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass(frozen=True, eq=False)
class Handwriting:
    """Glyphs as pen positions, about 1 high, x to the right, y down, centred near the origin."""

    points: Points
    pen_down: Bool[np.ndarray, "n p"]  # from a point to the next
    pressure: Float64[np.ndarray, "n p"]  # factor on the line width at each point

    def __getitem__(self, rows: np.ndarray) -> Handwriting:
        """Select rows."""
        return Handwriting(self.points[rows], self.pen_down[rows], self.pressure[rows])


def sample_writers(n: int, rng: np.random.Generator) -> Writers:
    """Sample `n` writers."""

    def normal(mean: float, deviation: float) -> Float64[np.ndarray, " w"]:
        return mean + deviation * rng.normal(0.0, 1.0, n).clip(-MAX_DEVIATION, MAX_DEVIATION)

    return Writers(
        slant=normal(0.12, 0.22),
        stretch=normal(0.08, 0.26),
        rotation=normal(0.0, 0.05),
        bow=normal(0.0, 0.06),
        taper=normal(0.0, 0.15),
        waist=normal(0.0, 0.08),
        roundness=0.7 * rng.beta(1.2, 1.8, n),
        looseness=rng.uniform(0.010, 0.04, n),
        joins=rng.beta(0.5, 5.0, n),
        tremor=rng.exponential(0.002, n).clip(0, 0.01),
        pressure=rng.uniform(0.0, 0.5, n),
        preference=rng.random((n, CLASSES)),
        habit=rng.normal(0.0, 1.0, (n, 64, 2)).clip(-MAX_DEVIATION, MAX_DEVIATION),
    )


def write_digits(labels: Int64[np.ndarray, " n"], writers: Writers, rng: np.random.Generator) -> Handwriting:
    """Write digits of the given classes, each by the writer in its row."""
    n = len(labels)
    is_exception = rng.random(n) > PREFERRED_SHARE
    preference = np.where(is_exception, rng.random(n), writers.preference[np.arange(n), labels])
    choices = np.zeros(n, np.int64)
    for label, glyphs in enumerate(DIGIT_GLYPHS):
        frequencies = np.array([frequency for frequency, _ in glyphs.values()])
        mine = labels == label
        bounds = frequencies.cumsum() / frequencies.sum()
        choices[mine] = np.searchsorted(bounds, preference[mine]).clip(0, len(glyphs) - 1)
    starts = np.cumsum([0, *map(len, DIGIT_GLYPHS)])
    return write_glyphs(_parse_digit_glyphs(), starts[labels] + choices, writers, rng)


def write_evenly(labels: Int64[np.ndarray, " n"], writers: Writers, rng: np.random.Generator) -> Handwriting:
    """Write digits as `write_digits`, but with every glyph of a class equally often, those of `RARE_GLYPHS` too."""
    choices = _parse_all_glyphs()
    sizes = np.array([len(glyphs) for glyphs in choices])
    glyph_ids = np.cumsum([0, *sizes[:-1]])[labels] + rng.integers(sizes[labels])
    return write_glyphs([glyph for glyphs in choices for glyph in glyphs], glyph_ids, writers, rng)


def write_glyphs(
    glyphs: Sequence[Glyph], glyph_ids: Int64[np.ndarray, " n"], writers: Writers, rng: np.random.Generator
) -> Handwriting:
    """Write the glyphs that `glyph_ids` chooses, each by the writer in its row."""
    n = len(glyph_ids)
    points, pen_down = np.empty((n, GLYPH_POINTS, 2)), np.empty((n, GLYPH_POINTS), bool)
    # a round hand is round everywhere, but not equally at every corner
    roundness = (writers.roundness + rng.normal(0, 0.15, n)).clip(0, 1)[:, None, None]
    looseness = writers.looseness[:, None, None]
    order = np.argsort(glyph_ids, kind="stable")
    bounds = np.searchsorted(glyph_ids[order], np.arange(len(glyphs) + 1))
    max_controls = max(len(glyph.controls) for glyph in glyphs)
    jitter = rng.normal(0, 1, (n, max_controls, 2)).clip(-MAX_DEVIATION, MAX_DEVIATION)
    for index, glyph in enumerate(glyphs):
        mine = order[bounds[index] : bounds[index + 1]]
        if not len(mine):
            continue
        k = len(glyph.controls)
        drift = np.where(glyph.ends, END_DRIFT, 1.0)[:, None]
        # a writer bends the same glyph in the same way: each glyph takes the habit from another position
        habit = np.roll(writers.habit[mine], 7 * index, axis=1)[:, :k]
        controls = glyph.controls + HABIT_DEVIATION * habit * drift + looseness[mine] * jitter[mine, :k] * drift
        sharp, rounded = glyph.sharp @ controls, glyph.rounded @ controls
        points[mine] = sharp + roundness[mine] * (rounded - sharp)
        pen_down[mine] = glyph.pen_down
    points -= (points.min(1, keepdims=True) + points.max(1, keepdims=True)) / 2
    return vary_style(points, pen_down, writers, rng)


def vary_style(
    points: Points, pen_down: Bool[np.ndarray, "n p"], writers: Writers, rng: np.random.Generator
) -> Handwriting:
    """Write points, about 1 high and centred at the origin, in the style of the writer in their row."""
    points = _add_tremor(_apply_style(points, writers, rng), writers, rng)
    may_join = rng.random((len(points), 1)) < writers.joins[:, None]
    pen_down = pen_down | (_near_lifts(points, pen_down) & may_join)
    return Handwriting(points, pen_down, _pressure(points, writers, rng))


def _near_lifts(points: Points, pen_down: Bool[np.ndarray, "n p"]) -> Bool[np.ndarray, "n p"]:
    """Mark where the pen is lifted although the next stroke begins nearby."""
    gap = np.linalg.norm(np.diff(points, axis=1), axis=2)
    return np.pad(~pen_down[:, :-1] & (gap < JOIN_DISTANCE), ((0, 0), (0, 1)))


def _apply_style(points: Points, writers: Writers, rng: np.random.Generator) -> Points:
    """Apply proportions, slant and rotation: those of the writer, and a random change for each glyph."""
    deviations = {"slant": 0.07, "stretch": 0.09, "rotation": 0.04, "bow": 0.03, "taper": 0.08, "waist": 0.03}
    slant, stretch, rotation, bow, taper, waist = (
        (getattr(writers, name) + rng.normal(0, deviation, len(writers)))[:, None]
        for name, deviation in deviations.items()
    )
    x, y = points[..., 0], points[..., 1]
    middle = 1 - (2 * y) ** 2
    x = x * np.exp(stretch) * (1 + taper * y) + bow * middle - slant * y
    y = y + waist * middle
    cosine, sine = np.cos(rotation), np.sin(rotation)
    return np.stack((cosine * x - sine * y, sine * x + cosine * y), axis=2)


def _add_tremor(points: Points, writers: Writers, rng: np.random.Generator) -> Points:
    """Add waves of 3 to 12 periods along the whole glyph, of random phase and direction."""
    n, waves = len(writers), 4
    periods = rng.uniform(3, 12, (n, waves, 1))
    phases = rng.uniform(0, 2 * np.pi, (n, waves, 1))
    sizes = rng.normal(0, 1, (n, waves, 2)) * writers.tremor[:, None, None]
    swing = np.sin(2 * np.pi * periods * np.linspace(0, 1, points.shape[1]) + phases)
    shaken: Points = points + np.einsum("nwp,nwc->npc", swing, sizes)
    return shaken


def _pressure(points: Points, writers: Writers, rng: np.random.Generator) -> Float64[np.ndarray, "n p"]:
    """Compute the pressure: the pen is slow where the curve is tight, and rests where it begins and ends."""
    step = np.diff(points, axis=1)
    length = np.hypot(step[..., 0], step[..., 1]) + 1e-3
    cross = step[:, :-1, 0] * step[:, 1:, 1] - step[:, :-1, 1] * step[:, 1:, 0]
    curvature = np.abs(cross) / (length[:, :-1] * length[:, 1:] * (length[:, :-1] + length[:, 1:]) / 2)
    # speed goes with the cube root of the radius (Lacquaniti, Terzuolo, Viviani 1983)
    speed = np.pad((curvature + 1.0) ** (-1 / 3), ((0, 0), (1, 1)), mode="edge")
    slowness = speed.mean(1, keepdims=True) - speed
    slowness[:, 1:-1] = (slowness[:, :-2] + slowness[:, 1:-1] + slowness[:, 2:]) / 3
    n, along = len(writers), np.linspace(0, 1, points.shape[1])
    wave = rng.uniform(0, 2 * np.pi, (n, 1)) + along * rng.uniform(2, 9, (n, 1))
    strength = writers.pressure[:, None]
    pressure: Float64[np.ndarray, "n p"] = (1 + strength * (2 * slowness + 0.3 * np.sin(wave))).clip(0.45, 1.8)
    return pressure


@cache
def _parse_digit_glyphs() -> tuple[Glyph, ...]:
    return tuple(parse_glyph(text) for glyphs in DIGIT_GLYPHS for _, text in glyphs.values())


@cache
def _parse_all_glyphs() -> tuple[tuple[Glyph, ...], ...]:
    """Parse the usual and the rare glyphs of each class."""
    return tuple(
        tuple(map(parse_glyph, [*(text for _, text in usual.values()), *rare.values()]))
        for usual, rare in zip(DIGIT_GLYPHS, RARE_GLYPHS, strict=True)
    )
