"""IDX files, against struct."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from digits.data import read_idx, write_idx
from digits.data.formats.idx import idx_header, idx_sha256
from digits.errors import DataError, DataNotFoundError, UsageError
from digits.files import replace_atomically

FORMATS = {"uint8": (0x08, "B"), "int8": (0x09, "b"), "int16": (0x0B, "h"), "int32": (0x0C, "i"),
           "float32": (0x0D, "f"), "float64": (0x0E, "d")}  # fmt: skip
SHAPES = arrays.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4)
ARRAYS = st.sampled_from(sorted(FORMATS)).flatmap(
    lambda name: arrays.arrays(name, SHAPES, elements={"allow_nan": False} if "float" in name else None)
)
IMAGES = np.arange(2 * 28 * 28, dtype=np.uint32).astype(np.uint8).reshape(2, 28, 28)
FILE = struct.pack(">HBBIII", 0, 8, 3, 2, 28, 28) + IMAGES.tobytes()


def pack(array: np.ndarray) -> bytes:
    """Encode an array as the format describes it, with struct alone."""
    code, letter = FORMATS[array.dtype.name]
    values = array.reshape(-1).tolist()
    return struct.pack(f">HBB{array.ndim}I{len(values)}{letter}", 0, code, array.ndim, *array.shape, *values)


@given(ARRAYS)
def test_reads_what_struct_packed(array: np.ndarray) -> None:
    read = read_idx(pack(array))
    assert read.dtype == array.dtype
    assert read.dtype.isnative
    np.testing.assert_array_equal(read, array)


@given(ARRAYS)
def test_writes_what_struct_packs(tmp_path_factory: pytest.TempPathFactory, array: np.ndarray) -> None:
    path = tmp_path_factory.getbasetemp() / "array-idx"
    write_idx(path, array)
    assert path.read_bytes() == pack(array)


@given(ARRAYS)
def test_gzipped_array_is_read_back(tmp_path_factory: pytest.TempPathFactory, array: np.ndarray) -> None:
    path = tmp_path_factory.getbasetemp() / "array-idx.gz"
    write_idx(path, array)
    assert gzip.decompress(path.read_bytes()) == pack(array)
    np.testing.assert_array_equal(read_idx(path), array)


def test_hash_is_the_same_in_any_memory_order() -> None:
    import hashlib

    array = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    expected = hashlib.sha256(pack(array)).hexdigest()
    assert idx_sha256(array) == expected
    assert idx_sha256(np.asfortranarray(array)) == expected
    assert idx_sha256(array.astype(">i2")) == expected


def test_arrays_are_writable() -> None:
    assert read_idx(FILE).flags.writeable


def test_gzip_is_detected_by_content(tmp_path: Path) -> None:
    (tmp_path / "plain.gz").write_bytes(FILE)
    (tmp_path / "zipped").write_bytes(gzip.compress(FILE))
    np.testing.assert_array_equal(read_idx(tmp_path / "plain.gz"), IMAGES)
    np.testing.assert_array_equal(read_idx(str(tmp_path / "zipped")), IMAGES)


def test_same_array_gives_the_same_bytes(tmp_path: Path) -> None:
    write_idx(tmp_path / "a.gz", IMAGES)
    write_idx(tmp_path / "b.gz", IMAGES)
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


ZIPPED = gzip.compress(FILE, mtime=0)
BOMB = gzip.compress(struct.pack(">HBBIII", 0, 8, 3, 2**31, 28, 28) + bytes(1000))
UNCHECKED = ZIPPED[:-8] + bytes(4) + ZIPPED[-4:]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"<html><title>503 Service\nUnavailable</title></html>", "holds a web page (“503 Service Unavailable”)"),
        (b"\n <!DOCTYPE HTML><p>404</p>", "holds a web page instead of data. Download"),
        (gzip.compress(b"<html><h1>Sorry</h1></html>"), "holds a web page (“Sorry”) instead"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "holds a web page (“AccessDenied”)"),
        (b"\x89PNG\r\n\x1a\n", "is not IDX: it starts with 89 50 4e 47, IDX with 00 00 08."),
        (b"\0\0\x07\x03" + FILE[4:], "is not IDX: it starts with 00 00 07 03"),
        (b"\0\0\x08\0" + FILE[4:], "is not IDX: it starts with 00 00 08 00"),
        (b"\0\0", "is not IDX: it starts with 00 00,"),
        (b"", "is empty. Download"),
        (FILE[:11], "is truncated: it ends inside its header."),
        (FILE[:-5], "is truncated: its header announces 2 × 28 × 28 values (1,568 bytes), 1,563 follow. Download"),
        (FILE + b"\0", "is too long: its header announces 2 × 28 × 28 values (1,568 bytes), more follow."),
        (gzip.compress(FILE + b"\0"), "is too long: its header announces 2 × 28 × 28"),
        (gzip.compress(FILE[:-5]), "is truncated: its header announces 2 × 28 × 28 values (1,568 bytes), 1,563 follow"),
        (ZIPPED[:-20], f"is truncated: its gzip stream ends after {len(ZIPPED) - 20:,} bytes."),
        (UNCHECKED, "is damaged: its gzip stream does not decode (CRC check failed"),
        (ZIPPED[:10] + bytes([255] * 40) + ZIPPED[50:], "is damaged: its gzip stream does not decode (Error -3"),
        (BOMB, "is too large: its header announces 2,147,483,648 × 28 × 28 values (1,683,627,180,032 bytes); on"),
    ],
    ids=range(18),  # gzip stores the time, so that the bytes differ between test processes
)  # fmt: skip
def test_broken_file_is_named_with_its_problem(content: bytes, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_idx(path)
    assert str(caught.value).startswith(f"{path} {problem}")
    assert path.read_bytes() == content


def test_broken_bytes_are_named_idx_data() -> None:
    with pytest.raises(DataError, match=r"^the IDX data is truncated: it ends inside its header"):
        read_idx(FILE[:5])


def test_missing_file_is_named_with_the_working_directory(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError) as caught:
        read_idx(tmp_path / "none")
    assert str(caught.value).startswith(f"{tmp_path / 'none'} does not exist. ")
    assert str(Path.cwd()) in str(caught.value)


def test_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder"):
        read_idx(tmp_path)


@pytest.mark.parametrize("array", [np.zeros(3, np.complex64), np.zeros(3, np.uint16), np.array(3, np.uint8)])
def test_unsupported_array_is_refused(array: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"IDX cannot hold {array.dtype}\["):
        write_idx(tmp_path / "x", array)
    assert list(tmp_path.iterdir()) == []


def test_header_is_the_published_one() -> None:
    assert idx_header(np.empty((60000, 28, 28), np.uint8)).hex() == "000008030000ea600000001c0000001c"


def test_failed_write_leaves_only_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), replace_atomically(path) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
