"""MAT files against SciPy: the same arrays under the same names, and what we write is read by it."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from digits.data.formats import matlab
from digits.data.formats.matlab import load_arrays
from digits.data.formats.writing import write_digits
from digits.errors import DataError
from digits.types import LabelledDigits

RNG = np.random.default_rng(0)
NUMBERS = [RNG.integers(0, 100, (3, 4, 5)).astype(kind) for kind in ("u1", "i1", "<i2", "u2", "i4", "u4", "i8", "u8")]
ARRAYS: dict[str, Any] = {
    **{f"a{array.dtype.str[1:]}": array for array in (*NUMBERS, RNG.random((2, 7)), RNG.random(3).astype("f4"))},
    "one": np.array([[7]]), "column": np.arange(4.0)[:, None], "flags": np.array([True, False]),
    "complex": np.array([1j, 2]), "text": "abc", "cells": np.array([1, "x"], object),
    "dataset": {"train": {"images": NUMBERS[0], "labels": np.arange(3), "deep": {"x": {"y": {"z": np.ones(2)}}}}},
}  # fmt: skip


@pytest.mark.parametrize("is_packed", [False, True])
def test_arrays_are_those_of_scipy(is_packed: bool, tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", ARRAYS, do_compression=is_packed)
    theirs = loadmat(tmp_path / "a.mat", simplify_cells=True)
    train = theirs.pop("dataset")["train"]
    known = {name: value for name, value in theirs.items() if name in ARRAYS and name not in ("one", "text", "cells")}
    known |= {f"dataset.train.{name}": train[name] for name in ("images", "labels")}
    found = load_arrays(tmp_path / "a.mat")
    assert found.keys() == known.keys() - {"complex"}, "what is nested more deeply is left out, as what is no number"
    for name, array in found.items():
        np.testing.assert_array_equal(array, known[name])


def element(kind: int, content: bytes) -> bytes:
    return struct.pack(">II", kind, len(content)) + content + bytes(-len(content) % 8)


def test_numbers_with_the_highest_byte_first_are_read(tmp_path: Path) -> None:
    shape = element(5, struct.pack(">ii", 2, 3))
    name = struct.pack(">HH", 1, 1) + b"x\0\0\0"  # so short that it lies in its tag
    body = element(6, struct.pack(">II", 6, 0)) + shape + name + element(3, struct.pack(">6h", *range(6)))
    (tmp_path / "a.mat").write_bytes(matlab.MAGIC.ljust(124) + b"\1\0MI" + element(14, body))
    np.testing.assert_array_equal(load_arrays(tmp_path / "a.mat")["x"], [[0, 2, 4], [1, 3, 5]])


def test_shape_below_zero_is_damage(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"x": np.zeros((2, 3), np.uint8)})
    content = (tmp_path / "a.mat").read_bytes()
    (tmp_path / "a.mat").write_bytes(content.replace(struct.pack("<ii", 2, 3), struct.pack("<ii", -1, 3)))
    with pytest.raises(DataError, match=r"a\.mat is damaged: it does not load"):
        load_arrays(tmp_path / "a.mat")


def test_scipy_reads_what_is_written(tmp_path: Path) -> None:
    images = RNG.integers(0, 256, (5, 28, 28), np.uint8)
    write_digits({"train": LabelledDigits(images, np.arange(5, dtype=np.uint8))}, tmp_path / "a.mat")
    read = loadmat(tmp_path / "a.mat")
    np.testing.assert_array_equal(read["x_train"], images.reshape(5, 784))
    np.testing.assert_array_equal(read["y_train"].ravel(), range(5))
