"""Forms that somebody has filled in: one digit per box, as the text says, and the same bytes again."""

from __future__ import annotations

import numpy as np
import pytest

from digits.errors import UsageError
from digits.synthesis import BlankForm, Cell, synthesize_filled

BLANK = BlankForm(np.full((160, 260), 255, np.uint8), [[Cell(20 + 40 * n, 40, 36, 48) for n in range(4)]])


def test_digits_are_in_their_boxes() -> None:
    first, again = (next(synthesize_filled([(BLANK, ["1 27"])], 3)) for _ in range(2))
    truth = first.document.truth
    order = np.argsort(truth.orders)
    assert truth.labels[order].tolist() == [1, 2, 7]
    assert truth.orders[order].tolist() == [0, 2, 3]
    assert first.legible.tolist() == [True]
    assert np.array_equal(first.document.picture, again.document.picture)


def test_the_seed_is_checked() -> None:
    with pytest.raises(UsageError):
        synthesize_filled([], -1)
