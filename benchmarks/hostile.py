"""Hostile pictures and sets of digits: small files that would cost much time or memory, or are damaged on purpose.

The tests and the measurements of what strangers may send build their files here. `COSTLY_PICTURES` lists builders that
take no arguments and give the bytes of one file, in milliseconds.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

PNG_START = b"\x89PNG\r\n\x1a\n"


def save(picture: Image.Image | np.ndarray, format: str, **settings: object) -> bytes:  # noqa: A002 # as Pillow has it
    """Encode a picture in one of Pillow's formats."""
    content = io.BytesIO()
    image = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
    image.save(content, format, **settings)
    return content.getvalue()


def png_chunk(kind: bytes, data: bytes = b"") -> bytes:
    """Encode one chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(chunks: bytes, width: int = 8, height: int = 8) -> bytes:
    """Encode a grey PNG whose chunks between header and end are given."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return PNG_START + header + chunks + png_chunk(b"IEND")


def progressive_jpeg(side: int = 6000, scans: int = 4000) -> bytes:
    """Repeat the last scan of a progressive JPEG, each of which visits every block."""
    content = save(Image.new("L", (side, side), 200), "JPEG", progressive=True)
    last = content.rindex(b"\xff\xda")
    return content[:last] + content[last:-2] * scans + content[-2:]


def jpeg_of_segments(count: int = 2_000_000) -> bytes:
    """Put many empty comments before a JPEG."""
    content = save(Image.new("L", (64, 64), 200), "JPEG")
    return content[:2] + b"\xff\xfe\0\2" * count + content[2:]


def exif_of(tags: int) -> bytes:
    """Let every tag name the same bytes, which would be copied once per tag."""
    entries = b"".join(struct.pack("<HHII", 1000 + tag, 1, 12 * tags, 8) for tag in range(tags))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", tags) + entries + bytes(4)


def jpeg_with_exif(tags: int = 5000) -> bytes:
    """Put such EXIF data into a JPEG."""
    return save(Image.new("L", (64, 64), 200), "JPEG", exif=b"Exif\0\0" + exif_of(tags))


def png_with_exif(tags: int = 20_000) -> bytes:
    """Put such EXIF data behind the pixels of a PNG."""
    pixels = png_chunk(b"IDAT", zlib.compress((b"\0" + b"\xc8" * 8) * 8))
    return png_of(pixels + png_chunk(b"eXIf", exif_of(tags)))


def tiff_with_tags(tags: int = 20_000) -> bytes:
    """Put such tags into a TIFF."""
    page = {256: (4, 1, 64), 257: (4, 1, 64), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1), 277: (3, 1, 1)}
    more = {1000 + tag: (1, 12 * tags, 0) for tag in range(tags)}
    return tiff_of({**page, 273: (4, 1, 8), 278: (4, 1, 64), 279: (4, 1, 4096), **more}, b"\xc8" * max(12 * tags, 4096))


def tiff_of(tags: dict[int, tuple[int, int, int]], after: bytes = b"") -> bytes:
    """Encode a TIFF of one directory; each tag has a type, a count and a value, an offset if it is longer than 4 bytes.

    Offsets count from the end of the directory, where `after` is.
    """
    start = 8 + 2 + 12 * len(tags) + 4
    entries = b""
    for tag, (kind, count, value) in sorted(tags.items()):
        size = {1: 1, 3: 2, 4: 4}[kind] * count
        entries += struct.pack("<HHII", tag, kind, count, value + start if size > 4 else value)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4) + after


