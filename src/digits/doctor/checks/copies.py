"""Images that are there twice: within a part, in training and test, or with different labels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from digits.doctor.findings import Finding, share
from digits.doctor.subject import Part, Subject

MANY = 0.01
"""Share of copies within a part from which on they weigh on what is learned and scored."""

LEAKED = 0.001
"""Share of test images in the training part from which on an accuracy suffers in its first decimal."""


def check_copies(subject: Subject) -> Iterator[Finding]:
    """Find equal images by their hashes; blank ones are another finding's."""
    for part in subject.parts:
        yield from _within(part)
    first, *others = subject.parts
    for other in others:
        yield from _across(first, other)


def _within(part: Part) -> Iterator[Finding]:
    shown = np.flatnonzero(~part.is_blank)
    _, first, group = np.unique(part.hashes[shown], return_index=True, return_inverse=True)
    original = shown[first[group]]
    is_copy = original != shown
    n, total = int(is_copy.sum()), len(part)
    if not n:
        return
    copies, originals = shown[is_copy], original[is_copy]
    differ = part.labels[copies] != part.labels[originals]
    if differ.any():
        pair = np.array([originals[differ][0], copies[differ][0]])
        yield Finding(
            "contradictory", f"{share(int(differ.sum()), total)} {part.name} are copies of others with another label.",
            int(differ.sum()), total, examples=part.examples(pair),
            advice="One of the two labels is wrong: correct it at the source.",
        )  # fmt: skip
    leaks = not part.has_order
    yield Finding(
        "copies",
        f"{share(n, total)} {part.name} are copies of others"
        + (", so that training and test, which are drawn from them, share images." if leaks else "."),
        n, total, mend="--drop-duplicates", advice="--drop-duplicates keeps each image once.",
        is_warning=n >= MANY * total,
        examples=part.examples(np.array([originals[0], copies[0]])),
    )  # fmt: skip


def _across(train: Part, test: Part) -> Iterator[Finding]:
    found = np.flatnonzero(np.isin(test.hashes, train.hashes[~train.is_blank]) & ~test.is_blank)
    n, total = len(found), len(test)
    if n:
        twin = np.flatnonzero(train.hashes == test.hashes[found[0]])[:1]
        yield Finding(
            f"{test.name.split()[0]}-in-training",
            f"{share(n, total)} {test.name} are also {train.name}: a network is scored on what it has seen.",
            n, total, mend="--drop-duplicates", advice="--drop-duplicates takes them out of the training part.",
            is_warning=n >= LEAKED * total, examples=test.examples(found[:1]) + train.examples(twin),
        )  # fmt: skip
