"""Which cell of a grid each character is in: digits stray into other cells, and whole numbers hardly do."""

from __future__ import annotations

import numpy as np

from digits.documents.grid import Grid
from digits.shapes import Bool, Float64, Int64

MIN_ACROSS = 0.25
"""Share of a digit's width that must lie on either side of a wall for the digit to lie across it."""

OUTSIDE, WHOLE, USUAL_GAP = 6.0, 3.0, 0.6
"""What it costs to put a digit into a cell whose wall is a digit's height away from it; to part two digits that touch;
and the gap between two digits, in heights of a digit, at which two cells are as likely as one."""


def locate(
    grid: Grid, boxes: Float64[np.ndarray, "m 4"], size: float
) -> tuple[Int64[np.ndarray, "m 2"], Bool[np.ndarray, " m"]]:
    """Find the cells of characters.

    Parameters
    ----------
    grid
        The grid that they are in, or beside.
    boxes
        Their boxes: x, y, width, height.
    size
        Height of the usual digit, in pixels.

    Returns
    -------
    int64[m, 2], bool[m]
        Row and column of each, and which lie across a wall.
    """
    middles = boxes[:, :2] + boxes[:, 2:] / 2
    cells = grid.locate(middles)
    cells[:, 0] = grid.locate(_level_out(boxes, middles, size))[:, 0]
    rows, columns = grid.shape
    cells = cells.clip(0, (rows - 1, columns - 1))
    for row in np.unique(cells[:, 0]):
        here = np.flatnonzero(cells[:, 0] == row)
        here = here[np.argsort(middles[here, 0])]
        cells[here, 1] = _assign(grid, boxes[here], size)
    crosses = np.zeros(len(boxes), bool)
    for rule in grid.uprights[1:-1]:
        share = (rule.at(middles[:, 1]) - boxes[:, 0]) / boxes[:, 2]
        crosses |= (share > MIN_ACROSS) & (share < 1 - MIN_ACROSS)
    cells = np.array([grid.owner((row, column)) for row, column in cells.tolist()], np.int64).reshape(-1, 2)
    # a wall inside of merged cells is none
    for each in np.flatnonzero(crosses):
        sides = grid.locate(
            np.array([(boxes[each, 0], middles[each, 1]), (boxes[each, 0] + boxes[each, 2], middles[each, 1])])
        )
        both = [grid.owner((int(cells[each, 0]), int(column))) for column in sides[:, 1].clip(0, columns - 1)]
        crosses[each] = both[0] != both[1]
    return cells, crosses


def _level_out(
    boxes: Float64[np.ndarray, "m 4"], middles: Float64[np.ndarray, "m 2"], size: float
) -> Float64[np.ndarray, "m 2"]:
    """Give characters the mean height of those right beside them, and signs that of the digits alone."""
    gaps = np.abs(middles[:, None, 0] - middles[:, 0]) - (boxes[:, None, 2] + boxes[:, 2]) / 2
    is_beside = (gaps < size / 3) & (np.abs(middles[:, None, 1] - middles[:, 1]) < size / 2)
    is_tall = boxes[:, 3] > size / 2
    weights = (is_beside & (is_tall | ~(is_beside & is_tall).any(1)[:, None])).astype(np.float64)
    return np.stack((middles[:, 0], weights @ middles[:, 1] / weights.sum(1)), axis=1)


def _assign(grid: Grid, boxes: Float64[np.ndarray, "m 4"], size: float) -> Int64[np.ndarray, " m"]:
    """Assign characters of one row, from left to right, to columns: whole numbers, rather than by walls alone."""
    columns = grid.shape[1]
    middles = boxes[:, :2] + boxes[:, 2:] / 2
    walls = np.stack([rule.at(middles[:, 1]) for rule in grid.uprights], axis=1)
    out = np.maximum(walls[:, :-1] - middles[:, :1], middles[:, :1] - walls[:, 1:])
    out[:, 0] = np.where(middles[:, 0] < walls[:, 0], 0, out[:, 0])
    out[:, -1] = np.where(middles[:, 0] >= walls[:, -1], 0, out[:, -1])
    cost = OUTSIDE * out.clip(0) / size
    gaps = (boxes[1:, 0] - (boxes[:-1, 0] + boxes[:-1, 2])) / size
    total, back = cost[0], []
    for each, gap in enumerate(gaps, 1):
        same = total + max(WHOLE * (gap - USUAL_GAP), 0)
        low = np.concatenate(([np.inf], np.minimum.accumulate(total)[:-1])) + max(WHOLE * (USUAL_GAP - gap), 0)
        from_low = np.concatenate(([0], [int(total[:c].argmin()) for c in range(1, columns)]))
        back.append(np.where(same <= low, np.arange(columns), from_low))
        total = np.minimum(same, low) + cost[each]
    path = [int(total.argmin())]
    for step in back[::-1]:
        path.append(int(step[path[-1]]))
    return np.array(path[::-1], np.int64)
