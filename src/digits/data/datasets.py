"""Loading any dataset: which format a path is in, and which reader it needs."""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from digits.data.file_errors import existing_path
from digits.data.formats.idx_sets import find_idx_sets, is_idx_name, read_idx_pair
from digits.data.formats.npz import is_npz
from digits.data.formats.pictures import Decode, PictureFitter
from digits.data.identity import make_dataset
from digits.data.mnist import DATA_VARIABLE, find_mnist_in, load_mnist
from digits.data.raw_dataset import DIGIT_NAMES, RawDataset
from digits.data.readers import ARCHIVE, find_kind, read_by_names, read_images, read_labelled
from digits.errors import DataError
from digits.files import MemoryFile
from digits.types import Dataset, Images, LabelledDigits

log = logging.getLogger(__name__)


def load_dataset(
    path: str | os.PathLike[str] | None = None, *, download: bool = True, decode: Decode | None = None
) -> Dataset:
    """Load any labelled dataset of 28 × 28 images with at most ten classes; by default MNIST.

    Supported are IDX files (MNIST, Fashion-MNIST, KMNIST, EMNIST digits, QMNIST, or a single pair), NPZ, pairs of NPY,
    MATLAB's MAT, pickles of arrays, Parquet, tables (CSV, ARFF), archives of these, one folder of pictures per class,
    and pictures with a table of labels. Without a test fold, a stratified seventh is held out with a fixed seed.
    Pixels of 0–1 are scaled to 0–255 with a warning; otherwise, arrays are used as they are, and only pictures are
    resized and, when dark on light, inverted with a warning. Of several IDX datasets in one folder, MNIST is loaded if
    it is among them.

    Parameters
    ----------
    path
        A file or folder. None is ``$DIGITS_DATA`` if set, or else wherever `load_mnist` finds MNIST.
    download
        Whether MNIST may be downloaded when no path is given and it is missing.
    decode
        What turns the content of a picture file into a digit; without it, each is fitted into 28 × 28.

    Returns
    -------
    Dataset
        Named ``MNIST`` only if its content is; otherwise after its folder or file.

    Raises
    ------
    MissingMNISTError
        Neither argument nor variable names a path, and `load_mnist` finds no MNIST.
    DataNotFoundError
        The path does not exist.
    DataError
        Nothing there can be read, or it is broken, ambiguous, or partly MNIST and partly not.
    """
    path = path if path is not None else os.environ.get(DATA_VARIABLE) or None
    if path is None:
        return load_mnist(download=download)
    place = existing_path(path)
    if place.is_dir() and len(find_idx_sets(place)) > 1:
        with suppress(DataError):
            if found := find_mnist_in(place):
                return found
    return make_dataset(load_parts(place, decode=decode))


def load_parts(
    path: str | os.PathLike[str], *, labels_from_names: bool = False, decode: Decode | None = None
) -> RawDataset:
    """Load the parts of any labelled dataset as its files have them, neither identified nor split.

    Parameters
    ----------
    path
        Anything `load_dataset` understands.
    labels_from_names
        Whether the path is that of pictures whose names begin or end with their labels, such as ``7_001.png``.
    decode
        As in `load_dataset`.

    Raises
    ------
    DataNotFoundError
        The path does not exist.
    DataError
        Nothing there can be read, or it is broken or ambiguous.
    """
    place = existing_path(path)
    fitter = PictureFitter()
    raw = (read_by_names if labels_from_names else read_labelled)(place, decode or fitter)
    raw = dataclasses.replace(raw, picture_side=fitter.side)
    if "emnist" in raw.name.lower():
        log.warning("%s: EMNIST publishes transposed images; --transpose turns them upright.", place)
    return raw


def load_labelled(
    path: str | os.PathLike[str], *, digits_only: bool = False, decode: Decode | None = None
) -> LabelledDigits:
    """Load all digits of a dataset as one, for scoring: the training, validation and test digits.

    Parameters
    ----------
    path
        Anything `load_dataset` understands; of an IDX file, only its own fold is loaded.
    digits_only
        Whether to refuse classes that are not called 0 to 9.
    decode
        As in `load_dataset`.

    Raises
    ------
    DataNotFoundError
        The path does not exist.
    DataError
        As in `load_dataset`.
    """
    place = existing_path(path)
    if place.is_file() and is_idx_name(place):
        return read_idx_pair(place)
    raw = load_parts(place, decode=decode)
    if digits_only and raw.classes != DIGIT_NAMES:
        raise DataError(
            f"{place} has the classes {', '.join(raw.classes)}, which are not digits. Name its folders 0 to 9."
        )
    parts = [part for part in (raw.train, raw.validation, raw.test) if part]
    if len(parts) == 1:
        return raw.train
    return LabelledDigits(
        np.concatenate([part.images for part in parts]), np.concatenate([part.labels for part in parts])
    )


def is_digit_set(path: Path) -> bool:
    """Tell whether a file, or a folder without pictures, is a set of digits, by names or first bytes."""
    if path.is_dir():
        return any(find_kind(file) for file in path.glob("[!.]*") if file.is_file())
    return path.is_file() and bool(find_kind(path))


def read_unlabelled(path: str | os.PathLike[str], *, transpose: bool = False) -> Iterator[Images]:
    """Read the images to classify in batches, so that any number of them fits into memory.

    Parameters
    ----------
    path
        Anything `load_dataset` understands; labels are ignored, and not needed in a single file. Of several parts, the
        test images are read.
    transpose
        Whether to swap rows and columns of all images, as EMNIST needs.

    Raises
    ------
    DataError
        The file holds something else, or an invalid pixel; the message says where.
    """
    for images in read_images(existing_path(path)):
        yield _turn(images) if transpose else images


def read_unlabelled_content(content: bytes, name: str, *, transpose: bool = False) -> Iterator[Images]:
    """Read the images to classify from the content of a file, in batches, without writing anything to disk.

    Parameters
    ----------
    content
        A file of any format but an archive, which is unpacked to disk.
    name
        Its name: the ending helps to tell its format, and errors start with it. Folders in it are ignored.
    transpose
        As in `read_unlabelled`.

    Raises
    ------
    DataError
        As `read_unlabelled`.
    """
    file = MemoryFile.of(content, name)
    if find_kind(file) == ARCHIVE and is_npz(file):
        file = MemoryFile.of(content, f"{file}.npz")
    kind = find_kind(file)
    if kind == ARCHIVE:
        raise DataError(f"{file} is an archive. Send the file with the digits that is in it.")
    if not kind:
        raise DataError(
            f"{file} is no set of digits that is known by its name or its first bytes. Send IDX, NPZ, NPY, MAT, a "
            "pickle of arrays, Parquet, or a table under its name, such as digits.csv."
        )
    for images in read_images(file):
        yield _turn(images) if transpose else images


def _turn(images: Images) -> Images:
    return np.ascontiguousarray(images.swapaxes(1, 2))
