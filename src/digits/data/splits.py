"""Splitting a dataset in two: stratified, seeded, and the same on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digits.errors import UsageError
from digits.types import LabelledDigits


def split(
    digits: LabelledDigits, validation_size: int | float = 5000, *, seed: int = 0
) -> tuple[LabelledDigits, LabelledDigits]:
    """Split digits into training and validation digits; MNIST's 60,000 give 55,000 and 5,000.

    Every class keeps its share: counts are rounded by largest remainder, so that they sum to exactly the requested
    number. The selection depends on `seed` and the labels alone: it uses numpy's ``default_rng(seed)`` and no global
    state. Both parts keep the original order.

    Parameters
    ----------
    digits
        n labelled digits.
    validation_size
        A whole number from 0 to n - 1, or a fraction from 0 to below 1 (rounded).
    seed
        0 or more.

    Returns
    -------
    tuple of LabelledDigits
        Training digits, validation digits. The arrays are copies.

    Raises
    ------
    UsageError
        There are too few digits, or the size or seed is invalid.
    """
    n = len(digits)
    if isinstance(validation_size, float) and not 0 <= validation_size < 1:
        raise UsageError(f"validation_size must be a fraction below 1 or a whole number, not {validation_size}")
    held_out = round(validation_size * n) if isinstance(validation_size, float) else validation_size
    if held_out < 0:
        raise UsageError(f"validation_size must be 0 or more, not {held_out:,}")
    if held_out >= n:
        raise UsageError(
            f"validation_size takes {held_out:,} of {n:,} digits and leaves none for training. "
            f"Give a number below {n:,}, or a fraction such as 0.1."
        )
    if seed < 0:
        raise UsageError(f"seed must be 0 or more, not {seed}")
    is_chosen = np.zeros(n, dtype=bool)
    rng = np.random.default_rng(seed)
    counts = np.bincount(digits.labels)
    for label, count in enumerate(_apportion(counts, held_out)):
        is_chosen[rng.permutation(np.flatnonzero(digits.labels == label))[:count]] = True
    return (
        LabelledDigits(digits.images[~is_chosen], digits.labels[~is_chosen]),
        LabelledDigits(digits.images[is_chosen], digits.labels[is_chosen]),
    )


def _apportion(counts: NDArray[np.intp], total: int) -> NDArray[np.intp]:
    """Divide `total` among classes in proportion to `counts`, by largest remainder; ties go to the lower class."""
    whole, remainder = np.divmod(counts * total, counts.sum())
    whole[np.argsort(-remainder, kind="stable")[: total - whole.sum()]] += 1
    return whole
