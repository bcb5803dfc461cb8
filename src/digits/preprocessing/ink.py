"""Any picture → ink on nothing: which of two greys is the writing, and how much of it lies on each pixel.

Everything is computed with whole numbers or rounded once, so that every processor finds the same ink.
"""

from __future__ import annotations

import cv2
import numpy as np

from digits.errors import DataError
from digits.shapes import Float32, Int64, UInt8

Picture = UInt8[np.ndarray, "_h _w"] | UInt8[np.ndarray, "_h _w 3"]
Ink = UInt8[np.ndarray, "_h _w"]

LONGEST = 400
"""Longer side that larger pictures of one digit are shrunk to."""

SMALL = 48
"""Longer side at which light that falls on the whole picture is told from ink."""

COARSE = 200
"""Longer side at which the width of the pen is measured, to find the ground by."""

WIDE = 0.55
"""Window, over the shorter side, whose median is ground where the ink is thick."""

NARROW = 0.1
"""Window, over the longer side, whose mean is mostly ground where the ink is thin."""

THICKEST = 1 / 3
"""Width of line, over the picture's shorter side, above which nothing is a line."""

CLOSING = 3
"""Widths of line from edge to edge of the window in which ink disappears."""

FINEST = 20
"""Windows of that kind, at most, along the longer side: in smaller ones the ground would follow noise."""

PIXELS = 12
"""Pixels of such a window; the ground is found in a picture shrunk to that."""

DARKEST = 96
"""Grey below which a ground is so dark that contrast is no longer taken relative to it."""

FAINT = 0.22
"""Share of full ink below which there is none: paper, blur and printed lines."""

NOISE = 3.3
"""Standard deviations of the ground's own noise that are no ink either."""

LEAST = 8
"""Contrast that ink has at least, of 255."""


