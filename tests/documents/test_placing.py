"""Which cell a character is in: by walls, by its number, and in merged cells."""

from __future__ import annotations

import numpy as np
import pytest
from tests.documents.conftest import HIGH, SIDE, WIDE, write

from digits.documents.characters import as_boxes
from digits.documents.grid import Grid
from digits.documents.placing import locate
from digits.documents.rule import Rule


def straight(across: float) -> Rule:
    return Rule(np.array([0.0, 400.0]), np.array([across, across]), 1.0)


def grid(rows: int = 2, columns: int = 3) -> Grid:
    levels = [straight(40.0 + HIGH * row) for row in range(rows + 1)]
    return Grid(levels, [straight(40.0 + WIDE * column) for column in range(columns + 1)], float(SIDE))


def box(x: float, y: float, width: float = 0.6 * SIDE, height: float = SIDE) -> tuple[float, float, float, float]:
    return x, y, width, height


def test_characters_are_in_the_cells_that_they_were_written_into() -> None:
    texts = [["12", "345", "6"], ["", "78", "90"]]
    cells, crosses = locate(grid(), as_boxes(write(texts)), float(SIDE))
    expected = [(row, column) for row, line in enumerate(texts) for column, text in enumerate(line) for _ in text]
    assert list(map(tuple, cells.tolist())) == expected
    assert not crosses.any()


def test_digit_beyond_a_wall_stays_with_its_number() -> None:
    wall = 40.0 + WIDE
    boxes = np.array([box(wall - 38, 49), box(wall - 19, 49), box(wall + 1, 49), box(wall + 55, 49)])
    cells, crosses = locate(grid(), boxes, float(SIDE))
    assert cells[:, 1].tolist() == [0, 0, 0, 1]
    assert not crosses.any()


def test_digit_on_a_wall_crosses_it_unless_its_cells_are_merged() -> None:
    wall = 40.0 + WIDE
    boxes = np.array([box(wall - 26, 49), box(wall - 7, 49), box(wall + 50, 49)])
    cells, crosses = locate(grid(), boxes, float(SIDE))
    assert (cells[:, 1].tolist(), crosses.tolist()) == ([0, 0, 1], [False, True, False])
    merged = grid()
    merged.owners[0, 1] = (0, 0)
    cells, crosses = locate(merged, boxes, float(SIDE))
    assert (cells[:, 1].tolist(), crosses.any()) == ([0, 0, 0], False)


@pytest.mark.parametrize(
    ("x", "y", "cell"),
    [(5.0, 50.0, (0, 0)), (40.0 + 3 * WIDE + 9, 50.0, (0, 2)), (60.0, 4.0, (0, 0)), (60.0, 44.0 + 2 * HIGH, (1, 0))],
)
def test_what_is_outside_belongs_to_the_nearest_cell(x: float, y: float, cell: tuple[int, int]) -> None:
    cells, _ = locate(grid(), np.array([box(x, y)]), float(SIDE))
    assert tuple(cells[0].tolist()) == cell


def test_low_comma_stays_in_the_row_of_its_digits() -> None:
    below = 40.0 + HIGH  # the comma's middle is under the border between the rows
    boxes = np.array([box(50, below - 25), box(69, below - 4, 5, 9), box(78, below - 25)])
    assert boxes[1, 1] + boxes[1, 3] / 2 > below
    cells, _ = locate(grid(), boxes, float(SIDE))
    assert cells[:, 0].tolist() == [0, 0, 0]
