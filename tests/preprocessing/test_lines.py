"""Marks become lines in reading order."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits.preprocessing import find_lines
from digits.preprocessing.components import Component

HEIGHT = 40.0


def mark(left: float, top: float, width: int = 25, height: int = 40) -> Component:
    return Component(round(left), round(top), np.full((height, width), 255, np.uint8), 200.0)


def places(marks: list[Component], height: float = HEIGHT) -> list[list[tuple[int, int]]]:
    return [[(each.left, each.top) for each in line.marks] for line in find_lines(marks, height)]


@given(st.permutations(range(6)))
def test_lines_are_read_from_the_top_each_from_the_left(order: list[int]) -> None:
    marks = [mark(10 + 40 * column, 20 + 70 * row) for row in range(2) for column in range(3)]
    assert places([marks[index] for index in order]) == [
        [(10, 20), (50, 20), (90, 20)],
        [(10, 90), (50, 90), (90, 90)],
    ]


@pytest.mark.parametrize("degrees", [-8, -3, 3, 8])
def test_rising_and_falling_lines_stay_whole(degrees: float) -> None:
    slope = math.tan(math.radians(degrees))
    marks = [mark(40 * column, 200 + 60 * row + slope * 40 * column) for row in range(3) for column in range(15)]
    assert [len(line) for line in places(marks)] == [15, 15, 15]


def test_a_line_with_a_wide_gap_is_one_line() -> None:
    assert len(places([mark(0, 0), mark(40, 3), mark(600, -4), mark(640, 2)])) == 1


def test_what_is_above_each_other_is_no_line() -> None:
    assert [len(line) for line in places([mark(0, 0), mark(3, 45), mark(1, 92)])] == [1, 1, 1]


def test_a_small_part_joins_the_digit_it_is_near_and_is_dropped_where_it_is_alone() -> None:
    bar, dirt = mark(20, -6, 20, 6), mark(300, 300, 6, 6)
    assert places([mark(0, 0), bar, dirt, mark(50, 0)]) == [[(0, 0), (20, -6), (50, 0)]]


def test_digits_of_uneven_height_are_one_line() -> None:
    marks = [mark(0, 0), mark(40, 12, height=26), mark(80, -10, height=60), mark(120, 8, height=30)]
    assert [len(line) for line in places(marks)] == [4]


def test_nothing_has_no_lines() -> None:
    assert find_lines([], 0.0) == []


def test_a_line_knows_the_height_of_its_own_digits() -> None:
    large, small = [mark(60 * n, 0) for n in range(3)], [mark(60 * n, 100, 20, 24) for n in range(3)]
    assert [line.height for line in find_lines(large + small, HEIGHT)] == [40, 24]
