"""Parquet as the Hugging Face Hub has it: images as PNG bytes with a label; or lists of pixels, or 784 columns.

pyarrow reads it, which is an extra: ``pip install 'digits[formats]'``.
"""

from __future__ import annotations

from io import BufferedReader
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digits.data.file_errors import DOWNLOAD_AGAIN, damaged, describe_web_page, unreadable
from digits.data.formats.arrays import IMAGE_WORDS
from digits.data.formats.parquet_pages import find_parts, measure_pages
from digits.data.formats.pictures import Decode, Pictures, decode_picture, unify_pictures
from digits.data.formats.tables import ID_NAMES, LABEL_NAMES, PIXELS
from digits.data.memory import max_array_bytes
from digits.data.raw_dataset import check_images, make_digits
from digits.errors import DataError
from digits.files import open_file
from digits.types import Images, LabelledDigits

MAGIC = b"PAR1"

BYTES_PER_NUMBER = 8
"""Of a list, at most, in memory."""

ROWS = 2000
"""Rows read at once, which keeps memory flat beside the pixels."""

MAX_STRUCTURE = 100_000
"""Entries of a list in the file's own description, and bytes of a text there, at most; 785 columns need some 10,000."""


class _Columns(NamedTuple):
    pictures: str | None  # the column of encoded pictures, as a path such as image.bytes
    pixels: list[str]  # or those of pixels: one of lists, or 784
    label: str | None


def read_parquet(path: Path, decode: Decode) -> LabelledDigits:
    """Read the digits of a Parquet file with their labels; `decode` reads its pictures, if it has any.

    Raises
    ------
    DataError
        pyarrow is missing, or the file is not Parquet, damaged, too large, or has no images with labels.
    """
    columns, images, labels = _read(path, decode)
    if labels is None:
        raise DataError(f"{path} has no column of labels, called label, class, target, digit or y. Rename it.")
    return make_digits(images, labels, f"{path}", f"{path} ({columns.label})")


def read_parquet_images(path: Path) -> Images:
    """Read the images to classify; errors as in `read_parquet`."""
    return check_images(_read(path)[1], str(path))


def has_labels(path: Path) -> bool:
    """Tell whether a Parquet file has columns of images and of labels; errors as in `read_parquet`."""
    return _read(path, columns_only=True)[0].label is not None


def _read(
    path: Path, decode: Decode = decode_picture, *, columns_only: bool = False
) -> tuple[_Columns, NDArray[Any], NDArray[Any] | None]:
    try:
        from pyarrow import parquet
    except ModuleNotFoundError:
        raise DataError(f"{path} is Parquet, which pyarrow reads: pip install 'digits[formats]'") from None
    try:
        with open_file(path) as stream:
            head = stream.read(4096)
            if not head.startswith(MAGIC):
                problem = (describe_web_page(head) or "is not Parquet") if head else "is empty"
                raise DataError(f"{path} {problem}. {DOWNLOAD_AGAIN}")
            stream.seek(0)
            limits = {"thrift_string_size_limit": MAX_STRUCTURE, "thrift_container_size_limit": MAX_STRUCTURE}
            file = parquet.ParquetFile(stream, **limits)
            columns = _find_columns(path, file)
            if columns_only:
                return columns, np.empty(0), None
            rows = _count_rows_at_once(path, file, stream, columns)
            return columns, *_read_rows(path, file, columns, rows, decode)
    except DataError:
        raise
    except OSError as error:
        if error.errno is None:  # pyarrow's own, for damage
            raise damaged(path, error) from None
        raise unreadable(path, error) from None
    except Exception as error:  # ArrowInvalid, ArrowNotImplementedError, ValueError …: no list would stay complete
        raise damaged(path, error) from None


def _find_columns(path: Path, file: Any) -> _Columns:
    from pyarrow import types

    schema = file.schema_arrow
    fields = [schema.field(index) for index in range(len(schema))]
    label = next((field.name for field in fields if field.name.lower() in LABEL_NAMES), None)
    rest = [field for field in fields if field.name != label]
    for field in sorted(rest, key=lambda field: field.name.lower() not in IMAGE_WORDS):
        if types.is_struct(field.type) and field.type.get_field_index("bytes") >= 0:
            return _Columns(f"{field.name}.bytes", [], label)
        if types.is_binary(field.type) or types.is_large_binary(field.type):
            return _Columns(field.name, [], label)
        if types.is_list(field.type) or types.is_large_list(field.type) or types.is_fixed_size_list(field.type):
            return _Columns(None, [field.name], label)
    pixels = [field.name for field in rest if field.name.lower() not in ID_NAMES | {"__index_level_0__"}]
    if len(pixels) != PIXELS:
        some = ", ".join(field.name for field in fields[:5])
        raise DataError(
            f"{path} has no column of images: neither pictures nor lists of pixels, nor 784 columns of pixels; it has "
            f"{len(fields):,} ({some[:200]}, …). Save the pictures as PNG in a column called image."
        )
    return _Columns(None, pixels, label)


