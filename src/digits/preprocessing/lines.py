"""Marks → written lines in reading order, be they level or slightly rising."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from digits.preprocessing.components import Component, weighted_median
from digits.shapes import Int64

LARGE = 0.45
"""Height of a mark, over that of the page's digits, from which on it makes a line; smaller ones belong to others."""

FAR = 5.0
"""Gap between two neighbours in a line, in heights, at most."""

BESIDE = 0.35
"""Share of the lower one's height by which neighbours overlap, at least."""

LEVEL = 0.45
"""Difference in height, in heights of a digit, up to which two parts of a line are one."""

NEAR = 0.3
"""Distance of a small mark, in heights, from the digit that it may be a part of."""


@dataclass(frozen=True, eq=False)
class Line:
    """A written line.

    Attributes
    ----------
    marks
        From left to right.
    height
        Of its digits, in pixels.
    """

    marks: tuple[Component, ...]
    height: float


def find_lines(marks: list[Component], height: float) -> list[Line]:
    """Put marks together to lines, from top to bottom.

    Every large mark is followed by its nearest neighbour to the right; chains at the same level, along the slope that
    most neighbours have, are one line. Small marks go to the line of the nearest large one, and are dropped where
    there is none.

    Parameters
    ----------
    marks
        In any order.
    height
        Of the page's digits, in pixels.
    """
    large = sorted((mark for mark in marks if mark.height >= LARGE * height), key=lambda mark: mark.middle)
    lines = _chained(large, height)
    slope = _slope(lines, height)
    lines.sort(key=lambda line: _level(line, slope))
    _join(lines, slope, height)
    for mark, index in _homes([mark for mark in marks if mark.height < LARGE * height], lines, height):
        lines[index].append(mark)
    return [
        Line(
            tuple(sorted(line, key=lambda mark: mark.left)),
            float(np.median([mark.height for mark in line if mark.height >= LARGE * height])),
        )
        for line in lines
    ]


def _chained(marks: list[Component], height: float) -> list[list[Component]]:
    """Link neighbours, the nearest first; `marks` are sorted by column."""
    pairs = list[tuple[float, int, int]]()
    left, top, right, bottom = _edges(marks).T
    heights, column, row = bottom - top, (left + right) / 2, (top + bottom) / 2
    for i in range(len(marks)):
        after = slice(i + 1, None)
        gap = left[after] - right[i]
        overlap = np.minimum(bottom[after], bottom[i]) - np.maximum(top[after], top[i])
        near = (gap <= FAR * height) & (overlap >= BESIDE * np.minimum(heights[after], heights[i]))
        cost = np.maximum(gap, 0) + 0.2 * (column[after] - column[i]) + 0.8 * np.abs(row[after] - row[i])
        pairs += [(float(cost[k]), i, i + 1 + int(k)) for k in np.flatnonzero(near)]
    following, followed = dict[int, int](), set[int]()
    for _, i, j in sorted(pairs):
        if i not in following and j not in followed:
            following[i] = j
            followed.add(j)
    lines = []
    for first in range(len(marks)):
        if first not in followed:
            line, at = [marks[first]], first
            while at in following:
                at = following[at]
                line.append(marks[at])
            lines.append(line)
    return lines


def _slope(lines: list[list[Component]], height: float) -> float:
    """Give the rows a line falls per column."""
    steps = [
        (b.middle[0] - a.middle[0], b.middle[1] - a.middle[1])
        for line in lines
        for a, b in pairwise(line)
        if b.middle[0] - a.middle[0] > 0.3 * height
    ]
    if not steps:
        return 0.0
    along, down = np.array(steps).T
    return weighted_median(down / along, along)


def _level(line: list[Component], slope: float) -> float:
    """Give the row of a line's middle where it meets the left edge of the page."""
    rows = [mark.middle[1] - slope * mark.middle[0] for mark in line]
    return float(np.average(rows, weights=[mark.height for mark in line]))


def _join(lines: list[list[Component]], slope: float, height: float) -> None:
    """Join, in place, lines at the same level that are not above each other."""
    # over a wide gap the slope of a few digits leads astray: level is what is so along it or without it
    levels = [(_level(line, slope), _level(line, 0.0)) for line in lines]
    first = 0
    while first < len(lines):
        for second in range(first + 1, len(lines)):
            apart = min(abs(a - b) for a, b in zip(levels[first], levels[second], strict=True))
            if apart <= LEVEL * height and not any(_above(a, b) for a in lines[first] for b in lines[second]):
                lines[first] += lines.pop(second)
                levels[first : first + 1] = [(_level(lines[first], slope), _level(lines[first], 0.0))]
                del levels[second]
                first -= 1  # what it became may join more
                break
        first += 1


def _above(a: Component, b: Component) -> bool:
    """Whether one of two marks is above the other."""
    return min(a.right, b.right) - max(a.left, b.left) > 0.5 * min(a.width, b.width)


def _homes(small: list[Component], lines: list[list[Component]], height: float) -> list[tuple[Component, int]]:
    """Give for small marks the number of the line with the nearest large one, where there is one near."""
    if not small or not lines:
        return []
    owners = np.array([index for index, line in enumerate(lines) for _ in line])
    large = _edges([mark for line in lines for mark in line])
    homes = []
    for mark, (left, top, right, bottom) in zip(small, _edges(small), strict=True):
        across = np.maximum(large[:, 0] - right, left - large[:, 2])
        down = np.maximum(large[:, 1] - bottom, top - large[:, 3])
        distance = np.maximum(np.maximum(across, down), 0)
        if distance.min() < NEAR * height:
            homes.append((mark, int(owners[distance.argmin()])))
    return homes


def _edges(marks: list[Component]) -> Int64[np.ndarray, "n 4"]:
    edges = [(mark.left, mark.top, mark.right, mark.bottom) for mark in marks]
    return np.array(edges, np.int64).reshape(-1, 4)
