"""A picture in another size: a network that knows digits of some sizes finds all of them."""

from __future__ import annotations

import cv2
import numpy as np

from digits.shapes import UInt8

MAX_PAGE_SIDE = 1600
"""Pixels to which the longer side of larger pages is shrunk; a digit on a page of 40 lines is still 30 high."""


def halve(picture: UInt8[np.ndarray, "_h _w"]) -> UInt8[np.ndarray, "_half_h _half_w"]:
    """Return a grey picture at half its height and width, rounded up; each pixel is the mean of those it stands for."""
    height, width = picture.shape
    if height % 2 or width % 2:  # the last row and column stand for two
        picture = cv2.copyMakeBorder(picture, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
        height, width = picture.shape
    half = cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return half.reshape(height // 2, width // 2)


def double(picture: UInt8[np.ndarray, "_h _w"]) -> UInt8[np.ndarray, "_double_h _double_w"]:
    """Return a grey picture at twice its height and width, by linear interpolation."""
    height, width = picture.shape
    return cv2.resize(picture, (2 * width, 2 * height), interpolation=cv2.INTER_LINEAR_EXACT).reshape(
        2 * height, 2 * width
    )


def shrink(picture: UInt8[np.ndarray, "_h _w"], factor: float) -> UInt8[np.ndarray, "_small_h _small_w"]:
    """Return a grey picture at a factor below 1 of its size; each pixel is the mean of those it stands for."""
    shape = tuple(max(round(factor * side), 1) for side in picture.shape)
    return cv2.resize(picture, shape[::-1], interpolation=cv2.INTER_AREA).reshape(shape)


def stretch(picture: UInt8[np.ndarray, "_h _w"], shape: tuple[int, int]) -> UInt8[np.ndarray, "_other_h _other_w"]:
    """Return a grey picture at a height and width, by linear interpolation."""
    return cv2.resize(picture, shape[::-1], interpolation=cv2.INTER_LINEAR_EXACT).reshape(shape)
