"""Pictures of one digit each, as training data: fitted into 28 × 28 as they are, light on dark, or as a caller does."""

from __future__ import annotations

import io
import logging
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from digits.data.file_errors import unreadable
from digits.errors import DataError
from digits.files import open_file
from digits.pixels import find_scale, scale_pixels
from digits.shapes import Bool, UInt8
from digits.types import SIDE, Images

if TYPE_CHECKING:
    from PIL import Image

log = logging.getLogger(__name__)


# a PNG's signature and header, of 28 × 28 pixels of 8 bits of grey, not interlaced; and its end
_PLAIN_START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes([0, 0, 0, SIDE, 0, 0, 0, SIDE, 8, 0, 0, 0, 0])
_PLAIN_END = b"\0\0\0\0IEND\xaeB`\x82"
_MAX_PLAIN = 4096  # bytes; noise takes 900


class DigitPicture(NamedTuple):
    """The digit of a picture file.

    Attributes
    ----------
    pixels
        Grey, with any background.
    is_light_on_dark
        Whether it is known to be, as on a transparent ground.
    side
        Longer side of the picture in its file, in pixels.
    """

    pixels: UInt8[np.ndarray, "28 28"]
    is_light_on_dark: bool
    side: int


Decode = Callable[[bytes, str], DigitPicture]
"""What turns the content of a picture file into a digit, and names the file by the second argument in its errors."""


