"""NPZ files of several conventions: Keras's ``mnist.npz``, MedMNIST's, or plain ``images`` and ``labels``."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.data.file_errors import AGAIN, unreadable, web_page
from digits.data.formats.idx import LARGEST
from digits.data.raw_dataset import MNIST_FILES, RawDataset, dataset_name, make_digits
from digits.errors import DataError

TRAIN = (("x_train", "y_train"), ("train_images", "train_labels"), ("images", "labels"))
TEST = (("x_test", "y_test"), ("test_images", "test_labels"))


def read_npz(path: Path) -> RawDataset:
    """Read a labelled set from an NPZ file; a validation part, as MedMNIST has, is left alone.

    Raises
    ------
    DataError
        The file is not NPZ, damaged, of other keys, larger than 4 GiB unpacked, or holds pickled objects, which are
        never loaded because unpickling runs whatever code the file brings.
    """
    arrays = _load(path)
    train = next((pair for pair in TRAIN if set(pair) <= arrays.keys()), None)
    test = next((pair for pair in TEST if set(pair) <= arrays.keys()), None)
    if train is None and test is None:
        raise DataError(
            f"{path} holds {', '.join(sorted(arrays)) or 'no arrays'}. Name the arrays "
            "x_train, y_train, x_test, y_test, or images, labels (and test_images, test_labels)."
        )
    present = [pair for pair in (train, test) if pair]
    digits = [make_digits(arrays[x], arrays[y], f"{path} ({x})", f"{path} ({y})") for x, y in present]
    keys = [key for pair in present for key in pair]
    return RawDataset(
        dataset_name(path), path, digits[0], digits[1] if len(digits) > 1 else None,
        {role: f"{path} ({key})" for role, key in zip(MNIST_FILES, keys, strict=False)},
    )  # fmt: skip


def read_images(path: Path) -> NDArray[Any]:
    """Read the digits to be named of an NPZ file: its test part, else its only part, else its only array.

    Raises
    ------
    DataError
        As `read_npz`.
    """
    arrays = _load(path, every=True)
    names = [images for images, _ in (*TEST, TRAIN[2], TRAIN[0], TRAIN[1]) if images in arrays]
    if not names and len(arrays) != 1:
        raise DataError(
            f"{path} holds {', '.join(sorted(arrays)) or 'no arrays'}. Name the array of the digits images."
        )
    return arrays[names[0]] if names else next(iter(arrays.values()))


def _load(path: Path, *, every: bool = False) -> dict[str, NDArray[Any]]:
    try:
        with path.open("rb") as stream:
            head = stream.read(4096)
        if not zipfile.is_zipfile(path):
            if not head:
                finding = "is empty"
            elif head.startswith(b"PK"):
                finding = "is cut: its table of contents, at the end, is missing"
            else:
                finding = web_page(head) or f"is not NPZ: it starts with {head[:4].hex(' ')}, NPZ with 50 4b"
            raise DataError(f"{path} {finding}. {AGAIN}")
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > LARGEST:
            raise DataError(f"{path} is refused: it unpacks to {size:,} bytes, more than {LARGEST:,}.")
        with np.load(path, allow_pickle=False) as archive:
            wanted = {key for pair in TRAIN + TEST for key in pair}
            return {
                key: _member(archive, key, path) if every or key in wanted else np.empty(0) for key in archive.files
            }
    except OSError as error:
        raise unreadable(path, error) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, MemoryError, NotImplementedError, ValueError) as error:
        raise DataError(f"{path} is damaged: it does not unpack ({error}). {AGAIN}") from None


def _member(archive: Any, key: str, path: Path) -> NDArray[Any]:
    try:
        array = archive[key]
    except ValueError as error:
        if "pickle" not in str(error):
            raise
        raise DataError(
            f"{path} ({key}) holds pickled Python objects, which are not loaded: unpickling can run any code. "
            "Save plain arrays of uint8."
        ) from None
    if not isinstance(array, np.ndarray):
        raise DataError(f"{path} ({key}) is not an array in npy form. Write the file with numpy.savez.")
    return array
