"""Images on which nothing can be seen."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from digits.doctor.findings import Finding, share
from digits.doctor.subject import Part

MANY = 0.002
"""Share of blank images from which on results suffer: as many as MNIST has wrong labels. Fewer are worth knowing."""

NEARLY_ALL = 0.5
"""Share from which on it is no matter of single pictures, but of how all of them were read."""


def check_blank(part: Part) -> Iterator[Finding]:
    """Find images without contrast, such as white ink on a transparent background."""
    found = np.flatnonzero(part.is_blank)
    n, total = len(found), len(part)
    if not n:
        return
    if n >= NEARLY_ALL * total:
        advice = (
            "White ink on a transparent background looks like this: save the pictures on a black background, without "
            "transparency."
        )
    else:
        advice = "--drop-blank leaves them out."
    yield Finding(
        "blank", f"{share(n, total)} {part.name} are blank: nothing can be seen on them.", n, total,
        mend="" if n == total else "--drop-blank", advice=advice, is_warning=n >= MANY * total,
        examples=part.examples(found[:2]),
    )  # fmt: skip
