"""A picture of one digit → the digit: what of its ink belongs to it."""

from __future__ import annotations

import cv2
import numpy as np

from digits.preprocessing.ink import Ink, Picture, find_ink, label_components, stretched
from digits.preprocessing.normalization import Digit, normalize

SPECK = 0.05
"""Share of the digit's main part below which ink is a speck, a digit's own bars and dots being larger."""

AT_BORDER = 0.35
"""What ink at the border counts for: it is likelier to be the edge of something else."""

PRINTED = 0.1
"""What a straight line across the whole picture counts for: it is likelier to be printed than written."""


def extract_digit(picture: Picture) -> Digit:
    """Read the one digit in a picture as an MNIST digit.

    Its main part is the piece of ink that is large and near the middle; pieces that are large beside it, such as the
    bar of a 5, belong to it too.

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
    return normalize(digit_ink(picture))


def digit_on_bands(grey: Ink, axis: int) -> Digit:
    """Read the one digit on a ground of bands, such as striped paper, on each of which ink may be dark or light.

    Parameters
    ----------
    grey
        The picture, ``uint8[h, w]``.
    axis
        0 for bands that run down, 1 for bands that run across: their ground is the median along them.
    """
    ground = np.median(grey, axis=axis, keepdims=True)
    contrast = np.abs(grey - ground).astype(np.uint8)
    return normalize(stretched(contrast, np.zeros_like(contrast)))


def digit_ink(picture: Picture) -> Ink:
    """Give the ink of the one digit in a picture, without specks, borders and printed lines, in its place.

    Shrunk as `find_ink` does; else as `extract_digit`.
    """
    ink = find_ink(picture)
    if not ink.size:
        return ink
    # most often there is but one piece, and counting takes less time than measuring
    left, top, width, height = cv2.boundingRect(ink)
    if not width or cv2.connectedComponents(ink[top : top + height, left : left + width], connectivity=8)[0] < 3:
        return ink
    count, names, boxes, centres = label_components(ink)
    height, width = ink.shape
    x, y, wide, high = (boxes[1:, column] for column in range(4))
    amount = np.bincount(names.ravel(), ink.ravel(), count)[1:]
    away = ((centres[1:] / (width, height) - 0.5) ** 2).sum(1)
    bordering = (x == 0) | (y == 0) | (x + wide == width) | (y + high == height)
    across = ((wide > 0.9 * width) & (high < 0.12 * height)) | ((high > 0.9 * height) & (wide < 0.06 * width))
    score = amount * np.exp(-4 * away) * np.where(bordering, AT_BORDER, 1) * np.where(across, PRINTED, 1)
    main = score.argmax()
    keep = (score > SPECK * score[main]) & ~across
    keep[main] = True
    kept: Ink = ink * np.concatenate(([False], keep))[names].astype(np.uint8)
    return kept
