"""Combs of boxes from their walls: teeth, boxes apart, hidden walls, and what is no comb."""

from __future__ import annotations

import time

import numpy as np
import pytest

from digits.documents.combs import extend, find_combs

SIZE, HIGH, WIDE, LEFT, TOP = 20.0, 30, 25, 40, 50


def draw(places: list[int], top: int = TOP, high: int = HIGH, slope: float = 0.0) -> np.ndarray:
    """Draw walls two pixels wide at places along a row."""
    page = np.zeros((200, 400), np.uint8)
    for x in places:
        y = top + round(slope * x)
        page[y : y + high, x : x + 2] = 255
    return page


def walls(n: int) -> list[int]:
    return [LEFT + WIDE * place for place in range(n)]


@pytest.mark.parametrize("slope", [0.0, 0.1])
def test_walls_in_a_row_are_a_comb(slope: float) -> None:
    (comb,) = find_combs(draw(walls(6), slope=slope), SIZE)
    assert comb.shape == (1, 5)
    found = [wall.place(TOP + 10.0) for wall in comb.uprights]
    assert found == pytest.approx([x + 0.5 for x in walls(6)], abs=1)
    x = LEFT + 3.0 * WIDE
    assert comb.levels[0].place(x) == pytest.approx(TOP + slope * x, abs=1)
    assert comb.levels[1].place(x) == pytest.approx(TOP + slope * x + HIGH, abs=1)


def test_both_walls_between_boxes_apart_count_as_one() -> None:
    boxes = [x for place in range(4) for x in (LEFT + 32 * place, LEFT + 32 * place + 25)]
    (comb,) = find_combs(draw(boxes), SIZE)
    assert comb.shape == (1, 4)


def test_hidden_walls_are_put_in_and_strokes_are_none() -> None:
    page = draw([x for place, x in enumerate(walls(7)) if place not in (2, 4)])
    page[TOP + 8 : TOP + 20, LEFT + 12 : LEFT + 14] = 255  # a 1
    (comb,) = find_combs(page, SIZE)
    assert comb.shape == (1, 6)


def test_dashed_walls_are_walls() -> None:
    page = draw(walls(5))
    page[np.arange(200) % 6 >= 3] = 0
    (comb,) = find_combs(page, SIZE)
    assert comb.shape == (1, 4)


def test_combs_above_each_other_are_apart() -> None:
    combs = find_combs(np.maximum(draw(walls(5)), draw(walls(4), top=TOP + 2 * HIGH)), SIZE)
    assert sorted(comb.shape for comb in combs) == [(1, 3), (1, 4)]


@pytest.mark.parametrize(
    "page",
    [draw(walls(6), high=4 * HIGH), draw([40, 60, 120, 150, 240]), draw(walls(2)), draw([])],
    ids=["a table's walls go on", "no two distances alike", "one box", "nothing"],
)
def test_what_is_no_comb(page: np.ndarray) -> None:
    assert not find_combs(page, SIZE)


def test_a_digit_beside_a_comb_stands_in_a_box() -> None:
    (comb,) = find_combs(draw(walls(5)), SIZE)
    before = np.array([[LEFT - 20, TOP + 5, 12, 20]], np.float64)
    longer = extend(comb, before)
    assert longer.shape == (1, 5)
    assert longer.contains(before[:, :2] + before[:, 2:] / 2).all()
    far = before - (3 * WIDE, 0, 0, 0)
    assert extend(comb, far).shape == extend(comb, before[:0]).shape == comb.shape


def test_texture_is_no_comb_and_takes_no_time() -> None:
    rng, page = np.random.default_rng(0), np.zeros((1600, 1600), np.uint8)
    for x, y in rng.integers(0, 1580, (20_000, 2)):
        page[y : y + 9, x] = 255
    start = time.process_time()
    assert not find_combs(page, 10.0)
    assert time.process_time() - start < 2
