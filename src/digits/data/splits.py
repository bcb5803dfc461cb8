"""Parting a set in two: stratified, seeded, and the same on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digits.errors import UsageError
from digits.types import LabelledDigits


def split(
    digits: LabelledDigits, validation: int | float = 5000, *, seed: int = 0
) -> tuple[LabelledDigits, LabelledDigits]:
    """Part digits into those to learn from and those to choose by; MNIST's 60,000 give 55,000 and 5,000.

    Every class keeps its share: counts are rounded by largest remainder, so that they sum to exactly the number asked
    for. Which digits of a class are drawn depends on `seed` and the labels alone: numpy's ``default_rng(seed)`` draws
    them, and no global state is read or changed. Both parts keep the order of the set.

    Parameters
    ----------
    digits
        n labelled digits.
    validation
        How many to hold back: a whole number from 0 to n - 1, or a fraction from 0 to below 1 (rounded).
    seed
        0 or more.

    Returns
    -------
    tuple of LabelledDigits
        Training digits, validation digits. The arrays are copies.

    Raises
    ------
    UsageError
        There are not enough digits, or the number or seed cannot be meant.
    """
    n = len(digits)
    if isinstance(validation, float):
        if not 0 <= validation < 1:
            raise UsageError(
                f"validation is {validation}: a fraction goes from 0 to below 1; a count is a whole number."
            )
        held = round(validation * n)
    else:
        held = validation
    if held < 0:
        raise UsageError(f"validation is {held:,}: it cannot be negative.")
    if held >= n:
        raise UsageError(
            f"validation asks for {held:,} digits of a set of {n:,}, which leaves none to train on. "
            f"Give a number below {n:,}, or a fraction such as 0.1."
        )
    if seed < 0:
        raise UsageError(f"seed is {seed}: it must be 0 or more.")
    chosen = np.zeros(n, dtype=bool)
    rng = np.random.default_rng(seed)
    counts = np.bincount(digits.labels)
    for label, take in enumerate(_shares(counts, held)):
        chosen[rng.permutation(np.flatnonzero(digits.labels == label))[:take]] = True
    return (
        LabelledDigits(digits.images[~chosen], digits.labels[~chosen]),
        LabelledDigits(digits.images[chosen], digits.labels[chosen]),
    )


def _shares(counts: NDArray[np.intp], total: int) -> NDArray[np.intp]:
    """Divide `total` among classes in proportion to `counts`, by largest remainder; ties go to the lower class."""
    whole, remainder = np.divmod(counts * total, counts.sum())
    whole[np.argsort(-remainder, kind="stable")[: total - whole.sum()]] += 1
    return whole
