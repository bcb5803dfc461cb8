"""Whatever lies at a path, the readers of digits end with an answer or a sentence, in bounded memory."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import socket
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from benchmarks.mutants import mutate_bytes, mutate_packed

import digits
from digits.data import load_dataset, load_labelled, load_mnist, memory, read_idx, read_unlabelled
from digits.data.formats.npz import read_npz
from digits.data.formats.table_text import MAX_LINE
from digits.data.formats.tables import read_csv
from digits.errors import DataError

IMAGES = np.zeros((30, 28, 28), np.uint8)
IMAGES[:, 4:24, 12:16] = 200
LABELS = (np.arange(30) % 10).astype(np.uint8)
NAMES = ("train-images-idx3-ubyte", "digits.npz", "digits.csv", "picture.png")

READERS: dict[str, Callable[[Path], Any]] = {
    "load_dataset": load_dataset,
    "load_labelled": load_labelled,
    "load_mnist": load_mnist,
    "read_unlabelled": lambda path: list(read_unlabelled(path)),
    "read_idx": read_idx,
    "read_npz": read_npz,
    "read_csv": read_csv,
    "digits.read": digits.read,
}


@pytest.fixture
def pipe(tmp_path: Path) -> Callable[[str], Path]:
    def make(name: str) -> Path:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        os.mkfifo(tmp_path / name)
        return tmp_path / name

    return make


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", NAMES)
def test_pipes_are_refused_without_waiting(reader: str, name: str, pipe: Callable[[str], Path]) -> None:
    with pytest.raises(DataError, match=f"{name} cannot be read: it is a pipe, socket or device, not a file"):
        READERS[reader](pipe(name))


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 5000])
def test_names_that_no_file_can_have_are_refused(reader: str, name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot be read|does not exist|there is no"):
        READERS[reader](tmp_path / name)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no devices")
@pytest.mark.parametrize("reader", READERS)
def test_devices_are_refused_without_end(reader: str) -> None:
    with pytest.raises(DataError, match=r"^/dev/zero cannot be read: it is a pipe, socket or device"):
        READERS[reader](Path("/dev/zero"))


@pytest.mark.parametrize("reader", READERS)
def test_sockets_are_refused(reader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("digits.npz")
        with pytest.raises(DataError, match=r"^digits\.npz cannot be read: it is a pipe, socket or device"):
            READERS[reader](Path("digits.npz"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
@pytest.mark.parametrize("name", [*NAMES[:3], "3/picture.png"])
def test_pipes_in_folders_are_refused(name: str, pipe: Callable[[str], Path]) -> None:
    path = pipe(name)
    if "idx" in name:
        (path.parent / "train-labels-idx1-ubyte").write_bytes(idx(LABELS))
    with pytest.raises(DataError, match=f"{name} cannot be read: it is a pipe, socket or device"):
        load_dataset(path.parents[name.count("/")])


def test_endless_streams_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digits.preprocessing.opening.MAX_FILE_BYTES", 2**20)
    with Path("/dev/zero").open("rb") as endless, pytest.raises(DataError, match=r"^/dev/zero is larger than 1 MiB"):
        digits.read(endless)


def test_huge_pictures_in_folders_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("digits.preprocessing.opening.MAX_FILE_BYTES", 2**20)
    path = tmp_path / "3" / "huge.png"
    path.parent.mkdir()
    with path.open("wb") as file:
        file.truncate(2**20 + 1)
    with pytest.raises(DataError, match=r"huge\.png is larger than 1 MiB: shrink it"):
        load_dataset(tmp_path)


def npz(method: int = zipfile.ZIP_DEFLATED, **arrays: np.ndarray) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, array in (arrays or {"images": IMAGES, "labels": LABELS}).items():
            with archive.open(f"{name}.npy", "w") as member:
                np.save(member, array)
    return content.getvalue()


def encrypted(content: bytes) -> bytes:
    """Mark every member of a ZIP file as encrypted."""
    marked = bytearray(content)
    for start, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        place = marked.find(start)
        while place >= 0:
            marked[place + flags] |= 1
            place = marked.find(start, place + 1)
    return bytes(marked)


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def table(images: np.ndarray = IMAGES, labels: np.ndarray = LABELS) -> bytes:
    rows = np.column_stack([labels, images.reshape(len(images), -1)]).tolist()
    return "\n".join(",".join(map(str, row)) for row in rows).encode()


def test_encrypted_archives_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(encrypted(npz()))
    for read in (load_dataset, lambda path: list(read_unlabelled(path))):
        with pytest.raises(DataError, match=r"a\.npz is encrypted\. Unpack it with its password"):
            read(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("name", "content", "mutate"),
    [
        ("a.npz", npz(zipfile.ZIP_STORED), mutate_bytes),
        ("a.npz", npz(zipfile.ZIP_DEFLATED), mutate_packed),
        ("a.npz", npz(zipfile.ZIP_LZMA), mutate_bytes),
        ("a.npz", npz(zipfile.ZIP_BZIP2), mutate_bytes),
        ("a.csv", table(IMAGES[:3], LABELS[:3]), mutate_bytes),
        ("train-images-idx3-ubyte", idx(IMAGES), mutate_bytes),
        ("train-images-idx3-ubyte", gzip.compress(idx(IMAGES)), mutate_packed),
    ],
    ids=["npz", "npz deflated", "npz lzma", "npz bzip2", "csv", "idx", "idx gzipped"],
)
def test_damaged_sets_are_read_or_refused(
    name: str, content: bytes, mutate: Callable[[bytes, Random], bytes], tmp_path: Path
) -> None:
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(LABELS))
    refusals = []
    for seed in range(25):
        (tmp_path / name).write_bytes(mutate(content, Random(seed)))
        for read in (load_dataset, lambda path: list(read_unlabelled(path))):
            try:
                read(tmp_path / name)
            except DataError as error:
                refusals.append(str(error).removeprefix(str(tmp_path)))
    assert refusals
    assert all(message.startswith("/") and len(message) < 1000 for message in refusals)


@pytest.fixture
def small_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A machine of 64 KiB."""
    monkeypatch.setattr(os, "sysconf", lambda name: {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 16}[name])
    return 2**14


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("train-images-idx3-ubyte", idx(IMAGES)),
        ("train-images-idx3-ubyte.gz", gzip.compress(idx(IMAGES))),
        ("a.npz", npz()),
        ("a.csv", table()),
    ],
)
def test_sets_that_do_not_fit_into_memory_are_refused(
    name: str, content: bytes, small_machine: int, tmp_path: Path
) -> None:
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(LABELS))
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"{name} is too large: .*on this machine, the limit is {small_machine:,}"):
        load_dataset(tmp_path / name)


