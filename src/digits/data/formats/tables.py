"""CSV as Kaggle's *Digit Recognizer* writes it: one digit a line, its label and its 784 pixels in columns."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.data.file_errors import AGAIN, unreadable, web_page
from digits.data.raw_dataset import make_digits
from digits.errors import DataError
from digits.types import CLASSES, SIDE, LabelledDigits

COLUMNS = 1 + SIDE * SIDE


def read_csv(path: Path) -> LabelledDigits:
    """Read a table of 785 columns: one called ``label`` or ``class`` in a header, or without a header the label first.

    numpy's own parser reads Kaggle's 42,000 rows in half a second; only when it fails are the lines gone through
    one by one, to say which value it was.

    Raises
    ------
    DataError
        The file is no such table; the message tells line and column of the first wrong value.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return _read(stream, path)
    except OSError as error:
        raise unreadable(path, error) from None
    except (UnicodeDecodeError, csv.Error):
        raise DataError(f"{path} is not text, so not CSV. Save the table as CSV in UTF-8.") from None


def has_label_column(path: Path) -> bool:
    """Tell whether a CSV file is as wide as labelled digits are; Kaggle's ``test.csv`` and sample answers are not."""
    with path.open(encoding="utf-8-sig", newline="", errors="replace") as stream:
        try:
            return len(next(_rows(stream), [])) == COLUMNS
        except csv.Error:
            return False


def _label_index(first: list[str]) -> tuple[int | None, bool]:
    """Tell from the first row where labels are, and whether it is a header; pixels may have numbers for names."""
    names = [cell.strip().lower() for cell in first]
    if named := [name for name in ("label", "class") if name in names]:
        return names.index(named[0]), True
    header = sum(map(_is_number, first)) < len(first) / 2
    return (None if header else 0), header


def _read(stream: TextIOWrapper, path: Path) -> LabelledDigits:
    head = stream.read(4096)
    finding = "is empty" if not head.strip() else web_page(head.encode())
    if finding:
        raise DataError(f"{path} {finding}. {AGAIN}")
    stream.seek(0)
    first = next(_rows(stream))
    if len(first) == COLUMNS - 1:
        raise DataError(
            f"{path} has 784 columns: pixels without labels, as Kaggle's test.csv. "
            "To learn or to score, give the file with the label column; `digits read` reads this one."
        )
    if len(first) != COLUMNS:
        raise DataError(f"{path} has {len(first):,} columns; 785 are needed: a label and 28 × 28 pixels.")
    label, header = _label_index(first)
    if label is None:
        raise DataError(f"{path} has no column called label or class: the first is {first[0]!r}. Rename it.")
    stream.seek(0)
    table = _parse(stream, path, first if header else None, label)
    pixels = np.delete(table, label, axis=1)
    return make_digits(pixels, table[:, label], str(path), str(path))


def _parse(stream: TextIOWrapper, path: Path, header: list[str] | None, label: int) -> NDArray[np.uint8]:
    problem: object = "a label outside 0–9"
    try:
        with warnings.catch_warnings():
            # Some releases of numpy cut 0.5 to 0 with no more than a warning; none may say that a table is empty.
            warnings.simplefilter("error")
            table: NDArray[Any] = np.loadtxt(
                stream, np.uint8, delimiter=",", skiprows=int(header is not None), comments=None, quotechar='"', ndmin=2
            )
        if table.shape[1] == COLUMNS and table[:, label].max() < CLASSES:
            return table
    except (ValueError, UserWarning, DeprecationWarning) as error:
        problem = error
    stream.seek(0)
    finding = _first_wrong(stream, header, label) or f"does not parse: {problem}"
    raise DataError(f"{path} {finding}. Correct that line, or export the table again.")


def _first_wrong(stream: TextIOWrapper, header: list[str] | None, label: int) -> str:
    reader = csv.reader(stream)
    lines = 0
    for row in reader:
        if not row or (header is not None and reader.line_num == 1):
            continue
        lines += 1
        if len(row) != COLUMNS:
            return f"has {len(row):,} columns in line {reader.line_num:,}, and 785 in the first"
        for index, cell in enumerate(row):
            largest = CLASSES - 1 if index == label else 255
            if not (_is_number(cell) and float(cell).is_integer() and 0 <= float(cell) <= largest and "." not in cell):
                column = f"{index + 1} ({header[index]})" if header else f"{index + 1}"
                what = "label" if index == label else "pixel"
                return (
                    f"has {cell!r} in line {reader.line_num:,}, column {column}, "
                    f"where a {what}, a whole number from 0 to {largest}, belongs"
                )
    return "" if lines else "has a header and no digits below it"


def _rows(stream: TextIOWrapper) -> Iterator[list[str]]:
    return (row for row in csv.reader(stream) if row)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