class PictureFitter:
    """Fits pictures into 28 × 28 as `decode_picture` does, and knows how large they were; a `Decode`."""

    def __init__(self) -> None:
        self._sides: list[int] = []

    def __call__(self, content: bytes, name: str) -> DigitPicture:
        """Fit a picture; errors as of `decode_picture`."""
        picture = decode_picture(content, name)
        self._sides.append(picture.side)
        return picture

    @property
    def side(self) -> int:
        """Median longer side of the pictures, in pixels; 0 if there were none."""
        return int(np.median(self._sides)) if self._sides else 0


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures as they are in their files, each fitted into 28 × 28.

    Attributes
    ----------
    images
        Grey, with any background.
    is_light_on_dark
        Whether a picture is known to be: where the border is transparent, what is opaque is the ink.
    """

    images: Images
    is_light_on_dark: Bool[np.ndarray, "n"]


def read_pictures(paths: Iterable[Path], decode: Decode, n: int) -> Pictures:
    """Read n picture files; errors as of `decode_picture`."""
    from tqdm import tqdm

    bar = tqdm(paths, total=n, desc="pictures", unit="", delay=2, disable=None, leave=False)
    pixels, are_light, _ = zip(*(decode(_read(path), str(path)) for path in bar), strict=True)
    return Pictures(np.stack(pixels), np.array(are_light))


def _read(path: Path) -> bytes:
    from digits.preprocessing.opening import read_to_end

    try:
        with open_file(path) as file:
            content: bytes = read_to_end(file, str(path))
            return content
    except OSError as error:
        raise unreadable(path, error) from None


def decode_picture(content: bytes, name: str) -> DigitPicture:
    """Decode a picture, convert it to grey and fit it into 28 × 28.

    It is rotated by its EXIF data. One that is not 28 × 28 is resized with its aspect ratio kept and padded with the
    grey of its border.

    Raises
    ------
    DataError
        The content is no picture, several, damaged, or costs too much to decode; the message starts with `name`.
    """
    from digits.preprocessing.opening import check_metadata, open_picture

    if (plain := _decode_plain(content)) is not None:
        return DigitPicture(plain, False, SIDE)
    with open_picture(content, name) as picture:
        if picture.format not in ("HEIF", "MPO") and getattr(picture, "is_animated", False):
            # those two formats name a main picture
            raise DataError(f"{name} holds several pictures: save each as a file of its own")
        picture.load()
        check_metadata(picture, name)
        return DigitPicture(*_convert(picture), max(picture.size))


def _decode_plain(content: bytes) -> UInt8[np.ndarray, "28 28"] | None:
    """Decode a PNG of 28 × 28 in 8-bit grey that holds nothing else; None for any other, and for a damaged one.

    Such files come by the ten thousand, and need none of the checks that a stranger's picture does: there are no data
    beside the pixels, and the pixels are few. Where no row is filtered, as digits writes them, it takes a fifth of the
    time.
    """
    is_plain = content.startswith(_PLAIN_START) and content[37:41] == b"IDAT" and content.endswith(_PLAIN_END)
    if not is_plain or len(content) != 57 + int.from_bytes(content[33:37], "big") or len(content) > _MAX_PLAIN:
        return None
    if zlib.crc32(content[37:-16]) != int.from_bytes(content[-16:-12], "big"):
        return None
    try:
        rows = np.frombuffer(zlib.decompress(content[41:-16]), np.uint8).reshape(SIDE, SIDE + 1)
    except (zlib.error, ValueError):  # the careful way says what is wrong
        return None
    if not rows[:, 0].any():  # each row begins with the number of its filter, of which 0 is none
        return rows[:, 1:].copy()
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=("PNG",)) as picture:
            return np.array(picture)
    except Exception:  # damage raises OSError, SyntaxError …; the careful way says what it is
        return None


def unify_pictures(folds: Sequence[Pictures], source: str) -> list[Images]:
    """Make pictures light on dark, and scale those of 0 and 1 to 0–255; the log says what was changed.

    If the borders of all pictures of unknown polarity are bright on average, all of these are inverted.
    """
    unknown = [~fold.is_light_on_dark for fold in folds]
    brightest = max((int(fold.images.max()) for fold in folds if len(fold.images)), default=0)
    if brightest == 1:
        log.warning("%s: the pixels are 0–1, which are scaled to 0–255.", source)
        scale = find_scale(np.array([0, 1], np.uint8)) or 1
        folds = [Pictures(scale_pixels(fold.images, scale), fold.is_light_on_dark) for fold in folds]
    frame = np.ones((SIDE, SIDE), bool)
    frame[1:-1, 1:-1] = False
    borders = [fold.images[rows][:, frame] for fold, rows in zip(folds, unknown, strict=True)]
    n = sum(border.size for border in borders)
    border = sum(border.sum(dtype=np.int64) for border in borders) / max(1, n)
    if border <= 127:
        return [fold.images for fold in folds]
    log.warning("The pictures have bright borders (mean %.0f of 255): all are inverted to light on dark.", border)
    return [
        np.where(rows[:, None, None], 255 - fold.images, fold.images) for fold, rows in zip(folds, unknown, strict=True)
    ]


def _convert(picture: Image.Image) -> tuple[UInt8[np.ndarray, "28 28"], bool]:
    from PIL import Image, ImageChops, ImageOps

    picture = ImageOps.exif_transpose(picture)
    is_ink_known = False
    if picture.mode.startswith("I;16"):
        # Pillow clips 16 bits at 255 when it converts them.
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    elif picture.has_transparency_data:
        picture = picture.convert("RGBA")
        opacity = picture.getchannel("A")
        is_ink_known = bool(np.median(_border(np.asarray(opacity))) < 128)
        if is_ink_known:
            # a light pen is light on dark as it is; of a dark one, the darkness is
            pen, weights = picture.convert("L"), np.asarray(opacity, np.float64)
            brightness = float((np.asarray(pen) * weights).sum() / max(1.0, weights.sum()))
            picture = ImageChops.multiply(pen if brightness > 127 else ImageOps.invert(pen), opacity)
        else:
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    grey = picture.convert("L")
    if grey.size != (SIDE, SIDE):
        color = int(np.median(_border(np.asarray(grey))))
        grey = ImageOps.pad(grey, (SIDE, SIDE), Image.Resampling.BILINEAR, color=color)
    return np.array(grey, dtype=np.uint8), is_ink_known


def _border(pixels: UInt8[np.ndarray, "_h _w"]) -> UInt8[np.ndarray, "_n"]:
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
