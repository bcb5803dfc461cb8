"""Pictures at other places than their pixels, computed so that every processor rounds alike."""

from __future__ import annotations

import cv2
import numpy as np

from digits.shapes import Float64, Integer, UInt8, UInt16

Coordinates = Float64[np.ndarray, "_r _c"]

FAR = 1 << 14  # pixels; what lies further away is beyond every picture, and fits into 16 bits


def interpolate_at(
    picture: UInt8[np.ndarray, "_h _w"], x: Coordinates, y: Coordinates, border: int = cv2.BORDER_REPLICATE
) -> UInt8[np.ndarray, "_r _c"]:
    """Interpolate a picture at x and y, rounded to 32nds of a pixel; `border` is OpenCV's way to go on beyond it."""
    fixed_x, fixed_y = _round(32 * x, 32 * FAR), _round(32 * y, 32 * FAR)
    whole = np.stack((fixed_x >> 5, fixed_y >> 5), axis=2).astype(np.int16)
    rest = ((fixed_y & 31) * 32 + (fixed_x & 31)).astype(np.uint16)
    found: UInt8[np.ndarray, "_r _c"] = cv2.remap(picture, whole, rest, cv2.INTER_LINEAR, borderMode=border)
    return found


def nearest_at(mask: UInt16[np.ndarray, "_h _w"], x: Coordinates, y: Coordinates) -> UInt16[np.ndarray, "_r _c"]:
    """Take the pixels of a mask that are nearest to x and y; 0 beyond it."""
    whole = np.stack((_round(x, FAR), _round(y, FAR)), axis=2).astype(np.int16)
    no_rest = np.zeros((0, 0), np.uint16)
    found: UInt16[np.ndarray, "_r _c"] = cv2.remap(
        mask, whole, no_rest, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT
    )
    return found


def _round(values: Coordinates, largest: int) -> Integer[np.ndarray, "_r _c"]:
    rounded: Integer[np.ndarray, "_r _c"] = np.rint(values).clip(-largest, largest).astype(np.int32)
    return rounded
