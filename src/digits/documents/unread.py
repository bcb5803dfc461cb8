"""Ink of a page that is neither a digit or sign that was found, nor a rule: it may be something that was missed."""

from __future__ import annotations

import cv2
import numpy as np

from digits.documents.rule import Rule
from digits.preprocessing.ink import Ink, stretch_ink, subtract_ground
from digits.shapes import Bool, Float64

MIN_SIDE = 0.4
"""Longer side of what may be a digit, in heights of the usual one: half of a small digit."""

MIN_POINT = 0.08
"""Sides of what may be a decimal point, in heights of a digit; dust is smaller."""

MIN_STRENGTH = 0.4
"""Ink, relative to that of the digits, from which on somebody wrote it: print that shines through is weaker."""

AROUND = 0.12
"""By how much ink may stick out of the box of its digit, in heights of a digit."""

FLAT = 0.3
"""Height of a dash, at most, in widths: dashes stand for nothing in cells that hold no number."""


def find_unread(
    grey: Ink, writing: Float64[np.ndarray, "n 4"], levels: list[Rule], uprights: list[Rule], size: float
) -> Float64[np.ndarray, "m 4"]:
    """Find what is written on a page and was not read.

    Parameters
    ----------
    grey
        The page, dark on light.
    writing
        Boxes of what was found.
    levels, uprights
        The page's rules.
    size
        Height of the usual digit, in pixels.

    Returns
    -------
    float64[m, 4]
        x, y, width and height of each stroke of ink, from the size of a decimal point on.
    """
    ink = stretch_ink(*subtract_ground(grey))
    corners = np.hstack((writing[:, :2], writing[:, :2] + writing[:, 2:]))
    levels_inside = [ink[top:bottom, left:right] for left, top, right, bottom in np.rint(corners.clip(0)).astype(int)]
    written = np.concatenate([part[part > 0] for part in levels_inside] + [np.zeros(0, np.uint8)])
    strong = MIN_STRENGTH * float(np.median(written)) if len(written) else 128.0
    mask = (ink >= max(strong, 1)).astype(np.uint8)
    around = AROUND * size
    for left, top, right, bottom in np.rint(corners + np.array([-1, -1, 1, 1]) * around).astype(int).clip(0).tolist():
        mask[top:bottom, left:right] = 0
    for rule in levels:
        _erase(mask, rule.along, rule.across, size)
    for rule in uprights:
        _erase(mask, rule.across, rule.along, size)
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    boxes = stats[1:count, :4].astype(np.float64)
    is_point = boxes[:, 2:].min(1) >= max(MIN_POINT * size, 2)
    found: Float64[np.ndarray, "m 4"] = boxes[is_point | (boxes[:, 2:].max(1) >= MIN_SIDE * size)]
    return found


def _erase(mask: Ink, x: Float64[np.ndarray, " k"], y: Float64[np.ndarray, " k"], size: float) -> None:
    points = np.rint(np.stack((x, y), axis=1)).astype(np.int32)
    cv2.polylines(mask, [points[:, None]], isClosed=False, color=0, thickness=max(round(0.3 * size), 5))


def is_doubtful(
    unread: Float64[np.ndarray, "m 4"], written: Float64[np.ndarray, "n 4"], size: float
) -> Bool[np.ndarray, " m"]:
    """Say which unread ink of a cell puts what was read there in doubt.

    Parameters
    ----------
    unread
        Boxes of unread ink in the cell.
    written
        Boxes of the digits in it.
    size
        Height of the usual digit, in pixels.
    """
    is_large = unread[:, 2:].max(1, initial=0) >= MIN_SIDE * size
    if not len(written):
        is_no_dash: Bool[np.ndarray, " m"] = is_large & (unread[:, 3] > FLAT * unread[:, 2])
        return is_no_dash
    (left, top), (right, bottom) = written[:, :2].min(0), (written[:, :2] + written[:, 2:]).max(0)
    middles = unread[:, :2] + unread[:, 2:] / 2
    # a point stands between the digits, low
    between = (middles[:, 0] > left) & (middles[:, 0] < right)
    low = (middles[:, 1] > (top + bottom) / 2) & (middles[:, 1] < bottom + 0.3 * size)
    doubtful: Bool[np.ndarray, " m"] = is_large | (between & low)
    return doubtful
