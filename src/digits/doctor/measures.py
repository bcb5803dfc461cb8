"""What is measured of every image: its background, its contrast, the box of its ink, its hash."""

from __future__ import annotations

import numpy as np

from digits.shapes import Shaped
from digits.types import SIDE, Images

MIN_CONTRAST = 1 / 16
"""Difference of the lightest and the darkest pixel of an image below which nothing can be seen, as a share of the
largest such difference in the set: the faintest pencil has twice as much."""

FACTORS = np.cumprod(np.full(SIDE * SIDE // 8, 0x9E3779B97F4A7C15, np.uint64))
"""Powers of an odd number, modulo 2⁶⁴: no bit of a word is lost when they multiply it."""


def is_blank(images: Images) -> Shaped[np.ndarray, " n"]:
    """Tell for each image whether all its pixels are nearly equal, so that nothing can be seen on it."""
    span = images.max((1, 2)) - images.min((1, 2))
    return np.asarray((span == 0) | (span < MIN_CONTRAST * span.max(initial=0)))


def is_dark_on_light(images: Images) -> Shaped[np.ndarray, " n"]:
    """Tell for each image whether its background is light: most of its pixels, and those in its corners.

    Ink covers less than half of a digit, and seldom reaches all four corners even where it fills the frame.
    """
    corners = np.sort(np.stack([images[:, y, x] for y in (0, 1, -2, -1) for x in (0, 1, -2, -1)], axis=1), axis=1)
    ends = images.max((1, 2)).astype(np.int16) + images.min((1, 2))
    is_light = 2 * corners[:, 8].astype(np.int16) > ends
    found = np.flatnonzero(is_light)
    if len(found):
        middle = np.median(images[found].reshape(len(found), -1), axis=1)
        is_light[found] = 2 * middle > ends[found]
    return np.asarray(is_light)


def ink_boxes(images: Images) -> Shaped[np.ndarray, "n 4"]:
    """Measure the box of what differs from the background of each image: left, top, width and height in pixels.

    Background is the median grey of the border; what differs from it by more than half the contrast is ink.
    """
    ground = _find_ground(images)
    high, low = images.max((1, 2)).astype(np.int16), images.min((1, 2)).astype(np.int16)
    is_ink = 2 * np.abs(images.astype(np.int16) - ground[:, None, None]) > (high - low)[:, None, None]
    boxes = []
    for axis in (1, 2):  # columns first, then rows
        line = is_ink.any(axis)
        first = line.argmax(1)
        size = np.where(line.any(1), SIDE - line[:, ::-1].argmax(1) - first, 0)
        boxes.append((first, size))
    (left, width), (top, height) = boxes
    return np.stack([left, top, width, height], axis=1)


def find_contrast(images: Images) -> Images:
    """Give how far each pixel is from the background of its image, where that is more than paper's own greys.

    They are a quarter of the contrast, at most. Images on black stay as they are.
    """
    ground = _find_ground(images)
    lit = np.flatnonzero(ground)
    contrast = images.copy()
    apart = np.abs(images[lit].astype(np.int16) - ground[lit, None, None])
    contrast[lit] = np.where(4 * apart > apart.max((1, 2), initial=0)[:, None, None], apart, 0)
    return contrast


def _find_ground(images: Images) -> Shaped[np.ndarray, " n"]:
    """Find the median grey of the border of each image."""
    border = np.concatenate([images[:, 0], images[:, -1], images[:, 1:-1, 0], images[:, 1:-1, -1]], axis=1)
    middle = border.shape[1] // 2
    return np.asarray(np.partition(border, middle, axis=1)[:, middle])


def hash_images(images: Images) -> Shaped[np.ndarray, " n"]:
    """Compute 64 bits of each image: equal images have equal ones, and others have not, but for one pair in 2⁶⁴."""
    words = np.ascontiguousarray(images).reshape(len(images), -1).view("<u8")
    mixed = words * FACTORS
    mixed ^= mixed >> np.uint64(32)
    hashes: Shaped[np.ndarray, " n"] = (mixed * FACTORS[::-1]).sum(axis=1, dtype=np.uint64)
    return hashes
