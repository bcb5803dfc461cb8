"""Ink of any size → an MNIST digit: the only place where a digit gets its scale, line width and position.

MNIST's digits were fitted into 20×20 with their aspect kept, anti-aliasing giving them greys, and then moved so that
their centre of mass lies at the centre of 28×28 (LeCun, Bottou, Bengio, Haffner 1998, section III-A). Measured on its
70,000 images, the centre is pixel 14, counted from 0, and they move by whole pixels: `normalize` returns all but some
twenty of them byte for byte.
"""

from __future__ import annotations

import cv2
import numpy as np

from digits.errors import DataError
from digits.preprocessing.ink import Ink, line_width
from digits.shapes import UInt8
from digits.types import SIDE

DigitImage = UInt8[np.ndarray, "28 28"]

BOX = 20  # longer side of the ink, in pixels
CENTRE = 14  # row and column of the centre of mass, counted from 0

# Thinner lines are thickened to this, in pixels of a digit. Measured as here on the first 2,000 test digits of MNIST,
# enlarged five times, 46 % have thinner lines and 8 % lines below 1.4: MNIST's digits stay as they are because they are
# 20 pixels long already, not because their lines are wide.
MIN_LINE_WIDTH = 1.4
MIN_MEASURED_SIDE = 80  # in pixels; smaller ink is enlarged to measure its lines
MAX_INK_SIDE = 200  # in pixels; larger ink is first shrunk by a whole number
FULL_INK = 250  # MNIST's own digits reach 254 or 255


def normalize(ink: Ink) -> DigitImage:
    """Scale and place the ink of one digit as MNIST does.

    The ink is cut out, fitted into 20×20 with its aspect kept, and moved by whole pixels until its centre of mass is at
    pixel 14, 14, or as near as the border allows. Lines too thin to survive shrinking are thickened before; ink
    without a full pixel is stretched to 255 after. Ink whose longer side is 20 pixels already is only moved.

    Parameters
    ----------
    ink
        Any size, background 0, ink bright.

    Returns
    -------
    The digit; all zeros when there is no ink.

    Raises
    ------
    DataError
        When the ink is not ``uint8[h, w]``.
    """
    if ink.dtype != np.uint8 or ink.ndim != 2:
        raise DataError(f"ink must be uint8[h, w]; this is {ink.dtype}{list(ink.shape)}")
    digit = np.zeros((SIDE, SIDE), np.uint8)
    left, top, width, height = cv2.boundingRect(ink) if ink.size else (0, 0, 0, 0)
    if not width:
        return digit
    fitted = _fit(ink[top : top + height, left : left + width])
    rows, columns = fitted.shape
    m = cv2.moments(fitted)
    x = min(max(round(CENTRE - m["m10"] / m["m00"]), 0), SIDE - columns)
    y = min(max(round(CENTRE - m["m01"] / m["m00"]), 0), SIDE - rows)
    digit[y : y + rows, x : x + columns] = fitted
    return digit


def _fit(ink: Ink) -> Ink:
    """Scale ink to a longer side of 20 pixels."""
    longest = max(ink.shape)
    if longest == BOX:
        return _stretch(ink)
    if longest > MAX_INK_SIDE:
        ink = _shrink_coarsely(ink)
    if longest > BOX:
        ink = _thicken(ink)
    scale = BOX / max(ink.shape)
    size = max(round(ink.shape[1] * scale), 1), max(round(ink.shape[0] * scale), 1)
    return _stretch(cv2.resize(ink, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR_EXACT))


def _shrink_coarsely(ink: Ink) -> Ink:
    """Shrink large ink by a whole number; where lines are thinner than that, each block keeps its brightest pixel."""
    step = -(-max(ink.shape) // MAX_INK_SIDE)
    if line_width(ink) < 2 * step:
        ink = cv2.dilate(ink, np.ones((step, step), np.uint8))
    size = -(-ink.shape[1] // step), -(-ink.shape[0] // step)
    return cv2.resize(ink, size, interpolation=cv2.INTER_AREA)


def _thicken(ink: Ink) -> Ink:
    """Thicken lines that would be thinner than `MIN_LINE_WIDTH` in a digit of 20 pixels."""
    longest = max(ink.shape)
    if longest < MIN_MEASURED_SIDE:
        factor = -(-MIN_MEASURED_SIDE // longest)
        size = ink.shape[1] * factor, ink.shape[0] * factor
        measured = cv2.resize(ink, size, interpolation=cv2.INTER_LINEAR_EXACT)
    else:
        measured = ink
    unit = max(measured.shape) / BOX
    missing = round(MIN_LINE_WIDTH * unit - line_width(measured))
    if missing < 1:
        return ink
    margin = (missing + 1) // 2
    padded = cv2.copyMakeBorder(measured, margin, margin, margin, margin, cv2.BORDER_CONSTANT)
    wide = cv2.dilate(padded, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (missing + 1, missing + 1)))
    left, top, width, height = cv2.boundingRect(wide)
    return wide[top : top + height, left : left + width]


def _stretch(ink: Ink) -> Ink:
    """Stretch the brightest pixel to 255, unless it is full ink already."""
    peak = ink.max()
    if peak >= FULL_INK or not peak:
        return ink
    return cv2.convertScaleAbs(ink, alpha=255 / float(peak))
