"""The bytes of any picture file, or any array → an upright picture of 8 bits, or a sentence that says why not.

Files come from strangers: what they claim is checked before it is believed, and whatever goes wrong inside Pillow
becomes a `DataError`. Colour profiles are not applied: ink and paper differ without them.
"""

from __future__ import annotations

import io
import logging
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from digits.errors import DataError
from digits.preprocessing.ink import Picture, shrunk
from digits.preprocessing.transparency import on_ground
from digits.shapes import UInt8

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "PPM")
"""What Pillow may read, by its own names, besides HEIF and AVIF; its other plugins stay shut, some run programs."""

MEGAPIXELS = 120
"""Above most phones' cameras (108); decoding that many takes up to 1.4 GB of memory."""

SHORTEST, NARROWEST = 4, 40
"""Pixels of the shorter side, at least, and the longer side over it, at most: less is no digit, more is a strip."""

BLACK = 10
"""Brightness, of 255, that some pixel must reach: a lens cap's noise stays below."""

NEARLY = 0.95
"""Share of the size asked for that is as good: the 4000 or 4032 pixels of 12 MP halve to it, several times as fast."""

RANGES, LABELS = (255, 1023, 4095, 16383, 65535), 16
"""Largest values of 8, 10, 12, 14 and 16 bits; and what numbers lie below that are a few levels, such as labels."""

TURNS = {2: (0, 0, 1), 3: (0, 1, 1), 4: (0, 1, 0), 5: (1, 0, 0), 6: (1, 0, 1), 7: (1, 1, 1), 8: (1, 1, 0)}
"""EXIF orientation: whether rows and columns change places, and then which of the two run backwards."""


@dataclass(frozen=True, eq=False)
class Decoded:
    """A picture as its file shows it.

    Attributes
    ----------
    picture
        Upright, grey or RGB, shrunk to what was asked for.
    size
        Width and height of the whole upright picture, in its own pixels: what boxes are given in.
    """

    picture: Picture
    size: tuple[int, int]


def decode(content: bytes, name: str, *, largest: int = 2048, megapixels: int = MEGAPIXELS) -> Decoded:
    """Decode a picture file: PNG, JPEG, WebP, BMP, TIFF, GIF, PGM, PPM, HEIC or AVIF.

    EXIF orientation is honoured. Numbers of more than 8 bits are scaled by the range that they use: 8, 10, 12, 14 or
    16 bits, 0–1 for floats; numbers that all lie below 16, as labels do, are stretched to the largest, negative ones
    from the least to the largest, and what is no number takes the median. What is transparent is white, or black
    beneath a drawing of a light pen. Of the pictures in a HEIC or MPO file, the main one is read.

    Parameters
    ----------
    content
        The whole file.
    name
        What messages call it.
    largest
        Longer side that larger pictures are shrunk to, or to up to 5 % less where that is an easy fraction.
    megapixels
        How large a picture may be.

    Raises
    ------
    DataError
        When the file is empty, no picture, damaged, animated, entirely black, or too large, small or narrow.
    """
    if not content:
        raise DataError(f"{name} is empty: choose a file that holds a picture")
    try:
        # Pillow warns of much that it then reads well, and of large pictures, which are judged here.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            decoded = _decoded(content, name, largest, megapixels)
    except DataError:
        raise
    except MemoryError:
        raise DataError(f"{name} is too large for this computer's memory: shrink it and try again") from None
    except Exception as error:
        # Decoders meet damage wherever they happen to be: IndexError, ValueError, struct.error, zlib.error ... No
        # list of them would stay whole, and the sentence is the same.
        raise DataError(f"{name} is damaged and cannot be read to its end: export it or download it again") from error
    _check_light(decoded.picture, name)
    return decoded


