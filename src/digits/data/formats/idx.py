"""IDX, the format MNIST is published in: a header of big-endian numbers, then the array; plain or gzipped.

The header is ``00 00 type rank``, then one 32-bit size per dimension (LeCun, Cortes, Burges: "The MNIST database of
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
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from digits.data.file_errors import DOWNLOAD_AGAIN, describe_web_page, unreadable
from digits.data.memory import max_array_bytes
from digits.errors import DataError, UsageError
from digits.files import open_file, replace_atomically

_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_CODES = {np.dtype(name): code for code, name in _DTYPES.items()}
_CHUNK_BYTES = 2**24

MAX_RANK = 8
GZIP_MAGIC = b"\x1f\x8b"


def read_idx(source: str | os.PathLike[str] | bytes) -> NDArray[Any]:
    """Read an IDX array; its content, not its name, says whether it is gzipped.

    Parameters
    ----------
    source
        A path, or the bytes of a file.

    Returns
    -------
    NDArray
        A writable array in native byte order, with the shape and type from the header.

    Raises
    ------
    DataNotFoundError
        The file does not exist.
    DataError
        The file is not IDX, damaged, truncated, longer than its header says, or larger than `max_array_bytes`
        decoded.
    """
    if isinstance(source, bytes):
        return _decode(io.BytesIO(source), "the IDX data")
    try:
        with open_file(source) as stream:
            return _decode(stream, str(source))
    except OSError as error:
        raise unreadable(source, error) from None


def is_idx(path: Path) -> bool:
    """Tell whether a file starts as IDX does, gzipped or not."""
    try:
        with open_file(path) as stream:
            head = stream.read(2)
            stream.seek(0)
            with gzip.GzipFile(fileobj=stream) if head == GZIP_MAGIC else stream as content:
                magic = content.read(4)
    except (OSError, EOFError, zlib.error):
        return False
    return len(magic) == 4 and magic[:2] == b"\0\0" and magic[2] in _DTYPES and 0 < magic[3] <= MAX_RANK


def write_idx(path: str | os.PathLike[str], array: NDArray[Any]) -> None:
    """Write an array as IDX, gzipped when the name ends in ``.gz``; the same array gives the same bytes.

    Raises
    ------
    UsageError
        IDX has no type for the dtype, or the array has no dimension.
    """
    content = idx_bytes(array)
    with replace_atomically(Path(path)) as temporary:
        temporary.write_bytes(gzip.compress(content, mtime=0) if Path(path).suffix == ".gz" else content)


def idx_bytes(array: NDArray[Any]) -> bytes:
    """Encode an array as IDX, not gzipped; errors as in `write_idx`."""
    return idx_header(array) + _big_endian(array).tobytes()


def idx_sha256(array: NDArray[Any]) -> str:
    """Compute the SHA-256 (hexadecimal) of `idx_bytes`: the hash of an array, whatever file it came from."""
    digest = hashlib.sha256(idx_header(array))
    digest.update(_big_endian(array).data)
    return digest.hexdigest()


def idx_header(array: NDArray[Any]) -> bytes:
    """Encode the magic number and the sizes, which precede the values."""
    code = _CODES.get(array.dtype.newbyteorder(">"))
    if code is None or not array.ndim:
        raise UsageError(
            f"IDX cannot hold {array.dtype}{list(array.shape)}. Use at least one dimension of uint8, int8, int16, "
            "int32, float32 or float64."
        )
    return struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)


def _big_endian(array: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder(">"))


def _decode(stream: io.BufferedIOBase, name: str) -> NDArray[Any]:
    is_gzipped = stream.read(2) == GZIP_MAGIC
    stream.seek(0)
    if not is_gzipped:
        return _read_array(stream, name)
    try:
        with gzip.GzipFile(fileobj=stream) as unzipped:
            return _read_array(unzipped, name)
    except EOFError:
        problem = f"is truncated: its gzip stream ends after {stream.tell():,} bytes"
    except (gzip.BadGzipFile, zlib.error) as error:
        problem = f"is damaged: its gzip stream does not decode ({error})"
    raise DataError(f"{name} {problem}. {DOWNLOAD_AGAIN}")


def _read_array(stream: io.BufferedIOBase, name: str) -> NDArray[Any]:
    def fail(problem: str) -> NoReturn:
        raise DataError(f"{name} {problem}. {DOWNLOAD_AGAIN}")

    magic = stream.read(4)
    if not magic:
        fail("is empty")
    code = _DTYPES.get(magic[2]) if len(magic) == 4 and magic[:2] == b"\0\0" else None
    if code is None or not 0 < magic[3] <= MAX_RANK:
        web_page = describe_web_page(magic + stream.read(4096))
        fail(web_page or f"is not IDX: it starts with {magic.hex(' ')}, IDX with 00 00 08")
    sizes = stream.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        fail("is truncated: it ends inside its header")
    shape = struct.unpack(f">{magic[3]}I", sizes)
    dtype = np.dtype(code)
    expected = dtype.itemsize * math.prod(shape)
    announced = f"its header announces {' × '.join(f'{n:,}' for n in shape)} values ({expected:,} bytes)"
    if expected > (limit := max_array_bytes()):
        fail(f"is too large: {announced}; on this machine, the limit is {limit:,}")
    # One byte more than announced, to detect trailing bytes; in chunks, so that a false header allocates no memory.
    body = bytearray()
    while chunk := stream.read(min(_CHUNK_BYTES, expected + 1 - len(body))):
        body += chunk
    if len(body) < expected:
        fail(f"is truncated: {announced}, {len(body):,} follow")
    if len(body) > expected:
        fail(f"is too long: {announced}, more follow")
    return np.frombuffer(body, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)
