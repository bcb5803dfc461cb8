"""Borders of rows: rules, missing and false ones, none at all; the best chain is the best of all chains."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest

from digits.documents.crossings import STRAY
from digits.documents.lattice import (
    NARROWEST,
    PITCHES,
    REGULAR,
    SPREAD,
    WIDEST,
    Evidence,
    _best_chain,
    _count_across,
    _count_between,
    _count_inside,
    find_borders,
)

SIZE = 12.0
RULES, DIGITS = (10, 40, 70, 100), (25, 55, 85)


def table(rules: tuple[int, ...] = RULES, digits: tuple[int, ...] = DIGITS, n: int = 111) -> Evidence:
    """Give the evidence of a table with four digits beside each other at each of some heights."""
    share, cut = np.zeros(n), np.zeros(n)
    share[list(rules)] = 0.9
    for digit in digits:
        inside = np.abs(np.arange(n) - digit) < SIZE / 2
        cut[inside] = 4 * (1 - (np.abs(np.arange(n) - digit)[inside] / (SIZE / 2)) ** 2)
    together = np.array([(digit, digit + 1) for digit in digits for _ in range(4)], np.float64)
    apart = np.array([pair for pair in pairwise(digits) for _ in range(4)], np.float64)
    stray = STRAY * (np.ptp(digits) + SIZE) / len(digits)
    before = stray * sum(((np.arange(n) - digit) / SIZE).clip(0, 1) for digit in digits)
    after = stray * sum(((digit - np.arange(n)) / SIZE).clip(0, 1) for digit in digits)
    return Evidence(share, cut, together, apart.reshape(-1, 2), before, after, SIZE, 20.0)


def test_rules_are_the_borders() -> None:
    found = find_borders(table())
    assert (tuple(found.places), found.is_ruled) == (RULES, True)


def test_missing_rule_is_found_between_the_digits() -> None:
    found = find_borders(table(rules=(10, 40, 100)))
    assert found.is_ruled
    assert np.abs(np.array(found.places) - RULES).max() <= 6


def test_rule_through_the_digits_is_none() -> None:
    assert tuple(find_borders(table(rules=(*RULES, 55))).places) == RULES


def test_rules_that_writing_hides_are_as_likely_as_any() -> None:
    evidence = table(rules=(10, 40, 100))
    share = evidence.share.copy()
    share[66:75] = np.nan
    found = find_borders(replace(evidence, share=share))
    assert np.abs(np.array(found.places) - RULES).max() <= 4


def test_without_rules_borders_part_the_digits() -> None:
    found = find_borders(table(rules=()))
    assert not found.is_ruled
    assert [sum(place < digit for place in found.places) for digit in DIGITS] == [1, 2, 3]


def test_counts_are_those_of_all_pairs() -> None:
    rng = np.random.default_rng(3)
    n = 9
    pairs = np.sort(rng.integers(0, n, (14, 2)), axis=1).astype(np.float64)
    inside, across = _count_inside(pairs, n), _count_across(pairs, n)
    for first in range(n):
        assert across[first] == sum(low < first <= high for low, high in pairs)
        for end in range(first, n):
            assert inside[first, end] == sum(first <= low and high < end for low, high in pairs)


def test_rules_at_a_border_are_not_inside() -> None:
    between = _count_between(np.array([2, 20]), 30)
    assert [between[0, 29], between[0, 10], between[18, 22], between[2, 26]] == [1, 0, 0, 1]


@pytest.mark.parametrize("seed", range(4))
def test_best_chain_is_the_best_of_all(seed: int) -> None:
    rng, n, size = np.random.default_rng(seed), 8, 2.0
    worth, outer = rng.normal(0, 2, n), rng.normal(0, 2, n)
    bands = rng.normal(0, 2, (n, n))
    zeros = np.zeros((0, 2))
    evidence = Evidence(
        worth, worth, zeros, zeros, rng.uniform(0, 3, n), rng.uniform(0, 3, n), size, 20.0
    )  # fmt: skip
    low, high = max(round(NARROWEST * size), 1), min(round(WIDEST * size), n - 1)
    pitches = np.geomspace(low, max(high, low + 1), PITCHES)
    strayed = pitches.clip(max=3 * size)

    def weigh(chain: tuple[int, ...]) -> float:
        total = outer[chain[0]] - evidence.before[chain[0]] / strayed + outer[chain[-1]]
        total = total - evidence.after[chain[-1]] / strayed + sum(worth[place] for place in chain[1:-1])
        for first, end in pairwise(chain):
            irregular = REGULAR * (1 - np.exp(-0.5 * (((end - first) / pitches - 1) / SPREAD) ** 2))
            total = total + bands[first, end] - irregular
        return float(total.max())

    chains = [chain for count in range(2, n + 1) for chain in combinations(range(n), count)]
    best = max(chains, key=weigh)
    found, value = _best_chain(worth, outer, bands, evidence)
    assert value == pytest.approx(weigh(best))
    assert weigh(tuple(found)) == pytest.approx(value)
