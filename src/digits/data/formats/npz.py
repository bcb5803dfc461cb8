"""NPZ files with the keys of Keras, MedMNIST or scikit-learn, or plain ``images`` and ``labels``."""

from __future__ import annotations

import zipfile
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.data.file_errors import DOWNLOAD_AGAIN, describe_web_page, unreadable
from digits.data.memory import max_array_bytes
from digits.data.raw_dataset import MNIST_FILES, RawDataset, dataset_name, make_digits
from digits.errors import DataError
from digits.files import open_file

TRAIN_KEYS = (
    ("x_train", "y_train"),
    ("train_images", "train_labels"),
    ("images", "labels"),
    ("X", "y"),
    ("x", "y"),
    ("arr_0", "arr_1"),
)
TEST_KEYS = (("x_test", "y_test"), ("test_images", "test_labels"))
ENCRYPTED = 1  # bit of a member's flags
IMAGE_KEYS = tuple(images for images, _ in TEST_KEYS + TRAIN_KEYS)


def read_npz(path: Path) -> RawDataset:
    """Read a labelled dataset from an NPZ file; a validation fold, as MedMNIST has, is ignored.

    Raises
    ------
    DataError
        The file is not NPZ, damaged, encrypted, has other keys, is larger than `max_array_bytes` unpacked, or holds
        pickled objects: these are never loaded, because unpickling runs whatever code the file contains.
    """
    arrays = load_arrays(path, {key for pair in TRAIN_KEYS + TEST_KEYS for key in pair})
    pairs = [next((pair for pair in fold if set(pair) <= arrays.keys()), None) for fold in (TRAIN_KEYS, TEST_KEYS)]
    present = [pair for pair in pairs if pair]
    if not present:
        raise DataError(
            f"{path} holds {', '.join(sorted(arrays)) or 'no arrays'}. Name the arrays "
            "x_train, y_train, x_test, y_test, or images, labels (and test_images, test_labels)."
        )
    digits = [make_digits(arrays[x], arrays[y], f"{path} ({x})", f"{path} ({y})") for x, y in present]
    keys = [key for pair in present for key in pair]
    sources = {name: f"{path} ({key})" for name, key in zip(MNIST_FILES, keys, strict=False)}
    return RawDataset(dataset_name(path), path, *digits, sources=sources)


def read_npz_images(path: Path) -> NDArray[Any]:
    """Read the images to classify: under the first of `IMAGE_KEYS`, or the only array; errors as in `read_npz`."""
    arrays = load_arrays(path)
    if key := next(iter(arrays) if len(arrays) == 1 else (key for key in IMAGE_KEYS if key in arrays), None):
        return arrays[key]
    raise DataError(f"{path} holds {', '.join(sorted(arrays)) or 'no arrays'}. Call the array with the digits images.")


def load_arrays(path: Path, wanted: set[str] | None = None) -> dict[str, NDArray[Any]]:
    """Load all arrays, or the wanted ones and empty arrays for the others; errors as in `read_npz`."""
    try:
        with open_file(path) as stream:
            _check_archive(path, stream)
            with np.load(stream, allow_pickle=False) as archive:
                return {
                    key: _load_array(archive, key, path) if wanted is None or key in wanted else np.empty(0)
                    for key in archive.files
                }
    except DataError:
        raise
    except OSError as error:
        raise unreadable(path, error) from None
    except Exception as error:
        # damage raises BadZipFile, zlib.error, LZMAError, EOFError, SyntaxError …: no list would stay complete
        raise DataError(f"{path} is damaged: it does not unpack ({error}). {DOWNLOAD_AGAIN}") from None


def _check_archive(path: Path, stream: BufferedReader) -> None:
    """Check what the table of contents announces, before anything is unpacked; no more than that is unpacked."""
    head = stream.read(4096)
    if not zipfile.is_zipfile(stream):
        if not head:
            problem = "is empty"
        elif head.startswith(b"PK"):
            problem = "is truncated: its table of contents, at the end, is missing"
        else:
            problem = describe_web_page(head) or f"is not NPZ: it starts with {head[:4].hex(' ')}, NPZ with 50 4b"
        raise DataError(f"{path} {problem}. {DOWNLOAD_AGAIN}")
    with zipfile.ZipFile(stream) as archive:
        members = archive.infolist()
    if any(member.flag_bits & ENCRYPTED for member in members):
        raise DataError(f"{path} is encrypted. Unpack it with its password, and save the arrays with numpy.savez.")
    size, limit = sum(member.file_size for member in members), max_array_bytes()
    if size > limit:
        raise DataError(
            f"{path} is too large: it unpacks to {size:,} bytes; on this machine, the limit is {limit:,}. "
            "Split it into smaller files."
        )
    stream.seek(0)


def _load_array(archive: Any, key: str, path: Path) -> NDArray[Any]:
    try:
        array = archive[key]
    except ValueError as error:
        if "pickle" not in str(error):
            raise
        raise DataError(
            f"{path} ({key}) holds pickled Python objects, which could run any code when loaded. "
            "Save plain arrays of uint8."
        ) from None
    if not isinstance(array, np.ndarray):
        raise DataError(f"{path} ({key}) is not an array in npy form. Write the file with numpy.savez.")
    return array
