"""The bytes of any picture file, or any array → an upright 8-bit picture, or an error that says why not.

`opening` opens the file and limits what decoding costs. Colour profiles are not applied: ink and paper differ without
them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from digits.errors import DataError
from digits.preprocessing.ink import Picture, shrink
from digits.preprocessing.opening import MAX_MEGAPIXELS, check_megapixels, check_metadata, open_picture
from digits.preprocessing.pages import Pages
from digits.shapes import UInt8

if TYPE_CHECKING:
    from PIL import Image

MIN_SIDE = 4  # pixels
MAX_ASPECT = 40

# Share of the requested side that is large enough: the 4000 or 4032 pixels of 12 MP halve to it, several times as fast.
ENOUGH = 0.95

RANGES = (255, 1023, 4095, 16383, 65535)  # largest values of 8, 10, 12, 14 and 16 bits
MAX_LABELS = 16  # numbers below it are a few levels, such as labels

# Transparent pictures.
MIN_OPACITY = 0.75  # of the largest; below, as at faint edges, the colour of a pixel is arbitrary
MAX_DARK_SHARE = 0.001  # of the opaque pixels in a drawing with a light pen; a page cut out has dark ink on it

# By EXIF orientation: whether rows and columns are swapped, and then whether each of the two is reversed.
ORIENTATIONS = {2: (0, 0, 1), 3: (0, 1, 1), 4: (0, 1, 0), 5: (1, 0, 0), 6: (1, 0, 1), 7: (1, 1, 1), 8: (1, 1, 0)}


@dataclass(frozen=True, eq=False)
class Decoded:
    """A decoded picture."""

    picture: Picture  # upright, grey or RGB, possibly shrunk
    size: tuple[int, int]  # width and height of the original, upright, in pixels; boxes refer to it


def decode(
    content: bytes,
    name: str,
    *,
    page: int | None = None,
    max_side: int = 2048,
    max_megapixels: int = MAX_MEGAPIXELS,
) -> Decoded:
    """Decode a picture file, or a page: PNG, JPEG, WebP, BMP, TIFF, GIF, PGM, PPM, HEIC, AVIF or PDF.

    EXIF orientation is applied. Pixels of more than 8 bits are scaled by the range they use: 8, 10, 12, 14 or 16 bits,
    0–1 for floats. If all are below 16, as labels are, the largest becomes 255, and so does 1 where pixels of 8 bits
    are no larger; if some are negative, the smallest becomes 0 and the largest 255. NaN and infinities take the median.
    Transparent parts become white, or black under a drawing with a light pen. Of the pictures in a HEIC or MPO file,
    the main one is decoded. A page of a PDF is drawn; its size is that at 200 dots per inch.

    Parameters
    ----------
    content
        The whole file.
    name
        The picture's name in errors.
    page
        Which page of a PDF or TIFF, from 1; without it, the file must have a single one.
    max_side
        Longer side, in pixels, to which larger pictures are shrunk; up to 5 % less where that is faster.
    max_megapixels
        Largest size of the original.

    Raises
    ------
    SeveralPagesError
        When it has several pages, and none was named.
    DataError
        When the file is empty, not a picture, damaged, encrypted, animated, too large, small or narrow, has no such
        page, or would take too long to decode.
    """
    pages = Pages(content, name.removesuffix(f"#{page}"))
    return decode_page(pages, pages.choose(page), name, max_side=max_side, max_megapixels=max_megapixels)


def decode_page(pages: Pages, page: int, name: str, *, max_side: int, max_megapixels: int = MAX_MEGAPIXELS) -> Decoded:
    """Decode a page that exists; parameters and errors are those of `decode`."""
    if drawn := pages.draw(page, name, max_side):
        _check_shape(*drawn[1], name)
        return Decoded(*drawn)
    with open_picture(pages.picture(page), name, max_megapixels) as image:
        return _decode(image, name, max_side)


def as_picture(array: np.ndarray, name: str = "the array") -> Picture:
    """Convert an array to a picture.

    Parameters
    ----------
    array
        ``[h, w]``, ``[h, w, 1]``, ``[h, w, 3]`` RGB or ``[h, w, 4]`` RGBA. ``uint8`` stays as it is unless it is 0
        and 1; booleans and other numbers are scaled as `decode` does.
    name
        The picture's name in errors.

    Raises
    ------
    DataError
        When it is not a picture, or too large, small or narrow.
    """
    if array.ndim not in (2, 3) or array.shape[2:] not in ((), (1,), (3,), (4,)):
        raise DataError(f"{name} must be [height, width], or that with 1, 3 or 4 channels; it is {list(array.shape)}")
    if array.dtype.kind not in "buif":
        raise DataError(f"{name} must hold whole numbers, floats or bools; it holds {array.dtype}")
    check_megapixels(array.shape[0] * array.shape[1], name)
    _check_shape(array.shape[1], array.shape[0], name)
    values = array[..., 0] if array.shape[2:] == (1,) else array
    uses_range = values.dtype == np.uint8 and values.max() != 1
    picture = np.ascontiguousarray(values if uses_range else _to_bytes(values, name))
    if picture.shape[2:] == (4,):
        from PIL import Image

        picture = _composite(np.asarray(Image.fromarray(picture).convert("RGBa")))
    return picture


def _decode(image: Image.Image, name: str, max_side: int) -> Decoded:
    """Check the header, and only then decode."""
    _check_shape(*image.size, name)
    # a HEIC file names its main picture; the others of an MPO show the same scene, for depth
    if image.format not in ("HEIF", "MPO", "TIFF") and getattr(image, "is_animated", False):
        raise DataError(f"{name} is animated: save the one to read as a picture of its own")
    size, min_side = image.size, max(max_side * ENOUGH, 1)
    if image.format in ("JPEG", "MPO"):
        scale = min_side / max(size)
        image.draft(None, (max(int(size[0] * scale), 1), max(int(size[1] * scale), 1)))
    else:
        image.load()
        size = image.size  # TIFF and HEIC may turn and trim while loading
    picture = shrink(_to_pixels(image, name, min_side), max_side)
    transposed, up, left = ORIENTATIONS.get(_read_orientation(image, name), (0, 0, 0))
    if transposed:
        picture, size = picture.swapaxes(0, 1), size[::-1]
    return Decoded(np.ascontiguousarray(picture[:: -1 if up else 1, :: -1 if left else 1]), size)


def _to_pixels(image: Image.Image, name: str, min_side: float) -> Picture:
    """Convert to grey or RGB, first shrunk by a whole number to no less than `min_side` pixels."""
    if image.mode[0] in "IF" or (image.mode == "L" and image.getextrema()[1] == 1):
        return _to_bytes(np.asarray(image), name)
    palette = image.getpalette() if image.mode == "P" else None
    coloured = not palette or palette[::3] != palette[1::3] or palette[::3] != palette[2::3]
    grey = image.mode in ("1", "L", "LA", "La") or not coloured
    transparent = image.has_transparency_data
    if transparent:
        # premultiplied by opacity, colours can be averaged: invisible ones have no weight
        image = image.convert("LA" if grey else "RGBA").convert("La" if grey else "RGBa")
    elif image.mode not in ("L", "RGB", "CMYK", "YCbCr"):
        image = image.convert("L" if grey else "RGB")
    factor = int(max(image.size) / min_side)
    if factor > 1:
        image = image.reduce(factor)
    if image.mode in ("CMYK", "YCbCr"):
        image = image.convert("RGB")
    pixels = np.asarray(image)
    return _composite(pixels) if transparent else pixels


def _composite(pixels: UInt8[np.ndarray, "h w c"]) -> Picture:
    """Place colours, premultiplied by the opacity in the last channel, on white; drawings with a light pen on black."""
    *channels, opacity = cv2.split(pixels)
    colour: Picture = cv2.merge(channels)
    if opacity.min() == 255:  # as browsers save drawings
        return colour
    if opacity.any():
        grey = cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY) if colour.ndim == 3 else colour
        opaque = opacity >= math.ceil(MIN_OPACITY * int(opacity.max()))
        dark = opaque & (grey < opacity - opacity // 2)  # below half of it
        if np.count_nonzero(dark) <= MAX_DARK_SHARE * np.count_nonzero(opaque):
            return colour
    on_white: Picture = colour + cv2.merge([255 - opacity] * len(channels))
    return on_white


def _to_bytes(values: np.ndarray, name: str) -> UInt8[np.ndarray, "..."]:
    """Scale numbers to 0–255 by the range they use, as `decode` describes."""
    if values.dtype.kind == "b":
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype.kind == "f":
        finite = np.isfinite(values)
        if not finite.any():
            raise DataError(f"{name} holds no finite number: check how it was computed")
        if not finite.all():
            # the median is probably the background, where a missing pixel is least visible
            values = np.where(finite, values, np.median(values[finite]))
    # the difference of larger numbers could overflow
    low, high = max(float(values.min()), -1e300), min(float(values.max()), 1e300)
    if low < 0:
        top = high
    elif values.dtype.kind == "f" and high <= 1:
        low, top = 0.0, 1.0
    else:
        top = high if high < MAX_LABELS else next((top for top in RANGES if high <= top), high)
        low = 0.0
    scaled = np.full(values.shape, 255 if low < 0 else 0, np.uint8)
    if top > low:
        # in bands, since the floats of a large picture take eight times its memory
        rows = max(2**20 // max(values[0].size, 1), 1)
        for start in range(0, len(values), rows):
            band = np.clip(values[start : start + rows].astype(np.float64), low, top)
            scaled[start : start + rows] = np.rint((band - low) / (top - low) * 255)
    return scaled


def _read_orientation(image: Image.Image, name: str) -> int:
    """Read the EXIF orientation; a picture whose EXIF alone is damaged is still read."""
    check_metadata(image, name)
    try:
        return int(image.getexif().get(0x0112, 1))
    except MemoryError:
        raise
    except Exception:  # as in `decode`
        return 1


def _check_shape(width: int, height: int, name: str) -> None:
    if min(width, height) < MIN_SIDE:
        raise DataError(f"{name} is {width}×{height} pixels, too small to hold a digit: choose a larger picture")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise DataError(f"{name} is a strip of {width}×{height} pixels: cut it into shorter pieces")
