"""MATLAB's MAT files, up to version 7: ``mnist_all.mat``, ``mnist-original.mat``, EMNIST's, or images and labels.

The layout is that of MathWorks, "MAT-File Format", chapter 1. Arrays of numbers and structures of them are read, and
everything else is skipped. SciPy reads more, but damaged files can crash it.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from io import BufferedReader
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.data.file_errors import DOWNLOAD_AGAIN, damaged, describe_web_page, unreadable
from digits.data.formats.arrays import dataset_of, images_of
from digits.data.memory import max_array_bytes
from digits.data.raw_dataset import RawDataset
from digits.errors import DataError
from digits.files import open_file
from digits.types import CLASSES

MAGIC = b"MATLAB 5.0 MAT-file"

NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
"""NumPy's types of numbers by the types of elements."""

MATRIX, COMPRESSED = 14, 15
"""Types of elements: any array; one that zlib compressed."""

STRUCTURE, FIRST_NUMERIC, LAST_NUMERIC, COMPLEX = 2, 6, 15, 8
"""Classes of arrays, and the flag of complex numbers."""

MAX_LEVELS = 4
"""Of structures in each other: EMNIST has two."""

_HEADER = 128  # bytes; the last two say in which order those of numbers are

_PER_CLASS = re.compile(r"(train|test)(\d)")


def read_mat(path: Path) -> RawDataset:
    """Read a labelled dataset from a MAT file.

    Raises
    ------
    DataError
        The file is not MAT, of version 7.3, damaged, larger than `max_array_bytes` unpacked, or has no images with
        labels.
    """
    return dataset_of(load_arrays(path), path)


def read_mat_images(path: Path) -> NDArray[Any]:
    """Read the images to classify, which `images_of` chooses; errors as in `read_mat`."""
    return images_of(load_arrays(path), path)


def load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Load all arrays of a MAT file, those of structures as ``dataset.train.images``; errors as in `read_mat`.

    Dimensions of one are left out, and single numbers.
    """
    try:
        with open_file(path) as stream:
            order = _read_header(path, stream)
            elements = _unpack(path, stream, order)
            arrays = {name: array for each in elements for name, array in _find_arrays(each, order) if array.ndim}
    except DataError:
        raise
    except OSError as error:
        raise unreadable(path, error) from None
    except Exception as error:  # damage raises ValueError, IndexError, struct.error, zlib.error …
        raise damaged(path, error) from None
    return _join_classes(arrays)


def _read_header(path: Path, stream: BufferedReader) -> str:
    """Check the header, and say in which order the bytes of numbers are."""
    head = stream.read(_HEADER)
    if head.startswith(b"MATLAB 7.3"):
        raise DataError(f"{path} is a MATLAB file of version 7.3. Save it with: save('digits.mat', '-v7')")
    if not head.startswith(MAGIC) or len(head) < _HEADER:
        problem = (describe_web_page(head) or "is not a MATLAB file of version 5 to 7") if head else "is empty"
        raise DataError(f"{path} {problem}. {DOWNLOAD_AGAIN}")
    return "<" if head[-2:] == b"IM" else ">"


def _unpack(path: Path, stream: BufferedReader, order: str) -> Iterator[memoryview]:
    """Yield the content of each array, unpacked; no more than the limit of all together."""
    left = limit = max_array_bytes()
    while len(tag := stream.read(8)) == 8:
        kind, length = struct.unpack(f"{order}II", tag)
        content: bytes | memoryview = stream.read(min(length, left + 1))
        if kind == COMPRESSED:
            unpacker = zlib.decompressobj()
            content = unpacker.decompress(content, left + 1)
            if len(content) <= left and not unpacker.eof:
                raise ValueError("a compressed array is truncated")
        elif len(content) < min(length, left + 1):
            raise ValueError("an array is truncated")
        left -= len(content)
        if left < 0:
            raise DataError(
                f"{path} is too large: it unpacks to over {limit:,} bytes, the limit on this machine. "
                "Split it into smaller files."
            )
        if kind == COMPRESSED:
            kind, content = next(_elements(memoryview(content), order))
        if kind == MATRIX:
            yield memoryview(content)


def _elements(content: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """Yield the type and content of each element; up to four bytes lie in the tag itself."""
    place = 0
    while place < len(content):
        kind, length = struct.unpack_from(f"{order}II", content, place)
        start = place + 8
        if kind >> 16:
            kind, length, start = kind & 0xFFFF, kind >> 16, place + 4
        place = max(place + 8, start + length)
        place += -place % 8
        if start + length > len(content):
            raise ValueError("an element is longer than what holds it")
        yield kind, content[start : start + length]


def _find_arrays(
    content: memoryview, order: str, prefix: str = "", name: str = ""
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the arrays of numbers with their names, of which those in a structure begin with its own."""
    if not content:
        return
    (_, flags), (_, sizes), (_, own_name), *parts = _elements(content, order)
    about = int(np.frombuffer(flags, f"{order}u4")[0])
    shape = tuple(np.frombuffer(sizes, f"{order}i4").tolist())
    if min(shape) < 0:
        raise ValueError(f"an array has the shape {shape}")
    name = f"{prefix}{name or bytes(own_name).decode('latin-1')}"
    kind = about & 0xFF
    if kind == STRUCTURE and prod(shape) == 1 and name.count(".") < MAX_LEVELS:
        (_, width), (_, names), *fields = parts
        [step] = np.frombuffer(width, f"{order}i4").tolist()
        if step <= 0:
            raise ValueError("the names of a structure have no length")
        words = [bytes(names[i : i + step]).split(b"\0")[0].decode("latin-1") for i in range(0, len(names), step)]
        for word, (field_kind, field) in zip(words, fields, strict=True):
            if field_kind == MATRIX:
                yield from _find_arrays(field, order, f"{name}.", word)
    elif FIRST_NUMERIC <= kind <= LAST_NUMERIC and not about >> 8 & COMPLEX:
        stored, numbers = parts[0]
        if stored not in NUMBERS:
            raise ValueError(f"numbers of type {stored}, which there is not")
        values = np.frombuffer(numbers, f"{order}{NUMBERS[stored]}")
        yield name, values.astype(values.dtype.newbyteorder("="), copy=False).reshape(shape, order="F").squeeze()


def _join_classes(arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Join the arrays of single classes, ``train0`` to ``train9``, into images and labels."""
    parts: dict[str, list[tuple[int, NDArray[Any]]]] = {}
    for name, array in arrays.items():
        if found := _PER_CLASS.fullmatch(name):
            # one image of a class has lost the dimension of their number
            parts.setdefault(found[1], []).append((int(found[2]), array.reshape(-1, array.shape[-1])))
    for fold, per_class in parts.items():
        per_class.sort(key=lambda part: part[0])
        if len(per_class) <= CLASSES and len({array.shape[1] for _, array in per_class}) == 1:
            labels = np.repeat([label for label, _ in per_class], [len(array) for _, array in per_class])
            arrays = arrays | {f"x_{fold}": np.concatenate([array for _, array in per_class]), f"y_{fold}": labels}
    return arrays
