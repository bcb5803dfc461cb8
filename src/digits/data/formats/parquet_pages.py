"""The headers of a Parquet file's pages, which say what each unpacks to, before a library unpacks it.

A file's own summary may say less than its pages do. The headers are structures of Thrift's compact protocol (Apache
Parquet, ``parquet.thrift``, ``PageHeader``; Apache Thrift, "Thrift compact protocol encoding").
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

UNPACKED_SIZE, PACKED_SIZE = 2, 3  # fields of a PageHeader
KINDS = (5, 7, 8)  # its fields for pages of data, of a dictionary, and of data in the second version
N_VALUES = 1  # field of each of these

MAX_HEADER = 2**20  # bytes; statistics in it may hold two whole values
MAX_NESTING = 8

_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12
_INTEGERS = (4, 5, 6)


class Pages(NamedTuple):
    """What the pages of a part of a column unpack to, in all."""

    size: int  # bytes
    values: int


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
    """Reads one structure of Thrift's compact protocol; of its fields, numbers and structures are kept."""

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
            self.skip(head & 15, count, depth)
        elif kind == _MAP:
            if count := self.unsigned():
                kinds = self.byte()
                for _ in range(min(count, MAX_HEADER)):
                    self.skip(kinds >> 4, 1, depth)
                    self.skip(kinds & 15, 1, depth)
        else:
            self.move({_BYTE: 1, _DOUBLE: 8}.get(kind) or (self.unsigned() if kind == _BINARY else -1))
        return None

    def skip(self, kind: int, count: int, depth: int) -> None:
        if depth > MAX_NESTING:
            raise ValueError("the header of a page is nested too deeply")
        for _ in range(min(count, MAX_HEADER)):
            if kind in (_TRUE, _FALSE):
                self.move(1)
            else:
                self.value(kind, depth + 1)

    def move(self, length: int) -> None:
        if length < 0 or self.place + length > len(self.content):
            raise ValueError("the header of a page is damaged")
        self.place += length

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
