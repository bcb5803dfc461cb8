"""From rules and digits to a grid: what is known of its borders along both axes, and the best ones."""

from __future__ import annotations

import os
import warnings
import cv2
import numpy as np

from digits.documents.columns import measure_tilt
from digits.documents.flat import Flat, find_flats
from digits.documents.grid import Grid, has_walls, merge_cells
from digits.documents.lattice import STEP, Borders, Evidence, find_borders
from digits.documents.rule import Rule
from digits.documents.rules import Votes
from digits.shapes import Float64

MARGIN = 3.0
"""How far beyond its digits a table is looked for, in heights of a digit: rows there are empty."""

NEAR, FAR = 0.35, 1.0
"""Gap, in heights of a digit, up to which two digits beside each other are surely of one number, and from which on
surely of two."""

BESIDE, BELOW = 0.35, 0.75
"""Difference of heights of two digits, in heights of a digit, up to which they are surely in one row, and from which on
surely in two."""

MIN_WALLED = 0.7
"""Share of the rows of a table that walls part; fewer if they are rows of boxes with nothing between them."""

CUTS = float(os.environ.get("CUTS", 8))
STRAY = float(os.environ.get("STRAY", 12))
MIN_SEEN = 0.15
"""Share of a line that must not be hidden by writing, for its ink to say anything."""


def find_grid(level_votes: Votes, turned: Votes, size: float, digits: Float64[np.ndarray, "n 4"]) -> tuple[Grid | None, bool]:
    """Find the grid on a page, by its rules and by its digits; None if there are no rules.

    Parameters
    ----------
    level_votes, turned
        As `digits.documents.rules.find_votes` gives them.
    size
        Height of the usual digit, in pixels.
    digits
        Their boxes: x, y, width, height.
    """
    middles, sides = digits[:, :2] + digits[:, 2:] / 2, digits[:, 2:]
    tilt = float(np.tan(measure_tilt(middles, size)))
    flats = find_flats(level_votes, turned, size, tilt)
    down, across = flats[0].height(*middles.T), flats[1].height(*middles[:, ::-1].T)
    rows = _find(flats[0], level_votes, size, (down, across), sides[:, ::-1], middles[:, 0], is_row=True)
    columns = _find(flats[1], turned, size, (across, down), sides, middles[:, 1], is_row=False)
    levels, uprights = _draw(flats[0], *rows, flats[1], columns[0], size), _draw(flats[1], *columns, flats[0], rows[0], size)
    grid = Grid(levels, uprights, size)
    if 0 in grid.shape:
        return None, False
    if rows[1] and columns[1]:
        if _is_combs(grid, turned, middles):
            return grid, False
        merge_cells(grid, level_votes, turned)
    return grid, True


def _is_combs(grid: Grid, turned: Votes, middles: Float64[np.ndarray, "n 2"]) -> bool:
    """Whether rows of digits have empty ones without walls between them: boxes above each other."""
    used = np.unique(grid.locate(middles)[:, 0].clip(0, grid.shape[0] - 1))
    if (np.diff(used) == 1).any():
        return False
    between = [row for row in range(used[0], used[-1]) if row not in used]
    return not any(has_walls(grid, row, turned, is_row=True) for row in between)


