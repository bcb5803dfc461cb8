"""What reading gives back: digits with their doubts, and the text they make."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from digits.shapes import Float32, UInt8

Box = tuple[int, int, int, int]

ALTERNATIVES = 3
"""Other answers that are told, at most."""

POSSIBLE = 0.001
"""Probability below which another answer is not told."""


@dataclass(frozen=True, eq=False)
class Digit:
    """What was read in one place.

    Attributes
    ----------
    value
        0–9: the likeliest.
    confidence
        Its calibrated probability, 0–1.
    accepted
        Whether this reaches the model's threshold; if not, it is likelier no digit, and not in the text.
    box
        Left, top, width and height of the ink, in pixels of the upright picture.
    probabilities
        Of each class.
    image
        The 28 × 28 that the network saw.
    doubts
        Why a person should look again; empty for most.
    """

    value: int
    confidence: float
    accepted: bool
    box: Box
    probabilities: Float32[np.ndarray, "10"] = field(repr=False)
    image: UInt8[np.ndarray, "28 28"] = field(repr=False)
    doubts: tuple[str, ...] = ()

    @property
    def alternatives(self) -> tuple[tuple[int, float], ...]:
        """The next likely answers with their probabilities, the likeliest first."""
        order = [int(value) for value in (-self.probabilities).argsort(kind="stable") if value != self.value]
        likely = [(value, float(self.probabilities[value])) for value in order[:ALTERNATIVES]]
        return tuple(pair for pair in likely if pair[1] >= POSSIBLE)

    def to_dict(self) -> dict[str, Any]:
        """Give value, confidence, box, accepted, alternatives and doubts as plain values."""
        return {
            "value": self.value,
            "confidence": round(self.confidence, 4),
            "box": list(self.box),
            "accepted": self.accepted,
            "alternatives": [[value, round(probability, 4)] for value, probability in self.alternatives],
            "doubts": list(self.doubts),
        }


@dataclass(frozen=True, eq=False)
class Reading:
    """What was read in one picture.

    Attributes
    ----------
    file
        The picture's name.
    lines
        The accepted digits of every written line, a space where there is a wide gap; lines without any are left out.
    digits
        Everything that was read, accepted or not, in reading order.
    size
        Width and height of the upright picture, in pixels.
    turned
        Degrees by which the picture was turned, counter-clockwise, before it was read: 0, 90, 180 or 270. Boxes are
        those in the picture as it was given.
    """

    file: str
    lines: tuple[str, ...]
    digits: tuple[Digit, ...] = field(repr=False)
    size: tuple[int, int] = (0, 0)
    turned: int = 0

    @property
    def text(self) -> str:
        """The lines, one under the other."""
        return "\n".join(self.lines)

    def __str__(self) -> str:
        return self.text

    def to_dict(self) -> dict[str, Any]:
        """Give file, text, lines and digits as plain values."""
        return {
            "file": self.file,
            "text": self.text,
            "lines": list(self.lines),
            "digits": [digit.to_dict() for digit in self.digits],
        }
