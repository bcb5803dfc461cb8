"""What callers pass, converted: a picture from any source, and digits of any shape and range."""

from __future__ import annotations

import logging
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from digits.errors import DataError, DataNotFoundError, UsageError
from digits.files import expand_home, open_file
from digits.pixels import NUMBERS, find_scale, scale_pixels, shape_digits
from digits.preprocessing import MAX_PAGE_SIDE, Decoded, as_picture, decode
from digits.preprocessing.opening import MAX_MEGAPIXELS, read_to_end
from digits.preprocessing.pages import SeveralPagesError
from digits.types import Images

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class PageSource:
    """One page, counted from 1, of a file: a path or its bytes. Readings of several pages keep these as sources."""

    file: Source
    number: int


if TYPE_CHECKING:
    from PIL import Image

    Source = str | os.PathLike[str] | bytes | BinaryIO | np.ndarray | Image.Image | PageSource
else:
    Source = Any
    """A path, the bytes of a file, an open file, an array, a torch tensor, a Pillow picture, or a page of a reading."""

Sources = list[Any] | tuple[Any, ...]
"""Several sources."""

_PAGE = re.compile(r"(.+)#(\d{1,9})", re.DOTALL)
"""The path of a file, and the number of a page."""


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


def split_page(source: Source) -> tuple[Source, int | None]:
    """Split ``scan.pdf#3`` into the path and the number of a page; None without one, and where a file has that name."""
    if isinstance(source, PageSource):
        return source.file, source.number
    if isinstance(source, str | os.PathLike):
        found = _PAGE.fullmatch(os.fsdecode(source))
        if found and not os.path.lexists(expand_home(source)):
            return found[1], int(found[2])
    return source, None


def read_content(source: Source) -> bytes | None:
    """Return the bytes of a file, which a path names or which are given; None for pixels.

    Raises
    ------
    DataError
        When it is missing, cannot be read or is too large.
    """
    if isinstance(source, str | os.PathLike):
        return _read_file(expand_home(source))
    return bytes(source) if isinstance(source, bytes | bytearray | memoryview) else None


def decode_source(
    source: Source,
    name: str,
    *,
    page: int | None = None,
    max_side: int = MAX_PAGE_SIDE,
    max_megapixels: int = MAX_MEGAPIXELS,
) -> Decoded:
    """Decode a picture or a page from any source but an open file, of at most `max_megapixels`.

    A file is shrunk to about `max_side` pixels of its longer side.

    Raises
    ------
    DataError
        When it is missing or cannot be read as a picture, with the reason; when it has several pages and none is named,
        by `page` or by the source itself.
    UsageError
        When `source` is of a type that cannot hold a picture.
    """
    file, named = split_page(source)
    content = read_content(file)
    if content is not None:
        page = named if page is None else page
        try:
            return decode(content, name, page=page, max_side=max_side, max_megapixels=max_megapixels)
        except SeveralPagesError as error:
            one = f"name one, such as {name}#1, or " if isinstance(file, str | os.PathLike) else ""
            pages = f"{name} has {error.count:,} pages: {one}read them with digits.read_pages"
            raise SeveralPagesError(pages, error.count) from None
    array = _as_array(file)
    if array is None or array.dtype == object:
        raise UsageError(f"{name} is {_kind(file)}: pass a path, bytes, an open file, an array or a Pillow picture")
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
