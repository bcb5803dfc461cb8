"""A picture of one digit → the digit: which of its ink belongs to it."""

from __future__ import annotations

import cv2
import numpy as np

from digits.preprocessing.ink import Ink, Picture, find_ink, label_components, stretch_ink
from digits.preprocessing.normalization import DigitImage, normalize

MIN_SHARE = 0.05  # of the main component's score; less is a speck, a digit's own bars and dots are larger
BORDER_WEIGHT = 0.35  # of ink at the border, which is probably the edge of something else
LINE_WEIGHT = 0.1  # of a straight line across the whole picture, which is probably printed


def extract_digit(picture: Picture) -> DigitImage:
    """Extract the one digit in a picture as MNIST would have it.

    Its main component is large and near the middle; other components of some size, such as the bar of a 5, belong to
    it too.

    Parameters
    ----------
    picture
        Grey or RGB.

    Returns
    -------
    The digit, bright on 0; all zeros when there is no ink.

    Raises
    ------
    DataError
        When the picture is not ``uint8[h, w]`` or ``uint8[h, w, 3]``.
    """
    return normalize(find_digit_ink(picture))


def extract_digit_on_bands(grey: Ink, axis: int) -> DigitImage:
    """Extract the one digit from a banded ground, such as striped paper, with dark or light ink on each band.

    `axis` is 0 for vertical bands, 1 for horizontal ones; the median along it is their ground.
    """
    ground = np.median(grey, axis=axis, keepdims=True)
    contrast = np.abs(grey - ground).astype(np.uint8)
    return normalize(stretch_ink(contrast, np.zeros_like(contrast)))


def find_digit_ink(picture: Picture) -> Ink:
    """Find the ink of the one digit in a picture, in place, without specks, borders and printed lines.

    Shrunk as `find_ink` does; otherwise as `extract_digit`.
    """
    ink = find_ink(picture)
    if not ink.size:
        return ink
    # usually there is a single component, and counting is faster than measuring
    left, top, width, height = cv2.boundingRect(ink)
    if not width or cv2.connectedComponents(ink[top : top + height, left : left + width], connectivity=8)[0] < 3:
        return ink
    count, labels, boxes, centres = label_components(ink)
    height, width = ink.shape
    x, y, wide, high = (boxes[1:, column] for column in range(4))
    amount = np.bincount(labels.ravel(), ink.ravel(), count)[1:]
    distance = ((centres[1:] / (width, height) - 0.5) ** 2).sum(1)
    at_border = (x == 0) | (y == 0) | (x + wide == width) | (y + high == height)
    is_line = ((wide > 0.9 * width) & (high < 0.12 * height)) | ((high > 0.9 * height) & (wide < 0.06 * width))
    score = amount * np.exp(-4 * distance) * np.where(at_border, BORDER_WEIGHT, 1) * np.where(is_line, LINE_WEIGHT, 1)
    main = score.argmax()
    keep = (score > MIN_SHARE * score[main]) & ~is_line
    keep[main] = True
    kept: Ink = ink * np.concatenate(([False], keep))[labels].astype(np.uint8)
    return kept