def _count_rows_at_once(path: Path, file: Any, stream: BufferedReader, columns: _Columns) -> int:
    """Check what the file unpacks to, before anything is unpacked, and say how many rows fit into memory at once.

    Rows may share one value, so that each row may take as much memory as all of its column does in the file.
    """
    limit = max_array_bytes()
    wanted = {columns.pictures, *columns.pixels, columns.label}
    size, largest = file.metadata.num_rows * PIXELS, 1
    for part in find_parts(stream):
        if {part.column, part.column.split(".")[0]} & wanted:
            pages = measure_pages(stream, part.start, part.size)
            # a list of any length is one value for a row
            size += pages.size + (BYTES_PER_NUMBER * pages.values if part.column not in wanted else 0)
            largest = max(largest, pages.size)
    if size > limit:
        raise DataError(
            f"{path} is too large: it unpacks to {size:,} bytes; on this machine, the limit is {limit:,}. "
            "Split it into smaller files."
        )
    return max(1, min(ROWS, limit // largest))


def _read_rows(
    path: Path, file: Any, columns: _Columns, rows: int, decode: Decode
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    names = [*([columns.pictures] if columns.pictures else columns.pixels), *([columns.label] if columns.label else [])]
    images, labels, limit, size = [], [], max_array_bytes(), 0
    known: list[bool] = []
    for batch in file.iter_batches(batch_size=rows, columns=names, use_threads=False):
        if columns.label:
            labels.append(_to_numbers(batch.column(columns.label)))
        if columns.pictures:
            decoded, are_light = _decode(path, batch, columns.pictures, len(known), decode)
            known += are_light
        elif len(columns.pixels) == 1:
            decoded = _unnest(path, batch.column(columns.pixels[0]), len(batch))
        else:
            decoded = np.stack([_to_numbers(batch.column(name)) for name in columns.pixels], axis=1)
        images.append(decoded)
        size += decoded.nbytes
        if size > limit:
            raise DataError(f"{path} is too large: on this machine, the limit is {limit:,} bytes of pixels. Split it.")
    if not images:
        raise DataError(f"{path} holds no images. Use a file with at least one.")
    every = np.concatenate(images)
    if columns.pictures:
        every = unify_pictures([Pictures(every, np.array(known))], str(path))[0]
    return every, np.concatenate(labels) if labels else None


def _decode(path: Path, batch: Any, column: str, start: int, decode: Decode) -> tuple[Images, list[bool]]:
    name, _, field = column.partition(".")
    values = batch.column(name)
    contents = (values.field(field) if field else values).to_pylist()
    seen: dict[bytes, Any] = {}
    for row, content in enumerate(contents, start):
        if content is None:
            raise DataError(f"{path} has no picture in row {row:,} of {name}. Save the pictures, not only their names.")
        if content not in seen:
            seen[content] = decode(content, f"{path} (row {row:,})")
    images, known, _ = zip(*map(seen.__getitem__, contents), strict=True)
    return np.stack(images), list(known)


def _unnest(path: Path, values: Any, rows: int) -> NDArray[Any]:
    """Make an array of lists, of lists or not."""
    shape = [rows]
    while hasattr(values, "flatten") and hasattr(values.type, "value_type"):
        inner = values.flatten()
        width, rest = divmod(len(inner), max(1, len(values)))
        lengths = values.value_lengths() if hasattr(values, "value_lengths") else []
        if rest or any(length.as_py() not in (width, None) for length in lengths) or values.null_count:
            raise DataError(f"{path} holds lists of several lengths as images. Save 28 × 28 or 784 pixels for each.")
        shape.append(width)
        values = inner
    return _to_numbers(values).reshape(shape)


def _to_numbers(values: Any) -> NDArray[Any]:
    from pyarrow import types

    if types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if values.null_count:
        raise ValueError("a value is missing")
    if types.is_string(values.type) or types.is_large_string(values.type):
        return np.array(values.to_pylist(), dtype=np.str_)
    if types.is_decimal(values.type):
        values = values.cast("float64")
    array: NDArray[Any] = values.to_numpy(zero_copy_only=False)
    return array
