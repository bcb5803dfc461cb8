"""Pages with one number: all of its digits are there, and the same seed gives the same page."""

from __future__ import annotations

import numpy as np

from digits.synthesis import synthesize_numbers


def test_number_is_on_the_page() -> None:
    page, again = (next(synthesize_numbers(3)) for _ in range(2))
    truth = page.document.truth
    lines = {
        "".join(
            str(label) for label in truth.labels[truth.lines == line][np.argsort(truth.orders[truth.lines == line])]
        )
        for line in np.unique(truth.lines[~truth.printed])
    }
    assert len(page.number) == 9
    assert page.number in lines
    assert page.number == again.number
    assert np.array_equal(page.document.picture, again.document.picture)