def as_picture(array: np.ndarray, name: str = "the array") -> Picture:
    """Make a picture of an array that a user of Python has.

    Parameters
    ----------
    array
        ``[h, w]``, ``[h, w, 1]``, ``[h, w, 3]`` RGB or ``[h, w, 4]`` RGBA, of bool, of ``uint8``, which stays as it
        is, or of other numbers, which are scaled as `decode` does: floats up to 1 as 0–1, others as 0–255.
    name
        What messages call it.

    Raises
    ------
    DataError
        When it is no picture, entirely black, or too large, small or narrow.
    """
    if array.ndim not in (2, 3) or array.shape[2:] not in ((), (1,), (3,), (4,)):
        raise DataError(f"{name} must be [height, width], or that with 1, 3 or 4 channels; it is {list(array.shape)}")
    if array.dtype.kind not in "buif":
        raise DataError(f"{name} must hold whole numbers, floats or bools; it holds {array.dtype}")
    _check_size(array.shape[1], array.shape[0], name)
    values = array[..., 0] if array.shape[2:] == (1,) else array
    picture = np.ascontiguousarray(values if values.dtype == np.uint8 else _to_bytes(values, name))
    if picture.shape[2:] == (4,):
        from PIL import Image

        picture = on_ground(np.asarray(Image.fromarray(picture).convert("RGBa")))
    _check_light(picture, name)
    return picture


def _decoded(content: bytes, name: str, largest: int, megapixels: int) -> Decoded:
    """Open, check what the header claims, and only then decode."""
    with _opened(content, name, megapixels) as image:
        _check_size(*image.size, name, megapixels)
        # A HEIC file names its main picture, and the others of an MPO are the same scene, for depth.
        if getattr(image, "is_animated", False) and image.format not in ("HEIF", "MPO"):
            raise DataError(f"{name} is animated or has several pages: save the one to read as a picture of its own")
        size, enough = image.size, max(largest * NEARLY, 1)
        if image.format in ("JPEG", "MPO"):
            share = enough / max(size)
            image.draft(None, (max(int(size[0] * share), 1), max(int(size[1] * share), 1)))
        else:
            image.load()
            size = image.size  # TIFF and HEIC may turn and trim while they load
        picture = shrunk(_pixels(image, name, enough), largest)
        swapped, up, left = TURNS.get(_orientation(image), (0, 0, 0))
    if swapped:
        picture, size = picture.swapaxes(0, 1), size[::-1]
    return Decoded(np.ascontiguousarray(picture[:: -1 if up else 1, :: -1 if left else 1]), size)


def _opened(content: bytes, name: str, megapixels: int) -> Image.Image:
    """Read the header."""
    from PIL import Image, UnidentifiedImageError

    # Without any handler, what Pillow logs would be printed.
    if not (log := logging.getLogger("PIL")).handlers:
        log.addHandler(logging.NullHandler())
    formats = _formats(content, name)
    try:
        return Image.open(io.BytesIO(content), formats=formats)
    except Image.DecompressionBombError as error:
        # Pillow's own limit lies above ours, and it tells the pixels in its words only.
        raise _too_many(int(re.findall(r"\d+", str(error))[0]), name, megapixels) from None
    except UnidentifiedImageError:
        if any(accepts(content[:16]) is True for _, accepts in map(Image.OPEN.__getitem__, formats) if accepts):
            raise  # it begins like a picture, so it is a damaged one
        readable = "PNG, JPEG, WebP, BMP, TIFF, GIF, PGM, PPM, HEIC or AVIF"
        raise DataError(f"{name} is not a picture that can be read here: save it as {readable}") from None


def _formats(content: bytes, name: str) -> tuple[str, ...]:
    """Say which formats the file may have; what phones take needs a library that is loaded for them only."""
    if content[4:8] != b"ftyp":
        return FORMATS
    brands = content[8 : min(int.from_bytes(content[:4], "big"), 256)]
    if b"avif" in brands or b"avis" in brands:
        from PIL import features

        if not features.check("avif"):
            raise DataError(f"{name} is an AVIF picture, which this Pillow cannot read: pip install --upgrade pillow")
        return ("AVIF",)
    if brands[:3] not in (b"hei", b"hev", b"mif", b"msf"):
        return FORMATS  # a film, most likely
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        raise DataError(f"{name} is a HEIC picture, which needs one more library: pip install pillow-heif") from None
    register_heif_opener()
    return ("HEIF",)


