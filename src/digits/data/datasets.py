"""Any labelled set: which format a path is in, and what becomes of it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from digits.data import mnist
from digits.data.file_errors import existing
from digits.data.formats.class_folders import read_pictures
from digits.data.formats.idx_sets import IdxSet, idx_sets, is_idx_name, read_idx_pair, read_idx_set, set_of
from digits.data.formats.npz import read_npz
from digits.data.formats.tables import has_label_column, read_csv
from digits.data.identity import make_dataset
from digits.data.raw_dataset import DIGIT_NAMES, RawDataset, dataset_name
from digits.errors import DataError
from digits.types import Dataset, LabelledDigits

FORMATS = (
    "IDX files (…-images-idx3-ubyte, …-labels-idx1-ubyte, .gz or not), an .npz, a .csv with label and 784 pixels, "
    "or one folder of pictures a class"
)


def load_dataset(path: str | os.PathLike[str] | None = None, *, download: bool = True) -> Dataset:
    """Load any labelled set of 28 × 28 digits, or of up to ten other things: MNIST when no path says otherwise.

    Understood are IDX files (MNIST, Fashion-MNIST, KMNIST, EMNIST digits, one pair alone), NPZ (Keras, MedMNIST, or
    ``images`` and ``labels``), CSV (Kaggle's), and a folder of pictures a class, with ``train`` and ``test`` above them
    or without. Where there is no test part, a seventh is held out for it, stratified and with a fixed seed. Arrays are
    taken as they are; only pictures are resized and, when dark on light, inverted with a notice. A folder of several
    sets of IDX files gives MNIST when it is among them.

    Parameters
    ----------
    path
        A file or folder. None is ``$DIGITS_DATA`` if set, or else wherever `load_mnist` finds MNIST.
    download
        Whether MNIST may be downloaded when there is no path and it is on this machine nowhere.

    Returns
    -------
    Dataset
        Named ``MNIST`` only when its content is; otherwise after its folder or file.

    Raises
    ------
    MissingMNISTError
        No path and no variable names a place, and `load_mnist` finds MNIST nowhere.
    DataError
        Nothing is there that can be read, or it is broken, ambiguous, or partly MNIST and partly not.
    """
    if path is None and not os.environ.get(mnist.VARIABLE):
        return mnist.load_mnist(download=download)
    place = existing(path if path is not None else os.environ[mnist.VARIABLE])
    if place.is_file() and is_idx_name(place):
        return make_dataset(read_idx_set(set_of(place)))
    sets = idx_sets(place) if place.is_dir() else []
    if len(sets) > 1:
        return _mnist_among(place, sets)
    return make_dataset(_read(place, sets))


def load_labelled(path: str | os.PathLike[str], *, digits_only: bool = False) -> LabelledDigits:
    """Load all digits of a set as one, for scoring: every part of a file or folder; of an IDX file, its own pair.

    Parameters
    ----------
    path
        Anything `load_dataset` understands.
    digits_only
        Whether to refuse a folder whose classes are not called 0 to 9.

    Returns
    -------
    LabelledDigits
        Training digits first, then test digits, where the set has both.

    Raises
    ------
    DataError
        As `load_dataset`.
    """
    place = existing(path)
    if place.is_file() and is_idx_name(place):
        return read_idx_pair(set_of(place), place)
    sets = idx_sets(place) if place.is_dir() else []
    if len(sets) > 1:
        raise _ambiguous(place, [str(files.folder / files.prefix) for files in sets])
    parts = _read(place, sets)
    if digits_only and parts.classes != DIGIT_NAMES:
        raise DataError(
            f"{place} has the classes {', '.join(parts.classes)}, which are no digits. Name its folders 0 to 9."
        )
    if parts.test is None:
        return parts.train
    return LabelledDigits(
        np.concatenate([parts.train.images, parts.test.images]), np.concatenate([parts.train.labels, parts.test.labels])
    )


def _read(place: Path, sets: list[IdxSet]) -> RawDataset:
    if sets:
        return read_idx_set(sets[0])
    if place.is_file():
        if place.suffix.lower() == ".npz":
            return read_npz(place)
        if place.suffix.lower() == ".csv":
            return RawDataset(dataset_name(place), place, read_csv(place))
        raise DataError(f"{place} is in no format known here. Give {FORMATS}.")
    for read in (_only_npz, _csv_folder, read_pictures):
        if parts := read(place):
            return parts
    finding = "holds nothing that can be read as labelled digits" if any(place.iterdir()) else "is an empty folder"
    raise DataError(f"{place} {finding}. Put there {FORMATS}.")


def _only_npz(folder: Path) -> RawDataset | None:
    files = sorted(folder.glob("*.npz"))
    if len(files) > 1:
        raise _ambiguous(folder, [file.name for file in files])
    return read_npz(files[0]) if files else None


def _csv_folder(folder: Path) -> RawDataset | None:
    """Read a folder of CSV files: one with labels, or one called …train.csv and one …test.csv."""
    tables = sorted(folder.glob("*.csv"))
    files = [file for file in tables if has_label_column(file)]
    train = [file for file in files if file.stem.lower().endswith("train")]
    test = [file for file in files if file.stem.lower().endswith("test")]
    if len(train) == len(test) == 1 and len(files) == 2:
        return RawDataset(dataset_name(folder), folder, read_csv(train[0]), read_csv(test[0]))
    if len(files) > 1:
        raise _ambiguous(folder, [file.name for file in files])
    return RawDataset(dataset_name(folder), folder, read_csv(files[0])) if files else None


def _mnist_among(place: Path, sets: list[IdxSet]) -> Dataset:
    try:
        found = mnist.mnist_in(place)
    except DataError:
        found = None
    if found is None:
        raise _ambiguous(place, [str(files.folder / files.prefix) for files in sets])
    return found


def _ambiguous(place: Path, names: list[str]) -> DataError:
    return DataError(f"{place} holds several sets: {', '.join(names)}. Name the one that is meant.")
