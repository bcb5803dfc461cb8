"""MATLAB's MAT files, up to version 7: ``mnist_all.mat``, ``mnist-original.mat``, EMNIST's, or images and labels.

scipy reads them, which is an extra: ``pip install 'digits[formats]'``.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from io import BufferedReader
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

_HEADER = 128  # bytes; the last two say in which order those of numbers are
_COMPRESSED = 15  # type of an element that zlib compressed
_CHUNK = 2**20

_PER_CLASS = re.compile(r"(train|test)(\d)")


def read_mat(path: Path) -> RawDataset:
    """Read a labelled dataset from a MAT file.

    Raises
    ------
    DataError
        scipy is missing, or the file is not MAT, of version 7.3, damaged, larger than `max_array_bytes` unpacked, or
        has no images with labels.
    """
    return dataset_of(load_arrays(path), path)


def read_mat_images(path: Path) -> NDArray[Any]:
    """Read the images to classify, which `images_of` chooses; errors as in `read_mat`."""
    return images_of(load_arrays(path), path)


def load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Load all arrays of a MAT file, those of structures as ``dataset.train.images``; errors as in `read_mat`."""
    try:
        from scipy.io import loadmat
    except ModuleNotFoundError:
        raise DataError(f"{path} is a MATLAB file, which scipy reads: pip install 'digits[formats]'") from None
    try:
        with open_file(path) as stream:
            _check(path, stream)
            content = loadmat(stream, simplify_cells=True)
    except DataError:
        raise
    except OSError as error:
        raise unreadable(path, error) from None
    except Exception as error:  # damage raises MatReadError, ValueError, TypeError, zlib.error …
        raise damaged(path, error) from None
    return _join_classes(dict(_flatten(content)))


def _check(path: Path, stream: BufferedReader) -> None:
    """Check the header, and how much the elements unpack to, before scipy unpacks them."""
    head = stream.read(_HEADER)
    if head.startswith(b"MATLAB 7.3"):
        raise DataError(f"{path} is a MATLAB file of version 7.3. Save it with: save('digits.mat', '-v7')")
    if not head.startswith(MAGIC) or len(head) < _HEADER:
        problem = (describe_web_page(head) or "is not a MATLAB file of version 5 to 7") if head else "is empty"
        raise DataError(f"{path} {problem}. {DOWNLOAD_AGAIN}")
    order = "<" if head[-2:] == b"IM" else ">"
    limit, size = max_array_bytes(), 0
    while len(tag := stream.read(8)) == 8:
        kind, length = struct.unpack(f"{order}II", tag)
        end = stream.tell() + length
        if kind == _COMPRESSED:
            unpacker = zlib.decompressobj()
            while length > 0 and size <= limit and (chunk := stream.read(min(length, _CHUNK))):
                length -= len(chunk)
                while chunk and size <= limit:
                    size += len(unpacker.decompress(chunk, _CHUNK))
                    chunk = unpacker.unconsumed_tail
        else:
            size += length
        if size > limit:
            raise DataError(
                f"{path} is too large: it unpacks to over {limit:,} bytes, the limit on this machine. "
                "Split it into smaller files."
            )
        stream.seek(end)
    stream.seek(0)


def _flatten(tree: dict[str, Any], prefix: str = "", levels: int = 4) -> Iterator[tuple[str, NDArray[Any]]]:
    for name, value in tree.items():
        if isinstance(value, dict) and levels:
            yield from _flatten(value, f"{prefix}{name}.", levels - 1)
        elif isinstance(value, np.ndarray) and value.dtype.kind in "buif" and not name.startswith("__"):
            yield f"{prefix}{name}", value


def _join_classes(arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Join the arrays of single classes, ``train0`` to ``train9``, into images and labels."""
    parts: dict[str, list[tuple[int, NDArray[Any]]]] = {}
    for name, array in arrays.items():
        if found := _PER_CLASS.fullmatch(name):
            # scipy gives one image of a class without the dimension of their number
            parts.setdefault(found[1], []).append((int(found[2]), array.reshape(-1, array.shape[-1])))
    for fold, per_class in parts.items():
        per_class.sort(key=lambda part: part[0])
        if len(per_class) <= CLASSES and len({array.shape[1] for _, array in per_class}) == 1:
            labels = np.repeat([label for label, _ in per_class], [len(array) for _, array in per_class])
            arrays = arrays | {f"x_{fold}": np.concatenate([array for _, array in per_class]), f"y_{fold}": labels}
    return arrays