def test_limit_is_a_share_of_the_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    limits = []
    for pages, container in ((2**18, "max\n"), (2**18, f"{2**28}\n"), (2**30, "max\n"), (-1, "")):
        monkeypatch.setattr(os, "sysconf", lambda name, pages=pages: 4096 if name == "SC_PAGE_SIZE" else pages)
        (tmp_path / "memory.max").write_text(container)
        monkeypatch.setattr(memory, "CONTAINER_LIMIT", tmp_path / "memory.max")
        limits.append(memory.max_array_bytes())
    assert limits == [2**28, 2**26, 2**32, 2**32]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("train-images-idx3-ubyte.gz", gzip.compress(idx(IMAGES) + bytes(2**26))),
        ("a.npz", npz(images=IMAGES, labels=LABELS, more=np.zeros(2**26, np.uint8))),
    ],
)
def test_no_more_is_unpacked_than_announced_and_needed(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(LABELS))
    (tmp_path / name).write_bytes(content)
    tracemalloc.start()
    with contextlib.suppress(DataError):  # of more than the header announces
        load_dataset(tmp_path / name)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**22


@pytest.mark.parametrize("place", ["first", "later"])
def test_endless_lines_are_refused(place: str, tmp_path: Path) -> None:
    rows = table(IMAGES[:2], LABELS[:2]) + b"\n" if place == "later" else b""
    (tmp_path / "a.csv").write_bytes(rows + b"0," * MAX_LINE)
    with pytest.raises(DataError, match=r"a\.csv has over 65,536 characters in line [13]\. Save one digit per line"):
        load_dataset(tmp_path / "a.csv")


@pytest.mark.parametrize("digit", ["9", "0", "x", "-", "\u0663", "\x1b"])
def test_long_cells_are_read_or_quoted_in_short(digit: str, tmp_path: Path) -> None:
    """Python refuses to convert numbers of over 4,300 digits."""
    for column in (0, 7):
        cells = table(IMAGES[:1], LABELS[:1]).decode().split(",")
        cells[column] = digit * 5000
        (tmp_path / "a.csv").write_text("\n".join([",".join(cells)] * 2), encoding="utf-8")
        if digit == "0":
            assert len(load_labelled(tmp_path / "a.csv")) == 2
            continue
        with pytest.raises(DataError) as caught:
            load_labelled(tmp_path / "a.csv")
        assert len(str(caught.value)) < 400 + len(str(tmp_path))
