"""From rules and digits to a grid: what is known of its borders along both axes, and the best ones."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from digits.documents.columns import measure_tilt
from digits.documents.flat import Flat, find_flats
from digits.documents.grid import Grid, has_walls, merge_cells
from digits.documents.lattice import STEP, Evidence, find_borders
from digits.documents.rule import Rule
from digits.documents.rules import Votes
from digits.shapes import Float64, Int64

AROUND = 2.0
"""How far from its digits a table is looked for, in heights of a digit: the rules of an empty row or column are nearer,
and mostly the edges of the paper are not."""

MARGIN = 3.0
"""How far beyond its digits its last border may be, in heights of a digit: further than rows are high."""

PIECE = 2.0
"""Length of the pieces of a rule that must agree, in heights of a digit: ticks, dashes and words are shorter."""

MIN_SEEN, MIN_PIECES = 0.25, 0.15
"""Share of a piece, and of the pieces of a rule, that writing must not hide for their ink to say anything."""

NEAR, FAR = 0.35, 1.0
"""Gap, in heights of a digit, up to which two digits beside each other are of one number, and from which on of two;
in between, they say nothing."""

BESIDE, BELOW = 0.35, 0.75
"""Difference of heights of two digits, in heights of a digit, up to which they are in one row, and from which on in
two; in between, they say nothing."""

REACH = 2.5
"""How far apart two digits of different rows may be for their heights to be compared, in heights of a digit: over a
whole page, lines bend."""

CUT = 8.0
"""What a border costs that cuts all digits near it in halves."""

STRAY = 12.0
"""What a first or last border costs beyond which as many digits lie as in a whole row or column."""


MIN_APART = 0.5
"""Share of the rows of boxes above each other between which an empty one must lie."""


@dataclass(frozen=True, eq=False)
class Found:
    """Borders along one axis: heights of their lines, and whether rules are there."""

    heights: Float64[np.ndarray, " k"]
    is_ruled: bool


def find_grid(
    level_votes: Votes, turned: Votes, size: float, digits: Float64[np.ndarray, "n 4"]
) -> tuple[Grid | None, bool]:
    """Find the grid on a page, by its rules and by its digits.

    Parameters
    ----------
    level_votes, turned
        As `digits.documents.rules.as_votes` gives them.
    size
        Height of the usual digit, in pixels.
    digits
        Their boxes: x, y, width, height.

    Returns
    -------
    Grid or None, bool
        The grid, and whether it is a table rather than boxes above each other.
    """
    near = np.zeros(level_votes.inked.shape, np.uint8)
    reach = np.array([-1, -1, 1, 1]) * AROUND * size
    corners = np.hstack((digits[:, :2], digits[:, :2] + digits[:, 2:])) + reach
    for left, top, right, bottom in np.rint(corners).astype(np.int64).clip(0).tolist():
        near[top:bottom, left:right] = 255
    votes = _hide(level_votes, near), _hide(turned, np.ascontiguousarray(near.T))
    middles, sides = digits[:, :2] + digits[:, 2:] / 2, digits[:, 2:]
    flats = find_flats(*votes, size, float(np.tan(measure_tilt(middles, size))))
    down, across = flats[0].height(*middles.T), flats[1].height(*middles[:, ::-1].T)
    spans = [(middles[:, axis], sides[:, axis]) for axis in (0, 1)]
    rows = _find(flats[0], votes[0], size, (down, sides[:, 1]), (across, sides[:, 0]), spans[0], is_row=True)
    columns = _find(flats[1], votes[1], size, (across, sides[:, 0]), (down, sides[:, 1]), spans[1], is_row=False)
    grid = Grid(_draw(flats[0], rows, flats[1], columns), _draw(flats[1], columns, flats[0], rows), size)
    if 0 in grid.shape:
        return None, False
    if not (rows.is_ruled and columns.is_ruled):
        return grid, len(np.unique(grid.locate(middles)[:, 0])) > 1
    if _are_boxes(grid, votes[1], middles):
        return grid, False
    merge_cells(grid, *votes)
    return grid, True


def _hide(votes: Votes, near: np.ndarray) -> Votes:
    """Hide what is far from all digits."""
    return Votes(votes.inked & near, votes.is_hidden | ~near)


def _are_boxes(grid: Grid, turned: Votes, middles: Float64[np.ndarray, "n 2"]) -> bool:
    """Whether rows of digits have empty ones without walls between them, as boxes above each other do."""
    used = np.unique(grid.locate(middles)[:, 0].clip(0, grid.shape[0] - 1))
    if len(used) < 2 or np.mean(np.diff(used) > 1) < MIN_APART:
        return False
    between = [row for row in range(int(used[0]), int(used[-1])) if row not in used]
    return not any(has_walls(grid, row, turned, is_row=True) for row in between)


Span = tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]
"""Middles of n digits along an axis, and their sides."""


def _find(flat: Flat, votes: Votes, size: float, digits: Span, others: Span, along: Span, *, is_row: bool) -> Found:
    """Find borders along one axis.

    Parameters
    ----------
    flat, votes, size
        As in `find_grid`, of this axis.
    digits, others
        Where digits are along this axis and the other one, if the page lay flat.
    along
        Where they are along the lines in the picture.
    is_row
        Whether the borders are those of rows.
    """
    step, (middles, sides) = STEP * size, digits
    low, high = (float(edge) for edge in ((middles - sides / 2).min(), (middles + sides / 2).max()))
    start = low - MARGIN * size
    n = int((high + MARGIN * size - start) / step) + 1
    reach = float((along[0] - along[1] / 2).min()), float((along[0] + along[1] / 2).max())
    share = _measure(flat, votes, reach, size)
    places, per = (middles - start) / step, size / step
    at = np.arange(n)[:, None]
    depth = np.minimum(at - places + sides / 2 / step, places + sides / 2 / step - at).clip(0) / per
    beside = (np.abs(at - places) < per).sum(1)
    # places for each digit, so that what strays is compared with what a band holds
    spacing = (np.ptp(places) + per) / len(places)
    together, apart = (_pair_rows if is_row else _pair_columns)(digits, others, size)
    found = find_borders(
        Evidence(
            share=_pool(share, start, step, n),
            cut=CUT * (4 * depth**2).clip(max=1).sum(1) / (1 + beside),
            together=places[together],
            apart=places[apart],
            before=STRAY * spacing * ((at - places) / per).clip(0, 1).sum(1),
            after=STRAY * spacing * ((places - at) / per).clip(0, 1).sum(1),
            size=per,
            breadth=float(np.ptp(others[0])) / size + 1,
        )
    )
    heights = start + step * np.array(found.places, np.float64)
    if found.is_ruled:
        heights = np.array([_refine(share, height, step) for height in heights])
    return Found(heights, found.is_ruled)


def _measure(flat: Flat, votes: Votes, reach: tuple[float, float], size: float) -> Float64[np.ndarray, " h"]:
    """Measure how much of each line is inked between two ends; NaN where nearly all is hidden."""
    inside = slice(max(int(reach[0]), 0), max(int(reach[1]), int(reach[0]) + 2, 2))
    inked = flat.flatten(cv2.dilate(votes.inked, np.ones((3, 1), np.uint8)))[:, inside].astype(np.float32) / 255
    seen = 1 - flat.flatten(votes.is_hidden)[:, inside].astype(np.float32) / 255
    edges = np.arange(0, inked.shape[1], max(round(PIECE * size), 8))
    weight = np.add.reduceat(seen, edges, axis=1)
    pieces = np.add.reduceat(inked * seen, edges, axis=1) / weight.clip(1e-6)
    known = weight >= MIN_SEEN * np.diff(edges, append=inked.shape[1])
    share = np.full(len(inked), np.nan)
    for row in np.flatnonzero(known.mean(1) >= MIN_PIECES):
        values = pieces[row, known[row]]
        # a rule is inked everywhere, and not here and there
        share[row] = np.minimum(values, 2 * np.median(values)).mean()
    return share


def _pool(share: Float64[np.ndarray, " h"], start: float, step: float, n: int) -> Float64[np.ndarray, " n"]:
    """Take the best line around each of n places; NaN outside of the page and where nothing is known."""
    wide = max(round(step), 1) | 1
    best = cv2.dilate(np.nan_to_num(share, nan=-1.0)[:, None], np.ones((wide, 1), np.uint8))[:, 0]
    rows = np.rint(start + step * np.arange(n)).astype(np.int64)
    pooled = best[rows.clip(0, len(best) - 1)]
    return np.where((rows >= 0) & (rows < len(best)) & (pooled >= 0), pooled, np.nan)


def _refine(share: Float64[np.ndarray, " h"], height: float, step: float) -> float:
    """Return the best inked line near a height."""
    around = np.arange(max(round(height - step), 0), min(round(height + step) + 1, len(share)))
    known = np.nan_to_num(share[around], nan=0.0)
    return float(around[known >= known.max() - 1e-9].mean()) if len(around) else height


def _pair_rows(digits: Span, others: Span, size: float) -> tuple[Int64[np.ndarray, "p 2"], Int64[np.ndarray, "q 2"]]:
    """List pairs of digits that are in one row, and those of each digit and the nearest one in a row below it."""
    (middles, _), (other, wide) = digits, others
    below, beside = middles - middles[:, None], np.abs(other[:, None] - other)
    gaps = beside - (wide[:, None] + wide) / 2
    together = np.argwhere((gaps < NEAR * size) & (below >= 0) & (below < BESIDE * size) & (beside > 0))
    distance = np.where((beside < REACH * size) & (below > BELOW * size), below, np.inf)
    return together, _nearest(distance)


def _pair_columns(digits: Span, others: Span, size: float) -> tuple[Int64[np.ndarray, "p 2"], Int64[np.ndarray, "q 2"]]:
    """List the pairs of each digit and the next one in its row that are of one number, and of two."""
    (middles, wide), (other, _) = digits, others
    ahead = middles - middles[:, None]
    gaps = ahead - (wide[:, None] + wide) / 2
    pairs = _nearest(np.where((np.abs(other[:, None] - other) < size / 2) & (ahead > 0), gaps, np.inf))
    gap = gaps[pairs[:, 0], pairs[:, 1]]
    return pairs[gap < NEAR * size], pairs[gap > FAR * size]


def _nearest(distance: Float64[np.ndarray, "n n"]) -> Int64[np.ndarray, "q 2"]:
    """List for each row, unless all are infinite, the column of its least distance."""
    rows = np.flatnonzero(np.isfinite(distance.min(1)))
    return np.stack((rows, distance[rows].argmin(1)), axis=1)


def _draw(flat: Flat, found: Found, other_flat: Flat, others: Found) -> list[Rule]:
    """Draw borders from the first to the last of the other axis."""
    start, end = float(others.heights[0] + other_flat.shifts.min()), float(others.heights[-1] + other_flat.shifts.max())
    return [flat.line(float(height), start, end, 1.0 if found.is_ruled else 0.0) for height in found.heights]
