"""Ink of any size → an MNIST digit: the one place where a digit gets its scale, its stroke and its place.

MNIST's digits were fitted into 20×20 with their aspect kept, the anti-aliasing giving them greys, and then moved so
that their centre of mass lies at the centre of 28×28 (LeCun, Bottou, Bengio, Haffner 1998, section III-A). Measured on
its 70,000 images, the centre is pixel 14, counted from 0, and the move is by whole pixels: `normalize` gives all but
some twenty of them back byte for byte.
"""

from __future__ import annotations

import cv2
import numpy as np

from digits.errors import DataError
from digits.preprocessing.ink import line_width
from digits.shapes import UInt8
from digits.types import SIDE

Ink = UInt8[np.ndarray, "_h _w"]
Digit = UInt8[np.ndarray, "28 28"]

BOX = 20
"""The longer side of the ink, in pixels of a digit."""

CENTRE = 14
"""Row and column of a digit's centre of mass, in pixels counted from 0."""

THIN = 1.4
"""Width of line, in pixels of a digit, below which lines are made so wide.

Measured as here on the first 2,000 test digits of MNIST, enlarged five times, 46 % have thinner lines and 8 % lines
below 1.4: a digit as MNIST has it stays as it is because it is 20 pixels long already, not because its line is wide.
"""

FINE = 80
"""Longer side from which on a line's width can be measured; smaller ink is enlarged for it."""

COARSE = 200
"""Longer side above which ink is shrunk before anything else is done to it."""

FULL = 250
"""Grey that counts as full ink: MNIST's own digits reach 254 or 255."""


def normalize(ink: Ink) -> Digit:
    """Make an MNIST digit of the ink of one digit.

    The ink is cut out, fitted into 20×20 with its aspect kept, and its centre of mass moved to pixel 14, 14 by whole
    pixels, or as near as the border lets all ink stay. Lines too thin to survive the shrinking are thickened before
    it; ink without a full pixel is stretched to 255 after it. Ink that already is 20 pixels long is moved only.

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

    Notes
    -----
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition", 1998,
    section III-A.
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
    """Bring cut-out ink to a longer side of 20."""
    longest = max(ink.shape)
    if longest == BOX:
        return _stretch(ink)
    if longest > COARSE:
        ink = _shrink_coarsely(ink)
    if longest > BOX:
        ink = _thicken(ink)
    scale = BOX / max(ink.shape)
    size = max(round(ink.shape[1] * scale), 1), max(round(ink.shape[0] * scale), 1)
    return _stretch(cv2.resize(ink, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR_EXACT))


def _shrink_coarsely(ink: Ink) -> Ink:
    """Shrink large ink by a whole number, each pixel becoming the brightest of its block where lines are thinner."""
    step = -(-max(ink.shape) // COARSE)
    if line_width(ink) < 2 * step:
        ink = cv2.dilate(ink, np.ones((step, step), np.uint8))
    size = -(-ink.shape[1] // step), -(-ink.shape[0] // step)
    return cv2.resize(ink, size, interpolation=cv2.INTER_AREA)


def _thicken(ink: Ink) -> Ink:
    """Widen lines that would be thinner than `THIN` once the ink is 20 pixels long; leave others as they are."""
    longest = max(ink.shape)
    if longest < FINE:
        factor = -(-FINE // longest)
        size = ink.shape[1] * factor, ink.shape[0] * factor
        measured = cv2.resize(ink, size, interpolation=cv2.INTER_LINEAR_EXACT)
    else:
        measured = ink
    unit = max(measured.shape) / BOX
    missing = round(THIN * unit - line_width(measured))
    if missing < 1:
        return ink
    margin = (missing + 1) // 2
    padded = cv2.copyMakeBorder(measured, margin, margin, margin, margin, cv2.BORDER_CONSTANT)
    wide = cv2.dilate(padded, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (missing + 1, missing + 1)))
    left, top, width, height = cv2.boundingRect(wide)
    return wide[top : top + height, left : left + width]


def _stretch(ink: Ink) -> Ink:
    """Make the brightest pixel 255, unless it is full ink already."""
    peak = ink.max()
    if peak >= FULL or not peak:
        return ink
    return cv2.convertScaleAbs(ink, alpha=255 / float(peak))
