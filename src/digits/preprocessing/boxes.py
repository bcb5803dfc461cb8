"""A box on a page → the ink of the digit in it, turned upright, without the ink around it."""

from __future__ import annotations

import cv2
import numpy as np

from digits.preprocessing.ink import (
    Ink,
    label_components,
    line_width,
    polarity_evidence,
    stretch_ink,
    subtract_ground,
    weigh_polarity,
)
from digits.shapes import Float32

PATCH_SIDE = 64
"""Height and width, in pixels, at which a box and what is around it are looked at: twice what `normalize` keeps,
so that lines stay smooth."""

MARGIN = 0.3
"""What is seen around a box, in its longer sides: enough ground to compare ink with."""

SLACK = 0.05
"""By how much a box may be too small, in its longer sides; boxes on synthetic documents are this exact."""

MIN_INSIDE, MIN_PART = 0.5, 0.25
"""Ink in the box belongs to the digit if this share of its component lies in the box, or if it is this share of all ink
in the box: digits touch each other and the walls of boxes, and both end at the box."""

MIN_WHOLE = 0.7
"""Share of a component that lies in the box from which on the rest of it belongs to the digit too, unless it goes on
beyond what is seen, as rules, walls and neighbours do: the box is too small, not the digit too large."""


def cut_out(grey: Ink, box: Float32[np.ndarray, "4"], angle: float) -> Ink:
    """Cut a box out of a page, with a margin, turned by an angle around its middle and scaled to `PATCH_SIDE`.

    Parameters
    ----------
    grey
        The page.
    box
        Left, top, width and height, in pixels.
    angle
        Of the writing, in radians; above 0 it falls.
    """
    scale = _scale(box)
    x, y = float(box[0] + box[2] / 2), float(box[1] + box[3] / 2)
    half = PATCH_SIDE / scale  # of the page around the middle: a patch in any direction
    rows, columns = (_span(middle, half, side) for middle, side in ((y, grey.shape[0]), (x, grey.shape[1])))
    part, x, y = grey[rows, columns], x - columns.start, y - rows.start
    if scale < 1:
        size = max(round(part.shape[1] * scale), 1), max(round(part.shape[0] * scale), 1)
        x, y, part = x * size[0] / part.shape[1], y * size[1] / part.shape[0], _shrink(part, size)
        scale = 1.0
    turned = cv2.getRotationMatrix2D((x - 0.5, y - 0.5), np.degrees(angle), scale).astype(np.float64)
    turned[:, 2] += (PATCH_SIDE / 2 - x, PATCH_SIDE / 2 - y)
    patch: Ink = cv2.warpAffine(
        part, turned, (PATCH_SIDE, PATCH_SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return patch


def has_light_ink(patches: list[Ink]) -> bool:
    """Whether the ink of a page is lighter than its ground, by some of its digits and what is around them."""
    return sum(weigh_polarity(polarity_evidence(patch)) for patch in patches) > 0


def cut_square(grey: Ink, middle: Float32[np.ndarray, "2"], wanted: float, side: int) -> Ink:
    """Cut a square of `wanted` pixels around a place out of a page, scaled to `side`; at an edge it is smaller."""
    left, top = (max(int(each - wanted / 2), 0) for each in middle.tolist())
    part = grey[top : top + max(round(wanted), 1), left : left + max(round(wanted), 1)]
    high, wide = (min(max(round(length * side / wanted), 1), side) for length in part.shape)
    if side < wanted:
        return _shrink(part, (wide, high))
    return np.asarray(cv2.resize(part, (wide, high), interpolation=cv2.INTER_LINEAR), np.uint8)


def find_ink_in_box(patch: Ink, box: Float32[np.ndarray, "4"], angle: float, *, is_light: bool) -> Ink:
    """Find the ink of the digit in a box, given what `cut_out` made of it: full ink is 255 on exactly 0.

    Ink of its neighbours, of rules and walls is left out where it is apart, and cut off at the box where it touches.
    """
    inside = _inside(box, angle)
    dark, light = subtract_ground(255 - patch if is_light else patch)
    ink = stretch_ink(dark & inside, light & inside)
    seen = int(cv2.minMaxLoc(dark, ((ink == 0) & (inside > 0)).astype(np.uint8))[1])
    everywhere = cv2.threshold(dark, seen, 255, cv2.THRESH_BINARY)[1]
    count, labels, boxes, _ = label_components(everywhere)
    if count < 2:
        return ink
    flat = labels.ravel()
    totals = np.bincount(flat, minlength=count)
    within = np.bincount(flat, (inside > 0).ravel(), minlength=count)
    keep = (within >= MIN_INSIDE * totals) | (within >= MIN_PART * within[1:].sum())
    ends_here = (boxes[:, :2] > 0).all(1) & (boxes[:, :2] + boxes[:, 2:4] < PATCH_SIDE).all(1)
    whole = keep & ends_here & (within >= MIN_WHOLE * totals)
    keep[0] = whole[0] = False
    if (within < totals)[whole].any():
        ink = stretch_ink(np.where(whole[labels], dark, dark & inside), light & inside)
    kept: Ink = ink * keep[labels].astype(np.uint8)
    return kept


def locate_ink(ink: Ink, box: Float32[np.ndarray, "4"], angle: float) -> Float32[np.ndarray, "4"]:
    """Give the box of what `find_ink_in_box` found, in pixels of the page; the box itself without ink."""
    rows, columns = np.nonzero(ink)
    if not len(rows):
        return box
    corners = np.concatenate([np.stack((columns + x, rows + y), axis=1) for x in (0, 1) for y in (0, 1)])
    turn = np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    points = (corners - PATCH_SIDE / 2) @ turn.T / _scale(box) + box[:2] + box[2:] / 2
    low, high = points.min(0), points.max(0)
    return np.concatenate((low, high - low)).astype(np.float32)


def measure_thickness(ink: Ink) -> float:
    """Measure the width of lines relative to the longer side of the ink; 0 without ink."""
    _, _, width, height = cv2.boundingRect(ink)
    return line_width(ink) / max(width, height) if width else 0.0


def _scale(box: Float32[np.ndarray, "4"]) -> float:
    return PATCH_SIDE / max(float(box[2:].max()) * (1 + 2 * MARGIN), 1.0)


def _span(middle: float, half: float, side: int) -> slice:
    """Return the pixels of a row or column around a place, one or more of them."""
    first = min(max(int(middle - half), 0), side - 1)
    return slice(first, min(max(int(middle + half) + 1, first + 1), side))


def _shrink(part: Ink, size: tuple[int, int]) -> Ink:
    smaller: Ink = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    return smaller


def _inside(box: Float32[np.ndarray, "4"], angle: float) -> Ink:
    """Return 255 within the box as it lies in its patch, and 0 elsewhere."""
    half = _scale(box) * (box[2:] / 2 + SLACK * box[2:].max())
    turn = np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
    corners = (np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half) @ turn.T + PATCH_SIDE / 2
    mask = np.zeros((PATCH_SIDE, PATCH_SIDE), np.uint8)
    cv2.fillConvexPoly(mask, np.rint(corners).astype(np.int32), 255)
    return mask
