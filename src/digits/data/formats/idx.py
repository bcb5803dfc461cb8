"""IDX, the format MNIST is published in: a header of big-endian numbers, then the array; plain or gzipped.

The header is ``00 00 type rank`` and one 32-bit size a dimension (LeCun, Cortes, Burges: "The MNIST database of
handwritten digits", section "File formats").
"""

from __future__ import annotations

import gzip
import hashlib
import io
import math
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.data.file_errors import AGAIN, unreadable, web_page
from digits.errors import DataError, UsageError
from digits.files import replace_atomically

LARGEST = 4 * 2**30
"""Bytes a decoded array may have: a hundred times MNIST, and far below what a gzip bomb unfolds to."""

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_CODES = {np.dtype(name): code for code, name in _TYPES.items()}
_CHUNK = 2**24


def read_idx(source: str | os.PathLike[str] | bytes) -> NDArray[Any]:
    """Read an IDX array, gzipped or plain: which one the content says, not the name.

    Parameters
    ----------
    source
        A file's path, or its bytes.

    Returns
    -------
    NDArray
        A writable array in native byte order with the shape the header tells.

    Raises
    ------
    DataError
        The file is missing, not IDX, damaged, cut, longer than its header says, or larger than 4 GiB decoded.
    """
    if isinstance(source, bytes):
        return _decode(io.BytesIO(source), "the data given")
    try:
        with Path(source).open("rb") as stream:
            return _decode(stream, str(source))
    except OSError as error:
        raise unreadable(source, error) from None


def write_idx(path: str | os.PathLike[str], array: NDArray[Any]) -> None:
    """Write an array as IDX, gzipped when the name ends in ``.gz``; the same array gives the same bytes.

    Raises
    ------
    UsageError
        IDX has no type for the array's dtype, or the array has no dimension.
    """
    content = idx_bytes(array)
    with replace_atomically(Path(path)) as temporary:
        temporary.write_bytes(gzip.compress(content, mtime=0) if Path(path).suffix == ".gz" else content)


def idx_bytes(array: NDArray[Any]) -> bytes:
    """Give the content of an array's IDX file.

    Raises
    ------
    UsageError
        As of `write_idx`.
    """
    return idx_header(array) + _big_endian(array).tobytes()


def idx_sha256(array: NDArray[Any]) -> str:
    """SHA-256 (hexadecimal) of the array's decoded IDX file, whatever format it came in."""
    digest = hashlib.sha256(idx_header(array))
    digest.update(_big_endian(array).data)
    return digest.hexdigest()


def idx_header(array: NDArray[Any]) -> bytes:
    """Give the bytes before the array's own: magic number and sizes."""
    code = _CODES.get(array.dtype.newbyteorder(">"))
    if code is None or not array.ndim:
        raise UsageError(
            f"IDX cannot hold {array.dtype}{list(array.shape)}: give at least one dimension of uint8, int8, int16, "
            "int32, float32 or float64."
        )
    return struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)


def _big_endian(array: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder(">"))


def _decode(stream: io.BufferedIOBase, name: str) -> NDArray[Any]:
    zipped = stream.read(2) == b"\x1f\x8b"
    stream.seek(0)
    if not zipped:
        return _array(stream, name)
    try:
        with gzip.GzipFile(fileobj=stream) as unzipped:
            return _array(unzipped, name)
    except EOFError:
        raise DataError(f"{name} is cut: its gzip stream ends after {stream.tell():,} bytes. {AGAIN}") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{name} is damaged: its gzip stream does not decode ({error}). {AGAIN}") from None


def _array(stream: io.BufferedIOBase, name: str) -> NDArray[Any]:
    magic = stream.read(4)
    if not magic:
        raise DataError(f"{name} is empty. {AGAIN}")
    kind = _TYPES.get(magic[2]) if len(magic) == 4 and magic[:2] == b"\0\0" else None
    if kind is None or not 0 < magic[3] <= 8:
        not_idx = f"is not IDX: it starts with {magic.hex(' ')}, IDX with 00 00 08"
        finding = web_page(magic + stream.read(4096)) or not_idx
        raise DataError(f"{name} {finding}. {AGAIN}")
    sizes = stream.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise DataError(f"{name} is cut: it ends inside its header. {AGAIN}")
    shape = struct.unpack(f">{magic[3]}I", sizes)
    dtype = np.dtype(kind)
    expected = dtype.itemsize * math.prod(shape)
    announced = f"its header announces {' × '.join(f'{n:,}' for n in shape)} values ({expected:,} bytes)"
    if expected > LARGEST:
        raise DataError(f"{name} is refused: {announced}, more than {LARGEST:,}. {AGAIN}")
    # One byte more than announced, so that trailing bytes show; in chunks, so that a lying header fills no memory.
    body = bytearray()
    while chunk := stream.read(min(_CHUNK, expected + 1 - len(body))):
        body += chunk
    if len(body) < expected:
        raise DataError(f"{name} is cut: {announced}, {len(body):,} follow. {AGAIN}")
    if len(body) > expected:
        raise DataError(f"{name} is too long: {announced}, more follow. {AGAIN}")
    return np.frombuffer(body, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)
