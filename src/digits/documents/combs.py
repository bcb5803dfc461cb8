"""Combs of boxes: walls in a row, hardly higher than a digit, which end above and below."""

from __future__ import annotations

import cv2
import numpy as np

from digits.documents.grid import Grid
from digits.documents.rule import Rule
from digits.documents.rules import GAP
from digits.preprocessing.ink import Ink
from digits.shapes import Float64

HEIGHTS = 0.5, 3.0
"""Of a wall, in heights of a digit: teeth are low, and what is higher belongs to a table."""

WIDTHS = 0.45, 2.2
"""Distance of neighbouring walls, in heights of a digit; what is nearer are the two walls between boxes apart."""

OVERLAP = 0.6
"""Share of the lower of two neighbouring walls that must be beside the other."""

UNEVEN = 0.25
"""Deviation of a box's width, at most, as a share of that of the comb; drawn boxes are uneven."""

LIKE = 0.6, 1.5
"""Height of a comb's walls, in heights of the usual one: strokes of digits are lower."""

MOST_MISSING = 2
"""Neighbouring walls, at most, that may be missing: ink and light hide them."""

MIN_FOUND = 0.6
"""Share of a comb's walls that must be found."""

MAX_WALLS = 2000
"""Of a page: forms full of small boxes have a thousand. More are a texture, which would take a minute."""

Segment = Float64[np.ndarray, "4"]
"""Of a wall: x where it begins, y there, x where it ends, and y there."""


def find_combs(uprights: Ink, size: float) -> list[Grid]:
    """Find the combs of a page, each as a grid of one row.

    Parameters
    ----------
    uprights
        Where upright walls are, as `digits.inference.find_walls` gives them.
    size
        Height of the usual digit, in pixels.
    """
    rows = _chain(_find_segments(uprights, size), size)
    return [comb for row in rows if (comb := _make(row, size))]


def extend(comb: Grid, digits: Float64[np.ndarray, "n 4"]) -> Grid:
    """Add a box at either end where a digit stands beside a comb, as in a box whose outer wall is hidden.

    Parameters
    ----------
    comb
        As `find_combs` gives them.
    digits
        Boxes: x, y, width, height.
    """
    walls = list(comb.uprights)
    pitch = (walls[-1].across.mean() - walls[0].across.mean()) / (len(walls) - 1)
    longer = Grid(comb.levels, [walls[0].moved(-pitch), *walls, walls[-1].moved(pitch)], comb.size)
    middles = digits[:, :2] + digits[:, 2:] / 2
    boxes = longer.locate(middles[longer.contains(middles)])[:, 1]
    first, last = int(not (boxes == 0).any()), len(walls) + 1 + int((boxes == len(walls)).any())
    return Grid(comb.levels, longer.uprights[first:last], comb.size)


def _find_segments(uprights: Ink, size: float) -> list[Segment]:
    """Find walls as high as boxes, from left to right; none where there are too many."""
    mask = (uprights > 127).astype(np.uint8)
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((max(round(GAP * size), 1) | 1, 1), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    wide, high = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    chosen = np.flatnonzero((high >= HEIGHTS[0] * size) & (high <= HEIGHTS[1] * size) & (wide < high))
    found = []
    for label in chosen[chosen > 0].tolist() if len(chosen) <= MAX_WALLS else []:  # 0 is the ground
        left, top, across, down, _ = stats[label].tolist()
        y, x = np.nonzero(labels[top : top + down, left : left + across] == label)
        slope, start = np.polyfit(y, x, 1) if down > 2 else (0.0, x.mean())
        found.append(np.array([left + start, top, left + start + slope * down, top + down], np.float64))
    return sorted(found, key=lambda each: float(each[0] + each[2]))


def _chain(segments: list[Segment], size: float) -> list[list[Segment]]:
    """Put walls in rows: each follows the nearest one on its left."""
    rows = list[list[Segment]]()
    for segment in segments:
        best, nearest = None, (MOST_MISSING + 1) * WIDTHS[1] * size
        for row in rows:
            last = row[-1]
            gap = _middle(segment) - _middle(last)
            shared = min(last[3], segment[3]) - max(last[1], segment[1])
            low = min(last[3] - last[1], segment[3] - segment[1])
            if gap < nearest and shared >= OVERLAP * low:
                best, nearest = row, gap
        if best is None:
            rows.append([segment])
        else:
            best.append(segment)
    return rows


def _middle(segment: Segment) -> float:
    return float(segment[0] + segment[2]) / 2


def _make(row: list[Segment], size: float) -> Grid | None:
    """Make a comb of the longest run of walls at even distances; where one is hidden, it is put in."""
    high = np.array([each[3] - each[1] for each in row])
    usual = float(np.median(high))
    merged = list[Segment]()
    for segment in (each for each, h in zip(row, high, strict=True) if LIKE[0] * usual <= h <= LIKE[1] * usual):
        if merged and _middle(segment) - _middle(merged[-1]) < WIDTHS[0] * size:
            merged[-1] = (merged[-1] + segment) / 2
        else:
            merged.append(segment)
    gaps = np.diff([_middle(each) for each in merged])
    runs = [_run(merged, gaps, float(pitch)) for pitch in sorted({*gaps[gaps <= WIDTHS[1] * size]}, reverse=True)]
    # of pitches that explain as many walls, the widest, which needs none that are hidden
    count, walls = max(runs, key=lambda run: run[0], default=(0, np.zeros((0, 4))))
    if count < max(3, MIN_FOUND * len(walls)):
        return None
    return Grid(_levels(walls), [Rule(w[[1, 3]], w[[0, 2]], 1.0) for w in walls], size)


def _run(walls: list[Segment], gaps: Float64[np.ndarray, " n"], pitch: float) -> tuple[int, Float64[np.ndarray, "k 4"]]:
    """Choose the most walls in a row that are about a pitch apart, or a small multiple; say how many were found."""
    runs, counts = [walls[:1]], [1]
    for gap, before, wall in zip(gaps, walls, walls[1:], strict=False):
        boxes = round(gap / pitch)
        if 1 <= boxes <= MOST_MISSING + 1 and abs(gap / boxes - pitch) <= UNEVEN * pitch:
            shares = np.linspace(0, 1, boxes + 1)[1:-1]
            runs[-1] += [*(before + share * (wall - before) for share in shares), wall]
            counts[-1] += 1
        else:
            runs.append([wall])
            counts.append(1)
    best = int(np.argmax(counts))
    return counts[best], np.array(runs[best])


def _levels(walls: Float64[np.ndarray, "k 4"]) -> list[Rule]:
    """Draw the upper and the lower end of walls as straight lines."""
    rules = []
    for x, y in ((walls[:, 0], walls[:, 1]), (walls[:, 2], walls[:, 3])):
        slope, start = np.polyfit(x, y, 1)
        ends = np.array([x[0], x[-1]])
        rules.append(Rule(ends, start + slope * ends, 1.0, float(slope)))
    return rules
