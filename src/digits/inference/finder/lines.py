"""From marks to lines: each mark points at the next one of its line."""

from __future__ import annotations

import math

import numpy as np

from digits.inference.finder.marks import Marks
from digits.shapes import Bool, Float32, Float64, Int64
from digits.types import CLASSES

MAX_MISS = 0.6
"""How far from the middle of the next mark a link may end, in sizes of a digit: less than the distance of two
neighbours, which is 0.7 for narrow ones."""

MIN_BESIDE = 0.4
"""Share of the smaller digit's height by which the last digit of a number and the first of another must overlap, seen
along the page's lines, to stand in one line."""

SPACE, STEP_SPACE = 1.3, 0.5
"""Gap between two neighbours from which on it is a space, in heights of a digit; the smaller one holds where the step
to the next digit is long for this line."""

PASSES, TRUST = 3, 3
"""The first pass pairs numbers by the finder's directions, each other by how the neighbours found before lie: in a
median in which the former angle counts as so many pairs, since a wrong pair among few would turn the page."""

LONG_STEP = 1.6
"""Steps of a line's usual one from which on a step is long."""


def link_lines(marks: Marks) -> list[Int64[np.ndarray, " _m"]]:
    """Arrange marks in lines: numbers that stand beside each other are one line, however far apart they are.

    Returns
    -------
    list of int64[m]
        For each line, in reading order, the rows of its marks in their order.
    """
    numbers = link_numbers(marks)
    if not numbers:
        return []
    angle = math.atan2(np.sin(marks.directions).mean(), np.cos(marks.directions).mean())
    for _ in range(PASSES):
        turned, half = _turn(marks, angle)
        following = _pair_numbers(marks, numbers, turned, half)
        angle += _slope(marks, numbers, following, turned)
    lines = [np.concatenate([numbers[each] for each in chain]) for chain in _chain(following)]
    return sorted(lines, key=lambda line: float(turned[line, 1].mean()))


