"""Pictures with a table of their labels: ``labels.csv`` with a column of file names and one of labels."""

from __future__ import annotations

import csv
import re
import zlib
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import islice
from pathlib import Path, PurePosixPath

import numpy as np

from digits.data.formats.names import FOLDS, fold_of, suffix_of
from digits.data.formats.pictures import Decode, Pictures, read_pictures, unify_pictures
from digits.data.formats.table_text import MAX_LINE, open_text
from digits.data.formats.tables import LABEL_NAMES
from digits.data.raw_dataset import RawDataset, dataset_name
from digits.errors import DataError
from digits.types import CLASSES, LabelledDigits

FILE_NAMES = {
    "file", "filename", "file_name", "filepath", "path", "name", "image", "image_name", "img", "picture", "id",
}  # fmt: skip
"""Names of the column of file names, in lower case."""

TABLE_ENDINGS = {".csv", ".tsv", ".txt"}

_LABEL_IN_NAME = (re.compile(r"(\d)(?!\d).*"), re.compile(r".*(?<!\d)(\d)"))

MAX_ROWS = 1_000_000
MAX_COLUMNS = 20  # a table of pixels has 784
MAX_DEPTH = 3  # of folders in which the pictures lie


def read_listed_pictures(folder: Path, decode: Decode) -> RawDataset | None:
    """Read pictures whose labels a table in the same folder lists; None if there is no such table.

    The pictures may lie in folders below, and be listed with or without their folder and ending. Only files found below
    the folder are read, whatever the table says. Several tables are folds, and their names say which.

    Raises
    ------
    DataError
        A picture that is listed is missing, broken or ambiguous, or a label is no digit.
    """
    tables = {path: rows for path in _tables(folder) if (rows := _read_rows(path))}
    if not tables or not (files := _find_pictures(folder)):
        return None
    folds: dict[str, Path] = {}
    for path in tables:
        fold = (fold_of(path.stem) or "train") if len(tables) > 1 else "train"
        if fold in folds:
            raise DataError(
                f"{folder} holds several tables of labels: {folds[fold].name}, {path.name}. Keep one, or call them "
                "train.csv and test.csv."
            )
        folds[fold] = path
    if "train" not in folds:
        raise DataError(f"{folder} holds no table of labels for training, only {', '.join(p.name for p in tables)}.")
    names = [fold for fold in FOLDS if fold in folds]
    read = [_read_fold(folds[fold], tables[folds[fold]], files, decode) for fold in names]
    images = unify_pictures([pictures for pictures, _ in read], str(folder))
    digits = {fold: LabelledDigits(part, labels) for fold, part, (_, labels) in zip(names, images, read, strict=True)}
    return RawDataset(
        dataset_name(folder), folder, digits["train"], digits.get("test"), validation=digits.get("validation")
    )


def read_named_pictures(folder: Path, decode: Decode) -> RawDataset:
    """Read the pictures of a folder, and their labels from their names: ``7_001.png`` or ``scan-12-7.png``.

    The label is the first character of every name, if that is a digit that stands alone, or else the last digit that
    stands alone at the end of every name.

    Raises
    ------
    DataError
        There are no pictures, or a name has no label, or a picture cannot be read.
    """
    pictures = sorted({path for found in _find_pictures(folder).values() for path in found})
    if not pictures:
        raise DataError(f"{folder} holds no pictures. Name the folder with pictures such as 7_001.png.")
    found = [[rule.fullmatch(path.stem) for path in pictures] for rule in _LABEL_IN_NAME]
    labels = next((matches for matches in found if all(matches)), None)
    if labels is None:
        wrong = pictures[found[0].index(None)]
        raise DataError(f"{wrong} does not begin with its label, as 7_001.png does, nor do all end with it. Rename it.")
    [images] = unify_pictures([read_pictures(pictures, decode, len(pictures))], str(folder))
    digits = LabelledDigits(images, np.array([int(match[1]) for match in labels if match], np.uint8))
    return RawDataset(dataset_name(folder), folder, digits)


def _tables(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("[!.]*") if path.is_file() and suffix_of(path) in TABLE_ENDINGS)


def _read_rows(path: Path) -> list[tuple[int, str, str]]:
    """Read line number, file and label of each row; an empty list if the table has no such columns."""
    try:
        with open_text(path) as stream:
            head = stream.readline(MAX_LINE)
            separator = max(",;\t", key=head.count)
            names = [cell.strip().lower() for cell in next(csv.reader([head], delimiter=separator), [])]
            if not 2 <= len(names) <= MAX_COLUMNS:
                return []
            label = next((names.index(name) for name in names if name in LABEL_NAMES), None)
            file = next((names.index(name) for name in names if name in FILE_NAMES), None)
            rows = csv.reader(_lines(stream), delimiter=separator)
            if label is None or file is None:
                if len(names) != 2 or not PurePosixPath(names[0]).suffix:
                    return []
                file, label = 0, 1
                rows = csv.reader((line for part in ([head], _lines(stream)) for line in part), delimiter=separator)
                start = 1
            else:
                start = 2
            return [
                (number, row[file].strip(), row[label].strip())
                for number, row in enumerate(islice(rows, MAX_ROWS), start)
                if len(row) > max(file, label)
            ]
    except (OSError, EOFError, zlib.error, UnicodeError, csv.Error):
        return []


def _lines(stream: TextIOWrapper) -> Iterator[str]:
    return iter(lambda: stream.readline(MAX_LINE), "")


def has_pictures(folder: Path) -> bool:
    """Tell whether there are pictures in a folder itself."""
    from digits.preprocessing.opening import PICTURE_SUFFIXES

    return any(path.suffix.lower() in PICTURE_SUFFIXES for path in folder.glob("[!.]*"))


def _find_pictures(folder: Path) -> dict[str, list[Path]]:
    """Find pictures by their paths in the folder, their names, and both without the ending."""
    from digits.preprocessing.opening import PICTURE_SUFFIXES

    found: dict[str, list[Path]] = {}
    for depth in range(MAX_DEPTH + 1):
        for path in sorted(folder.glob("[!.]*/" * depth + "[!.]*")):
            if path.suffix.lower() in PICTURE_SUFFIXES:
                inside = path.relative_to(folder).as_posix()
                for name in {inside, path.name, inside.removesuffix(path.suffix), path.stem}:
                    found.setdefault(name, []).append(path)
    return found


def _read_fold(
    table: Path, rows: list[tuple[int, str, str]], files: dict[str, list[Path]], decode: Decode
) -> tuple[Pictures, np.ndarray]:
    paths, labels = [], []
    for number, name, label in rows:
        where = f"{table}, line {number:,}"
        if not (label.isascii() and label.isdecimal() and int(label) < CLASSES):
            raise DataError(f"{where}: the label is {label[:40]!r}. Use a whole number from 0 to {CLASSES - 1}.")
        found = files.get(PurePosixPath(name.replace("\\", "/")).as_posix()) or files.get(PurePosixPath(name).name, [])
        if not found:
            raise DataError(f"{where}: there is no picture {name[:200]!r} in {table.parent}. Correct the name.")
        if len({*found}) > 1 and table.stem in {path.parent.name for path in found}:
            found = [path for path in found if path.parent.name == table.stem]  # train.csv lists those in train/
        if len({*found}) > 1:
            raise DataError(f"{where}: {name[:200]!r} may be {found[0]} or {found[1]}. Write its folder too.")
        paths.append(found[0])
        labels.append(int(label))
    return read_pictures(paths, decode, len(paths)), np.array(labels, np.uint8)
