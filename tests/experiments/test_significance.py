"""Tests and intervals against statsmodels and scipy, and the rate of false alarms on drawn answers."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from digits.errors import DataError
from digits.experiments.significance import bootstrap_interval, holm, mcnemar, seeds_needed, welch


def draw(
    rng: np.random.Generator, seeds: int, digits: int = 500, accuracy: float = 0.97, spread: float = 0.0
) -> np.ndarray:
    """Draw which digits each seed reads: some digits are harder than others, and some seeds learn better."""
    difficulty = np.random.default_rng(7).beta(0.1, 0.1 * accuracy / (1 - accuracy), size=digits)
    skill = np.exp(rng.normal(0, spread, size=(seeds, 1)))
    return rng.random((seeds, digits)) >= np.minimum(difficulty * skill, 1)


@given(st.integers(0, 40), st.integers(0, 40))
@settings(max_examples=30)
def test_mcnemar_of_two_networks_is_that_of_statsmodels(only_first: int, only_second: int) -> None:
    reference = pytest.importorskip("statsmodels.stats.contingency_tables").mcnemar

    first = np.array([[True] * only_first + [False] * only_second + [True] * 20])
    second = np.array([[False] * only_first + [True] * only_second + [True] * 20])
    table = [[20, only_first], [only_second, 0]]
    assert mcnemar(first, second) == pytest.approx(reference(table, exact=True).pvalue)
    assert mcnemar(second, first) == mcnemar(first, second)


def test_mcnemar_of_equal_seeds_is_the_asymptotic_one() -> None:
    reference = pytest.importorskip("statsmodels.stats.contingency_tables").mcnemar

    rng = np.random.default_rng(0)
    first, second = draw(rng, 1), draw(rng, 1, accuracy=0.95)
    table = [[0, (first & ~second).sum()], [(second & ~first).sum(), 0]]
    expected = reference(table, exact=False, correction=False).pvalue
    # a seed that answers as another adds no information: digits are what is counted
    assert mcnemar(first.repeat(3, axis=0), second.repeat(2, axis=0)) == pytest.approx(expected)


@pytest.mark.parametrize("seeds", [(2, 2), (5, 3), (10, 10)])
def test_welch_is_that_of_scipy(seeds: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    first, second = (draw(rng, k, spread=0.2) for k in seeds)
    expected = stats.ttest_ind(first.mean(1), second.mean(1), equal_var=False).pvalue
    assert welch(first, second) == pytest.approx(expected)


def test_welch_needs_a_spread() -> None:
    one, other = np.ones((2, 50), bool), np.zeros((2, 50), bool)
    assert math.isnan(welch(one[:1], other))
    assert welch(one, other) == 1


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
@settings(max_examples=30)
def test_holm_is_that_of_statsmodels(p_values: list[float]) -> None:
    reference = pytest.importorskip("statsmodels.stats.multitest").multipletests
    assert holm(p_values) == pytest.approx(reference(p_values, method="holm")[1])


def test_bootstrap_of_two_networks_is_that_of_scipy() -> None:
    rng = np.random.default_rng(2)
    first, second = draw(rng, 1), draw(rng, 1, accuracy=0.95)
    found = bootstrap_interval(first, second, resamples=4000)
    expected = stats.bootstrap(
        (first[0].astype(float), second[0].astype(float)), lambda a, b, axis: a.mean(axis) - b.mean(axis), paired=True,
        n_resamples=4000, batch=1000, method="percentile", rng=np.random.default_rng(0),
    ).confidence_interval  # fmt: skip
    one_digit = 1 / first.shape[1]
    assert found == pytest.approx(tuple(expected), abs=1.01 * one_digit)
    assert expected.high - expected.low > 15 * one_digit


def test_bootstrap_spreads_as_seeds_and_digits_do() -> None:
    rng = np.random.default_rng(3)
    differences, widths = [], []
    for _ in range(100):
        first, second = (draw(rng, 4, spread=0.4) for _ in range(2))
        differences.append(first.mean() - second.mean())
        low, high = bootstrap_interval(first, second, resamples=300)
        widths.append((high - low) / (2 * 1.96))
    # digits were not drawn anew here, and so add to what the bootstrap expects
    assert np.std(differences) < np.mean(widths) < 1.6 * np.std(differences)


@pytest.mark.parametrize("effect", [0.3, 0.8, 1.5, 4.0])
def test_seeds_needed_is_that_of_statsmodels(effect: float) -> None:
    reference = pytest.importorskip("statsmodels.stats.power").TTestIndPower()
    expected = reference.solve_power(effect_size=effect, alpha=0.05, power=0.8)
    # rows are whole seeds, so that the digits add no variance of their own
    digits = 100_000
    accuracies = 0.5 + 0.1 * np.array([-1, 0, 1])
    rows = np.arange(digits) < np.round(digits * accuracies)[:, None]
    other = np.arange(digits) < np.round(digits * (accuracies - 0.1 * effect))[:, None]
    assert seeds_needed(rows, other) == max(2, math.ceil(expected))


def test_seeds_needed_knows_the_limit_of_the_digits() -> None:
    rng = np.random.default_rng(4)
    few, many = (np.zeros((3, n), bool) for n in (50, 5000))
    for rows in (few, many):
        rows[:, rows.shape[1] // 10 :] = True
    hard = rng.permutation(50)
    assert seeds_needed(few, few[:, hard]) == math.inf, "an equal accuracy"
    slightly = few.copy()
    slightly[:, 0] = True
    slightly[0, 7] = False
    assert seeds_needed(slightly, few) == math.inf, "one digit of fifty"
    better = many.copy()
    better[:, :100] = True
    better[0, 700] = False
    assert seeds_needed(better, many) == 2
    assert math.isnan(seeds_needed(many[:1], better))


def rejections(seeds: int, spread: float, accuracies: tuple[float, float] = (0.97, 0.97)) -> dict[str, int]:
    """Count the tests that find a difference in 200 pairs of recipes."""
    rng = np.random.default_rng(5)
    found = dict.fromkeys(("digits", "seeds", "both"), 0)
    for _ in range(200):
        first, second = (draw(rng, seeds, accuracy=accuracy, spread=spread) for accuracy in accuracies)
        by_digits, by_seeds = mcnemar(first, second) < 0.05, welch(first, second) < 0.05
        found["digits"] += by_digits
        found["seeds"] += by_seeds
        found["both"] += by_digits and by_seeds
    return found


@pytest.mark.parametrize(("seeds", "spread"), [(2, 0.15), (3, 0.0), (5, 0.15)])
def test_equal_recipes_differ_in_at_most_five_percent(seeds: int, spread: float) -> None:
    assert rejections(seeds, spread)["both"] <= 10


def test_one_test_alone_finds_differences_that_are_none() -> None:
    assert rejections(5, spread=0.4)["digits"] > 20, "seeds differ more than the digits let expect"


def test_true_difference_is_found() -> None:
    assert rejections(5, spread=0.1, accuracies=(0.97, 0.94))["both"] > 150


def test_stronger_difference_needs_fewer_seeds() -> None:
    rng = np.random.default_rng(6)
    base = draw(rng, 5, digits=5000, spread=0.1)
    needed = [seeds_needed(base, draw(rng, 5, 5000, accuracy, spread=0.1)) for accuracy in (0.965, 0.95, 0.9)]
    assert all(more >= fewer for more, fewer in pairwise(needed))


def test_nothing_to_compare_is_an_error() -> None:
    with pytest.raises(DataError, match="at least one run"):
        mcnemar(np.ones((0, 5), bool), np.ones((1, 5), bool))
