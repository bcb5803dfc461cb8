"""The only place that opens picture files, besides `pdf`: their formats, and limits on what decoding may cost.

Files come from strangers. Only formats that no other program decodes are open; headers are checked before anything is
decoded, by `headers` and by size; the time is limited; and whatever a decoder raises becomes a `DataError`.
"""

from __future__ import annotations

import io
import logging
import re
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from digits.errors import DataError
from digits.preprocessing.headers import EXIF_START, check_cost, check_tags, too_costly

if TYPE_CHECKING:
    from PIL import Image

# Pillow's names of the formats, besides HEIF and AVIF; its other plugins are not used, since some run programs.
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "PPM")

FORMAT_NAMES = "PNG, JPEG, WebP, BMP, TIFF, GIF, PGM, PPM, HEIC, AVIF or PDF"
"""Of everything that can be read; a PDF is drawn by `digits.preprocessing.pdf`, all others are opened here."""

PICTURE_SUFFIXES = {
    *(".avif", ".bmp", ".gif", ".heic", ".heif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"),
}
"""Endings of the files that count as pictures in a folder, in lower case."""

READABLE_SUFFIXES = {*PICTURE_SUFFIXES, ".pdf"}
"""Endings of the files that are read in a folder, in lower case."""

MAX_MEGAPIXELS = 120  # above most phones' cameras (108); decoding that many takes up to 1.4 GB

MAX_FILE_BYTES = 2**29
"""Size of a picture file, at most: the largest, uncompressed with opacity, take 480 MB."""

MOST_BYTES = 2**20
"""Size that most picture files stay below."""

# How old programs store EXIF data in a PNG: as hexadecimal digits, of which one segment of a JPEG makes 131,072.
EXIF_TEXT, MAX_EXIF_TEXT = "Raw profile type exif", 2**17 + 2**13

# Seconds of processor time, about ten times what the slowest ordinary file needs on a laptop.
MAX_OPENING_SECONDS = 1.0
MAX_SECONDS_PER_MEGAPIXEL = 0.2


def read_to_end(file: Any, name: str) -> Any:
    """Read an open picture file, but refuse one that is larger than `MAX_FILE_BYTES`, or has no end.

    Raises
    ------
    DataError
        When it is too large.
    """
    content = file.read(MOST_BYTES)
    if len(content) == MOST_BYTES:  # for the rest, memory of the largest size is set aside first
        content += file.read(MAX_FILE_BYTES + 1 - MOST_BYTES)
    if len(content) > MAX_FILE_BYTES:
        raise DataError(f"{name} is larger than {MAX_FILE_BYTES // 2**20} MiB: shrink it, or save it as PNG or JPEG")
    return content


