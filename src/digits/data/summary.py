"""A data set in words and numbers: where it is, what its hashes are, how its classes are balanced."""

from __future__ import annotations

from typing import Any

import numpy as np

from digits.types import Dataset, LabelledDigits

BAR = 30
"""Characters of the bar of the largest class."""


def describe(dataset: Dataset) -> str:
    """Tell people what a data set is: place, SHA-256 of its decoded arrays, and a table of its classes with bars."""
    train, test = _counts(dataset, dataset.train), _counts(dataset, dataset.test)
    names = max(map(len, (*dataset.classes, "total")))
    files = max(map(len, dataset.sha256))
    largest = max(train.values())
    lines = [f"{dataset.name}: {dataset.location}", "", f"{'file':{files}}  decoded SHA-256"]
    lines += [f"{name:{files}}  {digest}" for name, digest in dataset.sha256.items()]
    lines += ["", f"{'class':{names}}  {'train':>8}  {'test':>8}"]
    for name in dataset.classes:
        bar = "█" * round(BAR * train[name] / largest)
        lines.append(f"{name:{names}}  {train[name]:8,}  {test[name]:8,}  {bar}".rstrip())
    lines.append(f"{'total':{names}}  {len(dataset.train):8,}  {len(dataset.test):8,}")
    return "\n".join(lines)


def summary(dataset: Dataset) -> dict[str, Any]:
    """Give what `describe` tells as plain values, ready for JSON.

    Returns
    -------
    dict
        ``name``, ``location``, ``sha256`` by file name, ``classes``, and for ``train`` and ``test`` each ``n`` and
        ``per_class``, counts by the classes' names.
    """
    parts = {"train": dataset.train, "test": dataset.test}
    return {
        "name": dataset.name,
        "location": dataset.location,
        "sha256": dict(dataset.sha256),
        "classes": list(dataset.classes),
        **{part: {"n": len(digits), "per_class": _counts(dataset, digits)} for part, digits in parts.items()},
    }


def _counts(dataset: Dataset, digits: LabelledDigits) -> dict[str, int]:
    counts = np.bincount(digits.labels, minlength=len(dataset.classes))
    return {name: int(count) for name, count in zip(dataset.classes, counts, strict=False)}
