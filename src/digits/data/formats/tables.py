"""CSV as in Kaggle's *Digit Recognizer*: one digit per row, its 784 pixels in columns, with or without a label."""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digits.data.file_errors import DOWNLOAD_AGAIN, unreadable
from digits.data.formats.table_text import check_head, read_lines
from digits.data.memory import max_array_bytes
from digits.data.raw_dataset import say_scaled
from digits.errors import DataError
from digits.files import open_file
from digits.pixels import find_scale, scale_pixels
from digits.types import CLASSES, SIDE, Images, LabelledDigits, Labels

PIXELS = SIDE * SIDE
MAX_QUOTED = 40  # characters of a cell in an error
BATCH_SIZE = 2000  # rows parsed at once, which keeps memory flat for tables of any length
FEW = 100  # rows that show which column holds the labels

# Names in a header, in small letters. A pixel is any word with a number, or as in OpenML and Kaggle 1x1.
LABEL_NAMES = {"label", "labels", "class", "target", "digit", "y"}
ID_NAMES = {"", "id", "imageid", "image_id", "index", "unnamed: 0"}  # the first and last are pandas's
PIXEL_NAME = re.compile(r"[a-z_ .]*\d+([x_]\d+)?")


class _Layout(NamedTuple):
    header: list[str] | None
    columns: int  # of every row
    pixels: list[int]  # their columns
    label: int | None  # its column, if it is read


def read_csv(path: Path) -> LabelledDigits:
    """Read a table of digits with their labels, in any layout that `read_csv_batches` knows.

    Raises
    ------
    DataError
        The file is no such table; the message names line and column of the first invalid value.
    """
    batches, size, limit = [], 0, max_array_bytes()
    for images, labels in read_csv_batches(path, need_labels=True):
        batches.append((images, labels))
        size += images.nbytes
        if size > limit:
            raise DataError(f"{path} is too large: on this machine, the limit is {limit:,} pixels. Split it.")
    every_image, every_label = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    return LabelledDigits(every_image, every_label)


def read_csv_batches(path: Path, *, need_labels: bool = False) -> Iterator[tuple[Images, Labels]]:
    """Read a table in batches of images and labels; errors as in `read_csv`.

    A row has 784 pixels, row by row of the image, and may have a label and an identifier beside them. A header names
    the label (`LABEL_NAMES`) and the identifier (`ID_NAMES`). Without it, the identifier comes first, and the label
    after it, or last if only the last column can be it. Pixels of 0–1 are scaled, which the log says.

    `need_labels` refuses tables without labels and labels above 9; otherwise, labels are not read, and all are 0.
    numpy's parser reads Kaggle's 42,000 rows in half a second; only a batch on which it fails is parsed again, cell by
    cell, to name the invalid value.
    """
    scale = 0
    check_head(path)
    try:
        lines = read_lines(path)
        batch = list(islice(lines, BATCH_SIZE))
        layout = _find_layout(path, [line for _, line in batch], need_labels)
        batch = batch[1:] if layout.header else batch
        if not batch:
            raise DataError(f"{path} has a header and no digits below it. {DOWNLOAD_AGAIN}")
        while batch:
            pixels, labels = _parse(path, batch, layout)
            if pixels.any():
                scale = _check_scale(path, pixels, batch[0][0], scale)
            yield scale_pixels(pixels.reshape(-1, SIDE, SIDE), scale or 1), labels
            batch = list(islice(lines, BATCH_SIZE))
    except csv.Error:
        raise DataError(f"{path} is not text, so not CSV. Save the table as CSV in UTF-8.") from None


def has_label_column(path: Path) -> bool:
    """Tell whether a table holds digits with labels; Kaggle's ``test.csv`` and sample submission do not."""
    return has_digits(path, need_labels=True)


def has_digits(path: Path, *, need_labels: bool = False) -> bool:
    """Tell whether a table holds digits, with or without labels."""
    try:
        open_file(path).close()
        lines = [line for _, line in islice(read_lines(path, errors="replace"), FEW)]
        _find_layout(path, lines, need_labels)
        return True
    except OSError as error:
        raise unreadable(path, error) from None
    except (csv.Error, DataError):
        return False


def _find_layout(path: Path, lines: list[str], need_labels: bool) -> _Layout:
    """Find the columns of pixels and of the label, from the header or from the first rows."""
    first = next(csv.reader(lines[:1]), [])
    columns = list(range(len(first)))
    if not PIXELS <= len(first) <= PIXELS + 2:
        raise DataError(
            f"{path} has {len(first):,} columns; 784 are needed, the pixels, or 785 with a label, or 786 with an "
            "identifier too."
        )
    names = [cell.strip().lower() for cell in first]
    label = next((index for index in columns if names[index] in LABEL_NAMES), None)
    # A header may number its columns, so that some of its cells could be pixels.
    has_header = label is not None or sum(_is_number(cell, 255) for cell in first) < len(first) / 2
    pixels = columns
    if has_header:
        pixels = [index for index in columns if index != label and names[index] not in ID_NAMES]
        named = [index for index in pixels if PIXEL_NAME.fullmatch(names[index])]
        if len(pixels) > PIXELS and len(named) == PIXELS:
            pixels = named
    if len(pixels) > PIXELS + 1 or (len(pixels) > PIXELS and label is not None):
        pixels = pixels[1:]
    if len(pixels) > PIXELS:
        label = _guess_label(path, has_header, pixels)
        if label is None and need_labels:
            raise DataError(
                f"{path} has 784 columns of pixels, after one that numbers the rows, and none of labels. "
                "Training and evaluation need a column of labels; `digits read` reads this file."
            )
        label = pixels[0] if label is None else label
        pixels = [index for index in pixels if index != label]
    if need_labels and label is None:
        raise DataError(
            f"{path} has 784 columns of pixels and none called label or class, as Kaggle's test.csv. "
            "Training and evaluation need a column of labels; `digits read` reads this file."
        )
    if len(pixels) != PIXELS:
        raise DataError(f"{path} has {len(pixels):,} columns of pixels, but 784 are needed. Rename the others.")
    return _Layout(first if has_header else None, len(first), pixels, label if need_labels else None)