def _pixels(image: Image.Image, name: str, enough: float) -> Picture:
    """Convert to grey or RGB; shrunk by a whole number first, as far as it stays large enough."""
    if image.mode[0] in "IF":
        return _to_bytes(np.asarray(image), name)
    palette = image.getpalette() if image.mode == "P" else None
    coloured = not palette or palette[::3] != palette[1::3] or palette[::3] != palette[2::3]
    grey = image.mode in ("1", "L", "LA", "La") or not coloured
    transparent = image.has_transparency_data
    if transparent:
        # Multiplied by their opacity, colours can be averaged: what nobody sees has no part in it.
        image = image.convert("LA" if grey else "RGBA").convert("La" if grey else "RGBa")
    elif image.mode not in ("L", "RGB", "CMYK", "YCbCr"):
        image = image.convert("L" if grey else "RGB")
    times = int(max(image.size) / enough)
    if times > 1:
        image = image.reduce(times)
    if image.mode in ("CMYK", "YCbCr"):
        image = image.convert("RGB")
    pixels = np.asarray(image)
    return on_ground(pixels) if transparent else pixels


def _to_bytes(values: np.ndarray, name: str) -> UInt8[np.ndarray, "..."]:
    """Scale numbers to 0–255 by the range that they use; `decode` says how."""
    if values.dtype.kind == "b":
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype.kind == "f":
        known = np.isfinite(values)
        if not known.any():
            raise DataError(f"{name} holds no finite number: check how it was computed")
        if not known.all():
            # The most common level is the ground, on which a pixel without a value is seen least.
            values = np.where(known, values, np.median(values[known]))
    # Where numbers are so far apart, their difference would be none.
    low, high = max(float(values.min()), -1e300), min(float(values.max()), 1e300)
    if low < 0:
        top = high
    elif values.dtype.kind == "f" and high <= 1:
        low, top = 0.0, 1.0
    else:
        top = high if high < LABELS else next((top for top in RANGES if high <= top), high)
        low = 0.0
    scaled = np.full(values.shape, 255 if low < 0 else 0, np.uint8)
    if top > low:
        # In bands, since the floats of a large picture take eight times its memory.
        rows = max(2**20 // max(values[0].size, 1), 1)
        for start in range(0, len(values), rows):
            band = np.clip(values[start : start + rows].astype(np.float64), low, top)
            scaled[start : start + rows] = np.rint((band - low) / (top - low) * 255)
    return scaled


def _orientation(image: Image.Image) -> int:
    """Read which side is up; damage to this note alone is no reason to refuse the picture."""
    try:
        return int(image.getexif().get(0x0112, 1))
    except MemoryError:
        raise
    except Exception:  # as in `decode`
        return 1


def _check_size(width: int, height: int, name: str, megapixels: int = MEGAPIXELS) -> None:
    if width * height > megapixels * 1e6:
        raise _too_many(width * height, name, megapixels)
    if min(width, height) < SHORTEST:
        raise DataError(f"{name} is {width}×{height} pixels, too small to hold a digit: choose a larger picture")
    if max(width, height) > NARROWEST * min(width, height):
        raise DataError(f"{name} is a strip of {width}×{height} pixels: cut it into pieces that are less narrow")


def _too_many(pixels: int, name: str, megapixels: int) -> DataError:
    return DataError(f"{name} has {pixels / 1e6:.0f} megapixels, more than the {megapixels} that are read: shrink it")


def _check_light(picture: Picture, name: str) -> None:
    brightest = int(picture.max())
    if brightest < BLACK:
        raise DataError(f"{name} is entirely black: it reaches {brightest} of 255; take it again with more light")
