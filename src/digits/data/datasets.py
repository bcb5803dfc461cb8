"""Loading any dataset: which format a path is in, and which reader it needs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from digits.data.file_errors import existing_path
from digits.data.formats.class_folders import read_class_folders
from digits.data.formats.idx import is_idx, read_idx
from digits.data.formats.idx_sets import (
    find_idx_set,
    find_idx_sets,
    is_idx_name,
    read_idx_pair,
    read_idx_set,
    read_renamed_idx_pair,
)
from digits.data.formats.npz import read_npz, read_npz_images
from digits.data.formats.tables import BATCH_SIZE, has_label_column, read_csv, read_csv_batches
from digits.data.identity import make_dataset
from digits.data.mnist import DATA_VARIABLE, find_mnist_in, load_mnist
from digits.data.raw_dataset import DIGIT_NAMES, RawDataset, check_images, dataset_name
from digits.errors import DataError
from digits.types import Dataset, Images, LabelledDigits

SUPPORTED_FORMATS = (
    "IDX files (…-images-idx3-ubyte, …-labels-idx1-ubyte, .gz or not), an .npz, a .csv with label and 784 pixels, "
    "or one folder of pictures per class"
)


def load_dataset(path: str | os.PathLike[str] | None = None, *, download: bool = True) -> Dataset:
    """Load any labelled dataset of 28 × 28 images with at most ten classes; by default MNIST.

    Supported are IDX files (MNIST, Fashion-MNIST, KMNIST, EMNIST digits, or a single pair), NPZ (Keras, MedMNIST, or
    ``images`` and ``labels``), CSV (Kaggle), and one folder of pictures per class, with or without ``train`` and
    ``test`` above them. Where there is no test fold, a stratified seventh is held out with a fixed seed. Pixels of 0–1
    are scaled to 0–255 with a warning; otherwise, arrays are used as they are, and only pictures are resized and, when
    dark on light, inverted with a warning. Of several IDX datasets in one folder, MNIST is loaded if it is among them.

    Parameters
    ----------
    path
        A file or folder. None is ``$DIGITS_DATA`` if set, or else wherever `load_mnist` finds MNIST.
    download
        Whether MNIST may be downloaded when no path is given and it is missing.

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
    return make_dataset(_read(place))


def load_labelled(path: str | os.PathLike[str], *, digits_only: bool = False) -> LabelledDigits:
    """Load all digits of a dataset as one, for scoring: the training digits, then the test digits.

    Parameters
    ----------
    path
        Anything `load_dataset` understands; of an IDX file, only its own fold is loaded.
    digits_only
        Whether to refuse classes that are not called 0 to 9.

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
    raw = _read(place)
    if digits_only and raw.classes != DIGIT_NAMES:
        raise DataError(
            f"{place} has the classes {', '.join(raw.classes)}, which are not digits. Name its folders 0 to 9."
        )
    if raw.test is None:
        return raw.train
    return LabelledDigits(
        np.concatenate([raw.train.images, raw.test.images]), np.concatenate([raw.train.labels, raw.test.labels])
    )


def is_digit_set(path: Path) -> bool:
    """Tell whether a file is a set of digits rather than a picture, by its name or its first bytes."""
    if path.suffix.lower() in (".csv", ".npz") or not path.is_file():
        return path.is_file()
    return is_idx_name(path) or is_idx(path)


def read_unlabelled(path: str | os.PathLike[str]) -> Iterator[Images]:
    """Read the images to classify in batches, so that any number of them fits into memory.

    Parameters
    ----------
    path
        CSV, whose labels are ignored; an IDX file of images, gzipped or not; an NPZ with a single array or images
        under one of the names that `load_dataset` knows, of which the test images come first.

    Raises
    ------
    DataError
        The file holds something else, or an invalid pixel; the message says where.
    """
    path = existing_path(path)
    if path.suffix.lower() == ".csv":
        yield from (images for images, _ in read_csv_batches(path))
        return
    arrays = read_npz_images(path) if path.suffix.lower() == ".npz" else read_idx(path)
    images = check_images(arrays, str(path))
    for start in range(0, len(images), BATCH_SIZE):
        yield images[start : start + BATCH_SIZE]


def _read(place: Path) -> RawDataset:
    if place.is_file():
        if is_idx_name(place):
            return read_idx_set(find_idx_set(place))
        if place.suffix.lower() == ".npz":
            return read_npz(place)
        if place.suffix.lower() == ".csv":
            return RawDataset(dataset_name(place), place, read_csv(place))
        if is_idx(place):
            return read_renamed_idx_pair(place)
        raise DataError(f"{place} is in no supported format. Supported are {SUPPORTED_FORMATS}.")
    for read in (_read_idx_folder, _read_npz_folder, _read_csv_folder, read_class_folders):
        if raw := read(place):
            return raw
    problem = "holds no labelled digits in a supported format" if any(place.iterdir()) else "is an empty folder"
    raise DataError(f"{place} {problem}. Supported are {SUPPORTED_FORMATS}.")


def _read_idx_folder(folder: Path) -> RawDataset | None:
    sets = find_idx_sets(folder)
    _refuse_several(folder, [str(found.folder / found.prefix) for found in sets])
    return read_idx_set(sets[0]) if sets else None


def _read_npz_folder(folder: Path) -> RawDataset | None:
    files = sorted(folder.glob("*.npz"))
    _refuse_several(folder, [file.name for file in files])
    return read_npz(files[0]) if files else None


def _read_csv_folder(folder: Path) -> RawDataset | None:
    """Read the only CSV file with labels, or one called …train.csv and one called …test.csv."""
    files = [file for file in sorted(folder.glob("*.csv")) if has_label_column(file)]
    train = [file for file in files if file.stem.lower().endswith("train")]
    test = [file for file in files if file.stem.lower().endswith("test")]
    if len(train) == len(test) == 1 and len(files) == 2:
        return RawDataset(dataset_name(folder), folder, read_csv(train[0]), read_csv(test[0]))
    _refuse_several(folder, [file.name for file in files])
    return RawDataset(dataset_name(folder), folder, read_csv(files[0])) if files else None


def _refuse_several(folder: Path, names: list[str]) -> None:
    if len(names) > 1:
        raise DataError(f"{folder} holds several datasets: {', '.join(names)}. Name one of them.")
