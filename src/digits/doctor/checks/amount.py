"""Too few digits to say anything."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from digits.doctor.findings import Finding
from digits.doctor.subject import MIN_JUDGED, Part

FEW = 100
"""Digits of a part below which an accuracy is known to ± 4 points or worse: it can hardly be compared."""


def check_amount(part: Part) -> Iterator[Finding]:
    """Find parts that are too small to judge, or to judge anything by."""
    n = len(part)
    if n >= FEW:
        return
    unjudged = " Orientation, greys and labels cannot be judged." if n < MIN_JUDGED else ""
    one = n == 1
    yield Finding(
        "few",
        f"There {'is' if one else 'are'} only {n:,} {part.name.removesuffix('s') if one else part.name}.{unjudged}",
        n, n, is_warning=False, examples=part.examples(np.arange(min(n, 2))),
        advice=f"An accuracy on fewer than {FEW} digits is uncertain by several per cent: collect more.",
    )  # fmt: skip
