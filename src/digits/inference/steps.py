"""The steps from a picture to one digit, as pictures to look at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from digits.inference.results import Digit, Reading
from digits.preprocessing import find_contrast
from digits.preprocessing.components import MAX_PAGE_SIDE
from digits.preprocessing.ink import Ink, Picture
from digits.shapes import UInt8

MARGIN = 0.25  # shown around a digit, relative to its longer side
FULL_QUANTILE = 0.995  # of the contrast, shown as full ink
MIN_FULL = 60  # contrast of 255; lower would make noise look like ink


@dataclass(frozen=True, eq=False)
class Steps:
    """The steps to one digit.

    Attributes
    ----------
    seen
        The digit and its surroundings in the picture, upright.
    ink
        The ink of the same part.
    digit
        The ink cut out, scaled and centred, as the network received it.
    """

    seen: Picture
    ink: Ink
    digit: UInt8[np.ndarray, "28 28"]


def trace_digit(picture: Picture, reading: Reading, digit: Digit) -> Steps:
    """Show how one digit of a reading was found in its decoded picture."""
    across, down = picture.shape[1] / reading.size[0], picture.shape[0] / reading.size[1]
    x, y, width, height = digit.box
    margin = MARGIN * max(width * across, height * down)
    top, bottom = _widen(y * down, height * down, margin, picture.shape[0])
    left, right = _widen(x * across, width * across, margin, picture.shape[1])
    seen, ink = (
        np.ascontiguousarray(np.rot90(each[top:bottom, left:right], reading.turned // 90))
        for each in (picture, show_ink(picture))
    )
    return Steps(seen, ink, digit.image)


def show_ink(picture: Picture) -> Ink:
    """Give the ink of a whole picture, bright on dark and stretched for the eye, at the size the reader uses."""
    dark, _ = find_contrast(picture, MAX_PAGE_SIDE)
    full = max(int(np.quantile(dark, FULL_QUANTILE)), MIN_FULL)
    stretched: Ink = (dark.astype(np.float32) * (255 / full)).clip(0, 255).astype(np.uint8)
    return stretched


def _widen(start: float, length: float, margin: float, size: int) -> tuple[int, int]:
    """Give the first pixel and the one after the last of a part with its margin, inside a side of `size` pixels."""
    first = min(max(int(start - margin), 0), size - 1)
    return first, min(max(round(start + length + margin), first + 1), size)
