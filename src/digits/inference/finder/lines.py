"""From marks to lines: each mark points at the next one of its line."""

from __future__ import annotations

import numpy as np

from digits.inference.finder.marks import Marks
from digits.shapes import Bool, Float32, Int64
from digits.types import CLASSES

MAX_MISS = 0.6
"""How far from the middle of the next mark a link may end, in sizes of a digit: less than the distance of two
neighbours, which is 0.7 for narrow ones."""

ROW_SHARE = 0.5
"""Lines whose middles differ by less than this share of a digit's height stand beside each other."""

SPACE = 1.0
"""Gap between two neighbours, in widths of a digit, from which on it is a space: those within a number are below half
a width."""

MIN_WIDTH = 0.5
"""Width of a digit, in heights, at least: a number of ones is not spaced by the width of a one."""


def link_lines(marks: Marks) -> list[Int64[np.ndarray, " _m"]]:
    """Arrange marks in lines.

    Returns
    -------
    list of int64[m]
        For each line, in reading order, the rows of its marks in their order.
    """
    following = _pair(marks)
    first = np.setdiff1d(np.arange(len(marks)), following[following >= 0])
    lines = []
    for row in first:
        line = [int(row)]
        while (after := int(following[line[-1]])) >= 0:
            line.append(after)
        lines.append(np.array(line, np.int64))
    return _in_reading_order(marks, lines)


def write_line(marks: Marks, line: Int64[np.ndarray, " _m"], classes: str) -> str:
    """Write the characters of a line, with a space where there is a wide gap.

    Parameters
    ----------
    marks, line
        All marks, and the rows of one or more that make the line.
    classes
        The finder's characters.
    """
    characters = [classes[label] for label in marks.labels[line]]
    spaces = find_spaces(marks, line)
    return "".join(f" {each}" if gap else each for each, gap in zip(characters, spaces, strict=True))


def find_spaces(marks: Marks, line: Int64[np.ndarray, " _m"]) -> Bool[np.ndarray, " _m"]:
    """Say for each mark of a line whether there is a space before it; parameters are those of `write_line`."""
    sizes = digit_sizes(marks)[line]
    sides = marks.boxes[line, 2:]
    is_digit = marks.labels[line] < CLASSES
    widths = np.maximum(sides[is_digit, 0], MIN_WIDTH * sides[is_digit, 1]) if is_digit.any() else sizes
    steps = np.diff(marks.centres[line], axis=0)
    lengths = np.hypot(*steps.T) if len(steps) else np.zeros(0)
    # the extent of a box along the step to its neighbour
    along = np.abs(steps) / lengths[:, None].clip(1e-9)
    half = (along * (sides[:-1] + sides[1:]) / 2).sum(1)
    return np.concatenate(([False], lengths - half > SPACE * float(np.median(widths))))


def digit_sizes(marks: Marks) -> Float32[np.ndarray, " _n"]:
    """Return the longer side of each digit's box, and for each sign that of the usual digit, in pixels."""
    longer = marks.boxes[:, 2:].max(1, initial=0)
    is_digit = marks.labels < CLASSES
    usual = float(np.median(longer[is_digit])) if is_digit.any() else 0.0
    sizes: Float32[np.ndarray, " _n"] = np.where(is_digit, longer, np.maximum(longer, usual)).astype(np.float32)
    return sizes


def _pair(marks: Marks) -> Int64[np.ndarray, " _n"]:
    """Return the row of each mark's successor or -1, so that no mark has two predecessors and no line is a circle."""
    n, centres, sizes = len(marks), marks.centres, digit_sizes(marks)
    following, chains = np.full(n, -1, np.int64), np.arange(n)
    found: list[tuple[float, int, int]] = []
    for row in np.flatnonzero(marks.links[:, 0] > 0):
        distances = np.hypot(*(centres - marks.links[row, 1:]).T) / np.maximum(sizes, sizes[row])
        distances[row] = np.inf
        nearest = int(distances.argmin())
        if distances[nearest] < MAX_MISS:
            found.append((float(distances[nearest]), int(row), nearest))
    is_taken: Bool[np.ndarray, " _n"] = np.zeros(n, bool)
    for _, before, after in sorted(found):
        if not is_taken[after] and chains[before] != chains[after]:
            following[before], is_taken[after] = after, True
            chains[chains == chains[after]] = chains[before]
    return following


def _in_reading_order(marks: Marks, lines: list[Int64[np.ndarray, " _m"]]) -> list[Int64[np.ndarray, " _m"]]:
    """Sort lines from the top to the bottom, and those beside each other from the left to the right."""
    if not lines:
        return []
    angle = np.arctan2(np.sin(marks.directions).mean(), np.cos(marks.directions).mean())
    turned = marks.centres @ np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    sizes = digit_sizes(marks)
    lefts = [turned[line, 0].min() for line in lines]
    middles = [turned[line, 1].mean() for line in lines]
    rows: list[list[int]] = []
    for each in np.argsort(middles, kind="stable"):
        last = rows[-1][-1] if rows else None
        near = ROW_SHARE * float(np.median(sizes[lines[each]]))
        if last is not None and middles[each] - middles[last] < near:
            rows[-1].append(int(each))
        else:
            rows.append([int(each)])
    return [lines[each] for row in rows for each in sorted(row, key=lambda line: lefts[line])]
