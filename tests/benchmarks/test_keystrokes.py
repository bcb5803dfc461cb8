"""Replaying the keys of a review: each rule of the page, and the fewest keys that make a cell true."""

from __future__ import annotations

import pytest
from benchmarks.keystrokes import Shown, count_keys, offer, press, show

CASES = {
    "right": (show("407", (0, 2)), "407", 1),
    "the doubtful box is wrong": (show("407", (2,)), "401", 1),
    "the first of two doubtful boxes is wrong": (show("407", (0, 2)), "107", 2),
    "both doubtful boxes are wrong": (show("407", (0, 2)), "101", 2),
    "a box is wrong that was not doubtful": (show("407", (0,)), "417", 3),
    "what is in a box is nothing": (show("407", (0,)), ("", "0", "7"), 1),
    "the other number is right": (show("407", (0, 2), "152"), "152", 1),
}


@pytest.mark.parametrize("case", CASES)
def test_the_fewest_keys_are_counted(case: str) -> None:
    cell, truth, keys = CASES[case]
    assert count_keys(cell, tuple(truth)) == keys


def test_after_a_move_only_enter_decides() -> None:
    cell = press(press(show("407", (2,)), "ArrowLeft"), "1")
    assert (cell.boxes, cell.mark, cell.decided) == (("4", "1", "7"), 2, False)
    assert press(cell, "Enter").decided


def test_an_other_number_is_offered_for_the_same_boxes_only() -> None:
    assert offer(("", "7", "5"), [("8.5", 0.2), ("9", 0.1)]) == ("", "8", "5")
    assert offer(("1", "7", "5"), [("8.5", 0.2)]) == ()
    assert offer(("1",), []) == ()
    assert press(show("1", (0,)), "Space") == Shown(("1",), (0,))
