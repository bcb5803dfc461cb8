"""Components → written lines in reading order, level or slightly sloping."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from digits.preprocessing.components import Component, weighted_median
from digits.shapes import Int64

# In heights of the page's digits, unless noted.
MIN_LARGE_HEIGHT = 0.45  # of a component that forms a line; smaller ones join the lines of others
MAX_GAP = 5.0  # between neighbours in a line
MIN_OVERLAP = 0.35  # of neighbours, in heights of the lower one
MAX_OFFSET = 0.45  # between two parts of one line
MAX_SMALL_DISTANCE = 0.3  # of a small component from the digit it may be part of


@dataclass(frozen=True, eq=False)
class Line:
    """A written line: its components from left to right, and the height of its digits in pixels."""

    components: tuple[Component, ...]
    height: float


def find_lines(components: list[Component], height: float) -> list[Line]:
    """Group components into lines, from top to bottom.

    Each large component is linked to its nearest neighbour on the right; chains at the same level, along the common
    slope, form one line. Small components join the line of the nearest large one, or are dropped where none is near.
    `height` is that of the page's digits, in pixels.
    """
    min_height = MIN_LARGE_HEIGHT * height
    large = sorted((each for each in components if each.height >= min_height), key=lambda each: each.centre)
    lines = _chain(large, height)
    slope = _measure_slope(lines, height)
    lines.sort(key=lambda line: _level(line, slope))
    _join(lines, slope, height)
    for component, index in _assign([each for each in components if each.height < min_height], lines, height):
        lines[index].append(component)
    return [
        Line(
            tuple(sorted(line, key=lambda each: each.left)),
            float(np.median([each.height for each in line if each.height >= min_height])),
        )
        for line in lines
    ]


def _chain(components: list[Component], height: float) -> list[list[Component]]:
    """Link neighbours, the nearest first; `components` are sorted by column."""
    pairs = list[tuple[float, int, int]]()
    left, top, right, bottom = _edges(components).T
    heights, column, row = bottom - top, (left + right) / 2, (top + bottom) / 2
    for i in range(len(components)):
        after = slice(i + 1, None)
        gap = left[after] - right[i]
        overlap = np.minimum(bottom[after], bottom[i]) - np.maximum(top[after], top[i])
        near = (gap <= MAX_GAP * height) & (overlap >= MIN_OVERLAP * np.minimum(heights[after], heights[i]))
        cost = np.maximum(gap, 0) + 0.2 * (column[after] - column[i]) + 0.8 * np.abs(row[after] - row[i])
        pairs += [(float(cost[k]), i, i + 1 + int(k)) for k in np.flatnonzero(near)]
    following, followed = dict[int, int](), set[int]()
    for _, i, j in sorted(pairs):
        if i not in following and j not in followed:
            following[i] = j
            followed.add(j)
    lines = []
    for first in range(len(components)):
        if first not in followed:
            line, index = [components[first]], first
            while index in following:
                index = following[index]
                line.append(components[index])
            lines.append(line)
    return lines


def _measure_slope(lines: list[list[Component]], height: float) -> float:
    """Measure how many rows lines fall per column."""
    steps = [
        (b.centre[0] - a.centre[0], b.centre[1] - a.centre[1])
        for line in lines
        for a, b in pairwise(line)
        if b.centre[0] - a.centre[0] > 0.3 * height
    ]
    if not steps:
        return 0.0
    along, down = np.array(steps).T
    return weighted_median(down / along, along)


def _level(line: list[Component], slope: float) -> float:
    """Compute the row at which a line meets the left border of the page."""
    rows = [each.centre[1] - slope * each.centre[0] for each in line]
    return float(np.average(rows, weights=[each.height for each in line]))


def _join(lines: list[list[Component]], slope: float, height: float) -> None:
    """Join, in place, lines at the same level that do not lie above each other."""
    # the slope of a few digits is unreliable across a wide gap: lines may be level along it or without it
    levels = [(_level(line, slope), _level(line, 0.0)) for line in lines]
    first = 0
    while first < len(lines):
        for second in range(first + 1, len(lines)):
            distance = min(abs(a - b) for a, b in zip(levels[first], levels[second], strict=True))
            if distance <= MAX_OFFSET * height and not any(_above(a, b) for a in lines[first] for b in lines[second]):
                lines[first] += lines.pop(second)
                levels[first : first + 1] = [(_level(lines[first], slope), _level(lines[first], 0.0))]
                del levels[second]
                first -= 1  # the joined line may join more
                break
        first += 1


def _above(a: Component, b: Component) -> bool:
    """Whether one of two components is above the other."""
    return min(a.right, b.right) - max(a.left, b.left) > 0.5 * min(a.width, b.width)


def _assign(small: list[Component], lines: list[list[Component]], height: float) -> list[tuple[Component, int]]:
    """Find for each small component the line whose large component is nearest; those far from all are left out."""
    if not small or not lines:
        return []
    owners = np.array([index for index, line in enumerate(lines) for _ in line])
    large = _edges([each for line in lines for each in line])
    assigned = []
    for component, (left, top, right, bottom) in zip(small, _edges(small), strict=True):
        across = np.maximum(large[:, 0] - right, left - large[:, 2])
        down = np.maximum(large[:, 1] - bottom, top - large[:, 3])
        distance = np.maximum(np.maximum(across, down), 0)
        if distance.min() < MAX_SMALL_DISTANCE * height:
            assigned.append((component, int(owners[distance.argmin()])))
    return assigned


def _edges(components: list[Component]) -> Int64[np.ndarray, "n 4"]:
    edges = [(each.left, each.top, each.right, each.bottom) for each in components]
    return np.array(edges, np.int64).reshape(-1, 4)