def find_ink(picture: Picture) -> Ink:
    """Find the ink in a picture of one digit, be it darker or lighter than what it is on.

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
    return stretched(*find_contrast(picture, LONGEST))


def find_contrast(picture: Picture, longest: int) -> tuple[Ink, Ink]:
    """Compare a picture with the ground that its ink lies on.

    The ground is what remains when all that is narrower than a few widths of the pen is taken away (a morphological
    closing), which keeps the edges of shadows where they are; less what it lies above the paper by its noise. The
    width of the pen is measured the same way in the picture made small.

    Parameters
    ----------
    picture
        Grey or RGB.
    longest
        Longer side that larger pictures are shrunk to.

    Returns
    -------
    How much darker than its ground each pixel is, of 255, and how much lighter: in a picture of light ink, the other
    way round.

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
        return np.zeros(picture.shape[:2], np.uint8), np.zeros(picture.shape[:2], np.uint8)
    picture = shrunk(picture, longest)
    grey: Ink = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if picture.ndim == 3 else picture
    if _is_light_on_dark(grey):
        grey = 255 - grey
    small = shrunk(grey, COARSE)
    ink = stretched(*_against_ground(small, round(THICKEST * min(small.shape))))
    width = line_width(ink) * max(grey.shape) / max(small.shape)
    window = min(max(round(CLOSING * width), max(grey.shape) // FINEST), round(THICKEST * min(grey.shape)))
    return _against_ground(grey, window)


def shrunk(picture: Picture, longest: int) -> Picture:
    """Shrink a picture to a longer side; one that is small enough stays as it is."""
    scale = longest / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = max(round(picture.shape[1] * scale), 1), max(round(picture.shape[0] * scale), 1)
    smaller: Picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return smaller


def one_thread_each() -> None:
    """Let OpenCV use one thread for each call, in this whole process: for who runs readings beside each other."""
    cv2.setNumThreads(1)


CROSS = np.ones((3, 3), np.uint8)


def line_width(ink: Ink) -> float:
    """Twice the area over the edge, which is what a pixel's erosion takes away; at least 2."""
    area = cv2.sumElems(ink)[0]
    eroded = cv2.erode(ink, CROSS, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return float(2 * area / max(area - cv2.sumElems(eroded)[0], 1.0)) if area else 2.0


def label_components(ink: Ink) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """Find and measure what hangs together: as `cv2.connectedComponentsWithStats`, in half the time on one thread."""
    count, names, boxes, centres = cv2.connectedComponentsWithStatsWithAlgorithm(ink, 8, cv2.CV_32S, cv2.CCL_BBDT)
    return count, names, boxes, centres


def _is_light_on_dark(grey: Ink) -> bool:
    """Whether ink is lighter than its ground: it lies farther from it than all else, and on one side.

    Measured by the skewness about the ground, twice: against a wide median, which sees thick lines, and a narrow mean,
    which sees thin ones where the light is uneven. The more decided one decides.
    """
    small, middle = shrunk(grey, SMALL), shrunk(grey, LONGEST)
    side = round(NARROW * max(middle.shape)) | 1
    near = cv2.blur(middle, (side, side), borderType=cv2.BORDER_REPLICATE)
    both = (_skewness(cv2.subtract(small, _median(small), dtype=cv2.CV_32F)),
            _skewness(cv2.subtract(middle, near, dtype=cv2.CV_32F)))  # fmt: skip
    return max(both, key=abs) > 0


def _skewness(difference: Float32[np.ndarray, "_h _w"]) -> float:
    # the cube of a difference of greys is below 2**24, and OpenCV sums in float64, so that nothing is rounded
    square = difference * difference
    squares, cubes = (int(cv2.sumElems(each)[0]) for each in (square, square * difference))
    return cubes * difference.size**0.5 / squares**1.5 if squares else 0.0


def _median(small: Ink) -> Ink:
    """Give the median over a window of about half the picture; beyond the border the picture is its mirror image."""
    reach = max(int(min(small.shape) * WIDE) // 2, 1)
    mode = cv2.BORDER_REFLECT_101 if min(small.shape) > reach else cv2.BORDER_REPLICATE
    padded = cv2.copyMakeBorder(small, reach, reach, reach, reach, mode)
    median: Ink = cv2.medianBlur(padded, 2 * reach + 1)[reach:-reach, reach:-reach]
    return median


def _against_ground(grey: Ink, window: int) -> tuple[Ink, Ink]:
    """Find the ground by a window in which ink disappears, and compare."""
    height, width = grey.shape
    step = max(window // PIXELS, 1)
    if step > 1:
        little = cv2.resize(grey, (max(width // step, 1), max(height // step, 1)), interpolation=cv2.INTER_AREA)
    else:
        little = cv2.GaussianBlur(grey, (3, 3), 0)
    side = max(window // step, 3) | 1
    closed = cv2.morphologyEx(little, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8), borderType=cv2.BORDER_REPLICATE)
    above = cv2.subtract(closed, little)
    threshold, _ = cv2.threshold(above, 0, 255, cv2.THRESH_OTSU)
    # ink fades at its edge, which is no ground
    free = cv2.erode((above <= max(0.5 * threshold, 2)).astype(np.uint8), CROSS)
    count, total = (
        cv2.boxFilter(each, cv2.CV_32S, (2 * side + 1,) * 2, normalize=False, borderType=cv2.BORDER_REPLICATE)
        for each in (free, free * above)
    )
    noise = ((total + count // 2) // np.maximum(count, 1)).astype(np.uint8)
    ground = cv2.blur(cv2.subtract(closed, noise), (3, 3), borderType=cv2.BORDER_REPLICATE)
    level = int(ground.max())
    if ground.min() == level:  # as that of a drawing
        return cv2.LUT(grey, DARKER[level]), cv2.LUT(grey, LIGHTER[level])
    if step > 1:
        ground = cv2.resize(ground, (width, height), interpolation=cv2.INTER_LINEAR_EXACT)
    place = (ground.astype(np.uint16) * 256 + grey).astype(np.intp)
    return DARKER.take(place), LIGHTER.take(place)


def _tables() -> tuple[UInt8[np.ndarray, "256 256"], UInt8[np.ndarray, "256 256"]]:
    """Give how much darker than its ground a grey is, and how much lighter, by both: dividing takes longer."""
    ground, grey = np.ogrid[:256, :256]
    # a shadow takes the same share of paper and ink
    relative = (ground - grey) * 255 // np.maximum(ground, DARKEST)
    return relative.clip(0, 255).astype(np.uint8), (-relative).clip(0, 255).astype(np.uint8)


DARKER, LIGHTER = _tables()


def stretched(dark: Ink, light: Ink) -> Ink:
    """Stretch what is darker than the ground to ink, by the noise of what is not; `light` is what is lighter."""
    if not dark.size:
        return dark
    threshold, _ = cv2.threshold(dark, 0, 255, cv2.THRESH_OTSU)
    counts, lighter = counted(dark), counted(light)
    strong = counts.copy()
    strong[: int(threshold) + 1] = 0
    if not strong.any():
        return np.zeros_like(dark)
    full = float(quantile(strong, 0.6))
    # of normal noise, two thirds lie within a standard deviation
    calm = counts - strong + lighter
    calm[0] -= light.size - lighter[0]
    noise = quantile(calm, 0.683)
    if full < max(LEAST, 2 * noise):
        return np.zeros_like(dark)
    return cv2.LUT(dark, levels_between(min(max(FAINT * full, NOISE * noise), 0.7 * full), full))


def levels_between(low: float, full: float) -> UInt8[np.ndarray, "256"]:
    """Give the table that makes 0 of what is no more than `low`, and 255 of what is `full` or more."""
    table: UInt8[np.ndarray, "256"] = (
        np.rint((np.arange(256) - low) * (255 / (full - low))).clip(0, 255).astype(np.uint8)
    )
    return table


def counted(ink: Ink) -> Int64[np.ndarray, "256"]:
    """Count the pixels of each level; up to 16 million are counted exactly."""
    left, top, width, height = cv2.boundingRect(ink)
    counts = np.zeros(256, np.int64)
    if width:
        # counting takes long, and around the ink there is nothing but 0
        box = ink[top : top + height, left : left + width]
        counts += cv2.calcHist([box], [0], None, [256], [0, 256]).ravel().astype(np.int64)
    counts[0] += ink.size - width * height
    return counts


def quantile(counts: Int64[np.ndarray, "256"], share: float) -> int:
    """Give the lowest level that such a share of the counted pixels does not exceed."""
    summed = counts.cumsum()
    return int(np.searchsorted(summed, share * summed[-1]))
