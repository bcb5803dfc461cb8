"""Whether a difference would show again: with other digits, and with other seeds.

Every function takes which digits each run read correctly, one row per seed: ``bool[seeds, digits]``. Digits are paired,
since all runs answered the same ones; seeds are not, since two recipes share nothing but a number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

from digits.errors import DataError
from digits.shapes import Bool, Float64

LEVEL = 0.05
"""Share of the comparisons of equals that may find a difference."""

POWER = 0.8
"""Share of the experiments that would show a difference, in `seeds_needed`."""

RESAMPLES = 10_000
"""Draws of the bootstrap: the limits of its interval then vary by about 1 % of its width."""

MAX_SEEDS = 10_000
"""The largest number that `seeds_needed` gives."""

First = Bool[np.ndarray, "first digits"]
Second = Bool[np.ndarray, "second digits"]


def mcnemar(first: First, second: Second) -> float:
    """Return the p-value that two recipes are equally accurate on other digits of this kind, for these networks.

    For one seed each, this is the exact test of McNemar 1947: of the digits that only one reads correctly, each
    should read half. For several seeds, the answers to one digit are no independent observations; each digit is a
    cluster, as in Durkalski, Palesch, Lipsitz and Rust, "Analysis of clustered matched-pair data", 2003.
    """
    _check(first, second)
    if len(first) == len(second) == 1:
        only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
        tail = special.bdtr(min(only_first, only_second), only_first + only_second, 0.5)
        return min(1.0, 2 * float(tail))
    differences = first.mean(0) - second.mean(0)
    spread = math.sqrt(float((differences**2).sum()))
    return 1.0 if spread == 0 else 2 * float(special.ndtr(-abs(float(differences.sum())) / spread))


def welch(first: First, second: Second) -> float:
    """Return the p-value that two recipes are equally accurate with other seeds, on these digits; NaN for one seed.

    This is the t-test of Welch 1947, which allows the recipes a different spread. Where no accuracy differs from
    another of its recipe, chance alone has made them equal, and the p-value is 1.
    """
    _check(first, second)
    if min(len(first), len(second)) < 2:
        return math.nan
    accuracies = [rows.mean(1) for rows in (first, second)]
    variances = [float(each.var(ddof=1)) / len(each) for each in accuracies]
    total = sum(variances)
    if total < np.finfo(float).eps ** 2:
        return 1.0
    freedom = total**2 / sum(v**2 / (len(each) - 1) for v, each in zip(variances, accuracies, strict=True))
    t = abs(float(accuracies[0].mean() - accuracies[1].mean())) / math.sqrt(total)
    return 2 * float(special.stdtr(freedom, -t))


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for their number (Holm 1979): below `LEVEL`, at most that share of the families has an error."""
    order = np.argsort(p_values, kind="stable")
    scaled = np.asarray(p_values, np.float64)[order] * np.arange(len(order), 0, -1)
    corrected = np.empty(len(order))
    corrected[order] = np.minimum(np.maximum.accumulate(scaled), 1)
    return [float(p) for p in corrected]


def bootstrap_interval(
    first: First, second: Second, *, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % interval of the difference of two accuracies, first − second, by the paired bootstrap.

    Each draw takes other digits, the same for both, and other seeds of each (Efron and Tibshirani 1993, section 8;
    Owen 2007, "The pigeonhole bootstrap"). Of k seeds it takes k − 1, which makes their variance unbiased (McCarthy and
    Snowden 1985). With one seed, the interval is that of these two networks.
    """
    _check(first, second)
    n = first.shape[1]
    # a digit matters only by who reads it: draws of thousands of digits become counts of a few patterns
    patterns, counts = np.unique(np.concatenate((first, second)), axis=1, return_counts=True)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(n, counts / n, size=resamples)
    weights = [_draw_weights(len(rows), resamples, rng) for rows in (first, second)]
    values = np.concatenate((weights[0], -weights[1]), axis=1) @ patterns
    low, high = np.quantile((drawn * values).sum(1) / n, (0.025, 0.975))
    return float(low), float(high)


def seeds_needed(first: First, second: Second) -> float:
    """Return how many seeds of each recipe would show this difference in four of five experiments, at a level of 5 %.

    The answer is that of the power of the t-test, or more where more seeds are needed to calm the answers to single
    digits. It is infinite where the digits are too few for any number of seeds, and NaN for one seed, whose spread
    nobody knows.
    """
    _check(first, second)
    if min(len(first), len(second)) < 2:
        return math.nan
    difference = abs(float(first.mean() - second.mean()))
    if difference == 0:
        return math.inf
    spread = math.sqrt((first.mean(1).var(ddof=1) + second.mean(1).var(ddof=1)) / 2)
    return max(_seeds_for_seeds(difference, spread), _seeds_for_digits(first, second, difference))


def _seeds_for_seeds(difference: float, spread: float) -> float:
    """Return the number for which the t-test of two samples has `POWER`."""

    def power(n: int) -> float:
        freedom, shift = 2 * n - 2, difference / spread * math.sqrt(n / 2)
        limit = special.stdtrit(freedom, 1 - LEVEL / 2)
        return float(1 - special.nctdtr(freedom, shift, limit) + special.nctdtr(freedom, shift, -limit))

    # far from its limits the distribution function is not a number; there, two seeds are enough
    if difference > 30 * spread:
        return 2.0
    low, high = 1, 2
    while high < MAX_SEEDS and power(high) < POWER:
        low, high = high, 2 * high
    if high >= MAX_SEEDS:
        return math.inf
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if power(middle) < POWER else (low, middle)
    return float(high)


def _seeds_for_digits(first: First, second: Second, difference: float) -> float:
    """Return the number for which the digits show the difference: their own variance stays, that of answers shrinks."""
    n = first.shape[1]
    variances = [float(rows.var(0, ddof=1).mean()) for rows in (first, second)]
    answers, explained = sum(variances), variances[0] / len(first) + variances[1] / len(second)
    digits = max(0.0, float((first.mean(0) - second.mean(0)).var(ddof=1)) - explained)
    allowed = n * (difference / float(special.ndtri(1 - LEVEL / 2) + special.ndtri(POWER))) ** 2
    needed = math.inf if allowed <= digits else max(2.0, float(math.ceil(answers / (allowed - digits))))
    return needed if needed < MAX_SEEDS else math.inf


def _draw_weights(seeds: int, resamples: int, rng: np.random.Generator) -> Float64[np.ndarray, "resamples seeds"]:
    """Draw how much each seed counts in each resample; the weights sum to 1."""
    taken = max(seeds - 1, 1)
    return rng.multinomial(taken, np.full(seeds, 1 / seeds), size=resamples) / taken


def _check(first: First, second: Second) -> None:
    if not len(first) or not len(second) or not first.shape[1]:
        raise DataError("a comparison needs at least one run of each recipe and one digit")
