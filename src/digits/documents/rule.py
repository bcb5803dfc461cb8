"""One rule, and which of several are the same."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from digits.shapes import Float64

Region = tuple[float, float, float, float]
"""x and y of the upper left and of the lower right corner, in pixels."""

SAME = 0.35
"""Rules closer than this, in heights of a digit, are one: no digit would fit between them."""


@dataclass(frozen=True, eq=False)
class Rule:
    """A level rule from its first point to its last; an upright one has x and y exchanged.

    Attributes
    ----------
    along
        Places along its direction, growing, in pixels.
    across
        Where it is at these places.
    share
        How much of its length is inked, 0–1; 0 for a border that nobody drew.
    slope
        At which it goes on beyond its ends: that of the rules around it, since its own ends are uncertain.
    """

    along: Float64[np.ndarray, " k"]
    across: Float64[np.ndarray, " k"]
    share: float
    slope: float = 0.0

    @property
    def start(self) -> float:
        """Where it begins."""
        return float(self.along[0])

    @property
    def end(self) -> float:
        """Where it ends."""
        return float(self.along[-1])

    @property
    def length(self) -> float:
        """In pixels, along its direction."""
        return self.end - self.start

    def at(self, along: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
        """Say where it is at places along its direction; beyond its ends it goes straight on."""
        beyond = (along - self.start).clip(max=0) + (along - self.end).clip(min=0)
        places: Float64[np.ndarray, " n"] = np.interp(along, self.along, self.across) + beyond * self.slope
        return places

    def moved(self, across: float) -> Rule:
        """Return the same rule, so many pixels further across its direction."""
        return replace(self, across=self.across + across)

    def place(self, along: float) -> float:
        """Say where it is at one place."""
        return float(self.at(np.array([along], np.float64))[0])


def drop_turned(rules: list[Rule], side: int, region: Region, most: float) -> list[Rule]:
    """Drop rules that do not run as those of a region: slopes change evenly over a page, by its perspective.

    Parameters
    ----------
    rules
        Level rules.
    side
        Of the page, in pixels.
    region
        Where digits are.
    most
        Difference of slopes that may remain.
    """
    if not rules:
        return rules
    left, top, right, bottom = region
    slopes = np.array([(rule.across[-1] - rule.across[0]) / max(rule.length, 1) for rule in rules])
    centres = np.array([(rule.start + rule.end) / 2 for rule in rules])
    middles = np.stack([[rule.place(centre) for rule, centre in zip(rules, centres, strict=True)], centres], axis=1)
    terms = np.concatenate((np.ones((len(rules), 1)), middles / side - 0.5), axis=1)
    weights = np.array([rule.share * max(min(rule.end, right) - max(rule.start, left), 0) for rule in rules])
    weights = weights * ((middles[:, 0] >= top) & (middles[:, 0] <= bottom)) + 1e-6
    order = np.argsort(slopes)
    middle = slopes[order][min(np.searchsorted(weights[order].cumsum(), weights.sum() / 2), len(rules) - 1)]
    rest = slopes - middle
    for _ in range(10):  # least squares, in which what is far off counts less and less
        doubted = weights / (1 + (rest / (0.5 * most)) ** 2)
        # a little against perspective where few rules speak for it
        damping = np.diag([0.0, 1.0, 1.0]) * 0.05 * doubted.sum()
        change = np.linalg.solve(
            terms.T @ (doubted[:, None] * terms) + damping, terms.T @ (doubted * (slopes - middle))
        )
        rest = slopes - middle - terms @ change
    return [
        replace(rule, slope=float(slope - miss))
        for rule, slope, miss in zip(rules, slopes, rest, strict=True)
        if abs(miss) < most
    ]


def drop_doubles(rules: list[Rule], size: float) -> list[Rule]:
    """Drop rules that run beside a longer one: both sides of one thick line. `size` is the height of a digit."""
    kept = list[Rule]()
    for rule in sorted(rules, key=lambda each: -each.length * each.share):
        places = np.linspace(rule.start, rule.end, 9)
        if not any(_is_same(rule, other, places, size) for other in kept):
            kept.append(rule)
    return kept


def _is_same(rule: Rule, other: Rule, places: Float64[np.ndarray, " n"], size: float) -> bool:
    both = (places >= other.start - size) & (places <= other.end + size)
    return bool(both.mean() > 0.5) and float(np.abs(other.at(places) - rule.at(places))[both].mean()) < SAME * size


def cross(level: Rule, upright: Rule) -> tuple[float, float]:
    """Return x and y where two rules cross, or would if they went on."""
    x = float(upright.across.mean())
    for _ in range(4):  # both are nearly straight, so that each step divides the error by ten
        y = level.place(x)
        x = upright.place(y)
    return x, y
