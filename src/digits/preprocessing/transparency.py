"""A picture that is transparent in places → one that is not: a drawing lies on paper, or on a board."""

from __future__ import annotations

import math

import cv2
import numpy as np

from digits.preprocessing.ink import Picture
from digits.shapes import UInt8

OPAQUE, DARK_SHARE = 0.75, 0.001
"""Share of the largest opacity from which a pixel's colour counts, faint edges having any; and the share of those that
may be dark in a drawing of a light pen."""


def on_ground(pixels: UInt8[np.ndarray, "h w c"]) -> Picture:
    """Lay colours, multiplied by the opacity in the last channel, on white; a drawing of a light pen on black.

    A page that was cut out is light too, but has ink on it.
    """
    *channels, opacity = cv2.split(pixels)
    colour: Picture = cv2.merge(channels)
    if opacity.min() == 255:  # as browsers save what was drawn
        return colour
    if opacity.any():
        grey = cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY) if colour.ndim == 3 else colour
        opaque = opacity >= math.ceil(OPAQUE * int(opacity.max()))
        dark = opaque & (grey < opacity - opacity // 2)  # below half of it
        if np.count_nonzero(dark) <= DARK_SHARE * np.count_nonzero(opaque):
            return colour
    laid: Picture = colour + cv2.merge([255 - opacity] * len(channels))
    return laid
