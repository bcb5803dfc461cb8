"""Digits of any usual shape and range → ``uint8[n, 28, 28]``: one rule for files and for arrays in Python."""

from __future__ import annotations

import numpy as np

from digits.shapes import Shaped, UInt8
from digits.types import SIDE, Images

DIGIT_SHAPES = {(SIDE, SIDE), (SIDE, SIDE, 1), (1, SIDE, SIDE), (SIDE * SIDE,)}
"""Of one digit; a batch has one dimension more."""

NUMBERS = "buif"
"""Kinds of dtype that hold pixels."""


def shape_digits(pixels: Shaped[np.ndarray, "..."]) -> Shaped[np.ndarray, "n 28 28"] | None:
    """Give one digit or many the shape ``[n, 28, 28]``; None where they have no usual one."""
    return pixels.reshape(-1, SIDE, SIDE) if {pixels.shape, pixels.shape[1:]} & DIGIT_SHAPES else None


def find_scale(pixels: Shaped[np.ndarray, "..."]) -> int | None:
    """Find the number that makes pixels 0–255: 255 if they are 0–1, 1 if they are 0–255; None if they are neither.

    It is 256 if they were divided by that, as those of ``mnist.pkl``.
    """
    if pixels.dtype.kind == "b":
        return 255
    low, high = (float(pixels.min()), float(pixels.max())) if pixels.size else (0.0, 0.0)
    # between 1 and 2, they are probably standardized, or 0–1 and sharpened
    if not 0 <= low <= high <= 255 or 1 < high < 2:
        return None
    if high == 255 / 256 and pixels.dtype.kind == "f" and not (pixels * 256 % 1).any():
        return 256
    return 255 if 0 < high <= 1 else 1


def scale_pixels(pixels: Shaped[np.ndarray, "n 28 28"], scale: int) -> Images:
    """Multiply pixels by what `find_scale` found, and round them."""
    if pixels.dtype.kind == "f":
        pixels = np.rint(pixels * scale)
        scale = 1
    scaled: UInt8[np.ndarray, "n 28 28"] = np.ascontiguousarray(pixels, dtype=np.uint8)
    return scaled * np.uint8(scale) if scale > 1 else scaled
