"""Assigning numbers to pages: against SciPy's solver, and probabilities against counting every assignment."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from digits.documents.assignment import assign, estimate_shares

RATIOS = st.sampled_from([0.0, 1e-3, 0.4, 1.0, 3.0, 70.0, 5e4])


@given(st.integers(1, 5), st.integers(1, 5), st.data())
def test_the_sum_of_gains_is_that_of_scipy(n: int, m: int, data: st.DataObject) -> None:
    ratios = np.array(data.draw(st.lists(st.lists(RATIOS, min_size=m, max_size=m), min_size=n, max_size=n)))
    chosen, _ = assign([{number: ratio for number, ratio in enumerate(row) if ratio} for row in ratios.tolist()])
    taken = [number for number in chosen if number >= 0]
    assert len({*taken}) == len(taken)
    gains = np.log(np.maximum(ratios, 1e-30))
    whole = np.hstack((gains, np.where(np.eye(n) > 0, 0.0, -1e9)))
    rows, columns = linear_sum_assignment(whole, maximize=True)
    found = sum(gains[page, number] for page, number in enumerate(chosen) if number >= 0)
    assert found == pytest.approx(whole[rows, columns].sum(), abs=1e-6)


def count_all(ratios: np.ndarray) -> np.ndarray:
    n, m = ratios.shape
    shares = np.zeros((n, m + 1))
    for choice in product(range(m + 1), repeat=n):
        taken = [each for each in choice if each < m]
        if len({*taken}) == len(taken):
            weight = np.prod([ratios[row, each] if each < m else 1.0 for row, each in enumerate(choice)])
            shares[np.arange(n), choice] += weight
    return shares / shares[0].sum()


@pytest.mark.parametrize(
    "ratios",
    [
        [[9.0]],
        [[1000.0], [1000.0]],  # two pages want one number
        [[50.0, 2.0], [80.0, 0.0], [0.0, 3.0]],
    ],
)
def test_shares_without_circles_are_exact(ratios: list[list[float]]) -> None:
    np.testing.assert_allclose(estimate_shares(np.array(ratios)), count_all(np.array(ratios)), atol=1e-6)


@given(st.lists(st.lists(RATIOS, min_size=3, max_size=3), min_size=3, max_size=3))
def test_shares_with_circles_are_near(ratios: list[list[float]]) -> None:
    np.testing.assert_allclose(estimate_shares(np.array(ratios)), count_all(np.array(ratios)), atol=0.15)


def test_a_page_gives_way_to_one_that_fits_better() -> None:
    chosen, certainties = assign([{0: 1e6, 1: 50.0}, {0: 1e9}, {}])
    assert chosen == [1, 0, -1]
    assert certainties[0] == pytest.approx(50 / 51, abs=0.01)
    assert certainties[2] == 1


def test_many_pages_are_solved_apart() -> None:
    chosen, _ = assign([{row: 100.0, (row + 1) % 900: 1e-9} for row in range(900)])
    assert chosen == list(range(900))
