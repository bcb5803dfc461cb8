"""A page as if it lay flat: how its level lines run, so that each rule is at one height from end to end.

The slope of rules is measured in strips of the page, and made one smooth field, since a page turns, recedes and curls
as a whole: what a weak rule, a dotted one or a hand hides is known from all others. Then all rules of a strip are
aligned with those of the whole page at once. Upright lines are level ones on the transpose.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from digits.documents.rule import Rule
from digits.documents.rules import MAX_SLOPE, Votes, find_slopes
from digits.shapes import Float64

SLOPES = 73
"""Slopes that are tried, half a degree apart."""

LEVEL = 0.02
"""Difference of slopes at which two pieces of rules half agree: that of a strip's measurement."""

BEND = 0.06
"""Change of slope from strip to strip that a curled page has."""

LIKELY = 0.3
"""How much the slope of the whole page counts against the rules of one strip."""

KNOTS = 2.0
"""Width of a strip, in heights of a digit: a curl hardly bends within it."""

STIFF = 30.0
"""How much a bend between two strips counts against one strip's own measurement."""

MAX_TURN = 0.06
"""Difference of slopes, at most, between a rule and those around it: three degrees, which hands and folds make."""


@dataclass(frozen=True, eq=False)
class Flat:
    """Level lines of a page.

    Attributes
    ----------
    x
        k places along the lines, in pixels.
    heights
        Two heights, of the upper and lower border.
    shifts
        By how much a line lies lower at each place than its own height, at the two heights.
    """

    x: Float64[np.ndarray, " k"]
    heights: tuple[float, float]
    shifts: Float64[np.ndarray, "k 2"]

    def shift(self, x: Float64[np.ndarray, " n"], height: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
        """Say by how much lines of n heights lie lower at n places than their own height."""
        upper, lower = self.heights
        share = (height - upper) / max(lower - upper, 1.0)
        above, below = (_extend(x, self.x, self.shifts[:, side]) for side in (0, 1))
        shifted: Float64[np.ndarray, " n"] = above + share * (below - above)
        return shifted

    def height(self, x: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
        """Say on lines of which heights n points lie."""
        height = y
        for _ in range(3):
            height = y - self.shift(x, height)
        return height

    def line(self, height: float, start: float, end: float, share: float) -> Rule:
        """Give the line of one height as a rule from one place to another."""
        inner = self.x[(self.x > start) & (self.x < end)]
        along = np.concatenate(([start], inner, [end]))
        across = height + self.shift(along, np.full(len(along), height))
        return Rule(along, across, share, float((across[-1] - across[0]) / max(end - start, 1.0)))

    def flatten(self, image: np.ndarray) -> np.ndarray:
        """Move the pixels of an image so that its lines are level, each at its height."""
        rows, columns = image.shape
        at_top, at_end = (
            self.shift(np.arange(columns, dtype=np.float64), np.full(columns, float(row))) for row in (0, rows)
        )
        y = np.arange(rows, dtype=np.float64)[:, None]
        y = y + at_top + (at_end - at_top) * (y / rows)
        x = np.broadcast_to(np.arange(columns, dtype=np.float32), y.shape)
        return cv2.remap(image, x, y.astype(np.float32), cv2.INTER_LINEAR)


def _extend(
    x: Float64[np.ndarray, " n"], knots: Float64[np.ndarray, " k"], values: Float64[np.ndarray, " k"]
) -> Float64[np.ndarray, " n"]:
    """Interpolate between knots, and go straight on beyond them."""
    if len(knots) < 2:
        return np.full(len(x), values[0])
    before, after = np.diff(values)[[0, -1]] / np.diff(knots)[[0, -1]]
    inside = np.interp(x, knots, values)
    extended: Float64[np.ndarray, " n"] = (
        inside + (x - knots[0]).clip(max=0) * before + (x - knots[-1]).clip(min=0) * after
    )
    return extended


def find_flats(level_votes: Votes, turned: Votes, size: float, tilt: float) -> tuple[Flat, Flat]:
    """Find the level lines of a page and, on its transpose, the upright ones, which are about at right angles.

    Parameters
    ----------
    level_votes, turned
        As `digits.documents.rules.as_votes` gives them.
    size
        Height of the usual digit, in pixels.
    tilt
        Slope of the lines of digits, which decides where rules say nothing.
    """
    found = find_slopes(level_votes, size), find_slopes(turned, size)
    tilts = np.linspace(-MAX_SLOPE, MAX_SLOPE, SLOPES)
    worth = (0.05 * sum(float((each[:, 3] ** 2).sum()) for each in found) + 1.0) * _near(tilts, np.array([tilt]))[0]
    for each, sign in zip(found, (1, -1), strict=True):
        worth = worth + each[:, 3] ** 2 @ _near(tilts, sign * each[:, 2])
    tilt = float(tilts[worth.argmax()])
    return _find_flat(level_votes, found[0], size, tilt), _find_flat(turned, found[1], size, -tilt)


def _near(
    slopes: Float64[np.ndarray, " s"], others: Float64[np.ndarray, " m"], spread: float = MAX_TURN / 2
) -> Float64[np.ndarray, "m s"]:
    """Say how near slopes are to others, 0–1."""
    near: Float64[np.ndarray, "m s"] = np.exp(-0.5 * ((slopes - others[:, None]) / spread) ** 2)
    return near


def _find_flat(votes: Votes, slopes: Float64[np.ndarray, "m 4"], size: float, tilt: float) -> Flat:
    rows, columns = votes.inked.shape
    n = max(round(columns / (KNOTS * size)), 2)
    edges = np.linspace(0, columns, n + 1)
    x = (edges[:-1] + edges[1:]) / 2
    flat = Flat(x, (0.0, float(rows)), _integrate(_fit_slopes(slopes, x, (rows, columns), tilt), x))
    for reach in (0.4, 0.2):
        flat = _align(flat, votes, edges, size, reach)
    return flat


def _fit_slopes(
    found: Float64[np.ndarray, "m 4"], x: Float64[np.ndarray, " k"], shape: tuple[int, int], tilt: float
) -> Float64[np.ndarray, "k 2"]:
    """Choose slopes that change evenly over the page, and return those of the upper and lower border at places x."""
    rows, columns = shape
    strips = (found[:, 0] * len(x) / columns).astype(np.int64).clip(0, len(x) - 1)
    weights = found[:, 3] ** 2
    slopes = np.linspace(-MAX_SLOPE, MAX_SLOPE, SLOPES)
    votes = np.zeros((len(x), SLOPES))
    np.add.at(votes, strips, weights[:, None] * _near(slopes, found[:, 2], LEVEL))
    votes /= max(float(votes.max(1).mean()), 1e-9)
    votes += LIKELY * _near(slopes, np.array([tilt]), MAX_TURN)
    middle = slopes[_follow(votes, 0.5 * ((slopes[:, None] - slopes) / BEND) ** 2)]
    # by how much slopes change down the page, as in perspective
    rest, down, fan = found[:, 2] - middle[strips], found[:, 1] / rows - 0.5, 0.0
    for _ in range(6):
        trusted = weights / (1 + ((rest - fan * down) / LEVEL) ** 2) ** 2
        level = float((trusted * (rest - fan * down)).sum() / max(trusted.sum(), 1e-9))
        # a little against perspective where few rules speak for it
        spread = float((trusted * down**2).sum() + 0.01 * trusted.sum())
        fan = float((trusted * (rest - level) * down).sum()) / max(spread, 1e-9)
    return np.stack([middle + fan * side for side in (-0.5, 0.5)], axis=1)


def _follow(votes: Float64[np.ndarray, "k s"], bend: Float64[np.ndarray, "s s"]) -> list[int]:
    """Choose one of s slopes for each strip: most votes, least change from strip to strip."""
    total, back = votes[0], []
    for vote in votes[1:]:
        reached = total[:, None] - bend
        back.append(reached.argmax(0))
        total = reached.max(0) + vote
    path = [int(total.argmax())]
    for step in back[::-1]:
        path.append(int(step[path[-1]]))
    return path[::-1]


def _integrate(slopes: Float64[np.ndarray, "k 2"], x: Float64[np.ndarray, " k"]) -> Float64[np.ndarray, "k 2"]:
    steps = (slopes[1:] + slopes[:-1]) / 2 * np.diff(x)[:, None]
    shifts: Float64[np.ndarray, "k 2"] = np.concatenate((np.zeros((1, 2)), np.cumsum(steps, axis=0)))
    shifts -= shifts[len(x) // 2].copy()
    return shifts


def _align(flat: Flat, votes: Votes, edges: Float64[np.ndarray, " k1"], size: float, reach: float) -> Flat:
    """Shift strips so that their rules meet those of the whole page, in its upper and its lower half."""
    inked = flat.flatten(votes.inked).astype(np.float32)
    rows = len(inked)
    bounds = np.rint(edges).astype(np.int64)
    profiles = np.add.reduceat(inked, bounds[:-1], axis=1) / np.diff(bounds)
    profiles = cv2.GaussianBlur(profiles, (1, 0), sigmaX=0.1, sigmaY=0.08 * size)
    profiles -= cv2.blur(profiles, (1, 2 * round(0.8 * size) + 1))
    most = max(round(reach * size), 2)
    halves = np.array([[1.0, 0.0], [0.0, 1.0]]) @ np.stack((1 - np.arange(rows) / rows, np.arange(rows) / rows))
    lags = np.arange(-most, most + 1)
    total = profiles.sum(1)
    moves, trust = np.zeros((len(edges) - 1, 2)), np.zeros((len(edges) - 1, 2))
    for strip in range(len(edges) - 1):
        others = (total - profiles[:, strip]).clip(min=0)
        own = profiles[:, strip].clip(min=0)
        shifted = np.stack([np.roll(own, -lag) for lag in lags])
        for half in (0, 1):
            fit = shifted @ (halves[half] * others)
            best = int(fit.argmax())
            moves[strip, half], trust[strip, half] = lags[best], max(float(fit[best] - np.median(fit)), 0.0)
    moves = np.stack([_smooth(moves[:, half], trust[:, half]) for half in (0, 1)], axis=1)
    return Flat(flat.x, flat.heights, flat.shifts + moves)


def _smooth(values: Float64[np.ndarray, " k"], weights: Float64[np.ndarray, " k"]) -> Float64[np.ndarray, " k"]:
    """Smooth measurements of unequal worth, against their second differences."""
    n = len(values)
    if n < 3 or not weights.sum():
        return np.zeros(n)
    weights = weights / weights.mean()
    bends = np.diff(np.eye(n), 2, axis=0)
    smooth = np.zeros(n)
    for _ in range(4):
        trusted = weights / (1 + (values - smooth) ** 2)
        smooth = np.linalg.solve(np.diag(trusted) + STIFF * bends.T @ bends + 1e-3 * np.eye(n), trusted * values)
    return smooth
