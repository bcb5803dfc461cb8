"""Which page has which number when no number is on two pages: the best assignment, and how probable its parts are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from digits.shapes import Float64, Int64

MIN_RATIO = 1e-6
"""Odds of a number against none of them, from which on it counts: below, it is improbable even if no other is free."""

ROUNDS, PRECISION = 500, 1e-9
"""Rounds of messages, at most, and by how much the last one may change a probability; trees need only their depth."""

Odds = Sequence[Mapping[int, float]]
"""For each page the odds of numbers, by their row in the roster, against none of them."""


def assign(odds: Odds) -> tuple[list[int], list[float]]:
    """Assign to each page at most one number, and each number to at most one page.

    Pages that share no number do not depend on each other, and are solved apart.

    Parameters
    ----------
    odds
        Of each page; numbers that are not named have none.

    Returns
    -------
    list of int, list of float
        For each page the row of its number in the most probable assignment of all pages, or -1; and the probability
        that this is so, over all assignments.
    """
    kept = [{number: ratio for number, ratio in page.items() if ratio >= MIN_RATIO} for page in odds]
    chosen, certainties = [-1] * len(kept), [1.0] * len(kept)
    for pages, numbers in _find_groups(kept):
        ratios = np.array([[kept[page].get(number, 0.0) for number in numbers] for page in pages])
        with np.errstate(divide="ignore"):
            columns = _choose(np.log(ratios))
        shares = estimate_shares(ratios)
        for row, (page, column) in enumerate(zip(pages, columns.tolist(), strict=True)):
            chosen[page] = numbers[column] if column >= 0 else -1
            certainties[page] = float(shares[row, column])
    return chosen, certainties


def _find_groups(odds: Odds) -> list[tuple[list[int], list[int]]]:
    """Group the pages that share numbers, directly or through others; pages without any are in no group."""
    pages_of: dict[int, list[int]] = {}
    for page, numbers in enumerate(odds):
        for number in numbers:
            pages_of.setdefault(number, []).append(page)
    groups, seen = [], set[int]()
    for start in range(len(odds)):
        if start in seen or not odds[start]:
            continue
        seen.add(start)
        pages, waiting, found = [], [start], set[int]()
        while waiting:
            page = waiting.pop()
            pages.append(page)
            for number in odds[page]:
                if number not in found:
                    found.add(number)
                    fresh = [each for each in pages_of[number] if each not in seen]
                    seen.update(fresh)
                    waiting += fresh
        groups.append((sorted(pages), sorted(found)))
    return groups


def _choose(gains: Float64[np.ndarray, "n m"]) -> Int64[np.ndarray, " n"]:
    """Choose a column for each row, or -1, which gains 0, so that the sum of gains is largest.

    Shortest augmenting paths with potentials (Kuhn 1955, Jonker and Volgenant 1987); each row has a column of its own
    besides, which stands for -1.
    """
    n, m = gains.shape
    costs = np.full((n, m + n), np.inf)
    costs[:, :m] = -gains
    costs[np.arange(n), m + np.arange(n)] = 0.0
    of_row, of_column = np.zeros(n), np.zeros(m + n)
    owner = np.full(m + n, -1)
    for start in range(n):
        distance, before = np.full(m + n, np.inf), np.full(m + n, -1)
        is_done = np.zeros(m + n, bool)
        row, column, reached = start, -1, 0.0
        while True:
            through = reached + costs[row] - of_row[row] - of_column
            is_shorter = ~is_done & (through < distance)
            distance[is_shorter], before[is_shorter] = through[is_shorter], column
            column = int(np.where(is_done, np.inf, distance).argmin())
            reached, is_done[column] = float(distance[column]), True
            if owner[column] < 0:
                break
            row = int(owner[column])
        passed = is_done & (owner >= 0)
        of_row[owner[passed]] += reached - distance[passed]
        of_row[start] += reached
        of_column[passed] -= reached - distance[passed]
        while column >= 0:
            owner[column] = owner[before[column]] if before[column] >= 0 else start
            column = int(before[column])
    chosen = np.full(n, -1)
    used = np.flatnonzero(owner[:m] >= 0)
    chosen[owner[used]] = used
    return chosen


def estimate_shares(ratios: Float64[np.ndarray, "n m"]) -> Float64[np.ndarray, "n k"]:
    """Estimate how probable each number is for each page over all assignments, and in a last column none of them.

    The sum-product algorithm, which always converges here and is exact unless pages and numbers form circles (Bayati,
    Gamarnik, Katz, Nair and Tetali 2007).

    Parameters
    ----------
    ratios
        Odds of each number for each page, against none of them.
    """
    free = np.ones_like(ratios)  # from a number to a page: the probability that no other page has it
    weighted = ratios
    for _ in range(ROUNDS):
        weighted = ratios * free
        wanted = ratios / (1 + weighted.sum(1, keepdims=True) - weighted)
        renewed = 1 / (1 + wanted.sum(0) - wanted).clip(min=1.0)
        change = float(np.abs(renewed - free).max(initial=0.0))
        free = renewed
        if change < PRECISION:
            break
    weighted = ratios * free
    whole = 1 + weighted.sum(1, keepdims=True)
    shares: Float64[np.ndarray, "n k"] = np.concatenate((weighted / whole, 1 / whole), axis=1)
    return shares
