"""Of marks that are one, the best is kept; neighbours, however close, stay."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.inference.finder.marks_of import marks_of

from digits.inference.finder.suppression import rate_sizes, suppress


def kept(boxes: list[tuple[float, ...]], text: str, weights: list[float]) -> str:
    marks = suppress(marks_of(boxes, text), np.array(weights, np.float32))
    return "".join("0123456789.,-/:"[label] for label in marks.classes.argmax(1))


def test_of_equal_boxes_the_heavier_is_kept() -> None:
    assert kept([(0, 0, 20, 30), (1, 1, 20, 30), (100, 0, 20, 30)], "123", [0.5, 0.6, 0.4]) == "23"


def test_digits_that_touch_stay() -> None:
    assert kept([(0, 0, 20, 30), (16, 0, 20, 30)], "12", [0.5, 0.6]) == "21"


def test_a_part_of_a_digit_goes_and_a_sign_within_its_box_stays() -> None:
    boxes = [(0, 0, 30, 40), (2, 2, 10, 20), (24, 34, 5, 6)]
    assert kept(boxes, "71,", [0.6, 0.9, 0.3]) == "1,"
    assert kept(boxes, "71,", [0.9, 0.6, 0.3]) == "7,"


def test_a_digit_goes_with_the_scale_that_shows_it_best() -> None:
    sizes = [3, 20, 30, 64, 128]
    assert rate_sizes(marks_of([(0, 0, side / 2, side) for side in sizes])).tolist() == pytest.approx(
        [3 / 20, 1, 1, 1, 0.5]
    )
    assert rate_sizes(marks_of([(0, 0, 3, 3)], ".")).tolist() == [1], "signs may have any size"


@given(st.lists(st.tuples(*[st.integers(0, 60)] * 2, *[st.integers(1, 60)] * 2), max_size=12), st.randoms())
def test_what_is_kept_does_not_overlap_and_does_not_depend_on_the_order(boxes: list, random) -> None:  # type: ignore[no-untyped-def, type-arg]
    weights = [0.1 + 0.05 * row for row in range(len(boxes))]
    order = list(range(len(boxes)))
    random.shuffle(order)
    one = suppress(marks_of(boxes), np.array(weights, np.float32))
    other = suppress(marks_of([boxes[row] for row in order]), np.array([weights[row] for row in order], np.float32))
    assert one.boxes.tolist() == other.boxes.tolist()
    again = suppress(one, np.linspace(1, 0.5, len(one), dtype=np.float32))
    assert again.boxes.tolist() == one.boxes.tolist()
