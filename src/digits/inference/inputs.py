"""What callers pass, converted: a picture from any source, and digits of any shape and range."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from digits.errors import DataError, DataNotFoundError, UsageError
from digits.files import expand_home, open_file
from digits.pixels import NUMBERS, find_scale, scale_pixels, shape_digits
from digits.preprocessing import Decoded, as_picture, decode
from digits.preprocessing.components import MAX_PAGE_SIDE
from digits.preprocessing.opening import MAX_MEGAPIXELS, read_to_end
from digits.types import Images

log = logging.getLogger(__name__)

if TYPE_CHECKING:
    from PIL import Image

    Source = str | os.PathLike[str] | bytes | BinaryIO | np.ndarray | Image.Image
else:
    Source = Any
    """A path, the bytes of a file, an open file, an array, a torch tensor or a Pillow picture."""

Sources = list[Any] | tuple[Any, ...]
"""Several sources."""


def source_name(source: Source) -> str:
    """Name a source in results and errors: its path, or ``the picture``."""
    return os.fspath(source) if isinstance(source, str | os.PathLike) else str(getattr(source, "name", "the picture"))


def read_stream(source: Source, name: str) -> Source:
    """Read an open file; any other source stays as it is."""
    if not hasattr(source, "read"):
        return source
    try:
        content: bytes | str = read_to_end(source, name)
    except UnicodeDecodeError:
        content = ""
    if isinstance(content, str):
        raise UsageError(f'{name} is open as text: open it with mode "rb"')
    return content


def decode_source(source: Source, name: str, *, max_megapixels: int = MAX_MEGAPIXELS) -> Decoded:
    """Decode a picture from any source but an open file, of at most `max_megapixels`.

    Raises
    ------
    DataError
        When it is missing or cannot be read as a picture, with the reason.
    UsageError
        When `source` is of a type that cannot hold a picture.
    """
    if isinstance(source, str | os.PathLike):
        source = _read_file(expand_home(source))
    if isinstance(source, bytes | bytearray | memoryview):
        return decode(bytes(source), name, max_side=MAX_PAGE_SIDE, max_megapixels=max_megapixels)
    array = _as_array(source)
    if array is None or array.dtype == object:
        raise UsageError(f"{name} is {_kind(source)}: pass a path, bytes, an open file, an array or a Pillow picture")
    picture = as_picture(array, name)
    return Decoded(picture, (picture.shape[1], picture.shape[0]))


def to_images(digits: Any) -> Images:
    """Convert digits to ``uint8[n, 28, 28]``, as `Model.predict_proba` takes them.

    Pixels are 0–255, or 0–1 as floats, booleans or, with a warning, whole numbers.

    Raises
    ------
    UsageError
        When shape or range are anything else, or ambiguous, with what to pass instead.
    """
    if isinstance(digits, list | tuple) and len(digits) and hasattr(digits[0], "getbands"):
        return np.concatenate([to_images(each) for each in digits])
    if hasattr(digits, "getbands") and digits.mode in ("P", "RGB"):
        digits = digits.convert("L")
    pixels = _as_array(digits)
    if pixels is None or pixels.dtype.kind not in NUMBERS:
        raise UsageError(f"this is {_kind(digits)}: pass digits as numbers, [28, 28], [n, 28, 28] or [n, 784]")
    shaped = shape_digits(pixels)
    if shaped is None:
        raise UsageError(
            f"digits must be [28, 28], [n, 28, 28] or [n, 784]; these are {list(pixels.shape)}. "
            "For a picture of any other size, use digits.read(picture, single=True)"
        )
    scale = find_scale(shaped)
    if scale is None:
        raise UsageError(
            f"pixels range from {pixels.min():g} to {pixels.max():g}: pass 0–255 or 0–1, not standardized, since the "
            "model standardizes them itself"
        )
    if scale > 1 and shaped.dtype.kind in "iu":
        log.warning("The pixels are 0 and 1, which are scaled to 0 and 255.")
    return scale_pixels(shaped, scale)


def _as_array(values: Any) -> np.ndarray | None:
    """Make an array of arrays, nested lists, Pillow pictures and torch tensors; None where that cannot be done."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = values.float() if values.is_floating_point() else values  # NumPy has no bfloat16
    try:
        return np.asarray(values)
    except (TypeError, ValueError):  # rows of different lengths, for example
        return None


def _kind(value: Any) -> str:
    return "None" if value is None else f"of type {type(value).__name__}"


def _read_file(path: Path) -> bytes:
    try:
        with open_file(path) as file:
            content: bytes = read_to_end(file, str(path))
            return content
    except FileNotFoundError:
        raise DataNotFoundError(f"there is no file {path}") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
