"""Scoring what was found: boxes are paired one to one, the closest first; every kind of error counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.finding import Counts, count, find_touching, match
from tests.finder_documents import describe

from benchmarks import finding
from digits.inference import Digit, Reading, Sign
from digits.synthesis.documents import CHARACTERS


def digit(value: int, box: tuple[int, int, int, int]) -> Digit:
    return Digit(value, 0.9, True, box, np.full(10, 0.1, np.float32), np.zeros((28, 28), np.uint8))


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


def test_digits_that_overlap_are_one_group() -> None:
    placed = boxes((0, 0, 20, 30), (18, 2, 20, 30), (36, 0, 20, 30), (70, 0, 20, 30), (88, 0, 20, 30), (88, 5, 9, 9))
    lines, orders = np.array([0, 0, 0, 0, 0, 1]), np.array([0, 1, 2, 3, 4, 0])
    is_digit = np.ones(6, bool)
    assert find_touching(placed, is_digit, lines, orders) == [[0, 1, 2], [3, 4]]
    is_digit[1] = False
    assert find_touching(placed, is_digit, lines, orders) == [[3, 4]]


def test_what_is_missed_confused_and_invented_is_counted() -> None:
    document = describe(
        (60, 400), [(10, 10, 20, 30), (28, 10, 20, 30), (90, 10, 20, 30), (200, 10, 5, 9)], [1, 2, 3, 11]
    )
    truth = replace(document.truth, lines=np.array([0, 0, 1, 2]), orders=np.array([0, 1, 0, 0]))
    read = [digit(1, (10, 10, 20, 30)), digit(7, (28, 10, 20, 30)), digit(5, (300, 10, 20, 30))]
    rejected = replace(digit(3, (90, 10, 20, 30)), accepted=False)
    reading = Reading("page", ("17", "5"), (*read, rejected), signs=(Sign(",", 1.0, (200, 10, 5, 9)),))
    counts, touching = {"digits": Counts(), "signs": Counts()}, {"pairs": [0, 0], "triples": [0, 0]}
    count(replace(document, truth=truth), reading, counts, touching)
    assert counts == {"digits": Counts(1, 1, 1, 1), "signs": Counts(1, 0, 0, 0)}
    assert touching == {"pairs": [0, 1], "triples": [0, 0]}


def test_the_characters_are_those_of_the_documents() -> None:
    assert finding.CHARACTERS == CHARACTERS
