"""The cost of decoding a picture file, estimated from its headers before anything is decoded.

Some formats let a small file demand endless work: a JPEG may repeat its scans, a TIFF may consist of tiles of one
pixel. Files that a camera, scanner or drawing program could have written are never refused.
"""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

from digits.errors import DataError
from digits.preprocessing.tiff import TIFF_STARTS, Layout

MAX_SCANS = 50
"""Scans of a JPEG, each of which visits every block; libjpeg writes 10, the most thorough encoders about 20."""

MAX_SEGMENTS = 2000
"""Segments of a JPEG; metadata of 32 MiB in segments of 64 KiB are 512."""

MAX_OVERLAP = 2**16
"""Bytes by which the tags of a TIFF or of EXIF data may exceed it: cameras store some text twice."""

MAX_TILES = 2**16
"""Tiles or strips of a TIFF: 120 megapixels in tiles of 64 × 64 are 30,000, in strips of one row 12,000."""

MIN_TILE_LIMIT = 2**20
"""Pixels that a tile of a TIFF may always have, however small the picture; common are 256 × 256 and 512 × 512."""

MAX_COMMENTS = 1000
"""Comments in a PGM or PPM whose numbers are text."""

MAX_RUN_BYTES = 4 * 2**20
"""Bytes of a BMP in runs: Pillow decodes them in Python, a microsecond per run."""

MAX_PNM_HEADER = 2**16
"""Bytes of the header of a PGM or PPM, with its comments."""

MARKER = re.compile(rb"\xff[^\x00\xff]")
BETWEEN_SCANS = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # in a scan, FF 00 and restart markers are data

RUN_COMPRESSIONS = (1, 2)  # of a BMP
BMP_COMPRESSION = struct.Struct("<30xI")

WIDTH, HEIGHT, COMPRESSION, STRIPS, ROWS_PER_STRIP, TILE_WIDTH, TILE_HEIGHT, TILES = (
    *(256, 257, 259, 273, 278, 322, 323, 324),
)
JPEG_COMPRESSIONS = (6, 7)
TAG_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}  # bytes, by kind

EXIF_START = b"Exif\0\0"


class _Tag(NamedTuple):
    kind: int
    length: int
    value: int  # the first of them; their place if they are longer than a word


def check_cost(content: bytes, name: str) -> None:
    """Refuse a picture file whose headers demand far more work than its size in pixels needs.

    Raises
    ------
    DataError
        With the reason. A file that cannot be parsed passes: the decoder says what is wrong with it.
    """
    if content.startswith(b"\xff\xd8"):
        problem = _check_jpeg(content)
    elif content.startswith(TIFF_STARTS):
        problem = _check_tiff(content)
    elif re.match(rb"P[1-6]\s", content):
        problem = _check_pnm(content)
    elif content.startswith(b"BM") and len(content) > MAX_RUN_BYTES:
        is_in_runs = BMP_COMPRESSION.unpack_from(content)[0] in RUN_COMPRESSIONS
        problem = f"its runs take over {MAX_RUN_BYTES // 2**20} MiB" if is_in_runs else ""
    else:
        problem = ""
    if problem:
        raise too_costly(name, problem)


def too_costly(name: str, problem: str) -> DataError:
    """Make the error for a picture whose decoding is refused or stopped."""
    return DataError(f"{name} takes too long to decode ({problem}): save it again as PNG or JPEG")


def _check_jpeg(content: bytes) -> str:
    """Count the segments and scans in the order in which libjpeg reads them."""
    position, components, segments, scans = 2, 0, 0, 0
    may_repeat, exif = False, b""
    while found := (BETWEEN_SCANS if scans else MARKER).search(content, position):
        marker, position = content[found.end() - 1], found.end()
        if marker == 0xD9:
            break
        if 0xD0 <= marker <= 0xD8 or marker == 0x01:  # these have no length
            continue
        segments += 1
        if segments > MAX_SEGMENTS:
            return f"it has over {MAX_SEGMENTS:,} segments"
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            components = content[position + 7] if position + 7 < len(content) else 0
            may_repeat = marker in (0xC2, 0xC6, 0xCA, 0xCE)  # progressive
        if marker == 0xDA:
            scans += 1
            if scans > MAX_SCANS:
                return f"it has over {MAX_SCANS} scans"
            if not may_repeat and content[position + 2 : position + 3] == bytes([components]):
                break  # libjpeg reads no further than this scan, which holds all components
        end = position + int.from_bytes(content[position : position + 2], "big")
        if marker == 0xE1 and content.startswith(EXIF_START, position + 2):
            exif += content[position + 2 + len(EXIF_START) : end]
        position = end
    return check_tags(exif)


def _check_tiff(content: bytes) -> str:
    """Check the tiles or strips of the first directory, that of the page to decode."""
    tags = _read_tags(content)

    def value(tag: int, default: int = 0) -> int:
        return tags[tag].value if tag in tags else default

    width, height = value(WIDTH), value(HEIGHT)
    if TILES in tags:
        wide, high = value(TILE_WIDTH), value(TILE_HEIGHT)
    else:
        wide, high = width, min(value(ROWS_PER_STRIP, height), height)
    if wide * high > 4 * max(width * height, MIN_TILE_LIMIT):
        return f"its tiles have {wide} × {high} pixels"
    offsets = max(tags[tag].length if tag in tags else 0 for tag in (TILES, STRIPS))
    parts = max(offsets, width * height // max(wide * high, 1))
    if parts > MAX_TILES:
        return f"it consists of {parts:,} parts"
    if value(COMPRESSION) in JPEG_COMPRESSIONS and content.count(b"\xff\xda") > MAX_SCANS + 2 * parts:
        return f"its parts have over {MAX_SCANS} scans"
    return check_tags(content)


def check_tags(block: bytes) -> str:
    """Check the tags of a TIFF or of EXIF data, each of which is copied: they may all name the same bytes.

    Returns what is wrong, or an empty string.
    """
    size = sum(TAG_SIZES.get(tag.kind, 0) * tag.length for tag in _read_tags(block).values())
    return "its tags overlap" if size > len(block) + MAX_OVERLAP else ""


def _read_tags(block: bytes) -> dict[int, _Tag]:
    """Read the first directory of a TIFF or of EXIF data, as far as it can be read."""
    layout = Layout(block)
    try:
        (place,) = layout.offset.unpack_from(block, layout.start)
        (n,) = layout.count.unpack_from(block, place)
    except (struct.error, OverflowError):
        return {}
    place += layout.count.size
    size = layout.entry.size
    entries = block[place : place + n * size]
    tags: dict[int, _Tag] = {}
    for tag, kind, count, value in layout.entry.iter_unpack(entries[: len(entries) // size * size]):
        if tag not in tags:  # of several, the decoder takes the first
            tags[tag] = _Tag(kind, count, layout.number(value[: TAG_SIZES.get(kind, 1)]))
    return tags


def _check_pnm(content: bytes) -> str:
    """Check the comments, which are skipped byte by byte."""
    tokens = re.sub(rb"#[^\r\n]*", b"", content[:MAX_PNM_HEADER]).split(maxsplit=4)
    if len(content) > MAX_PNM_HEADER and len(tokens) < (3 if tokens[0] in (b"P1", b"P4") else 4):
        return f"its header is longer than {MAX_PNM_HEADER:,} bytes"
    if content[1:2] in b"123" and content.count(b"#") > MAX_COMMENTS:
        return f"it has over {MAX_COMMENTS:,} comments"
    return ""