def link_numbers(marks: Marks) -> list[Int64[np.ndarray, " _m"]]:
    """Arrange marks in numbers: each mark is followed by the one that its link points at.

    Returns
    -------
    list of int64[m]
        For each number the rows of its marks in their order.
    """
    return [np.array(chain, np.int64) for chain in _chain(pair_marks(marks))]


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
    if len(line) < 2:
        return np.zeros(len(line), bool)
    sizes, centres, sides = digit_sizes(marks)[line], marks.centres[line], marks.boxes[line, 2:]
    steps = np.diff(centres, axis=0)
    lengths = np.hypot(*steps.T)
    # the extent of a box along the step to its neighbour
    along = np.abs(steps) / lengths[:, None].clip(1e-9)
    gaps = lengths - (along * (sides[:-1] + sides[1:]) / 2).sum(1)
    usual, step = float(np.median(sizes)), np.sort(lengths)[(len(lengths) - 1) // 2]
    is_long = lengths > LONG_STEP * step
    return np.concatenate(([False], (gaps > SPACE * usual) | (is_long & (gaps > STEP_SPACE * usual))))


def digit_sizes(marks: Marks) -> Float32[np.ndarray, " _n"]:
    """Return the longer side of each digit's box, and for each sign that of the usual digit, in pixels."""
    longer = marks.boxes[:, 2:].max(1, initial=0)
    is_digit = marks.labels < CLASSES
    usual = float(np.median(longer[is_digit])) if is_digit.any() else 0.0
    sizes: Float32[np.ndarray, " _n"] = np.where(is_digit, longer, np.maximum(longer, usual)).astype(np.float32)
    return sizes


def pair_marks(marks: Marks) -> Int64[np.ndarray, " _n"]:
    """Return the row of each mark's successor or -1, so that no mark has two predecessors and no line is a circle."""
    centres, sizes = marks.centres, digit_sizes(marks)
    found: list[tuple[float, int, int]] = []
    for row in np.flatnonzero(marks.links[:, 0] > 0):
        distances = np.hypot(*(centres - marks.links[row, 1:]).T) / np.maximum(sizes, sizes[row])
        distances[row] = np.inf
        nearest = int(distances.argmin())
        if distances[nearest] < MAX_MISS:
            found.append((float(distances[nearest]), int(row), nearest))
    return _choose(len(marks), found)


def _pair_numbers(
    marks: Marks,
    numbers: list[Int64[np.ndarray, " _m"]],
    turned: Float64[np.ndarray, "n 2"],
    half: Float64[np.ndarray, "n 2"],
) -> Int64[np.ndarray, " _k"]:
    """Return for each number the nearest one to the right in its line, or -1, as `_pair` does.

    `turned` and `half` are the middles of all marks and half their sides, along the page's lines and down.
    """
    is_digit = marks.labels < CLASSES
    first, last = (
        np.array([(number[is_digit[number]] if is_digit[number].any() else number)[end] for number in numbers])
        for end in (0, -1)
    )
    left = np.array([(turned[number, 0] - half[number, 0]).min() for number in numbers])
    right = np.array([(turned[number, 0] + half[number, 0]).max() for number in numbers])
    found: list[tuple[float, int, int]] = []
    for row, mark in enumerate(last):
        both = np.minimum(turned[mark, 1] + half[mark, 1], turned[first, 1] + half[first, 1])
        overlap = both - np.maximum(turned[mark, 1] - half[mark, 1], turned[first, 1] - half[first, 1])
        beside = overlap >= MIN_BESIDE * 2 * np.minimum(half[mark, 1], half[first, 1])
        beside &= (left + right) / 2 > right[row]
        beside[row] = False
        gaps = left - right[row] + np.abs(turned[first, 1] - turned[mark, 1])
        found += [(float(gaps[after]), row, int(after)) for after in np.flatnonzero(beside)]
    return _choose(len(numbers), found)


def _turn(marks: Marks, angle: float) -> tuple[Float64[np.ndarray, "n 2"], Float64[np.ndarray, "n 2"]]:
    """Return the middles of marks and half their sides, along lines of an angle and down."""
    cosine, sine = math.cos(angle), math.sin(angle)
    turned = marks.centres.astype(np.float64) @ np.array([(cosine, -sine), (sine, cosine)])
    return turned, marks.boxes[:, 2:].astype(np.float64) @ np.abs([(cosine, sine), (sine, cosine)]) / 2


def _slope(
    marks: Marks,
    numbers: list[Int64[np.ndarray, " _m"]],
    following: Int64[np.ndarray, " _k"],
    turned: Float64[np.ndarray, "n 2"],
) -> float:
    """Return by what angle neighbours in a line fall."""
    pairs = [number[each : each + 2] for number in numbers for each in range(len(number) - 1)]
    pairs += [np.array((numbers[row][-1], numbers[after][0])) for row, after in enumerate(following) if after >= 0]
    pairs = [pair for pair in pairs if (marks.labels[pair] < CLASSES).all()]  # a comma stands low, a minus high
    before, after = turned[np.array(pairs, np.int64).reshape(-1, 2).T]
    angles = np.arctan2(after[:, 1] - before[:, 1], after[:, 0] - before[:, 0])
    return float(np.median(np.concatenate((angles, np.zeros(TRUST)))))


def _choose(n: int, found: list[tuple[float, int, int]]) -> Int64[np.ndarray, " _n"]:
    """Choose pairs of a distance, a place and its successor, the nearest first: one successor and predecessor each."""
    following, chains = np.full(n, -1, np.int64), np.arange(n)
    is_taken: Bool[np.ndarray, " _n"] = np.zeros(n, bool)
    for _, before, after in sorted(found):
        if following[before] < 0 and not is_taken[after] and chains[before] != chains[after]:
            following[before], is_taken[after] = after, True
            chains[chains == chains[after]] = chains[before]
    return following


def _chain(following: Int64[np.ndarray, " _n"]) -> list[list[int]]:
    """Follow every place that is no other's successor to the end."""
    chains = []
    for start in np.setdiff1d(np.arange(len(following)), following[following >= 0]):
        chain = [int(start)]
        while (after := int(following[chain[-1]])) >= 0:
            chain.append(after)
        chains.append(chain)
    return chains
