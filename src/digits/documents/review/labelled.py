"""A labelled set of single digits, one folder per class, as ``digits train --extra-data`` reads it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from digits.documents.review.store import Store, review_path
from digits.files import write_atomically
from digits.shapes import UInt8
from digits.types import CLASSES, SIDE

TRAIN = "train"
"""Folder of the classes, as of the page's corrections."""


def list_reviewed(answers: Path) -> Iterator[tuple[UInt8[np.ndarray, "28 28"], int]]:
    """List the digits that people decided on in a review, each as the network saw it, with its label.

    Raises
    ------
    DataNotFoundError
        When nothing was kept for a review.
    """
    store = Store(review_path(answers))
    try:
        rows = store.read("SELECT boxes, filled, images FROM cells WHERE is_doubtful AND is_decided")
    finally:
        store.close()
    for boxes, filled, content in rows:
        said = boxes.split(",")
        images = np.frombuffer(content, np.uint8).reshape(-1, SIDE, SIDE)
        for place, image in zip(json.loads(filled), images, strict=True):
            if image.any() and said[place].isdecimal():
                yield image, int(said[place])


def write_labelled(folder: Path, digits: Iterable[tuple[UInt8[np.ndarray, "28 28"], int]]) -> list[int]:
    """Write digits as ``train/<label>/<hash>.png``, and return how many there are of each class.

    A file is named after its content, so that the same digits can be written again and stand there once.

    Raises
    ------
    StorageError
        When a file cannot be written; those before it stay.
    """
    counts: Counter[int] = Counter()
    for image, label in digits:
        content = bytes(cv2.imencode(".png", image)[1])
        write_atomically(folder / TRAIN / str(label) / f"{hashlib.sha256(content).hexdigest()[:24]}.png", content)
        counts[label] += 1
    return [counts[label] for label in range(CLASSES)]
