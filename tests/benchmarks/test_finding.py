"""Scoring what was found: boxes are paired one to one, the closest first."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.finding import match


def boxes(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(len(rows), 4)


def test_boxes_are_paired_with_the_nearest() -> None:
    there = boxes((0, 0, 20, 30), (18, 0, 20, 30), (100, 0, 20, 30))
    found = boxes((19, 1, 20, 30), (1, 1, 20, 30), (60, 0, 20, 30), (0, 0, 20, 29))
    assert match(found, there).tolist() == [1, -1, -1, 0]


@pytest.mark.parametrize(("found", "there"), [(0, 2), (2, 0), (0, 0)])
def test_nothing_pairs_with_nothing(found: int, there: int) -> None:
    box = (0, 0, 20, 30)
    assert match(boxes(*[box] * found), boxes(*[box] * there)).tolist() == [-1] * found
