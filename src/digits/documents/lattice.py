"""The borders of rows, or of columns, that explain rules and digits best, all of them at once.

Each place is worth as a border what its ink says, and costs what digits it cuts through and numbers it parts; each band
between two borders costs what does not belong into one cell, such as two rows of digits, and how far its height is from
the usual one. The best chain of borders is found by dynamic programming, for every usual height, once with rules and
once without. So neither a false rule nor a missing one can shift the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from digits.shapes import Float64, Int64

STEP = 1 / 12
"""Distance of places, in heights of a digit."""

FULL = 4.0
"""What a border is worth at a place as inked as the table's other rules, and costs at one without ink."""

OUTER = 2.5
"""What a border costs at most if it is the first or last: many tables have no frame."""

PLAIN = 0.7
"""What a border costs in a table without rules."""

MIN_RULE = 0.1
"""Share of a table's breadth that its rules must cover beyond what any place does: dots of pale rules."""

MIN_NOISE = 4.0
"""Standard deviations of all places by which rules must stand out."""

REGULAR, SPREAD = 3.0, 0.12
"""What a band costs at most that is not as high as others, and the share of its height that already costs a third."""

UNUSED = 2.0
"""What a rule costs that is no border: squared paper has more of them than tables."""

NARROWEST, WIDEST = 0.7, 10.0
"""Height of a band, in heights of a digit."""

PAIR, MOST, MOST_CUT = 1.5, 6.0, 3.0
"""What two digits cost that should be in one band and are not, or the other way round; and what a band can cost in all,
for each height of a digit, and a border, because digits may stray."""

LONG = 5.0
"""Length of rules, in heights of a digit, from which on chance does not make them."""

ENOUGH = 0.7
"""Share of what the table's rules are inked with which a rule is as good as the others."""

ROUNDS, PITCHES = 3, 60
"""How often it is found out how much the table's rules are inked, and how many usual heights are tried."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known along one axis of a table, at places `STEP` apart.

    Attributes
    ----------
    share
        How much of the table's breadth is inked like a rule; NaN if writing hides nearly all.
    cut
        What a border at each place costs, since it cuts through digits.
    together, apart
        n pairs of places of digits that belong into one band, and into two.
    before, after
        What a first border at each place costs because of digits before it, and a last one because of those after it.
    size
        Height of the usual digit, in places.
    breadth
        Length of the borders, in heights of a digit.
    """

    share: Float64[np.ndarray, " n"]
    cut: Float64[np.ndarray, " n"]
    together: Float64[np.ndarray, "p 2"]
    apart: Float64[np.ndarray, "q 2"]
    before: Float64[np.ndarray, " n"]
    after: Float64[np.ndarray, " n"]
    size: float
    breadth: float


@dataclass(frozen=True, eq=False)
class Borders:
    """Where borders are, what they are worth in all, and whether they are rules."""

    places: list[int]
    worth: float
    is_ruled: bool


def find_borders(evidence: Evidence) -> Borders:
    """Find the borders along one axis."""
    n = len(evidence.share)
    lengths = np.arange(n)[None] - np.arange(n)[:, None]
    most = MOST * (lengths / evidence.size).clip(1)
    bands = -most * (1 - np.exp(-PAIR * _count_inside(evidence.apart, n) / most))
    parted = -MOST_CUT * (1 - np.exp(-(PAIR * _count_across(evidence.together, n) + evidence.cut) / MOST_CUT))
    height, noise, usual = _judge_rules(evidence.share)
    full = FULL * min(evidence.breadth / LONG, 1.0)
    ink, has_rules = np.full(n, -OUTER), height >= max(MIN_RULE, MIN_NOISE * noise)
    found = Borders([], -np.inf, False)
    for _ in range(ROUNDS):
        if has_rules:
            ink = _weigh(evidence.share, usual, height, full)
        places, worth = _best_chain(parted - PLAIN, parted + ink.clip(-OUTER), bands, evidence)
        found = max(found, Borders(places, worth, False), key=lambda borders: borders.worth)
        if not has_rules:
            break
        unused = UNUSED * _count_between(_find_peaks(evidence.share, usual + 0.5 * height), n)
        # where there are rules, digits that lie across them say less
        places, worth = _best_chain(parted / 2 + ink, parted / 2 + ink.clip(-OUTER), bands - unused, evidence)
        found = max(found, Borders(places, worth, True), key=lambda borders: borders.worth)
        inked = evidence.share[found.places] - usual
        again = float(np.median(inked[inked > 0.3 * height])) if (inked > 0.3 * height).any() else 0.0
        if not found.is_ruled or abs(again - height) < 0.05 * height:
            break
        # what the table's own rules cover, and not the edge of the paper
        height, has_rules = again, again >= max(MIN_RULE, MIN_NOISE * noise)
    return found


