"""A picture of one digit → the digit: what of its ink belongs to it."""

from __future__ import annotations

import cv2
import numpy as np

from digits.preprocessing.ink import Ink, Picture, find_ink
from digits.preprocessing.normalization import Digit, normalize


def digit_in(picture: Picture) -> Digit:
    """Read the one digit in a picture as an MNIST digit.

    Parameters
    ----------
    picture
        Grey or RGB.

    Returns
    -------
    The digit; all zeros when there is no ink.

    Raises
    ------
    DataError
        When the picture is not ``uint8[h, w]`` or ``uint8[h, w, 3]``.
    """
    return normalize(_of_the_digit(find_ink(picture)))


def _of_the_digit(ink: Ink) -> Ink:
    """Take specks away."""
    if not ink.size:
        return ink
    count, names, boxes, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    area = boxes[:, cv2.CC_STAT_AREA].astype(np.int64)
    if count < 3:
        return ink
    keep = area > 0.05 * area[1:].max()
    keep[0] = False
    return ink * keep[names].astype(np.uint8)
