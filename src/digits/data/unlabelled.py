"""Digits without labels, a batch at a time: Kaggle's ``test.csv``, an IDX file of images, an NPZ."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from digits.data.file_errors import AGAIN, unreadable
from digits.data.formats.idx import read_idx
from digits.data.formats.npz import read_images
from digits.errors import DataError
from digits.types import SIDE, Images

PIXELS = SIDE * SIDE

BATCH = 2000
"""Digits of a batch."""

LABELS = ("label", "class")
"""Names of a column that is no pixel."""


def read_unlabelled(path: Path) -> Iterator[Images]:
    """Read digits to be named, in batches, so that any number of them fits into memory.

    Parameters
    ----------
    path
        CSV of 784 columns, with or without a header, or of 785 with labels, which are passed over; an IDX file of
        images, gzipped or not; an NPZ with ``x_test``, ``test_images``, ``images``, ``x_train`` or one array alone.

    Raises
    ------
    DataError
        When it is something else, or a value is no pixel; the message says where.
    """
    if path.suffix.lower() == ".csv":
        yield from _csv(path)
        return
    images = read_images(path) if path.suffix.lower() == ".npz" else read_idx(path)
    if images.ndim != 3 or images.shape[1:] != (SIDE, SIDE) or images.dtype != np.uint8:
        raise DataError(
            f"{path} holds {images.dtype}{list(images.shape)}: digits are uint8[n, {SIDE}, {SIDE}], bright on dark"
        )
    for start in range(0, len(images), BATCH):
        yield images[start : start + BATCH]


def _csv(path: Path) -> Iterator[Images]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            first = next(csv.reader(stream), [])
            header = bool(first) and not all(_is_pixel(cell) for cell in first)
            labelled = _label_column(path, first, header)
            stream.seek(0)
            line = 1 + header
            if header:
                stream.readline()
            read = 0
            while rows := list(islice(stream, BATCH)):
                images = _parsed(path, rows, labelled, line)
                yield images
                read, line = read + len(images), line + len(rows)
    except OSError as error:
        raise unreadable(path, error) from None
    except (UnicodeDecodeError, csv.Error):
        raise DataError(f"{path} is not text, so not CSV. Save the table as CSV in UTF-8.") from None
    if not read:
        raise DataError(f"{path} holds no digits: {'a header and nothing below it' if header else 'nothing'}. {AGAIN}")


def _label_column(path: Path, first: list[str], header: bool) -> int | None:
    """Give the column of the labels, None where there is none."""
    if len(first) == PIXELS:
        return None
    names = [cell.strip().lower() for cell in first]
    if len(first) != PIXELS + 1:
        raise DataError(
            f"{path} has {len(first):,} columns; 784 are needed, the 28 × 28 pixels of a digit, or 785 with its label."
        )
    return next((names.index(name) for name in LABELS if name in names), 0)


def _parsed(path: Path, rows: list[str], labels: int | None, line: int) -> Images:
    rows = [row for row in rows if row.strip()]
    if not rows:
        return np.empty((0, SIDE, SIDE), np.uint8)
    columns = PIXELS + (labels is not None)
    problem: object = ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # some releases of numpy cut 0.5 to 0 with no more than a warning
            table = np.loadtxt(rows, np.uint8, delimiter=",", comments=None, quotechar='"', ndmin=2)
        if table.shape[1] == columns:
            pixels = table if labels is None else np.delete(table, labels, axis=1)
            return np.ascontiguousarray(pixels).reshape(-1, SIDE, SIDE)
    except (ValueError, UserWarning, DeprecationWarning) as error:
        problem = error
    for number, row in enumerate(csv.reader(rows), line):
        if len(row) != columns:
            raise DataError(f"{path} has {len(row):,} columns in line {number:,}, and {columns} in the first. Mend it.")
        for column, cell in enumerate(row, 1):
            if not _is_pixel(cell):
                raise DataError(
                    f"{path} has {cell!r} in line {number:,}, column {column}, where a pixel, a whole number from 0 to "
                    "255, belongs. Mend it."
                )
    raise DataError(f"{path} does not parse near line {line:,}: {problem}. {AGAIN}")


def _is_pixel(cell: str) -> bool:
    text = cell.strip()
    return text.isascii() and text.isdigit() and int(text) <= 255
