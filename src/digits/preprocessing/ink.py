"""Any picture → ink on nothing: which of two greys is the writing, and how much of it lies on each pixel."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import UInt8

from digits.spec import DataError

Picture = UInt8[np.ndarray, "h w"] | UInt8[np.ndarray, "h w 3"]
Ink = UInt8[np.ndarray, "_h _w"]

LONGEST = 400
"""Longer side that larger pictures are shrunk to."""


def find_ink(picture: Picture) -> Ink:
    """Find the ink in a picture, be it darker or lighter than what it is on.

    Parameters
    ----------
    picture
        Grey or RGB.

    Returns
    -------
    The ink, bright on exactly 0; at most 400 pixels long.

    Raises
    ------
    DataError
        When the picture is not ``uint8[h, w]`` or ``uint8[h, w, 3]``.
    """
    if picture.dtype != np.uint8 or not (picture.ndim == 2 or (picture.ndim == 3 and picture.shape[2] == 3)):
        raise DataError(
            f"a picture must be uint8[h, w] or uint8[h, w, 3]; this is {picture.dtype}{list(picture.shape)}"
        )
    if not picture.size:
        return np.zeros(picture.shape[:2], np.uint8)
    longest = max(picture.shape[:2])
    if longest > LONGEST:
        scale = LONGEST / longest
        size = max(round(picture.shape[1] * scale), 1), max(round(picture.shape[0] * scale), 1)
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if picture.ndim == 3 else picture
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    threshold, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_OTSU)
    if (border > threshold).mean() > 0.5:
        grey = 255 - grey
    # the ground: what is left when everything narrower than a third of the picture is taken away
    small = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA)
    ground = cv2.blur(cv2.morphologyEx(small, cv2.MORPH_OPEN, np.ones((13, 13), np.uint8)), (5, 5))
    flat = cv2.subtract(grey, cv2.resize(ground, grey.shape[::-1], interpolation=cv2.INTER_LINEAR))
    threshold, _ = cv2.threshold(flat, 0, 255, cv2.THRESH_OTSU)
    strong = flat[flat > threshold]
    if not strong.size or strong.mean() < 12:
        return np.zeros_like(grey)
    full = float(strong.mean())
    low = 0.3 * full
    levels = np.clip((np.arange(256) - low) * (255 / (full - low)), 0, 255).astype(np.uint8)
    return cv2.LUT(flat, levels)