def _guess_label(path: Path, has_header: bool, columns: list[int]) -> int | None:
    """Choose the column of labels: the first, or the last where only it may hold labels, or the first is all 0.

    None if the first numbers the rows. While both are 0, reading goes on: a table may be sorted by its labels, and the
    outermost pixels of MNIST are 0.
    """
    firsts, lasts = [], []
    for _, line in islice(read_lines(path, errors="replace"), int(has_header), None):
        row = next(csv.reader([line]))
        if len(row) > columns[-1]:
            firsts.append(row[columns[0]])
            lasts.append(row[columns[-1]])
        if len(firsts) >= FEW and not (_is_zero(firsts[-1]) and _is_zero(lasts[-1])):
            break
    is_pixel = all(map(_is_zero, firsts)) or not all(map(_is_label, firsts))
    if is_pixel and all(map(_is_label, lasts)) and not all(map(_is_zero, lasts)):
        return columns[-1]
    return None if _is_numbered(firsts) else columns[0]


def _is_numbered(cells: list[str]) -> bool:
    """Tell whether cells count up by one, too far for labels."""
    if not all(cell.strip().isascii() and cell.strip().isdecimal() and len(cell) < MAX_QUOTED for cell in cells):
        return False
    numbers = [int(cell) for cell in cells]
    return (
        numbers == list(range(numbers[0], numbers[0] + len(numbers))) and numbers[-1] >= CLASSES if numbers else False
    )


def _is_zero(cell: str) -> bool:
    return _is_number(cell, 0)


def _parse(path: Path, rows: list[tuple[int, str]], layout: _Layout) -> tuple[NDArray[Any], Labels]:
    """Parse rows, and give their pixels as they are, and their labels."""
    problem, lines = "", [line for _, line in rows]
    if all(_count_columns(line) == layout.columns for line in lines):
        for dtype in (np.uint8, np.float64):
            try:
                pixels, labels = _load(lines, layout, dtype)
            except (ValueError, UserWarning, DeprecationWarning) as error:
                problem = f"does not parse near line {rows[0][0]:,}: {error}"
                continue
            is_valid = 0 <= pixels.min() <= pixels.max() <= 255 and labels.max() < CLASSES
            if is_valid and np.isin(labels, range(CLASSES)).all():
                return pixels, labels.astype(np.uint8)
    problem = _find_problem(rows, layout) or problem
    raise DataError(f"{path} {problem}. Correct that line, or export the table again.")


def _load(lines: list[str], layout: _Layout, dtype: type) -> tuple[NDArray[Any], NDArray[Any]]:
    columns = [*([] if layout.label is None else [layout.label]), *layout.pixels]
    wanted = None if columns == list(range(layout.columns)) else columns
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # some releases of numpy truncate 0.5 to 0 with only a warning
        table: NDArray[Any] = np.loadtxt(
            lines, dtype, delimiter=",", comments=None, quotechar='"', ndmin=2, usecols=wanted
        )
    return (table, np.zeros(len(table))) if layout.label is None else (table[:, 1:], table[:, 0])


def _check_scale(path: Path, pixels: NDArray[Any], line: int, earlier: int) -> int:
    """Find the scale of a batch, which must be that of the batches before it, where there are any."""
    scale = find_scale(pixels)
    if scale is None or (earlier > 1 and scale == 1):
        raise DataError(
            f"{path} has pixels up to {pixels.max():g} from line {line:,} on; a table has 0–255, or 0–1 throughout. "
            "Scale them first."
        )
    if scale > 1 and not earlier:
        say_scaled(str(path))
    return earlier or scale


def _find_problem(rows: list[tuple[int, str]], layout: _Layout) -> str:
    for number, line in rows:
        row = next(csv.reader([line]))
        if len(row) != layout.columns:
            return f"has {len(row):,} columns in line {number:,}, but {layout.columns} in the first"
        for index, cell in enumerate(row):
            column = f"{index + 1} ({_shorten(layout.header[index])})" if layout.header else f"{index + 1}"
            place = f"has {_quote(cell)} in line {number:,}, column {column}, where a"
            if index == layout.label and not _is_label(cell):
                return f"{place} label, a whole number from 0 to {CLASSES - 1}, belongs"
            if index in layout.pixels and not _is_number(cell, 255):
                return f"{place} pixel, a number from 0 to 255, belongs"
    return ""


def _count_columns(line: str) -> int:
    return len(next(csv.reader([line]))) if '"' in line else line.count(",") + 1


def _is_number(cell: str, largest: int) -> bool:
    text = cell.strip()
    try:
        return text.isascii() and "_" not in text and 0 <= float(text) <= largest
    except ValueError:
        return False


def _is_label(cell: str) -> bool:
    return _is_number(cell, CLASSES - 1) and float(cell).is_integer()


def _quote(cell: str) -> str:
    return repr(_shorten(cell))


def _shorten(cell: str) -> str:
    return cell if len(cell) <= MAX_QUOTED else f"{cell[:MAX_QUOTED]}…"
