"""One rule, and where two cross."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from digits.shapes import Float64

Region = tuple[float, float, float, float]
"""x and y of the upper left and of the lower right corner, in pixels."""


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


def cross(level: Rule, upright: Rule) -> tuple[float, float]:
    """Return x and y where two rules cross, or would if they went on."""
    x = float(upright.across.mean())
    for _ in range(4):  # both are nearly straight, so that each step divides the error by ten
        y = level.place(x)
        x = upright.place(y)
    return x, y
