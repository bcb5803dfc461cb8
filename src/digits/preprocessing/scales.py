"""A picture at half its size, and half of that: a finder that knows digits of some sizes finds all of them."""

from __future__ import annotations

import cv2
import numpy as np

from digits.shapes import UInt8


def halve(picture: UInt8[np.ndarray, "_h _w"]) -> UInt8[np.ndarray, "_half_h _half_w"]:
    """Return a grey picture at half its height and width, rounded up; each pixel is the mean of those it stands for."""
    height, width = picture.shape
    if height % 2 or width % 2:  # the last row and column stand for two
        picture = cv2.copyMakeBorder(picture, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
        height, width = picture.shape
    half = cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return half.reshape(height // 2, width // 2)