def _weigh(share: Float64[np.ndarray, " n"], usual: float, height: float, full: float) -> Float64[np.ndarray, " n"]:
    """Say what places are worth for their ink."""
    weighed = full * (2 * ((share - usual) / (ENOUGH * height)).clip(0, 1) - 1)
    return np.where(np.isnan(share), -OUTER, weighed)


def _judge_rules(share: Float64[np.ndarray, " n"]) -> tuple[float, float, float]:
    """Return how much more the best rules are inked than other places, how much these differ, and their usual share."""
    known = share[~np.isnan(share)]
    if len(known) < 3:
        return 0.0, 1.0, 0.0
    low, usual = np.quantile(known, (0.1, 0.35)).tolist()
    noise = 1.1 * (usual - low)
    return float(np.sort(known)[-3:].mean()) - usual, noise, usual


def _find_peaks(share: Float64[np.ndarray, " n"], enough: float) -> Int64[np.ndarray, " k"]:
    """Find the places that are as inked as rules, and more than those around them."""
    known = np.nan_to_num(share, nan=0.0)
    around = np.max([np.roll(known, shift) for shift in range(-3, 4)], axis=0)
    return np.flatnonzero((known >= around) & (known >= enough))


def _count_inside(pairs: Float64[np.ndarray, "p 2"], n: int) -> Float64[np.ndarray, "n n"]:
    """Count for a band from each place to each the pairs that lie in it."""
    counts = np.zeros((n, n))
    rows, columns = pairs.astype(np.int64).clip(0, n - 1).T
    np.add.at(counts, (rows, columns), 1.0)
    # a band begins at or before both, and ends behind them
    inside = counts[::-1].cumsum(0)[::-1].cumsum(1)
    return np.hstack((np.zeros((n, 1)), inside[:, :-1]))


def _count_between(places: Int64[np.ndarray, " k"], n: int) -> Float64[np.ndarray, "n n"]:
    """Count for a band from each place to each the places in it that are not its borders."""
    before = np.bincount(places, minlength=n).cumsum()
    far = np.arange(n)
    counts: Float64[np.ndarray, "n n"] = (
        (before[(far - 4).clip(0)][None] - before[(far + 3).clip(max=n - 1)][:, None]).clip(0).astype(float)
    )
    return counts


def _count_across(pairs: Float64[np.ndarray, "p 2"], n: int) -> Float64[np.ndarray, " n"]:
    """Count for a border at each place the pairs that it parts."""
    change = np.zeros(n + 1)
    rows, columns = pairs.astype(np.int64).clip(0, n - 1).T
    np.add.at(change, rows + 1, 1.0)
    np.add.at(change, columns + 1, -1.0)
    return change.cumsum()[:n]


def _best_chain(
    worth: Float64[np.ndarray, " n"],
    outer: Float64[np.ndarray, " n"],
    bands: Float64[np.ndarray, "n n"],
    evidence: Evidence,
) -> tuple[list[int], float]:
    """Find the borders that are worth most in all, for the best of the usual heights: their places, and their worth."""
    n, size = len(worth), evidence.size
    low, high = max(round(NARROWEST * size), 1), min(round(WIDEST * size), n - 1)
    # long bands first, as their first borders come first
    lengths = np.arange(high, low - 1, -1)
    pitches = np.geomspace(low, max(high, low + 1), PITCHES)
    irregular = REGULAR * (1 - np.exp(-0.5 * ((lengths[:, None] / pitches - 1) / SPREAD) ** 2))
    strayed, columns = pitches.clip(max=3 * size), np.arange(PITCHES)
    best, before = np.empty((n, PITCHES)), np.full((n, PITCHES), -1)
    for end in range(n):
        best[end] = outer[end] - evidence.before[end] / strayed
        first, last = max(end - high, 0), end - low + 1
        if last > first:
            gained = best[first:last] + bands[first:last, end][:, None] - irregular[len(lengths) - (last - first) :]
            choice = gained.argmax(0)
            value = gained[choice, columns] + worth[end]
            better = value > best[end]
            best[end, better], before[end, better] = value[better], first + choice[better]
    closing = best + (outer - worth)[:, None] - evidence.after[:, None] / strayed
    closing[before < 0] = -np.inf
    place, pitch = np.unravel_index(int(closing.argmax()), closing.shape)
    chain = [int(place)]
    while before[chain[-1], pitch] >= 0:
        chain.append(int(before[chain[-1], pitch]))
    return chain[::-1], float(closing[place, pitch])
