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
from digits.errors import DataError, UsageError
from digits.files import replace_atomically

FORMATS = {"uint8": (0x08, "B"), "int8": (0x09, "b"), "int16": (0x0B, "h"), "int32": (0x0C, "i"),
           "float32": (0x0D, "f"), "float64": (0x0E, "d")}  # fmt: skip
SHAPES = arrays.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4)
ARRAYS = st.sampled_from(sorted(FORMATS)).flatmap(
    lambda name: arrays.arrays(name, SHAPES, elements={"allow_nan": False} if "float" in name else None)
)
IMAGES = np.arange(2 * 28 * 28, dtype=np.uint32).astype(np.uint8).reshape(2, 28, 28)
FILE = struct.pack(">HBBIII", 0, 8, 3, 2, 28, 28) + IMAGES.tobytes()


def packed(array: np.ndarray) -> bytes:
    """The file's bytes by the format's description, with struct alone."""
    code, letter = FORMATS[array.dtype.name]
    values = array.reshape(-1).tolist()
    return struct.pack(f">HBB{array.ndim}I{len(values)}{letter}", 0, code, array.ndim, *array.shape, *values)


@given(ARRAYS)
def test_what_struct_packed_is_read(array: np.ndarray) -> None:
    read = read_idx(packed(array))
    assert read.dtype == array.dtype
    assert read.dtype.isnative
    np.testing.assert_array_equal(read, array)


@given(ARRAYS)
def test_what_is_written_is_what_struct_packs(tmp_path_factory: pytest.TempPathFactory, array: np.ndarray) -> None:
    path = tmp_path_factory.getbasetemp() / "array-idx"
    write_idx(path, array)
    assert path.read_bytes() == packed(array)


@given(ARRAYS)
def test_gzipped_is_read_back(tmp_path_factory: pytest.TempPathFactory, array: np.ndarray) -> None:
    path = tmp_path_factory.getbasetemp() / "array-idx.gz"
    write_idx(path, array)
    assert gzip.decompress(path.read_bytes()) == packed(array)
    np.testing.assert_array_equal(read_idx(path), array)


def test_the_hash_is_that_of_the_decoded_file_in_any_memory_order() -> None:
    import hashlib

    array = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    expected = hashlib.sha256(packed(array)).hexdigest()
    assert idx_sha256(array) == expected
    assert idx_sha256(np.asfortranarray(array)) == expected
    assert idx_sha256(array.astype(">i2")) == expected


def test_arrays_can_be_written_to() -> None:
    assert read_idx(FILE).flags.writeable


def test_the_content_says_whether_it_is_gzipped(tmp_path: Path) -> None:
    (tmp_path / "plain.gz").write_bytes(FILE)
    (tmp_path / "zipped").write_bytes(gzip.compress(FILE))
    np.testing.assert_array_equal(read_idx(tmp_path / "plain.gz"), IMAGES)
    np.testing.assert_array_equal(read_idx(str(tmp_path / "zipped")), IMAGES)


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    write_idx(tmp_path / "a.gz", IMAGES)
    write_idx(tmp_path / "b.gz", IMAGES)
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


ZIPPED = gzip.compress(FILE, mtime=0)
BOMB = gzip.compress(struct.pack(">HBBIII", 0, 8, 3, 2**31, 28, 28) + bytes(1000))
UNCHECKED = ZIPPED[:-8] + bytes(4) + ZIPPED[-4:]


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        (b"<html><title>503 Service\nUnavailable</title></html>", "holds a web page (“503 Service Unavailable”)"),
        (b"\n <!DOCTYPE HTML><p>404</p>", "holds a web page instead of data. Download or copy it again."),
        (gzip.compress(b"<html><h1>Sorry</h1></html>"), "holds a web page (“Sorry”) instead"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "holds a web page (“AccessDenied”)"),
        (b"\x89PNG\r\n\x1a\n", "is not IDX: it starts with 89 50 4e 47, IDX with 00 00 08."),
        (b"\0\0\x07\x03" + FILE[4:], "is not IDX: it starts with 00 00 07 03"),
        (b"\0\0\x08\0" + FILE[4:], "is not IDX: it starts with 00 00 08 00"),
        (b"\0\0", "is not IDX: it starts with 00 00,"),
        (b"", "is empty. Download"),
        (FILE[:11], "is cut: it ends inside its header."),
        (FILE[:-5], "is cut: its header announces 2 × 28 × 28 values (1,568 bytes), 1,563 follow. Download"),
        (FILE + b"\0", "is too long: its header announces 2 × 28 × 28 values (1,568 bytes), more follow."),
        (gzip.compress(FILE + b"\0"), "is too long: its header announces 2 × 28 × 28"),
        (gzip.compress(FILE[:-5]), "is cut: its header announces 2 × 28 × 28 values (1,568 bytes), 1,563 follow."),
        (ZIPPED[:-20], f"is cut: its gzip stream ends after {len(ZIPPED) - 20:,} bytes."),
        (UNCHECKED, "is damaged: its gzip stream does not decode (CRC check failed"),
        (ZIPPED[:10] + bytes([255] * 40) + ZIPPED[50:], "is damaged: its gzip stream does not decode (Error -3"),
        (BOMB, "is refused: its header announces 2,147,483,648 × 28 × 28 values (1,683,627,180,032 bytes), more than"),
    ],
    ids=range(18),  # bytes differ between the processes that collect them: gzip notes the time
)  # fmt: skip
def test_a_broken_file_is_told_by_name_and_finding(content: bytes, finding: str, tmp_path: Path) -> None:
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_idx(path)
    assert str(caught.value).startswith(f"{path} {finding}")
    assert path.read_bytes() == content


def test_broken_bytes_without_a_file_are_called_so() -> None:
    with pytest.raises(DataError, match=r"^the data given is cut: it ends inside its header"):
        read_idx(FILE[:5])


def test_a_missing_file_is_told_with_the_working_directory(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read_idx(tmp_path / "none")
    assert (
        str(caught.value) == f"{tmp_path / 'none'} does not exist. Check the path; relative ones start at {Path.cwd()}."
    )


def test_a_folder_is_told_from_a_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder, where a file is needed"):
        read_idx(tmp_path)


@pytest.mark.parametrize("array", [np.zeros(3, np.complex64), np.zeros(3, np.uint16), np.array(3, np.uint8)])
def test_what_idx_cannot_hold_is_refused(array: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"IDX cannot hold {array.dtype}\["):
        write_idx(tmp_path / "x", array)
    assert list(tmp_path.iterdir()) == []


def test_the_header_is_the_published_one() -> None:
    assert idx_header(np.empty((60000, 28, 28), np.uint8)).hex() == "000008030000ea600000001c0000001c"


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), replace_atomically(path) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