def tiled_tiff(side: int, tile: int, compression: int = 1, data: bytes = b"\xc8", tiles: int | None = None) -> bytes:
    """Encode a grey TIFF of two or more tiles, all at the same offset."""
    count = tiles or (-(-side // tile)) ** 2
    tags = {
        256: (4, 1, side), 257: (4, 1, side), 258: (3, 1, 8), 259: (3, 1, compression), 262: (3, 1, 1),
        277: (3, 1, 1), 322: (4, 1, tile), 323: (4, 1, tile), 324: (4, count, 0), 325: (4, count, 4 * count),
    }  # fmt: skip
    start = 8 + 2 + 12 * len(tags) + 4 + 8 * count
    return tiff_of(tags, struct.pack("<I", start) * count + struct.pack("<I", len(data)) * count + data)


def tiff_of_small_tiles(side: int = 1500, compression: int = 1) -> bytes:
    """Encode a TIFF of 1 × 1 tiles."""
    return tiled_tiff(side, 1, compression, zlib.compress(b"\xc8") if compression != 1 else b"\xc8")


def tiff_of_a_large_tile(tile: int = 40_000) -> bytes:
    """Encode a TIFF of 64 × 64 pixels whose tiles are far larger."""
    return tiled_tiff(64, tile, 8, zlib.compress(bytes(tile) * 100, 9), tiles=2)


def tiff_of_pages(count: int = 100_000) -> bytes:
    """Chain many directories, each without a picture."""
    page = save(Image.new("L", (64, 64), 200), "TIFF")
    start = len(page) + len(page) % 2
    chain = b"".join(struct.pack("<HI", 0, start + 6 * (number + 1)) for number in range(count - 1))
    return page[:-4] + struct.pack("<I", start) + bytes(len(page) % 2) + chain + bytes(6)


def ppm_with_comment(length: int = 20_000_000) -> bytes:
    """Put a long comment into the header of a PPM."""
    return b"P5\n#" + b"x" * length + b"\n64 64\n255\n" + b"\xc8" * 4096


def plain_ppm_with_comments(count: int = 2_000_000) -> bytes:
    """Put many comments between the numbers of a plain PPM."""
    return b"P2\n64 64\n255\n" + b"#x\n" * count + b"200 " * 4096


def png_of_chunks(count: int = 2_000_000) -> bytes:
    """Put many empty chunks before the pixels of a PNG."""
    pixels = png_chunk(b"IDAT", zlib.compress((b"\0" + b"\xc8" * 8) * 8))
    return png_of(png_chunk(b"teSt") * count + pixels)


def png_of_pixel_chunks(count: int = 2_000_000) -> bytes:
    """Put many empty chunks of pixels into a PNG."""
    pixels = png_chunk(b"IDAT", zlib.compress((b"\0" + b"\xc8" * 8) * 8))
    return png_of(png_chunk(b"IDAT") * count + pixels)


def png_with_texts(count: int = 30) -> bytes:
    """Put compressed texts of 2 MB each into a PNG."""
    pixels = png_chunk(b"IDAT", zlib.compress((b"\0" + b"\xc8" * 8) * 8))
    return png_of(png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**21), 9)) * count + pixels)


def gif_of_blocks(count: int = 2_000_000) -> bytes:
    """Put many empty comments into a GIF."""
    content = save(Image.new("L", (64, 64), 200), "GIF")
    frame = content.index(b",")
    return content[:frame] + b"!\xfe\1x\0" * count + content[frame:]


def bmp_of_runs(side: int = 4000) -> bytes:
    """Encode a BMP in runs of one pixel."""
    runs = (b"\1\1" * side + b"\0\0") * side
    start = 14 + 40 + 1024
    header = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(runs), 0, 0, 256, 256)
    palette = bytes(value for level in range(256) for value in (level, level, 255 - level, 0))
    return b"BM" + struct.pack("<IHHI", start + len(runs), 0, 0, start) + header + palette + runs


def pdf_of(objects: dict[int, bytes], trailer: bytes = b"") -> bytes:
    """Encode a PDF of numbered objects, of which the first is the catalog."""
    body, places = b"%PDF-1.7\n", {}
    for number, value in sorted(objects.items()):
        places[number] = len(body)
        body += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    table = b"".join(b"%d 1\n%010d 00000 n \n" % pair for pair in places.items())
    end = b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (max(objects) + 1, trailer, len(body))
    return body + b"xref\n0 1\n0000000000 65535 f \n" + table + end


def pdf_stream(data: bytes, entries: bytes = b"") -> bytes:
    """Encode a compressed stream."""
    packed = zlib.compress(data, 9)
    return b"<</Filter/FlateDecode/Length %d%s>>\nstream\n%s\nendstream" % (len(packed), entries, packed)


def pdf_of_page(
    drawing: bytes = b"2 w 20 20 m 20 80 l S", box: bytes = b"0 0 100 100", resources: bytes = b"", *, count: int = 1,
    more: dict[int, bytes] | None = None, trailer: bytes = b"",
) -> bytes:  # fmt: skip
    """Encode a PDF of `count` times the same page, which `drawing` draws; by default a stroke."""
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[%s]/Contents 4 0 R/Resources<<%s>>>>" % (box, resources)
    pages = range(10, 10 + count) if count <= 10_000 else [3] * count
    kids = b" ".join(b"%d 0 R" % number for number in pages)
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, kids), 3: page,
        4: pdf_stream(drawing), **(dict.fromkeys(pages, page)), **(more or {}),
    }  # fmt: skip
    return pdf_of(objects, trailer)


