"""A grid of cells: rows and columns between rules, walls that are missing, and where it ends."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from digits.documents.rule import Region, Rule, cross
from digits.documents.rules import GAP, MIN_SHARE, Votes, fill_gaps
from digits.shapes import Bool, Float64, Int64

MAX_OPEN, MIN_CLOSED = 0.15, 0.75
"""A wall is missing, and its cells are one, where at most so much of it is inked though so much of its rule is."""

MIN_SHARE_OF_WALLS = 0.5
"""Share of the walls of an empty row or column, on average, that is inked if it belongs to the table."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Rows and columns of cells.

    Attributes
    ----------
    levels
        The borders of its rows, from top to bottom: one more than rows.
    uprights
        The borders of its columns, from left to right: one more than columns.
    size
        Height of the usual digit, in pixels.
    owners
        For cells that are merged, row and column: the upper left cell that they belong to.
    """

    levels: list[Rule]
    uprights: list[Rule]
    size: float
    owners: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and columns."""
        return len(self.levels) - 1, len(self.uprights) - 1

    def locate(self, points: Float64[np.ndarray, "n 2"]) -> Int64[np.ndarray, "n 2"]:
        """Say in which row and column points x, y lie; -1, or the number of rows or columns, if outside."""
        rows = sum((rule.at(points[:, 0]) <= points[:, 1]).astype(np.int64) for rule in self.levels)
        columns = sum((rule.at(points[:, 1]) <= points[:, 0]).astype(np.int64) for rule in self.uprights)
        return np.stack((rows, columns), axis=1).astype(np.int64) - 1

    def contains(self, points: Float64[np.ndarray, "n 2"], slack: float = 0.0) -> Bool[np.ndarray, " n"]:
        """Whether points x, y lie in one of its cells, or so many pixels beside the outermost."""
        x, y = points.T
        inside: Bool[np.ndarray, " n"] = (
            (self.levels[0].at(x) - slack <= y)
            & (y < self.levels[-1].at(x) + slack)
            & (self.uprights[0].at(y) - slack <= x)
            & (x < self.uprights[-1].at(y) + slack)
        )
        return inside

    def owner(self, place: tuple[int, int]) -> tuple[int, int]:
        """Return the cell that a row and column belong to: itself, unless it is merged with others."""
        while place in self.owners:
            place = self.owners[place]
        return place

    def span(self, place: tuple[int, int]) -> tuple[int, int]:
        """Count the rows and columns that a cell covers."""
        rows, columns = self.shape
        down, across = 1, 1
        while place[0] + down < rows and self.owner((place[0] + down, place[1])) == place:
            down += 1
        while place[1] + across < columns and self.owner((place[0], place[1] + across)) == place:
            across += 1
        return down, across

    def corner(self, row: int, column: int) -> tuple[float, float]:
        """Return x and y where a border of rows and one of columns cross."""
        return cross(self.levels[row], self.uprights[column])

    def box(self, row: int, column: int, rows: int = 1, columns: int = 1) -> Region:
        """Return the region around a cell, or around so many rows and columns of cells."""
        corners = np.array(
            [self.corner(r, c) for r in (row, row + rows) for c in (column, column + columns)], np.float64
        )
        (left, top), (right, bottom) = corners.min(0), corners.max(0)
        return float(left), float(top), float(right), float(bottom)


def drop_outer(grid: Grid, level_votes: Votes, turned: Votes, used: Int64[np.ndarray, "n 2"]) -> Grid:
    """Drop rows and columns at the sides in which nothing is written and that have no walls: a table ends there.

    `used` holds the row and column of each digit; merged cells are found anew.
    """
    (top, left), (bottom, right) = used.min(0).tolist(), (used.max(0) + 1).tolist()
    low, high = [0, 0], list(grid.shape)
    while low[0] < top and not has_walls(grid, low[0], turned, is_row=True):
        low[0] += 1
    while high[0] > bottom and not has_walls(grid, high[0] - 1, turned, is_row=True):
        high[0] -= 1
    while low[1] < left and not has_walls(grid, low[1], level_votes, is_row=False):
        low[1] += 1
    while high[1] > right and not has_walls(grid, high[1] - 1, level_votes, is_row=False):
        high[1] -= 1
    kept = Grid(grid.levels[low[0] : high[0] + 1], grid.uprights[low[1] : high[1] + 1], grid.size)
    merge_cells(kept, level_votes, turned)
    return kept


def has_walls(grid: Grid, place: int, votes: Votes, *, is_row: bool) -> bool:
    """Whether most of the walls that part the cells of a row, or of a column, are inked."""
    if is_row:
        pieces = [
            (rule, grid.corner(place, c)[1], grid.corner(place + 1, c)[1]) for c, rule in enumerate(grid.uprights)
        ]
    else:
        pieces = [(rule, grid.corner(r, place)[0], grid.corner(r, place + 1)[0]) for r, rule in enumerate(grid.levels)]
    inked = [_wall(rule, votes, start, end, grid.size) for rule, start, end in pieces if rule.share]
    return bool(inked) and float(np.mean(inked)) >= MIN_SHARE_OF_WALLS


def merge_cells(grid: Grid, level_votes: Votes, turned: Votes) -> None:
    """Note the cells between which there is no wall."""
    rows, columns = grid.shape
    for c in range(1, columns):
        inked = [
            _wall(grid.uprights[c], turned, grid.corner(r, c)[1], grid.corner(r + 1, c)[1], grid.size)
            for r in range(rows)
        ]
        if max(inked) >= MIN_CLOSED:
            for r in np.flatnonzero(np.array(inked) <= MAX_OPEN).tolist():
                grid.owners[r, c] = grid.owners.get((r, c - 1), (r, c - 1))
    for r in range(1, rows):
        inked = [
            _wall(grid.levels[r], level_votes, grid.corner(r, c)[0], grid.corner(r, c + 1)[0], grid.size)
            for c in range(columns)
        ]
        if max(inked) >= MIN_CLOSED:
            for c in np.flatnonzero(np.array(inked) <= MAX_OPEN).tolist():
                if (r, c) not in grid.owners and (r - 1, c) not in grid.owners and (r, c + 1) not in grid.owners:
                    grid.owners[r, c] = (r - 1, c)


def _wall(rule: Rule, votes: Votes, start: float, end: float, size: float) -> float:
    """Measure how much of the emptier half of a piece of a rule is inked, away from its corners: walls reach both."""
    if rule.share == 0 or end - start < 4:
        return 1.0
    inset = 0.1 * (end - start)
    inked, is_hidden = votes.follow(rule, np.arange(start + inset, end - inset, dtype=np.float64))
    if is_hidden.mean() > 0.8:
        return 1.0
    filled = fill_gaps((inked >= MIN_SHARE) & ~is_hidden, max(round(GAP * size), 3))
    halves = zip(np.array_split(filled, 2), np.array_split(~is_hidden, 2), strict=True)
    return min(float(part[is_seen].mean()) for part, is_seen in halves if is_seen.any())
