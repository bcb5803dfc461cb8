"""Pen strokes in UNIPEN's text format, as in UCI's *Pen-Based Recognition of Handwritten Digits*.

A digit is a ``.SEGMENT`` with its label, a ``.COMMENT`` with its label, writer and number, and its strokes: a
``.PEN_DOWN``, a line with x and y for every tenth of a second, and a ``.PEN_UP``.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from digits.data.file_errors import DOWNLOAD_AGAIN, unreadable
from digits.data.formats import compress
from digits.errors import DataError
from digits.files import open_file
from digits.shapes import Float64

MAX_BYTES = 16 << 20  # of text; UCI's larger file has 3.6 million

IGNORED = (".INCLUDE", ".LEXICON", ".HIERARCHY", ".DT")
SEGMENT = re.compile(r'\.SEGMENT DIGIT +\d+(?:-\d+)? \? "(\d)"')
COMMENT = re.compile(r"\.COMMENT +(\d) +(\d+) +(\d+)")
POINT = re.compile(r" *(\d{1,4}) +(\d{1,4})")


@dataclass(frozen=True, eq=False)
class PenDigit:
    """A digit as a tablet recorded it.

    Attributes
    ----------
    label
        0–9.
    writer
        Number of its writer.
    strokes
        One or more, each of points x and y, x to the right and y down.
    """

    label: int
    writer: int
    strokes: tuple[Float64[np.ndarray, "_k 2"], ...]


def read_unipen(path: Path) -> list[PenDigit]:
    """Read all digits of a file, which may be compressed by gzip or compress.

    Raises
    ------
    DataError
        The file cannot be read, or a line is not as expected; the message names the line.
    """
    return parse_unipen(path, read_unipen_text(path))


def read_unipen_text(path: Path) -> str:
    """Read and decompress a file; errors as in `read_unipen`."""
    try:
        with open_file(path) as file:
            content = file.read(MAX_BYTES + 1)
        if content.startswith(b"\x1f\x8b"):
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as unpacked:
                content = unpacked.read(MAX_BYTES + 1)
        elif content.startswith(compress.MAGIC):
            content = compress.decompress(content, MAX_BYTES)
        if len(content) > MAX_BYTES:
            raise DataError(f"{path} has more than {MAX_BYTES >> 20} MiB of text: too much for pen strokes of digits.")
        return content.decode("ascii")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is broken: {error}. {DOWNLOAD_AGAIN}") from None
    except OSError as error:
        raise unreadable(path, error) from None
    except ValueError as error:  # compress, or a character beyond ASCII
        raise DataError(f"{path} holds no text of pen strokes: {error}. {DOWNLOAD_AGAIN}") from None


def parse_unipen(path: Path, text: str) -> list[PenDigit]:
    """Parse the text of a file, which errors name; errors as in `read_unipen`."""
    digits: list[PenDigit] = []
    label = writer = -1
    strokes: list[list[tuple[int, int]]] = []
    is_down = False

    def finish(number: int) -> None:
        if label < 0:
            return
        if is_down or writer < 0 or not strokes or not all(strokes):
            raise DataError(f"{path}, line {number}: the digit above lacks its writer, a stroke, or a stroke's end.")
        # the tablet's y grows upwards
        arrays = tuple(np.array(stroke, np.float64) * (1, -1) for stroke in strokes)
        digits.append(PenDigit(label, writer, arrays))

    number = 0
    for number, line in enumerate(text.splitlines(), 1):
        if is_down and (point := POINT.fullmatch(line)):
            strokes[-1].append((int(point[1]), int(point[2])))
        elif segment := SEGMENT.fullmatch(line):
            finish(number)
            label, writer, strokes = int(segment[1]), -1, []
        elif (comment := COMMENT.fullmatch(line)) and int(comment[1]) == label:
            writer = int(comment[2])
        elif line == ".PEN_DOWN" and label >= 0 and not is_down:
            strokes.append([])
            is_down = True
        elif line == ".PEN_UP" and is_down:
            is_down = False
        elif line.strip() and not line.startswith(IGNORED):
            raise DataError(f"{path}, line {number}: {line[:40]!r} is not expected here. {DOWNLOAD_AGAIN}")
    finish(number)
    if not digits:
        raise DataError(f"{path} holds no pen strokes. {DOWNLOAD_AGAIN}")
    return digits
