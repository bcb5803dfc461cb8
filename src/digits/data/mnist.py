"""Finding MNIST: the places to search, their order, and the error when it is missing."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from digits.data.download import MIRRORS, cache_folder, fetch_mnist
from digits.data.file_errors import existing_path
from digits.data.formats.idx_sets import find_idx_set, find_idx_sets, is_idx_name, read_idx_set
from digits.data.formats.npz import read_npz
from digits.data.identity import MNIST_SHA256, make_dataset
from digits.data.raw_dataset import MNIST_FILES, RawDataset
from digits.errors import DataError, DataNotFoundError, MissingMNISTError
from digits.types import Dataset

log = logging.getLogger(__name__)

DATA_VARIABLE = "DIGITS_DATA"  # environment variable with the path of the data
DATA_FOLDER = Path("data/mnist")  # searched below the working directory


def load_mnist(data: str | os.PathLike[str] | None = None, *, download: bool = True) -> Dataset:
    """Find or download MNIST: 60,000 training digits and 10,000 test digits.

    Places are tried in this order: `data`, ``$DIGITS_DATA``, ``data/mnist``, the user's cache, the mirrors. If the
    argument or the variable names a place, no other is searched. MNIST is recognized by the SHA-256 of its decoded
    arrays, so any copy counts (IDX plain or gzipped, torchvision's folders, ``mnist.npz``) and nothing else does.
    ``$DIGITS_MIRRORS`` replaces the mirrors, for example by a school's own; separate several with commas.

    Parameters
    ----------
    data
        A folder, searched four levels deep, or one of the files.
    download
        Whether MNIST may be downloaded.

    Returns
    -------
    Dataset
        Named ``MNIST``.

    Raises
    ------
    MissingMNISTError
        No place was named, MNIST is in none of the usual ones, and it could not be downloaded.
    DataNotFoundError
        The named place does not exist, or MNIST is missing and must not be downloaded.
    DataError
        The named place holds no MNIST, or a broken one.
    """
    if data is not None:
        return _load_from(Path(data))
    if variable := os.environ.get(DATA_VARIABLE):
        try:
            return _load_from(Path(variable))
        except DataError as error:
            raise type(error)(f"{error} The path comes from ${DATA_VARIABLE}.") from None
    cache = cache_folder()
    for folder in (DATA_FOLDER, cache):
        try:
            if folder.is_dir() and (found := find_mnist_in(folder)):
                return found
        except DataError as error:
            log.warning("%s Searching for MNIST elsewhere.", error)
    missing = f"No complete MNIST is in {DATA_FOLDER.absolute()} or {cache}"
    manual = (
        f"To get it manually: download {', '.join(f'{name}.gz' for name in MNIST_FILES)} from {MIRRORS[0]} with a "
        f"browser, or copy any MNIST from another machine; put the files into {DATA_FOLDER}, or name their folder with "
        f"--data or ${DATA_VARIABLE}."
    )
    if not download:
        raise DataNotFoundError(f"{missing}, and downloading is disabled. {manual}")
    try:
        return make_dataset(fetch_mnist(cache))
    except DataError as error:
        raise MissingMNISTError(f"{missing}, and it could not be downloaded.\n{error}\n{manual}") from None


def find_mnist_in(place: Path) -> Dataset | None:
    """Find MNIST in a folder, or around one of its files; None if no file there is named like MNIST's.

    Raises
    ------
    DataError
        There are such files, but none of their datasets is MNIST; the message gives the first reason.
    """
    problem: DataError | None = None
    for read in _find_candidates(place):
        try:
            raw = read()
            dataset = make_dataset(raw)
            if dataset.name == "MNIST":
                return dataset
            problem = problem or _not_mnist(raw, dataset)
        except DataError as error:
            problem = problem or error
    if problem:
        raise problem
    return None


def _load_from(place: Path) -> Dataset:
    place = existing_path(place)
    if found := find_mnist_in(place):
        return found
    raise DataError(
        f"{place} holds no MNIST: no mnist.npz and none of {', '.join(MNIST_FILES)} (.gz or not). "
        "Name the folder that holds them; load_dataset reads other datasets."
    )


def _find_candidates(place: Path) -> list[Callable[[], RawDataset]]:
    if place.is_file():
        if place.suffix.lower() == ".npz":
            return [partial(read_npz, place)]
        return [partial(read_idx_set, find_idx_set(place), need_both=True)] if is_idx_name(place) else []
    # A folder called MNIST first: torchvision keeps datasets with the same file names beside it.
    sets = sorted(find_idx_sets(place), key=lambda s: "mnist" not in (part.lower() for part in s.folder.parts))
    archives = sorted(place.glob("mnist.npz"))
    return [*(partial(read_idx_set, s, need_both=True) for s in sets), *(partial(read_npz, path) for path in archives)]


def _not_mnist(raw: RawDataset, dataset: Dataset) -> DataError:
    name = next(name for name in MNIST_FILES if dataset.sha256[name] != MNIST_SHA256[name])
    return DataError(
        f"{raw.sources.get(name, raw.location)} is not MNIST's {name}: its decoded SHA-256 is "
        f"{dataset.sha256[name]}, MNIST's is {MNIST_SHA256[name]}. To load another dataset, use load_dataset."
    )
