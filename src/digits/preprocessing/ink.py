"""Any picture → ink on nothing: which of two greys is the writing, and how much of it lies on each pixel.

Everything is computed with whole numbers or rounded once, so that every processor finds the same ink.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from digits.spec import DataError

Picture = UInt8[np.ndarray, "_h _w"] | UInt8[np.ndarray, "_h _w 3"]
Ink = UInt8[np.ndarray, "_h _w"]

LONGEST = 400
"""Longer side that larger pictures are shrunk to."""

SMALL = 48
"""Longer side at which the ground is looked for: it changes slowly."""

WIDE = 0.55
"""Window of the first guess at the ground, over the picture's shorter side: ink covers less than half of it."""

NEAR = (0.35, 0.25)
"""Windows over which the ground between the ink is averaged, over the longer side, one after the other."""

FAINT = 0.3
"""Share of full ink below which there is none: paper, blur and printed lines."""

NOISE = 3.0
"""Standard deviations of the ground's own noise that are no ink either."""

LEAST = 8
"""Grey levels that ink differs from its ground by at least."""


def find_ink(picture: Picture) -> Ink:
    """Find the ink in a picture of mostly ground, be it darker or lighter than what it is on.

    The ground is a wide median first; then, twice, the mean of what is no ink nearby, which follows light and shadow.
    What remains is stretched from a little above the ground's noise to full ink.

    Parameters
    ----------
    picture
        Grey or RGB.

    Returns
    -------
    The ink, 255 where it is full, on exactly 0; at most 400 pixels long; all zeros where there is none.

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
    picture = _shrunk(picture, LONGEST)
    grey: Ink = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if picture.ndim == 3 else picture
    small = _shrunk(grey, SMALL)
    ground = _median(small)
    # ink lies farther from the ground than anything else does: the sign of the third moment says on which side
    if (np.subtract(small, ground, dtype=np.int64) ** 3).sum() > 0:
        grey, small, ground = 255 - grey, 255 - small, 255 - ground
    for window in NEAR:
        ground = _between(small, ground, window)
    ground = cv2.resize(ground, grey.shape[::-1], interpolation=cv2.INTER_LINEAR_EXACT)
    return _stretched(cv2.subtract(ground, grey), cv2.subtract(grey, ground))


def _shrunk(picture: Picture, longest: int) -> Picture:
    """Shrink a picture to a longer side; one that is small enough stays as it is."""
    scale = longest / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = max(round(picture.shape[1] * scale), 1), max(round(picture.shape[0] * scale), 1)
    shrunk: Picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return shrunk


def _median(small: Ink) -> Ink:
    """Give the median over a window of about half the picture; beyond the border the picture is its mirror image."""
    reach = max(int(min(small.shape) * WIDE) // 2, 1)
    mode = cv2.BORDER_REFLECT_101 if min(small.shape) > reach else cv2.BORDER_REPLICATE
    padded = cv2.copyMakeBorder(small, reach, reach, reach, reach, mode)
    median: Ink = cv2.medianBlur(padded, 2 * reach + 1)[reach:-reach, reach:-reach]
    return median


def _between(small: Ink, ground: Ink, window: float) -> Ink:
    """Average the ground over what is no ink, near each pixel; where there is nothing but ink, leave it as it is."""
    dark = cv2.subtract(ground, small)
    threshold, _ = cv2.threshold(dark, 0, 255, cv2.THRESH_OTSU)
    # ink fades at its edge, which is no ground
    free = cv2.erode((dark <= max(0.6 * threshold, 2)).astype(np.uint8), np.ones((3, 3), np.uint8))
    side = int(window * max(small.shape)) | 1
    count, total = (
        cv2.boxFilter(each, cv2.CV_32S, (side, side), normalize=False, borderType=cv2.BORDER_REPLICATE)
        for each in (free, free * small)
    )
    known: Bool[np.ndarray, "_h _w"] = count > 0.03 * side**2
    mean = (total + count // 2) // np.maximum(count, 1)
    smooth: Ink = cv2.blur(np.where(known, mean, ground).astype(np.uint8), (5, 5), borderType=cv2.BORDER_REPLICATE)
    return smooth


def _stretched(dark: Ink, light: Ink) -> Ink:
    """Stretch what is darker than the ground to ink, by the noise of what is not; `light` is what is lighter."""
    threshold, _ = cv2.threshold(dark, 0, 255, cv2.THRESH_OTSU)
    levels = np.arange(256)
    counts = np.bincount(dark.ravel(), minlength=256)
    strong = np.where(levels > threshold, counts, 0)
    if not strong.sum():
        return np.zeros_like(dark)
    full = _quantile(strong, 0.6)
    # of normal noise, two thirds lie within a standard deviation
    calm = np.where(levels <= threshold, counts, 0) + np.bincount(light.ravel(), minlength=256)
    calm[0] -= np.count_nonzero(light)
    noise = _quantile(calm, 0.683)
    if full < max(LEAST, 2 * noise):
        return np.zeros_like(dark)
    low = min(max(FAINT * full, NOISE * noise), 0.7 * full)
    table = np.rint((levels - low) * (255 / (full - low))).clip(0, 255).astype(np.uint8)
    ink: Ink = cv2.LUT(dark, table)
    return ink


def _quantile(counts: np.ndarray, share: float) -> int:
    """Give the lowest grey level that such a share of the counted pixels does not exceed."""
    summed = counts.cumsum()
    return int(np.searchsorted(summed, share * summed[-1]))