def _find(flat, votes, size, places, sides, along, *, is_row):
    """Find borders along one axis: their heights, and whether they are ruled."""
    height, other = places
    step = STEP * size
    start = max(float((height - sides[:, 0] / 2).min()) - MARGIN * size, -MARGIN * size)
    end = min(float((height + sides[:, 0] / 2).max()) + MARGIN * size, float(len(votes.inked)) + MARGIN * size)
    n = int((end - start) / step) + 1
    share = _measure(flat, votes, (along - sides[:, 1] / 2).min(), (along + sides[:, 1] / 2).max(), size)
    rows = np.rint(start + step * np.arange(n)).astype(int)
    wide = max(round(step), 1) | 1
    pooled = cv2.dilate(np.nan_to_num(share, nan=-1)[:, None], np.ones((wide, 1), np.uint8))[:, 0]
    pooled[pooled < 0] = np.nan
    pooled = np.where((rows >= 0) & (rows < len(pooled)), pooled[rows.clip(0, len(pooled) - 1)], np.nan)
    to_place = lambda value: (value - start) / step
    together, apart = _pair(height, other, sides, size, is_row)
    low, high = to_place(height - sides[:, 0] / 2), to_place(height + sides[:, 0] / 2)
    at, middle = np.arange(n)[:, None], to_place(height)
    depth = np.minimum(at - low, high - at).clip(0) / (size / step)
    beside = (np.abs(at - middle) < size / step).sum(1)
    cut = CUTS * (4 * depth**2).clip(max=1).sum(1) / (1 + beside)
    before, after = (((sign * (at - middle)).clip(0) * STEP).clip(max=1) for sign in (1, -1))
    share_of = (middle.max() - middle.min() + size / step) / len(middle) / (size / step)
    found = find_borders(
        Evidence(
            pooled, cut, middle[together], middle[apart], STRAY * size / step * share_of * before.sum(1), STRAY * size / step * share_of * after.sum(1), size / step, float(np.ptp(other) / size + 1)
        )
    )
    heights = start + step * np.array(found.places)
    if found.is_ruled:
        heights = np.array([_refine(share, value, step) for value in heights])
    return heights, found.is_ruled


def _refine(share, value, step):
    around = np.arange(max(round(value - step), 0), min(round(value + step) + 1, len(share)))
    if not len(around):
        return value
    known = np.nan_to_num(share[around], nan=0)
    best = known >= known.max() - 1e-9
    return float(around[best].mean())


def _measure(flat, votes, start, end, size):
    inside = slice(max(int(start), 0), max(int(end), int(start) + 2))
    # whatever is far from digits belongs to something else
    inked = flat.flatten(cv2.dilate(votes.inked, np.ones((3, 1), np.uint8)))[:, inside].astype(np.float64) / 255
    seen = 1 - flat.flatten(votes.is_hidden)[:, inside].astype(np.float64) / 255
    edges = np.arange(0, inked.shape[1], max(round(2 * size), 8))
    weight = np.add.reduceat(seen, edges, axis=1)
    pieces = np.add.reduceat(inked * seen, edges, axis=1) / weight.clip(1e-9)
    pieces[weight < 0.25 * np.diff(edges, append=inked.shape[1])] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        usual = np.nanmedian(pieces, axis=1, keepdims=True)
        share = np.nanmean(np.minimum(pieces, 2 * usual), axis=1)
    share[(~np.isnan(pieces)).mean(1) < MIN_SEEN] = np.nan
    return share


def _pair(height, other, sides, size, is_row):
    """Pairs of neighbours that belong into one band of this axis, and into two."""
    apart_by, high = np.abs(height[:, None] - height), sides
    beside_by = np.abs(other[:, None] - other)
    if is_row:
        wide = (sides[:, 1][:, None] + sides[:, 1]) / 2
        together = (apart_by < BESIDE * size) & (beside_by - wide < NEAR * size)
        apart = (beside_by < 2.5 * size) & (height - height[:, None] > BELOW * size)
        distance = np.where(apart, apart_by, np.inf)
    else:
        gap = height - height[:, None] - (sides[:, 0][:, None] + sides[:, 0]) / 2
        same = beside_by < 0.5 * size
        ahead = same & (height > height[:, None])
        nearest = np.where(ahead, gap, np.inf)
        first = nearest.argmin(1)
        i = np.flatnonzero(np.isfinite(nearest.min(1)))
        gaps = nearest[i, first[i]]
        pairs = np.stack((i, first[i]), axis=1)
        return pairs[gaps < NEAR * size], pairs[gaps > FAR * size]
    i = np.flatnonzero(np.isfinite(distance.min(1)))
    apart = np.stack((i, distance[i].argmin(1)), axis=1)
    pairs = np.argwhere(np.triu(together, 1))
    swap = height[pairs[:, 0]] > height[pairs[:, 1]]
    pairs[swap] = pairs[swap][:, ::-1]
    return pairs, apart


def _draw(flat, heights, is_ruled, other_flat, others, size) -> list[Rule]:
    # ends: where the outermost borders of the other axis are
    start, end = float(others[0] + other_flat.shifts.min()), float(others[-1] + other_flat.shifts.max())
    return [flat.line(float(height), start, end, 1.0 if is_ruled else 0.0) for height in heights]
