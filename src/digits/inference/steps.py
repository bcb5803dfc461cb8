"""How a digit came out of its picture, step by step, to be looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from digits.inference.results import Digit, Reading
from digits.preprocessing import find_contrast
from digits.preprocessing.components import LONGEST
from digits.preprocessing.ink import Picture
from digits.shapes import UInt8

MARGIN = 0.25
"""Of what lies around a digit, in its longer sides."""

FULL = 0.995
"""Share of the pixels that are no darker than what is shown as full ink."""

DARK = 60
"""Contrast, of 255, that is shown as full ink at least, lest noise looks like it."""


@dataclass(frozen=True, eq=False)
class Steps:
    """What became of one digit.

    Attributes
    ----------
    seen
        It and what is around it, in the picture, upright.
    ink
        The same part: what is darker or lighter than its ground.
    digit
        Segmentation out, scaled and centred: what the network gets.
    """

    seen: Picture
    ink: UInt8[np.ndarray, "_h _w"]
    digit: UInt8[np.ndarray, "28 28"]


def steps_of(picture: Picture, reading: Reading, digit: Digit) -> Steps:
    """Show how a digit was found.

    Parameters
    ----------
    picture
        What was read, decoded.
    reading
        What was read in it.
    digit
        One of its digits.
    """
    across, down = picture.shape[1] / reading.size[0], picture.shape[0] / reading.size[1]
    x, y, width, height = digit.box
    margin = MARGIN * max(width * across, height * down)
    top, bottom = _within(y * down, height * down, margin, picture.shape[0])
    left, right = _within(x * across, width * across, margin, picture.shape[1])
    ink = shown_ink(picture)
    quarter_turns = reading.turned // 90
    seen, part = (
        np.ascontiguousarray(np.rot90(each[top:bottom, left:right], quarter_turns)) for each in (picture, ink)
    )
    return Steps(seen, part, digit.image)


def shown_ink(picture: Picture) -> UInt8[np.ndarray, "_h _w"]:
    """Give the ink of a whole picture, bright on dark, stretched to be seen; as large as the reader sees it."""
    dark, _ = find_contrast(picture, LONGEST)
    full = max(int(np.quantile(dark, FULL)), DARK)
    stretched: UInt8[np.ndarray, "_h _w"] = (dark.astype(np.float32) * (255 / full)).clip(0, 255).astype(np.uint8)
    return stretched


def _within(start: float, length: float, margin: float, size: int) -> tuple[int, int]:
    first = min(max(int(start - margin), 0), size - 1)
    return first, min(max(round(start + length + margin), first + 1), size)
