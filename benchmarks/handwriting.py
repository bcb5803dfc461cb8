"""Other people's handwriting, which models are judged by and never trained on.

It lies in the folder that ``$DIGITS_REAL`` names (``real`` if unset): ``singles`` and ``pencil`` (pictures of one
digit, with a ``labels.csv`` of file and label), ``pages``, ``pages2`` and ``forms`` (pictures of several, their lines
and their source in ``labels.csv``), and ``strokes`` (``pendigits-orig.tra.gz`` and ``.tes.gz`` of UCI's Pen-Based
Recognition of Handwritten Digits).

The sources of ``pages``, ``pages2`` and ``forms`` are *seen*, which may be looked at while the reader is built, or
*blind*, which are only ever scored. All pictures of a source are on one side.

    python -m benchmarks.handwriting    # lists the sources of each half
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from digits.data import PenDigit, read_unipen

UPRIGHT = ((1.0, 0.0), (0.0, 1.0))
PARTS = ("tra", "tes")

HALVES = ("seen", "blind")
DOCUMENTS = ("pages", "pages2", "forms")
"""Kinds of pictures with several digits."""


class Document(NamedTuple):
    """A picture with what is written on it by hand.

    Attributes
    ----------
    file
        Where it is.
    lines
        The digits of each written line, without spaces; none if nothing is written.
    source
        Whom it is from: the repository or its owner.
    in_any_order
        Whether its digits have no order that everybody would agree on.
    turned
        Degrees by which to turn the picture counter-clockwise for it to be upright.
    is_exam
        Whether it is a printed exam page, whose only line is the number of a student.
    is_print
        Whether its digits are not handwriting after all, so that print must be asked for.
    """

    file: Path
    lines: list[str]
    source: str
    in_any_order: bool
    turned: int
    is_exam: bool
    is_print: bool

    @property
    def half(self) -> str:
        """Whether the picture may be looked at: ``"seen"`` or ``"blind"``."""
        return half_of(self.source)


def folder(kind: str) -> Path:
    """Give the folder of one kind of handwriting, which may be missing."""
    return Path(os.environ.get("DIGITS_REAL", "real")) / kind


def listed(kind: str) -> list[dict[str, str]]:
    """Read the ``labels.csv`` of a kind; empty if it is missing."""
    if not (folder(kind) / "labels.csv").exists():
        return []
    with (folder(kind) / "labels.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def documents(*kinds: str, half: str = "") -> list[Document]:
    """List the pictures of kinds, of one half or (empty) both; a page that is there as PNG and PDF counts once."""
    found = [
        Document(
            file=folder(kind) / row["file"],
            lines=[line for line in row["lines"].replace(" ", "").split("|") if line],
            source=source_of(row["source"]),
            in_any_order="AMBIGUOUS" in row["note"],
            turned=int(row.get("rotate_ccw_deg_to_upright") or 0),
            is_exam=row["note"].startswith("printed exam page"),
            is_print=row["note"].endswith("not handwriting"),
        )
        for kind in kinds
        for row in listed(kind)
        if not row["file"].endswith(".pdf")
    ]
    return [document for document in found if half in ("", document.half)]


def source_of(text: str) -> str:
    """Give the repository or its owner, with which a source begins; a commit, folders and notes may follow."""
    return text.replace("@", " ").split()[0]


def half_of(source: str) -> str:
    """Say whether the pictures of a source may be looked at: the SHA-1 of its name decides, odd is blind."""
    return HALVES[hashlib.sha1(source.encode(), usedforsecurity=False).digest()[-1] % 2]


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


if __name__ == "__main__":
    for kind in DOCUMENTS:
        for half in HALVES:
            found = documents(kind, half=half)
            digits_written = sum(map(len, "".join(line for document in found for line in document.lines)))
            names = ", ".join(sorted({document.source for document in found}))
            print(f"{kind}, {half}: {len(found)} pictures, {digits_written} digits; {names}")
