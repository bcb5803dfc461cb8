"""Rows and columns without rules: numbers whose sides or middles stand below each other, and on one line."""

from __future__ import annotations

import numpy as np

from digits.documents.characters import link_numbers
from digits.shapes import Float64, Int64

MAX_TILT = 15
"""Degrees by which lines of numbers may be turned; a page is upright within these."""

ROW_GAP = 0.5
"""Distance of the middles of two numbers, in heights of a digit, from which on they stand in two rows: half of what
lines of writing have at least."""

MIN_SHARED = 0.5
"""Share of the narrower of two numbers that must lie above or below the other for both to be in one column."""


def measure_tilt(middles: Float64[np.ndarray, "n 2"], size: float) -> float:
    """Measure by how much the lines of numbers fall, in radians: so that their middles lie closest together.

    Parameters
    ----------
    middles
        X and y of each digit's middle.
    size
        Height of the usual digit, in pixels.
    """
    best, tilt = -1.0, 0.0
    # from none on, so that none wins where no other is better
    for degrees in sorted(np.arange(-MAX_TILT, MAX_TILT + 0.25, 0.5), key=abs):
        angle = np.deg2rad(degrees)
        down = middles[:, 1] * np.cos(angle) - middles[:, 0] * np.sin(angle)
        near = np.exp(-0.5 * ((down[:, None] - down[None]) / (0.15 * size)) ** 2).sum()
        if near > 1.001 * best:
            best, tilt = near, float(angle)
    return tilt


def find_rows(down: Float64[np.ndarray, " n"], size: float) -> Int64[np.ndarray, " n"]:
    """Number the rows of n numbers, given how far down their middles are."""
    order = np.argsort(down, kind="stable")
    rows = np.zeros(len(down), np.int64)
    rows[order] = np.concatenate(([0], np.cumsum(np.diff(down[order]) > ROW_GAP * size)))[: len(down)]
    return rows


def find_columns(spans: Float64[np.ndarray, "n 2"], rows: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
    """Number the columns of n numbers: those of different rows that lie above each other, the best aligned first.

    Parameters
    ----------
    spans
        Left and right end of each number.
    rows
        The row of each; two of one row are never in one column.
    """
    left, right = spans.T
    shared = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    narrower = np.minimum(right - left, (right - left)[:, None])
    is_above = np.triu((shared >= MIN_SHARED * narrower) & (rows != rows[:, None]), 1)
    sides = np.stack((left, (left + right) / 2, right))
    miss = np.abs(sides[:, :, None] - sides[:, None]).min(0)
    groups = np.arange(len(spans))
    for first, second in sorted(zip(*np.nonzero(is_above), strict=True), key=lambda pair: float(miss[pair])):
        one, other = groups == groups[first], groups == groups[second]
        if groups[first] != groups[second] and not np.isin(rows[one], rows[other]).any():
            groups[other] = groups[first]
    found = np.unique(groups)
    centres = [float(spans[groups == group].mean()) for group in found]
    return np.argsort(np.argsort(centres, kind="stable"), kind="stable")[np.searchsorted(found, groups)]


def subdivide(
    shape: tuple[int, int], cells: Int64[np.ndarray, "m 2"], boxes: Float64[np.ndarray, "m 4"], size: float
) -> Int64[np.ndarray, "m 2"]:
    """Find the rows, or the columns, of a grid that has no rules between them.

    Parameters
    ----------
    shape
        Number of its rows and columns that rules part; 1 where none do.
    cells
        Row and column of each character.
    boxes
        Of the characters: x, y, width, height.
    size
        Height of the usual digit, in pixels.

    Returns
    -------
    int64[m, 2]
        The new row and column of each.
    """
    cells = cells.copy()
    middles, half = boxes[:, :2] + boxes[:, 2:] / 2, boxes[:, 2] / 2
    numbers = link_numbers(boxes, size)
    tilt = measure_tilt(middles, size)
    if shape[0] == 1:
        down = middles[:, 1] * np.cos(tilt) - middles[:, 0] * np.sin(tilt)
        rows = find_rows(np.array([down[number].mean() for number in numbers]), size)
        for number, row in zip(numbers, rows, strict=True):
            cells[number, 0] = row
    if shape[1] == 1:
        across = middles[:, 0] * np.cos(tilt) + middles[:, 1] * np.sin(tilt)
        spans = np.array([((across - half)[number].min(), (across + half)[number].max()) for number in numbers])
        columns = find_columns(spans, np.array([cells[number[0], 0] for number in numbers]))
        for number, column in zip(numbers, columns, strict=True):
            cells[number, 1] = column
    return cells
