"""Components become lines in reading order."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits.preprocessing import find_lines
from digits.preprocessing.components import Component

HEIGHT = 40.0


def component(left: float, top: float, width: int = 25, height: int = 40) -> Component:
    return Component(round(left), round(top), np.full((height, width), 255, np.uint8), 200.0)


def places(components: list[Component], height: float = HEIGHT) -> list[list[tuple[int, int]]]:
    return [[(each.left, each.top) for each in line.components] for line in find_lines(components, height)]


@given(st.permutations(range(6)))
def test_lines_go_down_and_right(order: list[int]) -> None:
    components = [component(10 + 40 * column, 20 + 70 * row) for row in range(2) for column in range(3)]
    assert places([components[index] for index in order]) == [
        [(10, 20), (50, 20), (90, 20)],
        [(10, 90), (50, 90), (90, 90)],
    ]


@pytest.mark.parametrize("degrees", [-8, -3, 3, 8])
def test_sloping_lines_stay_whole(degrees: float) -> None:
    slope = math.tan(math.radians(degrees))
    components = [
        component(40 * column, 200 + 60 * row + slope * 40 * column) for row in range(3) for column in range(15)
    ]
    assert [len(line) for line in places(components)] == [15, 15, 15]


def test_a_line_with_a_wide_gap_is_one_line() -> None:
    assert len(places([component(0, 0), component(40, 3), component(600, -4), component(640, 2)])) == 1


def test_components_above_each_other_are_lines_of_their_own() -> None:
    assert [len(line) for line in places([component(0, 0), component(3, 45), component(1, 92)])] == [1, 1, 1]


def test_small_parts_join_a_near_digit_or_are_dropped() -> None:
    bar, dirt = component(20, -6, 20, 6), component(300, 300, 6, 6)
    assert places([component(0, 0), bar, dirt, component(50, 0)]) == [[(0, 0), (20, -6), (50, 0)]]


def test_digits_of_uneven_height_are_one_line() -> None:
    components = [
        component(0, 0),
        component(40, 12, height=26),
        component(80, -10, height=60),
        component(120, 8, height=30),
    ]
    assert [len(line) for line in places(components)] == [4]


def test_no_components_give_no_lines() -> None:
    assert find_lines([], 0.0) == []


def test_each_line_has_the_height_of_its_own_digits() -> None:
    large, small = [component(60 * n, 0) for n in range(3)], [component(60 * n, 100, 20, 24) for n in range(3)]
    assert [line.height for line in find_lines(large + small, HEIGHT)] == [40, 24]
