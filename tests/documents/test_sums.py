"""Numbers that add up: against all numbers, written out; and what is said where they do not."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from digits.documents.alignment import ERRORS
from digits.documents.automaton import VALID
from digits.documents.sums import Written, add_lines, add_up
from digits.documents.table import Cell


def written(text: str, certain: float = 0.9999, notices: tuple[str, ...] = (), **doubts: float) -> Written:
    """Write a cell; `doubts` name a digit by its place, d0, and give the probability of the digit that is one more."""
    digits = [each for each in text if each.isdecimal() or each == "?"]
    classes = np.full((len(digits), 10), (1 - certain) / 9)
    for row, each in enumerate(digits):
        if each == "?":
            classes[row] = 0.1
            continue
        other = doubts.get(f"d{row}", 0.0)
        classes[row, int(each)] = certain - other
        classes[row, (int(each) + 1) % 10] += other
    return Written(Cell(text, certain, None, notices), classes)


def write_out(items: list[Written], total: Written) -> tuple[tuple[str, ...], float]:
    """Find the most probable numbers that add up by trying all."""
    every = [[f"{n:0{len(each.classes)}d}" for n in range(10 ** len(each.classes))] for each in (*items, total)]
    weights = {}
    for numbers in product(*every):
        values = [int(number) / 10**each.decimals for number, each in zip(numbers, (*items, total), strict=True)]
        if abs(sum(values[:-1]) - values[-1]) < 1e-6:
            weight = 1.0
            for number, each in zip(numbers, (*items, total), strict=True):
                for row, digit in enumerate(number):
                    weight *= each.classes[row, int(digit)] * (1 - ERRORS.slips) + ERRORS.slips / 10
            weights[numbers] = weight
    best = max(weights, key=lambda each: weights[each])
    prior = VALID * 10 ** len(total.classes)
    return best, prior * weights[best] / (prior * sum(weights.values()) + 1 - VALID)


@pytest.mark.parametrize(
    ("items", "total"),
    [
        ([written("7"), written("8")], written("15")),
        ([written("7", d0=0.3), written("8")], written("16")),
        ([written("2"), written("?"), written("4")], written("9")),
        ([written("1,5", d0=0.2)], written("2")),
        ([written("9"), written("8")], written("8")),
    ],
)
def test_numbers_are_the_most_probable_of_all(items: list[Written], total: Written) -> None:
    cells, share = add_up(items, total)
    best, expected = write_out(items, total)
    assert tuple(cell.text.replace(",", "") for cell in cells) == best
    assert share == pytest.approx(expected, rel=1e-6)


def test_sum_that_cannot_be_reached() -> None:
    items = [written("950"), written("999")]
    _, share = add_up(items, written("7"))
    assert share < 0.5
    assert [cell.text for cell in add_lines([[*items, written("7")]])[0]] == ["950", "999", "7"]


def test_doubtful_digit_is_decided_by_the_sum() -> None:
    line = [written("14", notices=("4: could also be a 5",), d1=0.4), written("30"), written("45")]
    cells = add_lines([line])[0]
    assert [cell.text for cell in cells] == ["15", "30", "45"]
    assert (cells[0].read, cells[0].notices) == ("14", ("14 was read",))
    assert not any(cell.doubtful for cell in cells[1:])
    assert cells[0].to_dict()["read"] == "14"


def test_doubt_that_the_sum_removes_is_gone() -> None:
    line = [written("14", notices=("4: could also be a 5",), d1=0.4), written("30"), written("44")]
    cells = add_lines([line])[0]
    assert [cell.text for cell in cells] == ["14", "30", "44"]
    assert not any(cell.doubtful for cell in cells)
    assert cells[0].confidence > 0.99


def test_digit_that_was_not_read_follows_from_the_sum() -> None:
    cells = add_lines([[written("1?", notices=("not read: unsure: 1 or 7",)), written("30"), written("47")]])[0]
    assert (cells[0].text, cells[0].read, cells[0].doubtful) == ("17", "1?", False)


def test_wrong_sum_is_said_and_nothing_is_bent() -> None:
    cells = add_lines([[written("14"), written("30"), written("99", 0.99999)]])[0]
    assert [cell.text for cell in cells] == ["14", "30", "99"]
    assert cells[2].notice == "the others make 44"


@pytest.mark.parametrize(
    ("line", "notice"),
    [
        ([written(""), written(""), written("")], ""),
        ([written("7"), written(""), written("7")], ""),
        ([written("7"), written("8"), written("")], "the sum cannot be checked"),
        ([written("7"), written("8 9"), written("24")], "the sum cannot be checked"),
        ([written("7"), Written(Cell("-8"), np.eye(10)[[8]]), written("1")], "the sum cannot be checked"),
        ([written("?"), written("8"), written("2")], "does not add up"),
    ],
)
def test_what_cannot_be_checked_is_said(line: list[Written], notice: str) -> None:
    cells = add_lines([line])[0]
    assert cells[-1].notice == notice
    assert [cell.text for cell in cells] == [each.cell.text for each in line]
