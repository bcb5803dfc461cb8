"""Scoring tables: rows and columns count from the place that suits most, and every wrong cell is marked or silent."""

from __future__ import annotations

import numpy as np
from benchmarks.cells import count_best, score_cells, turn_boxes

from digits.documents import Cell, Table


def table(*rows: tuple[str, ...], doubtful: tuple[str, ...] = ()) -> Table:
    return Table("x", tuple(tuple(Cell(text, 1.0, None, ("?",) * (text in doubtful)) for text in row) for row in rows))


def test_most_frequent_difference_counts() -> None:
    pairs = [((1, 0), (0, 0)), ((2, 1), (1, 1)), ((2, 2), (1, 1)), None]
    assert count_best(pairs) == 2
    assert count_best([]) == 0


def test_cells_are_right_doubtful_silent_or_invented() -> None:
    true = (("12", ""), ("3", "45"), ("6", ""))
    read = table(("", ""), ("12", ""), ("8", "46"), ("6", "9"), doubtful=("8",))
    assert score_cells(read, true) == {"filled": 4, "empty": 2, "right": 2, "doubtful": 1, "silent": 1, "invented": 1}


def test_cells_of_a_table_that_was_not_found_are_doubtful() -> None:
    assert score_cells(table(), (("1", ""),)) == {"filled": 1, "empty": 1, "doubtful": 1, "invented": 0}


def test_boxes_turn_with_their_picture() -> None:
    picture = np.zeros((40, 60), np.uint8)
    picture[5:9, 10:30] = 1
    boxes = np.array([(10.0, 5.0, 20.0, 4.0)])
    for turns in range(4):
        ((x, y, w, h),) = turn_boxes(boxes, turns, picture.shape).astype(int).tolist()
        turned = np.rot90(picture, turns)
        assert turned[y : y + h, x : x + w].all()
        assert turned.sum() == w * h
