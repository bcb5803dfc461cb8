"""Weighing numbers: against a sum over all alignments, written out, and what missed and invented digits cost."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from digits.documents.alignment import ERRORS, Run, to_array, weigh_form, weigh_numbers


def make_run(text: str, presence: float | list[float] = 0.95, certain: float = 0.9) -> Run:
    """Make a run of digits, each with its next class as the second best."""
    classes = np.full((len(text), 10), 0.002)
    for row, each in enumerate(text):
        classes[row, int(each)] = certain
        classes[row, (int(each) + 1) % 10] += 1 - classes[row].sum()
    given = np.broadcast_to(np.array(presence, np.float64), len(text)).copy()
    return Run(
        classes, np.log(given / (1 - given)) - ERRORS.context, text, tuple(range(len(text))), (0.0, 0.0, 1.0, 1.0)
    )


def sum_alignments(run: Run, number: str) -> float:
    total = 0.0
    for matches in range(min(len(run), len(number)) + 1):
        for kept in combinations(range(len(run)), matches):
            for places in combinations(range(len(number)), matches):
                weight = ERRORS.missed ** (len(number) - matches)
                for row in range(len(run)):
                    weight *= run.presence()[row] if row in kept else 1 - run.presence()[row]
                for row, place in zip(kept, places, strict=True):
                    weight *= (1 - ERRORS.missed) * run.ratios()[row, int(number[place])]
                total += weight
    return total


@pytest.mark.parametrize(
    ("text", "number"), [("123", "123"), ("12", "123"), ("1223", "123"), ("77", "123"), ("9", "9")]
)
def test_weight_is_the_sum_over_all_alignments(text: str, number: str) -> None:
    run = make_run(text, [0.9, 0.7, 0.99, 0.4][: len(text)])
    assert weigh_numbers(run, to_array([number]))[0] == pytest.approx(sum_alignments(run, number))


def test_form_is_the_mean_of_its_numbers() -> None:
    run = make_run("42", [0.9, 0.8])
    every = to_array([f"{number:02d}" for number in range(100)])
    assert weigh_form(run, np.full((2, 10), 0.1)) == pytest.approx(weigh_numbers(run, every).mean())


def test_a_misread_digit_costs_less_than_a_number_that_is_elsewhere() -> None:
    weights = weigh_numbers(make_run("117809279"), to_array(["117809289", "117809379", "344762688"]))
    assert weights[0] == pytest.approx(weights[1], rel=0.01)
    assert weights[0] > 1e6 * weights[2]
