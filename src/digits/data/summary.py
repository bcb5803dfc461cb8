"""A dataset in words and numbers: its location, its hashes, and how balanced its classes are."""

from __future__ import annotations

from typing import Any

import numpy as np

from digits.types import Dataset, LabelledDigits

BAR_WIDTH = 30  # characters in the bar of the largest class


def describe(dataset: Dataset) -> str:
    """Describe a dataset as text: its location, the SHA-256 of its decoded arrays, and a table of its classes."""
    folds = _folds(dataset)
    counts = {fold: _count_classes(dataset, digits) for fold, digits in folds.items()}
    names = max(map(len, (*dataset.classes, "total")))
    widths = {fold: max(8, len(fold)) for fold in folds}
    files = max(map(len, dataset.sha256))
    largest = max(counts["train"].values())
    lines = [f"{dataset.name}: {dataset.location}", "", f"{'file':{files}}  decoded SHA-256"]
    lines += [f"{name:{files}}  {digest}" for name, digest in dataset.sha256.items()]
    lines += ["", "  ".join([f"{'class':{names}}", *(f"{fold:>{width}}" for fold, width in widths.items())])]
    for name in dataset.classes:
        bar = "█" * round(BAR_WIDTH * counts["train"][name] / largest)
        cells = (f"{counts[fold][name]:{width},}" for fold, width in widths.items())
        lines.append("  ".join([f"{name:{names}}", *cells, bar]).rstrip())
    totals = (f"{len(folds[fold]):{width},}" for fold, width in widths.items())
    lines.append("  ".join([f"{'total':{names}}", *totals]))
    return "\n".join(lines)


def summarize(dataset: Dataset) -> dict[str, Any]:
    """Return the content of `describe` as plain values, ready for JSON.

    Returns
    -------
    dict
        ``name``, ``location``, ``sha256`` by file name, ``classes``, and for ``train``, ``test`` and, if there is one,
        ``validation`` each ``n`` and ``per_class``, counts by class name.
    """
    folds = _folds(dataset)
    return {
        "name": dataset.name,
        "location": dataset.location,
        "sha256": dict(dataset.sha256),
        "classes": list(dataset.classes),
        **{fold: {"n": len(digits), "per_class": _count_classes(dataset, digits)} for fold, digits in folds.items()},
    }


def _folds(dataset: Dataset) -> dict[str, LabelledDigits]:
    folds = {"train": dataset.train, "validation": dataset.validation, "test": dataset.test}
    return {fold: digits for fold, digits in folds.items() if digits is not None}


def _count_classes(dataset: Dataset, digits: LabelledDigits) -> dict[str, int]:
    counts = np.bincount(digits.labels, minlength=len(dataset.classes))
    return {name: int(count) for name, count in zip(dataset.classes, counts, strict=False)}
