"""The pages of a TIFF: where their directories are, and a file that begins with one of them."""

from __future__ import annotations

import struct
from typing import Literal

TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

PAGE_KIND = 254
"""Tag that says what a directory holds: its number is the smallest, so it comes first."""

NOT_A_PAGE = 0b101
"""Bits of this tag: a smaller copy of another page, and a mask of one."""


class Layout:
    """How numbers are written in a TIFF or in EXIF data: its order of bytes, and the longer numbers of a BigTIFF."""

    def __init__(self, content: bytes) -> None:
        order, is_big = "<" if content[:2] == b"II" else ">", content[2:4] in (b"+\0", b"\0+")
        self.start = 8 if is_big else 4
        """Place of the first directory's offset."""
        self.offset = struct.Struct(f"{order}{'Q' if is_big else 'I'}")
        self.count = struct.Struct(f"{order}{'Q' if is_big else 'H'}")
        self.entry = struct.Struct(f"{order}HH{'Q8s' if is_big else 'I4s'}")
        self._order: Literal["little", "big"] = "little" if order == "<" else "big"

    def number(self, value: bytes) -> int:
        """Read a whole number."""
        return int.from_bytes(value, self._order)


def find_pages(content: bytes, most: int) -> list[int]:
    """Return the offsets of the pages' directories, of at most one more than `most`.

    Reduced copies and masks are not pages, unless there is nothing else. A chain that leads out of the file ends with a
    page that cannot be read; one that leads back to itself ends there.
    """
    layout = Layout(content)
    pages, others, seen = list[int](), list[int](), set[int]()
    place = _read(layout.offset, content, layout.start)
    while place and place not in seen and len(pages) + len(others) <= most:
        seen.add(place)
        count = _read(layout.count, content, place)
        kind = _read_kind(content, layout, place) if count else 0
        (others if kind & NOT_A_PAGE else pages).append(place)
        end = place + layout.count.size + (count or 0) * layout.entry.size
        place = None if count is None else _read(layout.offset, content, end)
    return pages or others


def select_page(content: bytes, place: int) -> bytes:
    """Return the file with the directory at `place` as its first."""
    layout = Layout(content)
    return content[: layout.start] + layout.offset.pack(place) + content[layout.start + layout.offset.size :]


def _read_kind(content: bytes, layout: Layout, place: int) -> int:
    try:
        tag, _, _, value = layout.entry.unpack_from(content, place + layout.count.size)
    except (struct.error, OverflowError):
        return 0
    return layout.number(value[:4]) if tag == PAGE_KIND else 0


def _read(number: struct.Struct, content: bytes, place: int) -> int | None:
    """Read a number; None where the file has ended."""
    try:
        (value,) = number.unpack_from(content, place)
    except (struct.error, OverflowError):
        return None
    return int(value)
