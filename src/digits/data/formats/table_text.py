"""The text of a table as lines of CSV, however it was saved: gzipped or zipped, in UTF-16, with other separators, ARFF.

ARFF is the format of Weka and OpenML: one ``@ATTRIBUTE name type`` per column, ``@DATA``, and then CSV.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any

from digits.data.file_errors import DOWNLOAD_AGAIN, describe_web_page, unreadable
from digits.errors import DataError
from digits.files import open_file

MAX_LINE = 2**16  # characters; 785 numbers of any usual form take 8,000
MAX_EMPTY_LINES = 2**20  # a packed file of some kilobytes can hold any number of them
MAX_ATTRIBUTES = 2000  # of an ARFF header, which announces about 785

TABLE_SUFFIXES = {".csv", ".tsv", ".tab", ".arff"}

GZIP_MAGIC, ZIP_MAGIC = b"\x1f\x8b", b"PK\3\4"

# In this order: a table with semicolons may have commas as decimal points.
SEPARATORS = (";", "\t", "|", ",", " ")
MIN_SEPARATORS = 783  # in a row of 784 pixels

_ATTRIBUTE = re.compile(r"@attribute\s+('[^']*'|\"[^\"]*\"|\S+)\s", re.IGNORECASE)


def read_lines(path: Path, errors: str = "strict") -> Iterator[tuple[int, str]]:
    """Yield the lines of a table with their numbers, from 1, as CSV with commas; empty lines are left out.

    The header of an ARFF file becomes one line of names.

    Raises
    ------
    DataError
        The file is not text, empty, packed wrongly, or has a line that is too long.
    """
    try:
        with open_text(path, errors) as stream:
            lines = _numbered(path, stream)
            first = list(islice(lines, 1))
            lines = chain(first, lines)
            if first and first[0][1].lstrip()[:1] in ("%", "@"):
                lines = _without_arff_header(path, lines)
            yield from _with_commas(lines)
    except OSError as error:
        raise unreadable(path, error) from None
    except (EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{path} is damaged: it does not unpack ({error}). {DOWNLOAD_AGAIN}") from None
    except (UnicodeError, csv.Error):
        raise DataError(f"{path} is not text, so not CSV. Save the table as CSV in UTF-8.") from None


def check_head(path: Path) -> None:
    """Refuse an empty file, and a web page in place of a table; errors as in `read_lines`."""
    try:
        with open_text(path, "replace") as stream:
            head = stream.read(4096)
    except OSError as error:
        raise unreadable(path, error) from None
    except (EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError, UnicodeError):
        return  # reading it says what is wrong
    if problem := describe_web_page(head.encode(errors="replace")) if head.strip() else "is empty":
        raise DataError(f"{path} {problem}. {DOWNLOAD_AGAIN}")


@contextmanager
def open_text(path: Path, errors: str = "strict") -> Iterator[io.TextIOWrapper]:
    """Open a text file, unpacked and in its encoding."""
    with open_file(path) as file, _unpack(path, file) as content:
        buffered = io.BufferedReader(content, 2**16)
        head = buffered.peek(4)[:4]
        encoding = "utf-8-sig"
        if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
            encoding = "utf-16"
        elif head[1:2] == b"\0" != head[:1]:
            encoding = "utf-16-le"
        with io.TextIOWrapper(buffered, encoding=encoding, errors=errors, newline="") as stream:
            yield stream


def _unpack(path: Path, file: io.BufferedReader) -> Any:
    """Open the only file of a ZIP archive, or what is gzipped; anything else stays as it is."""
    head = file.peek(4)[:4]
    if head == ZIP_MAGIC:
        archive = zipfile.ZipFile(file)
        members = [each for each in archive.infolist() if not each.is_dir() and "__MACOSX" not in each.filename]
        if len(members) != 1:
            raise DataError(f"{path} holds {len(members):,} files; as a table, it must hold one. Unpack it.")
        return archive.open(members[0])
    if head[:2] == GZIP_MAGIC:
        return gzip.GzipFile(fileobj=file)
    return file


def _numbered(path: Path, stream: io.TextIOWrapper) -> Iterator[tuple[int, str]]:
    number = empty = 0
    while line := stream.readline(MAX_LINE):
        number += 1
        if len(line) == MAX_LINE:
            raise DataError(f"{path} has over {MAX_LINE:,} characters in line {number:,}. Save one digit per line.")
        if line.strip():
            yield number, line
            continue
        empty += 1
        if empty > MAX_EMPTY_LINES:
            raise DataError(f"{path} has over {MAX_EMPTY_LINES:,} empty lines. Save one digit per line.")


def _without_arff_header(path: Path, lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    names: list[str] = []
    for number, line in lines:
        text = line.strip()
        if found := _ATTRIBUTE.match(text):
            names.append(found[1].strip("'\""))
        if len(names) > MAX_ATTRIBUTES:
            raise DataError(f"{path} announces over {MAX_ATTRIBUTES:,} columns; 784 are needed, and a label.")
        if text.lower() == "@data":
            header = io.StringIO()
            csv.writer(header).writerow(names)
            yield number, header.getvalue()
            break
    for number, line in lines:
        text = line.strip()
        if text.startswith("{"):
            raise DataError(f"{path} has sparse rows, from line {number:,} on. Save it as dense ARFF, or as CSV.")
        if not text.startswith("%"):
            yield number, line.replace("'", '"')


def _with_commas(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Replace other separators by commas, and commas by decimal points where they are no separators."""
    separator = ""
    for number, line in lines:
        if not separator:
            separator = next((each for each in SEPARATORS if line.count(each) >= MIN_SEPARATORS), ",")
        if separator == ",":
            yield number, line
        elif '"' in line:
            cells = next(csv.reader([line], delimiter=separator))
            quoted = (cell.replace(",", ".") for cell in cells)
            yield number, ",".join(f'"{cell}"' if '"' not in cell else cell for cell in quoted)
        elif separator == " ":
            yield number, ",".join(line.split())
        else:
            yield number, line.rstrip("\r\n").replace(",", ".").replace(separator, ",")


def peek(path: Path) -> bytes:
    """Give the first bytes of a file, unpacked if it is gzipped; nothing of one that cannot be read."""
    try:
        with open_file(path) as file:
            head = file.peek(4)[:4]
            if head[:2] != GZIP_MAGIC:
                return file.read(256)
            with gzip.GzipFile(fileobj=file) as content:
                return content.read(256)
    except (OSError, EOFError, zlib.error):
        return b""
