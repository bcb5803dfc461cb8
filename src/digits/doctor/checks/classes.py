"""How many images each class has."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from digits.data import DIGIT_NAMES
from digits.doctor.findings import Finding
from digits.doctor.subject import MIN_JUDGED, Part

RATIO = 10
"""How many times as many images the largest class has as the smallest from which on it is called unbalanced: a network
that never answers the small class then loses less than one per cent of ten classes, and hardly learns it."""


def check_classes(part: Part) -> Iterator[Finding]:
    """Find sets of a single class, classes without images, and classes with far fewer images than others."""
    counts = np.bincount(part.labels, minlength=len(part.classes))
    present = np.flatnonzero(counts)
    if len(part) < MIN_JUDGED:
        return
    if len(present) == 1:
        name = part.call(int(present[0]))
        yield Finding(
            "one-class",
            f"All {len(part):,} {part.name} are of the class {name}: a network that always answers {name} is right "
            "every time, and has learned nothing.",
            len(part), len(part), examples=part.examples(np.arange(2)),
            advice="Check which column or folder holds the labels.",
        )  # fmt: skip
        return
    missing = [name for name, count in zip(part.classes, counts, strict=False) if not count]
    if missing and part.classes == DIGIT_NAMES:
        yield Finding(
            "missing-class",
            f"There are no {part.name} of the class{'es' if len(missing) > 1 else ''} {', '.join(missing)}.",
            len(missing), len(part.classes), examples=part.examples(np.arange(2)),
            is_warning=part.name != "test images",
            advice="What a network never saw it cannot read. Add some, or leave it if they are not needed.",
        )  # fmt: skip
    smallest, largest = (present[choose(counts[present])] for choose in (np.argmin, np.argmax))
    if counts[largest] >= RATIO * counts[smallest]:
        yield Finding(
            "unbalanced",
            f"The {part.name} are unbalanced: {counts[smallest]:,} of the class {part.call(int(smallest))}, "
            f"{counts[largest]:,} of the class {part.call(int(largest))}.",
            int(counts[smallest]), int(counts[largest]),
            examples=part.examples(np.array([(part.labels == label).argmax() for label in (smallest, largest)])),
            advice="Read the accuracy per class, not the total; add images of the small class.",
        )  # fmt: skip
