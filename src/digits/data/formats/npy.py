"""NPY files: one array each, such as ``X_train.npy`` with ``y_train.npy``, or ``images.npy`` with ``labels.npy``."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from digits.data.file_errors import DOWNLOAD_AGAIN, damaged, describe_web_page, unreadable
from digits.data.formats.arrays import dataset_of, find_pairs, turn_images
from digits.data.formats.names import bare_name, suffix_of
from digits.data.memory import max_array_bytes
from digits.data.raw_dataset import RawDataset
from digits.errors import DataError
from digits.files import open_file

MAGIC = npy.MAGIC_PREFIX

MAX_HEADER = 10_000  # characters, which is numpy's own limit; the header is parsed as a literal


def read_npy_folder(folder: Path) -> RawDataset | None:
    """Read the NPY files of a folder whose names say that they hold images and labels; None if there are none.

    Raises
    ------
    DataError
        A file is broken, or images and labels do not belong together.
    """
    files = _find_files(folder)
    pairs = find_pairs(files)
    if not pairs:
        return None
    arrays = {name: load_npy(files[name]) for pair in pairs.values() for name in pair}
    return dataset_of(arrays, folder)


def read_npy(path: Path) -> RawDataset:
    """Read one NPY file and its counterpart beside it; errors as in `read_npy_folder`."""
    files = _find_files(path.parent)
    for pair in find_pairs(files).values():
        if path in {files[name] for name in pair}:
            return dataset_of({name: load_npy(files[name]) for name in pair}, path)
    load_npy(path)  # if it is broken, that is what to say
    raise DataError(
        f"{path} is one array, and no file beside it holds what belongs to it. Put images and labels into one folder, "
        "as X_train.npy and y_train.npy, or images.npy and labels.npy."
    )


def read_npy_images(path: Path) -> NDArray[Any]:
    """Read the images to classify; errors as in `load_npy`."""
    return turn_images(load_npy(path))


def _find_files(folder: Path) -> dict[str, Path]:
    """Find NPY files by the names of their arrays."""
    files = (path for path in sorted(folder.glob("[!.]*")) if suffix_of(path) == ".npy")
    return {PurePath(bare_name(path)).stem: path for path in files}


def load_npy(path: Path) -> NDArray[Any]:
    """Load the array of an NPY file.

    Raises
    ------
    DataError
        The file is not NPY, damaged, larger than `max_array_bytes`, or holds pickled objects, which are never loaded.
    """
    try:
        with open_file(path) as stream:
            head = stream.read(4096)
            if not head.startswith(MAGIC):
                problem = describe_web_page(head) if head else "is empty"
                raise DataError(f"{path} {problem or 'is not NPY: it starts otherwise'}. {DOWNLOAD_AGAIN}")
            stream.seek(0)
            version = npy.read_magic(stream)
            read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, _, dtype = read_header(stream, max_header_size=MAX_HEADER)
            if dtype.hasobject:
                raise DataError(
                    f"{path} holds pickled Python objects, which could run any code when loaded. "
                    "Save plain arrays of uint8."
                )
            size = dtype.itemsize * np.prod(shape, dtype=object)
            if size > (limit := max_array_bytes()):
                raise DataError(
                    f"{path} is too large: its header announces {size:,} bytes; on this machine, the limit is "
                    f"{limit:,}. Split it into smaller files."
                )
            stream.seek(0)
            array: NDArray[Any] = npy.read_array(stream, allow_pickle=False, max_header_size=MAX_HEADER)
            return array
    except DataError:
        raise
    except OSError as error:
        raise unreadable(path, error) from None
    except Exception as error:  # damage raises ValueError, SyntaxError, TokenError …: no list would stay complete
        raise damaged(path, error) from None
