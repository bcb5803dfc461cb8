"""A picture with transparent parts → an opaque one: dark drawings on white, light ones on black."""

from __future__ import annotations

import math

import cv2
import numpy as np

from digits.preprocessing.ink import Picture
from digits.shapes import UInt8

MIN_OPACITY = 0.75  # of the largest; below, as at faint edges, the colour of a pixel is arbitrary
MAX_DARK_SHARE = 0.001  # of the opaque pixels in a drawing with a light pen; a page cut out has dark ink on it


def composite(pixels: UInt8[np.ndarray, "h w c"]) -> Picture:
    """Place colours, premultiplied by the opacity in the last channel, on white; drawings with a light pen on black."""
    *channels, opacity = cv2.split(pixels)
    colour: Picture = cv2.merge(channels)
    if opacity.min() == 255:  # as browsers save drawings
        return colour
    if opacity.any():
        grey = cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY) if colour.ndim == 3 else colour
        opaque = opacity >= math.ceil(MIN_OPACITY * int(opacity.max()))
        dark = opaque & (grey < opacity - opacity // 2)  # below half of it
        if np.count_nonzero(dark) <= MAX_DARK_SHARE * np.count_nonzero(opaque):
            return colour
    on_white: Picture = colour + cv2.merge([255 - opacity] * len(channels))
    return on_white
