"""The digits and signs of a page, and the numbers that they make."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from digits.inference import Reading
from digits.inference.results import Box
from digits.shapes import Float64

MAX_GAP = 0.6
"""Gap between two digits of a number, at most, in heights of a digit."""

MIN_BESIDE = 0.4
"""Share of the lower one's height by which two neighbours of a number overlap, seen from the side."""


@dataclass(frozen=True)
class Character:
    """A digit or sign.

    Attributes
    ----------
    text
        One character.
    box
        Left, top, width and height on the upright page, in its pixels.
    confidence
        Probability that it is this one, 0–1.
    accepted
        Whether it is more probably this than anything else; False for a rejected digit.
    doubts
        As of a `digits.Digit`.
    """

    text: str
    box: tuple[float, float, float, float]
    confidence: float = 1.0
    accepted: bool = True
    doubts: tuple[str, ...] = ()

    @property
    def is_digit(self) -> bool:
        """Whether it is a digit, and no sign."""
        return self.text.isdecimal()

    def scaled(self, factor: float) -> Character:
        """Return the same character on a page that is so many times as large."""
        left, top, width, height = self.box
        return replace(self, box=(left * factor, top * factor, width * factor, height * factor))


def list_characters(reading: Reading, shape: tuple[int, int]) -> list[Character]:
    """List the digits and signs of a reading, on its upright page of a height and width in pixels."""
    turns = reading.turned // 90
    found = [
        Character(
            str(each.value), to_page(each.box, shape, turns, reading.size), each.confidence, each.accepted, each.doubts
        )
        for each in reading.digits
    ]
    signs = (
        Character(each.value, to_page(each.box, shape, turns, reading.size), each.confidence) for each in reading.signs
    )
    return [*found, *signs]


def to_page(
    box: Box, shape: tuple[int, int], quarter_turns: int, size: tuple[int, int]
) -> tuple[float, float, float, float]:
    """Map a box from a picture of a width and height to its upright page, turned so often counter-clockwise."""
    rows, columns = shape if quarter_turns % 2 == 0 else shape[::-1]
    across, down = columns / size[0], rows / size[1]
    left, top, width, height = box[0] * across, box[1] * down, box[2] * across, box[3] * down
    for _ in range(quarter_turns):  # the right edge becomes the top one
        left, top, width, height = top, columns - left - width, height, width
        rows, columns = columns, rows
    return left, top, width, height


def usual_size(characters: list[Character]) -> float:
    """Return the height of the usual digit, in pixels; 0 without digits."""
    heights = [each.box[3] for each in characters if each.is_digit and each.accepted]
    heights = heights or [each.box[3] for each in characters if each.is_digit]
    return float(np.median(heights)) if heights else 0.0


def as_boxes(characters: list[Character]) -> Float64[np.ndarray, "n 4"]:
    """Return the boxes of characters."""
    return np.array([each.box for each in characters], np.float64).reshape(len(characters), 4)


def link_numbers(boxes: Float64[np.ndarray, "n 4"], size: float, max_gap: float = MAX_GAP) -> list[list[int]]:
    """Group boxes that stand beside each other; each group from left to right.

    Parameters
    ----------
    boxes
        Of digits and signs, in pixels.
    size
        Height of the usual digit, in pixels.
    max_gap
        Gap between neighbours, in heights of a digit.
    """
    n = len(boxes)
    (left, top), (right, bottom) = boxes[:, :2].T, (boxes[:, :2] + boxes[:, 2:]).T
    # signs are lower than digits, and stand at any height beside them
    low, high = np.minimum(top, (top + bottom - size) / 2), np.maximum(bottom, (top + bottom + size) / 2)
    gaps = np.maximum(left[:, None], left[None]) - np.minimum(right[:, None], right[None])
    overlap = np.minimum(high[:, None], high[None]) - np.maximum(low[:, None], low[None])
    beside = (gaps <= max_gap * size) & (overlap >= MIN_BESIDE * np.minimum(high - low, (high - low)[:, None]))
    groups = np.arange(n)
    for first, second in zip(*np.nonzero(np.triu(beside, 1)), strict=True):
        if groups[first] != groups[second]:
            groups[groups == groups[second]] = groups[first]
    return [
        sorted(np.flatnonzero(groups == each).tolist(), key=lambda row: boxes[row, 0]) for each in np.unique(groups)
    ]
