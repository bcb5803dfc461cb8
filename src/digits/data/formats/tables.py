"""CSV as in Kaggle's *Digit Recognizer*: one digit per row, its 784 pixels in columns, with or without a label."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import count, islice
from pathlib import Path

import numpy as np

from digits.data.file_errors import DOWNLOAD_AGAIN, describe_web_page, unreadable
from digits.data.memory import max_array_bytes
from digits.data.raw_dataset import make_digits
from digits.errors import DataError
from digits.files import open_file
from digits.types import CLASSES, SIDE, Images, LabelledDigits, Labels

PIXELS = SIDE * SIDE
MAX_LINE = 2**16  # characters; 785 numbers of any usual form take 8,000
MAX_QUOTED = 40  # characters of a cell in an error
BATCH_SIZE = 2000  # rows parsed at once, which keeps memory flat for tables of any length


def read_csv(path: Path) -> LabelledDigits:
    """Read a table of 785 columns: the label's is called ``label`` or ``class``, or comes first if there is no header.

    Raises
    ------
    DataError
        The file is no such table; the message names line and column of the first invalid value.
    """
    batches, size, limit = [], 0, max_array_bytes()
    for batch in read_csv_batches(path, need_labels=True):
        batches.append(batch)
        size += batch[0].nbytes
        if size > limit:
            raise DataError(f"{path} is too large: on this machine, the limit is {limit:,} pixels. Split it.")
    images, labels = zip(*batches, strict=True)
    return make_digits(np.concatenate(images), np.concatenate(labels), str(path), str(path))


def read_csv_batches(path: Path, *, need_labels: bool = False) -> Iterator[tuple[Images, Labels | None]]:
    """Read a table of 784 or 785 columns in batches of images and labels; errors as in `read_csv`.

    Labels are None where there are 784 columns; `need_labels` refuses these, unnamed labels, and labels above 9.
    numpy's parser reads Kaggle's 42,000 rows in half a second; only a batch on which it fails is parsed again, cell by
    cell, to name the invalid value.
    """
    try:
        with open_table(path) as stream:
            header, label = _read_layout(path, stream, need_labels)
            lines = ((number, line) for number, line in enumerate(_read_lines(path, stream), 1) if line.strip())
            rows = islice(lines, 1 if header else 0, None)
            batch = list(islice(rows, BATCH_SIZE))
            if not batch:
                raise DataError(f"{path} has a header and no digits below it. {DOWNLOAD_AGAIN}")
            while batch:
                yield _parse(path, batch, header, label, CLASSES - 1 if need_labels else 255)
                batch = list(islice(rows, BATCH_SIZE))
    except OSError as error:
        raise unreadable(path, error) from None
    except (UnicodeDecodeError, csv.Error):
        raise DataError(f"{path} is not text, so not CSV. Save the table as CSV in UTF-8.") from None


def has_label_column(path: Path) -> bool:
    """Tell whether a CSV file has 785 columns; Kaggle's ``test.csv`` and sample submission do not."""
    try:
        with open_table(path, errors="replace") as stream:
            return len(next(filter(None, csv.reader(_read_lines(path, stream))), [])) == PIXELS + 1
    except OSError as error:
        raise unreadable(path, error) from None
    except (csv.Error, DataError):
        return False


def open_table(path: Path, errors: str = "strict") -> TextIOWrapper:
    """Open a CSV file as text."""
    return TextIOWrapper(open_file(path), encoding="utf-8-sig", errors=errors, newline="")


def _read_lines(path: Path, stream: TextIOWrapper) -> Iterator[str]:
    for number in count(1):
        line = stream.readline(MAX_LINE)
        if len(line) == MAX_LINE:
            raise DataError(f"{path} has over {MAX_LINE:,} characters in line {number:,}. Save one digit per line.")
        if not line:
            return
        yield line


def _read_layout(path: Path, stream: TextIOWrapper, need_labels: bool) -> tuple[list[str] | None, int | None]:
    """Read the header, if any, and find the label's column, if any."""
    head = stream.read(4096)
    if problem := describe_web_page(head.encode()) if head.strip() else "is empty":
        raise DataError(f"{path} {problem}. {DOWNLOAD_AGAIN}")
    stream.seek(0)
    first = next(filter(None, csv.reader(_read_lines(path, stream))), [])
    stream.seek(0)
    if len(first) == PIXELS and need_labels:
        raise DataError(
            f"{path} has 784 columns: pixels without labels, as in Kaggle's test.csv. "
            "Training and evaluation need the file with labels; `digits read` reads this one."
        )
    if len(first) not in (PIXELS, PIXELS + 1):
        raise DataError(
            f"{path} has {len(first):,} columns; 785 are needed (label and 28 × 28 pixels), or 784 to read."
        )
    names = [cell.strip().lower() for cell in first]
    label = next((names.index(name) for name in ("label", "class") if name in names), None)
    # A header may number its columns, so that some of its cells could be pixels.
    has_header = label is not None or sum(_is_whole(cell, 255) for cell in first) < len(first) / 2
    if need_labels and has_header and label is None:
        raise DataError(f"{path} has no column called label or class; the first is {_quote(first[0])}. Rename it.")
    return first if has_header else None, None if len(first) == PIXELS else label or 0


def _parse(
    path: Path, rows: list[tuple[int, str]], header: list[str] | None, label: int | None, max_label: int
) -> tuple[Images, Labels | None]:
    problem = ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # some releases of numpy truncate 0.5 to 0 with only a warning
            lines = [line for _, line in rows]
            table = np.loadtxt(lines, np.uint8, delimiter=",", comments=None, quotechar='"', ndmin=2)
        if table.shape[1] == PIXELS + (label is not None):
            labels = None if label is None else table[:, label]
            if labels is None or labels.max() <= max_label:
                pixels = table if label is None else np.delete(table, label, axis=1)
                return np.ascontiguousarray(pixels).reshape(-1, SIDE, SIDE), labels
    except (ValueError, UserWarning, DeprecationWarning) as error:
        problem = f"does not parse near line {rows[0][0]:,}: {error}"
    problem = _find_problem(rows, header, label, max_label) or problem
    raise DataError(f"{path} {problem}. Correct that line, or export the table again.")


def _find_problem(rows: list[tuple[int, str]], header: list[str] | None, label: int | None, max_label: int) -> str:
    columns = PIXELS + (label is not None)
    for number, line in rows:
        row = next(csv.reader([line]))
        if len(row) != columns:
            return f"has {len(row):,} columns in line {number:,}, but {columns} in the first"
        for index, cell in enumerate(row):
            kind, largest = ("label", max_label) if index == label else ("pixel", 255)
            if not _is_whole(cell, largest):
                column = f"{index + 1} ({_shorten(header[index])})" if header else f"{index + 1}"
                return (
                    f"has {_quote(cell)} in line {number:,}, column {column}, "
                    f"where a {kind}, a whole number from 0 to {largest}, belongs"
                )
    return ""


def _is_whole(cell: str, largest: int) -> bool:
    text = cell.strip()
    return text.isascii() and text.isdigit() and float(text) <= largest


def _quote(cell: str) -> str:
    return repr(_shorten(cell))


def _shorten(cell: str) -> str:
    return cell if len(cell) <= MAX_QUOTED else f"{cell[:MAX_QUOTED]}…"
