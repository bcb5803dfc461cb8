"""Marks in order: by their links, in reading order, with spaces where there are gaps."""

from __future__ import annotations

import numpy as np
import pytest
from tests.inference.finder.marks_of import CLASSES, marks_of

from digits.inference.finder.lines import link_lines, link_numbers, write_line
from digits.inference.finder.marks import Marks


def linked(boxes: list[tuple[float, ...]], text: str, following: list[int], angle: float = 0.0) -> Marks:
    """Marks whose links point at the middle of others; -1 at none."""
    middles = np.array(boxes, np.float32)[:, :2] + np.array(boxes, np.float32)[:, 2:] / 2
    links = np.concatenate(
        (np.where(np.array(following) >= 0, 5, -5)[:, None], middles[np.maximum(following, 0)]), 1
    ).astype(np.float32)
    return marks_of(boxes, text, links=links, directions=np.full(len(boxes), angle, np.float32))


def texts(marks: Marks) -> list[str]:
    return [write_line(marks, line, CLASSES) for line in link_lines(marks)]


def turned(boxes: list[tuple[float, ...]], angle: float) -> list[tuple[float, ...]]:
    cosine, sine = np.cos(angle), np.sin(angle)
    return [
        (
            float((x + w / 2) * cosine - (y + h / 2) * sine - w / 2),
            float((x + w / 2) * sine + (y + h / 2) * cosine - h / 2),
            w,
            h,
        )
        for x, y, w, h in boxes
    ]


LINES = [(0, 0, 20, 30), (26, 2, 20, 30), (60, 28, 5, 8), (70, 0, 20, 30), (0, 60, 20, 30), (30, 62, 20, 30)]


@pytest.mark.parametrize("angle", [0.0, 0.5, -0.6, np.pi / 2, np.pi])
def test_lines_are_read_in_order_at_any_angle(angle: float) -> None:
    marks = linked(turned(LINES, angle), "12,345", [1, 2, 3, -1, 5, -1], angle)
    assert texts(marks) == ["12,3", "45"]
    order = np.array([4, 2, 0, 5, 3, 1])
    assert texts(marks[order]) == ["12,3", "45"]


@pytest.mark.parametrize("angle", [0.0, 0.2, -0.6])
def test_numbers_beside_each_other_are_one_line(angle: float) -> None:
    boxes = [(300, 2, 20, 30), (0, 10, 20, 30), (150, 5, 20, 30), (0, 60, 20, 30), (290, 66, 40, 60)]
    marks = linked(turned(boxes, angle), "31245", [-1] * 5, angle)
    assert texts(marks) == ["1 2 3", "4 5"]
    assert sorted(len(number) for number in link_numbers(marks)) == [1] * 5


def test_a_long_line_may_rise_from_number_to_number() -> None:
    boxes = [(66 * column, 400 - 6 * column + 50 * row, 20, 30) for row in range(2) for column in range(9)]
    assert texts(linked(boxes, "123456789" * 2, [-1] * 18)) == [" ".join("123456789")] * 2


def test_a_sign_at_the_end_does_not_move_a_line() -> None:
    boxes = [(0, 0, 20, 30), (24, 26, 4, 4), (100, 2, 20, 30), (0, 40, 20, 30)]
    assert texts(linked(boxes, "1.23", [1, -1, -1, -1])) == ["1. 2", "3"]


@pytest.mark.parametrize("follows", [1, -1])
@pytest.mark.parametrize(("gap", "text"), [(2, "12"), (35, "12"), (42, "1 2"), (90, "1 2")])
def test_a_wide_gap_is_a_space(gap: int, follows: int, text: str) -> None:
    assert texts(linked([(0, 0, 20, 30), (20 + gap, 0, 20, 30)], "12", [follows, -1])) == [text]


def test_a_long_step_among_short_ones_is_a_space() -> None:
    boxes = [(x, 0, 18, 30) for x in (0, 22, 44, 82, 104)]
    assert texts(linked(boxes, "12345", [1, 2, 3, 4, -1])) == ["123 45"]
    even = [(38 * place, 0, 18, 30) for place in range(5)]
    assert texts(linked(even, "12345", [1, 2, 3, 4, -1])) == ["12345"]


def test_ones_are_not_spaced_by_their_own_width() -> None:
    boxes = [(0, 0, 3, 30), (15, 0, 3, 30), (50, 0, 3, 30)]
    assert texts(linked(boxes, "111", [1, 2, -1])) == ["11 1"]


def test_two_marks_that_point_at_one_do_not_share_it() -> None:
    boxes = [(0, 0, 20, 30), (0, 20, 20, 30), (30, 4, 20, 30)]
    marks = linked(boxes, "123", [2, 2, -1])
    links = marks.links.copy()
    links[1, 1:] += 6  # the second misses by a little
    marks = linked(boxes, "123", [2, 2, -1])
    marks.links[:] = links
    assert sorted(texts(marks)) == ["13", "2"]


def test_a_circle_is_opened() -> None:
    lines = link_lines(linked([(0, 0, 20, 30), (30, 0, 20, 30), (60, 0, 20, 30)], "123", [1, 2, 0]))
    assert [sorted(line) for line in lines] == [[0, 1, 2]]


def test_a_link_into_nothing_ends_the_number() -> None:
    marks = linked([(0, 0, 20, 30), (100, 0, 20, 30)], "12", [1, -1])
    marks.links[0, 1:] = (60, 15)
    assert [number.tolist() for number in link_numbers(marks)] == [[0], [1]]


def test_no_marks_are_no_lines() -> None:
    assert link_lines(marks_of([])) == []


@pytest.mark.parametrize("angle", [0.17, -0.17])
def test_single_digits_stand_in_lines_though_the_finder_sees_half_their_angle(angle: float) -> None:
    boxes = [(60 * column, 60 * row, 20, 30) for row in range(10) for column in range(10)]
    marks = linked(turned(boxes, angle), "0123456789" * 10, [-1] * 100, angle / 2)
    assert texts(marks) == ["0123456789"] * 10  # evenly far apart, as one number is


def test_few_numbers_one_below_the_other_keep_the_angle_that_the_finder_sees() -> None:
    boxes = [(0, 0, 20, 30), (24, 0, 20, 30), (90, 25, 20, 30), (114, 25, 20, 30), (0, 60, 20, 30)]
    assert texts(linked(boxes, "12345", [1, -1, 3, -1, -1])) == ["12", "34", "5"]