def encrypted_pdf() -> bytes:
    """Encode a PDF whose password nobody knows."""
    locks = b"/Encrypt<</Filter/Standard/V 2/R 3/Length 128/P -44/O<%s>/U<%s>>>/ID[<00><00>]"
    return pdf_of_page(trailer=locks % (b"11" * 32, b"22" * 32))


def pdf_without_pages() -> bytes:
    """Encode a PDF without pages."""
    return pdf_of({1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Count 0/Kids[]>>"})


def pdf_of_endless_pages() -> bytes:
    """Let the pages of a PDF hold themselves, and claim a billion of them."""
    return pdf_of({1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Count 1000000000/Kids[2 0 R 2 0 R]>>"})


def pdf_of_lines(count: int = 1_000_000) -> bytes:
    """Draw many long lines in a PDF, each an object of its own."""
    return pdf_of_page(b"0 0 m 99 99 l S\n" * count)


def pdf_of_nested_forms(depth: int = 12, times: int = 10) -> bytes:
    """Let each form of a PDF draw the next one several times."""
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 99 99]"
    more = {
        20 + level: pdf_stream(b"/F Do\n" * times, b"%s/Resources<</XObject<</F %d 0 R>>>>" % (form, 21 + level))
        for level in range(depth)
    }
    more[20 + depth] = pdf_stream(b"0 0 m 99 99 l S\n", form)
    return pdf_of_page(b"/F Do", resources=b"/XObject<</F 20 0 R>>", more=more)


def pdf_of_a_large_picture(side: int = 30_000) -> bytes:
    """Put a picture of many pixels into a PDF."""
    head = b"/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 8/ColorSpace/DeviceGray" % (side, side)
    pixels = zlib.compressobj(9)
    row = bytes(side)
    packed = b"".join(pixels.compress(row) for _ in range(side)) + pixels.flush()
    picture = b"<</Filter/FlateDecode/Length %d%s>>\nstream\n%s\nendstream" % (len(packed), head, packed)
    return pdf_of_page(b"99 0 0 99 0 0 cm /I Do", resources=b"/XObject<</I 5 0 R>>", more={5: picture})


def pdf_bomb(size: int = 2**30) -> bytes:
    """Draw nothing with a gigabyte of spaces, compressed twice."""
    packer = zlib.compressobj(9)
    once = b"".join(packer.compress(b" " * 2**20) for _ in range(size // 2**20)) + packer.flush()
    twice = zlib.compress(once, 9)
    head = b"<</Filter[/FlateDecode/FlateDecode]/Length %d>>\nstream\n%s\nendstream"
    return pdf_of_page(more={4: head % (len(twice), twice)})


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 28 28\n%%EndComments\n(ran) print\nshowpage\n%%EOF\n"

COSTLY_PICTURES: dict[str, Callable[[], bytes]] = {
    "JPEG of many scans": progressive_jpeg,
    "JPEG of many segments": jpeg_of_segments,
    "JPEG of overlapping EXIF tags": jpeg_with_exif,
    "PNG of overlapping EXIF tags": png_with_exif,
    "TIFF of overlapping tags": tiff_with_tags,
    "TIFF of small tiles": tiff_of_small_tiles,
    "TIFF of small compressed tiles": lambda: tiff_of_small_tiles(compression=8),
    "TIFF of a large tile": tiff_of_a_large_tile,
    "TIFF of many pages": tiff_of_pages,
    "PPM with a long comment": ppm_with_comment,
    "plain PPM with many comments": plain_ppm_with_comments,
    "PNG of many chunks": png_of_chunks,
    "PNG of many pixel chunks": png_of_pixel_chunks,
    "PNG with many texts": png_with_texts,
    "GIF of many blocks": gif_of_blocks,
    "BMP of short runs": bmp_of_runs,
    "PDF of a huge page": lambda: pdf_of_page(box=b"0 0 1000000000 1000000000"),
    "PDF of a strip": lambda: pdf_of_page(box=b"0 0 1 30000"),
    "PDF of many pages": lambda: pdf_of_page(count=10_000),
    "PDF of endless pages": pdf_of_endless_pages,
    "PDF of many lines": pdf_of_lines,
    "PDF of a large picture": pdf_of_a_large_picture,
    "PDF of nested forms": pdf_of_nested_forms,
    "PDF of a gigabyte of spaces": pdf_bomb,
    "encrypted PDF": encrypted_pdf,
}
"""Small files that would take seconds or gigabytes to decode."""
