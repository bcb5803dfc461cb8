"""Other people's handwriting, which models are judged by and never trained on.

It lies in the folder that ``$DIGITS_REAL`` names (``real`` if unset): ``singles`` and ``pencil`` (pictures of one
digit, with a ``labels.csv`` of file and label), ``pages`` (pictures of several, their lines in ``labels.csv``), and
``strokes`` (``pendigits-orig.tra.gz`` and ``.tes.gz`` of UCI's Pen-Based Recognition of Handwritten Digits).
"""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from digits.data import PenDigit, read_unipen

UPRIGHT = ((1.0, 0.0), (0.0, 1.0))
PARTS = ("tra", "tes")


def folder(kind: str) -> Path:
    """Give the folder of one kind of handwriting, which may be missing."""
    return Path(os.environ.get("DIGITS_REAL", "real")) / kind


def listed(kind: str) -> list[dict[str, str]]:
    """Read the ``labels.csv`` of a kind; empty if it is missing."""
    if not (folder(kind) / "labels.csv").exists():
        return []
    with (folder(kind) / "labels.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def pictures(kind: str) -> list[tuple[str, bytes, int]]:
    """Read pictures of one digit: name, content, label."""
    return [(row["file"], (folder(kind) / row["file"]).read_bytes(), int(row["label"])) for row in listed(kind)]


def pen_strokes(parts: Sequence[str] = PARTS) -> list[PenDigit]:
    """Read UCI's digits, the training part, the test part or both; empty if a file is missing."""
    files = [folder("strokes") / f"pendigits-orig.{part}.gz" for part in parts]
    return [drawn for file in files for drawn in read_unipen(file)] if all(file.exists() for file in files) else []


def draw(digits: Sequence[PenDigit], width: float = 0.11, matrix: Sequence[Sequence[float]] = UPRIGHT) -> np.ndarray:
    """Draw digits with a line of a width (in digit heights), after multiplying rows of x and y by a matrix.

    Returns ``uint8[n, 28, 28]``.
    """
    from digits.synthesis import draw_strokes

    moved = ([stroke @ np.array(matrix) for stroke in digit.strokes] for digit in digits)
    return np.stack([draw_strokes(strokes, width) for strokes in moved])
