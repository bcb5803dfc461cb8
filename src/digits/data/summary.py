"""A dataset in words and numbers: its location, its hashes, and how balanced its classes are."""

from __future__ import annotations

from typing import Any

import numpy as np

from digits.types import Dataset, LabelledDigits

BAR_WIDTH = 30  # characters in the bar of the largest class


def describe(dataset: Dataset) -> str:
    """Describe a dataset as text: its location, the SHA-256 of its decoded arrays, and a table of its classes."""
    train, test = _count_classes(dataset, dataset.train), _count_classes(dataset, dataset.test)
    names = max(map(len, (*dataset.classes, "total")))
    files = max(map(len, dataset.sha256))
    largest = max(train.values())
    lines = [f"{dataset.name}: {dataset.location}", "", f"{'file':{files}}  decoded SHA-256"]
    lines += [f"{name:{files}}  {digest}" for name, digest in dataset.sha256.items()]
    lines += ["", f"{'class':{names}}  {'train':>8}  {'test':>8}"]
    for name in dataset.classes:
        bar = "█" * round(BAR_WIDTH * train[name] / largest)
        lines.append(f"{name:{names}}  {train[name]:8,}  {test[name]:8,}  {bar}".rstrip())
    lines.append(f"{'total':{names}}  {len(dataset.train):8,}  {len(dataset.test):8,}")
    return "\n".join(lines)


def summarize(dataset: Dataset) -> dict[str, Any]:
    """Return the content of `describe` as plain values, ready for JSON.

    Returns
    -------
    dict
        ``name``, ``location``, ``sha256`` by file name, ``classes``, and for ``train`` and ``test`` each ``n`` and
        ``per_class``, counts by class name.
    """
    folds = {"train": dataset.train, "test": dataset.test}
    return {
        "name": dataset.name,
        "location": dataset.location,
        "sha256": dict(dataset.sha256),
        "classes": list(dataset.classes),
        **{fold: {"n": len(digits), "per_class": _count_classes(dataset, digits)} for fold, digits in folds.items()},
    }


def _count_classes(dataset: Dataset, digits: LabelledDigits) -> dict[str, int]:
    counts = np.bincount(digits.labels, minlength=len(dataset.classes))
    return {name: int(count) for name, count in zip(dataset.classes, counts, strict=False)}