class _TimedFile(io.BytesIO):
    """A file in memory that cannot be read any further once this thread has used up its processor time."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.picture = name
        self.allow(MAX_OPENING_SECONDS)

    def allow(self, seconds: float) -> None:
        """Allow this many more seconds from now on."""
        self.seconds, self.start, self.end = seconds, time.monotonic(), time.thread_time() + seconds

    def check(self) -> None:
        # the first clock is quicker to read, and the second is never ahead of it
        if time.monotonic() > self.start + self.seconds and time.thread_time() > self.end:
            raise too_costly(self.picture, f"over {self.seconds:.1f} seconds")

    def read(self, size: int | None = -1, /) -> bytes:
        self.check()
        return super().read(size)


@contextmanager
def open_picture(content: bytes, name: str, max_megapixels: int = MAX_MEGAPIXELS) -> Iterator[Image.Image]:
    """Open a picture file; its pixels are decoded when they are first used. Parameters are those of `decode`.

    Raises
    ------
    DataError
        When the file is empty, not a picture, too large, or costs too much time or memory; and for every exception
        inside the block, since these come from a damaged file.
    """
    if not content:
        raise DataError(f"{name} is empty: choose a file that holds a picture")
    check_cost(content, name)
    formats = _load_formats(content[:256], name)
    file = _TimedFile(content, name)
    try:
        # Pillow warns about much that it then decodes correctly, and about large pictures, which are checked here.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with _open(file, formats, content[:16], name, max_megapixels) as image:
                pixels = image.width * image.height
                check_megapixels(pixels, name, max_megapixels)
                file.allow(MAX_OPENING_SECONDS + MAX_SECONDS_PER_MEGAPIXEL * pixels / 1e6)
                yield image
    except DataError:
        raise
    except MemoryError:
        raise DataError(f"{name} is too large for this computer's memory: shrink it and try again") from None
    except Exception as error:
        file.check()  # some decoders report the end of the time as the end of the file
        # damage raises IndexError, ValueError, struct.error, zlib.error …: no list would stay complete
        raise DataError(f"{name} is damaged: export it or download it again") from error


class LargePictureError(DataError):
    """A picture of more pixels than are allowed."""


def check_megapixels(pixels: int, name: str, max_megapixels: int = MAX_MEGAPIXELS) -> None:
    """Refuse a picture of too many pixels."""
    if pixels > max_megapixels * 1e6:
        found = f"{pixels / 1e6:.0f}"
        raise LargePictureError(f"{name} has {found} megapixels; at most {max_megapixels} are allowed: shrink it")


def check_metadata(image: Image.Image, name: str) -> None:
    """Refuse a picture whose EXIF data would take much memory; call this before its orientation is read.

    Some formats have EXIF data after the pixels, so that they are known only once these are decoded.
    """
    block = image.info.get("exif") or b""
    if problem := check_tags(block.removeprefix(EXIF_START)):
        raise too_costly(name, problem)
    if len(image.info.get(EXIF_TEXT, "")) > MAX_EXIF_TEXT:
        raise too_costly(name, f"its EXIF text is longer than {MAX_EXIF_TEXT:,}")


def _open(file: _TimedFile, formats: tuple[str, ...], start: bytes, name: str, max_megapixels: int) -> Image.Image:
    """Read the header."""
    from PIL import Image, UnidentifiedImageError

    try:
        return Image.open(file, formats=formats)
    except Image.DecompressionBombError as error:
        # Pillow's own limit is higher; the number of pixels is in its message only
        check_megapixels(int(re.findall(r"\d+", str(error))[0]), name, max_megapixels)
        raise
    except UnidentifiedImageError:
        if any(accepts(start) is True for _, accepts in _plugins(formats) if accepts):
            raise  # it begins like a picture, so it is damaged
        raise DataError(f"{name} is not in a known picture format: save it as {FORMAT_NAMES}") from None


def begins_like_picture(head: bytes) -> bool:
    """Whether a file begins like one of the known picture formats."""
    from PIL import Image

    Image.init()
    return head[4:8] == b"ftyp" or any(accepts(head[:16]) is True for _, accepts in _plugins(FORMATS) if accepts)


def _plugins(formats: Iterable[str]) -> Iterator[tuple[Any, Any]]:
    """Give Pillow's class for each format, and its function that knows the first bytes."""
    from PIL import Image

    return map(Image.OPEN.__getitem__, formats)


def _load_formats(head: bytes, name: str) -> tuple[str, ...]:
    """Load the decoders, and list the formats the file may have; that of HEIC is loaded for such files only."""
    from PIL import Image

    Image.preinit()
    # without a handler, Pillow's log would be printed
    if not (log := logging.getLogger("PIL")).handlers:
        log.addHandler(logging.NullHandler())
    if head[4:8] != b"ftyp":
        return FORMATS
    brands = head[8 : int.from_bytes(head[:4], "big")]
    if b"avif" in brands or b"avis" in brands:
        from PIL import features

        if not features.check("avif"):
            raise DataError(f"{name} is an AVIF picture, which this Pillow cannot read: pip install --upgrade pillow")
        return ("AVIF",)
    if brands[:3] not in (b"hei", b"hev", b"mif", b"msf"):
        return FORMATS  # probably a film
    from pillow_heif import register_heif_opener

    register_heif_opener()
    return ("HEIF",)
