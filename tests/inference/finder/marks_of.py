"""Marks from a few boxes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from digits.inference.finder.marks import Marks

CLASSES = "0123456789.,-/:"


def marks_of(boxes: Sequence[Sequence[float]], text: str = "", **more: np.ndarray) -> Marks:
    """Marks with these boxes that read as the text, all to the right, each at the end of its line."""
    n = len(boxes)
    classes = np.full((n, len(CLASSES)), -9, np.float32)
    classes[np.arange(n), [CLASSES.index(each) for each in text or "0" * n]] = 0
    values: dict[str, np.ndarray] = {
        "boxes": np.array(boxes, np.float32).reshape(n, 4), "scores": np.full(n, 0.9, np.float32),
        "handwritten": np.ones(n, np.float32), "classes": classes,
        "links": np.tile(np.array([-5, 0, 0], np.float32), (n, 1)), "directions": np.zeros(n, np.float32),
        "struck": np.full(n, -5, np.float32),
    }  # fmt: skip
    return Marks(**values | more)
