"""Where the pages of a Parquet file lie and what each unpacks to, before a library unpacks it.

A file's own summary may say less than its pages do, and pyarrow's accessors of the summary end the process where it is
damaged. Both are structures of Thrift's compact protocol (Apache Parquet, ``parquet.thrift``, ``FileMetaData`` and
``PageHeader``; Apache Thrift, "Thrift compact protocol encoding").
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

UNPACKED_SIZE, PACKED_SIZE = 2, 3  # fields of a PageHeader
KINDS = (5, 7, 8)  # its fields for pages of data, of a dictionary, and of data in the second version
N_VALUES = 1  # field of each of these

ROW_GROUPS, COLUMNS, COLUMN = 4, 1, 3  # fields of the summary, of a group of rows, and of a part of a column in it
COLUMN_PATH, COLUMN_SIZE, FIRST_DATA, FIRST_DICTIONARY = 3, 7, 9, 11  # fields of a column

MAX_HEADER = 2**20  # bytes; statistics in it may hold two whole values
MAX_NESTING = 8

_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12
_INTEGERS = (4, 5, 6)


class Part(NamedTuple):
    """A part of a column, in a group of rows.

    Attributes
    ----------
    column
        Names of the column and of what it is nested in, joined by dots.
    start, size
        Where its pages begin, and their packed size in bytes, as the file's summary says.
    """

    column: str
    start: int
    size: int


class Pages(NamedTuple):
    """What the pages of a part of a column unpack to, in all."""

    size: int  # bytes
    values: int


def find_parts(stream: Any) -> Iterator[Part]:
    """Yield the parts of all columns, as the summary at the end of the file lists them.

    Raises
    ------
    ValueError
        The summary is damaged.
    """
    end = stream.seek(-8, os.SEEK_END)
    length = int.from_bytes(stream.read(4), "little")
    if length > end:
        raise ValueError("its summary is longer than the file")
    stream.seek(end - length)
    summary, _ = _Parser(stream.read(length)).parse()
    for group in _structures(summary.get(ROW_GROUPS)):
        for column in _structures(group.get(COLUMNS)):
            about = column.get(COLUMN)
            if not isinstance(about, dict) or not isinstance(about.get(COLUMN_PATH), list):
                raise ValueError("a column is not described")
            names = [name.decode("utf-8", "replace") for name in about[COLUMN_PATH] if isinstance(name, bytes)]
            starts = [_size(about, field) for field in (FIRST_DATA, FIRST_DICTIONARY) if about.get(field)]
            yield Part(".".join(names), min(starts, default=0), _size(about, COLUMN_SIZE))


def _structures(value: Any) -> list[dict[int, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def measure_pages(stream: Any, start: int, size: int) -> Pages:
    """Add up what the pages unpack to that lie in `size` bytes from `start` on.

    Raises
    ------
    ValueError
        A header is damaged.
    """
    unpacked = values = 0
    end = start + size
    while start < end:
        stream.seek(start)
        header, length = _Parser(stream.read(min(MAX_HEADER, end - start))).parse()
        page: dict[int, Any] = next((header[kind] for kind in KINDS if isinstance(header.get(kind), dict)), {})
        unpacked += _size(header, UNPACKED_SIZE)
        values += _size(page, N_VALUES)
        start += length + _size(header, PACKED_SIZE)
    return Pages(unpacked, values)


def _size(fields: dict[int, Any], number: int) -> int:
    size = fields.get(number)
    if not isinstance(size, int) or size < 0:
        raise ValueError("a page has no valid size")
    return size


class _Parser:
    """Reads one structure of Thrift's compact protocol; numbers, bytes, structures and lists are kept."""

    def __init__(self, content: bytes) -> None:
        self.content, self.place = content, 0

    def parse(self) -> tuple[dict[int, Any], int]:
        """Return the fields by their numbers, and the length of the structure in bytes."""
        try:
            return self.structure(0), self.place
        except (IndexError, struct.error):
            raise ValueError("the header of a page is truncated") from None

    def structure(self, depth: int) -> dict[int, Any]:
        if depth > MAX_NESTING:
            raise ValueError("the header of a page is nested too deeply")
        fields: dict[int, Any] = {}
        number = 0
        while head := self.byte():
            step = head >> 4
            number = number + step if step else self.integer()
            fields[number] = self.value(head & 15, depth)
        return fields

    def value(self, kind: int, depth: int) -> Any:
        if kind in (_TRUE, _FALSE):
            return None
        if kind in _INTEGERS:
            return self.integer()
        if kind == _STRUCT:
            return self.structure(depth + 1)
        if kind in (_LIST, _SET):
            head = self.byte()
            count = head >> 4 if head >> 4 < 15 else self.unsigned()
            return self.items(head & 15, count, depth)
        if kind == _MAP:
            if count := self.unsigned():
                kinds = self.byte()
                for _ in range(count):
                    self.items(kinds >> 4, 1, depth)
                    self.items(kinds & 15, 1, depth)
            return None
        return self.move({_BYTE: 1, _DOUBLE: 8}.get(kind) or (self.unsigned() if kind == _BINARY else -1))

    def items(self, kind: int, count: int, depth: int) -> list[Any]:
        if depth > MAX_NESTING:
            raise ValueError("the header of a page is nested too deeply")
        if kind in (_TRUE, _FALSE):
            self.move(count)
            return []
        # each takes a byte or more, so a false count ends with what there is to read
        return [self.value(kind, depth + 1) for _ in range(count)]

    def move(self, length: int) -> bytes:
        if length < 0 or self.place + length > len(self.content):
            raise ValueError("the header of a page is damaged")
        self.place += length
        return self.content[self.place - length : self.place]

    def byte(self) -> int:
        self.place += 1
        return self.content[self.place - 1]

    def unsigned(self) -> int:
        result = 0
        for shift in range(0, 70, 7):
            byte = self.byte()
            result |= (byte & 127) << shift
            if byte < 128:
                return result
        raise ValueError("a number in the header of a page is too long")

    def integer(self) -> int:
        value = self.unsigned()
        return (value >> 1) ^ -(value & 1)
