"""NPZ files: arrays with the names of Keras, MedMNIST or scikit-learn, or plain ``images`` and ``labels``."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.data.file_errors import DOWNLOAD_AGAIN, damaged, describe_web_page, unreadable
from digits.data.formats.arrays import dataset_of, find_role, images_of
from digits.data.memory import max_array_bytes
from digits.data.raw_dataset import RawDataset
from digits.errors import DataError
from digits.files import open_file

ENCRYPTED = 1  # bit of a member's flags


def read_npz(path: Path) -> RawDataset:
    """Read a labelled dataset from an NPZ file.

    Raises
    ------
    DataError
        The file is not NPZ, damaged, encrypted, has other keys, is larger than `max_array_bytes` unpacked, or holds
        pickled objects: these are never loaded, because unpickling runs whatever code the file contains.
    """
    return dataset_of(load_arrays(path, lambda key: find_role(key) is not None), path)


def read_npz_images(path: Path) -> NDArray[Any]:
    """Read the images to classify, which `images_of` chooses; errors as in `read_npz`."""
    return images_of(load_arrays(path), path)


def is_npz(path: Path) -> bool:
    """Tell whether an archive holds arrays only, whatever it is called."""
    try:
        with open_file(path) as stream, zipfile.ZipFile(stream) as archive:
            names = archive.namelist()
    except Exception:  # as in `load_arrays`
        return False
    return bool(names) and all(name.endswith(".npy") for name in names)


def load_arrays(path: Path, is_wanted: Callable[[str], bool] = lambda key: True) -> dict[str, NDArray[Any]]:
    """Load all arrays, or the wanted ones and empty arrays for the others; errors as in `read_npz`."""
    try:
        with open_file(path) as stream:
            _check_archive(path, stream)
            with np.load(stream, allow_pickle=False) as archive:
                return {
                    key: _load_array(archive, key, path) if is_wanted(key) else np.empty(0) for key in archive.files
                }
    except DataError:
        raise
    except OSError as error:
        raise unreadable(path, error) from None
    except Exception as error:
        # damage raises BadZipFile, zlib.error, LZMAError, EOFError, SyntaxError …: no list would stay complete
        raise damaged(path, error) from None


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
