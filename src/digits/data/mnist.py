"""Finding MNIST: where it is looked for, in which order, and what is said when it is not there."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from digits.data.download import MIRRORS, cache_folder, fetch_mnist
from digits.data.file_errors import existing
from digits.data.formats.idx_sets import idx_sets, is_idx_name, read_idx_set, set_of
from digits.data.formats.npz import read_npz
from digits.data.identity import MNIST_SHA256, make_dataset
from digits.data.raw_dataset import MNIST_FILES, RawDataset
from digits.errors import DataError, MissingMNISTError
from digits.types import Dataset

log = logging.getLogger(__name__)

VARIABLE = "DIGITS_DATA"
"""Environment variable that names the place of the data."""

FOLDER = Path("data/mnist")
"""Looked into below the working directory."""


def load_mnist(data: str | os.PathLike[str] | None = None, *, download: bool = True) -> Dataset:
    """Find MNIST, or download it: 60,000 digits to learn from, 10,000 to be judged by.

    Looked for in `data`, ``$DIGITS_DATA``, ``data/mnist``, the user's cache, and at the mirrors, in this order. A place
    that was named, by argument or variable, is the only one looked into. MNIST is known by the SHA-256 of its decoded
    arrays, so that any copy counts (IDX plain or gzipped, torchvision's folders, ``mnist.npz``) and no wrong one does.
    Schools with a mirror of their own name it, or several parted by commas, in ``$DIGITS_MIRRORS``.

    Parameters
    ----------
    data
        A folder, searched four folders deep, or one of the files.
    download
        Whether the mirrors may be asked.

    Returns
    -------
    Dataset
        ``train`` with 60,000 and ``test`` with 10,000 digits, named ``MNIST``.

    Raises
    ------
    MissingMNISTError
        No place was named, MNIST is nowhere, and it could not be downloaded.
    DataError
        The named place holds no MNIST or a broken one, or MNIST is nowhere and must not be downloaded.
    """
    if data is not None:
        return _named_place(Path(data))
    if variable := os.environ.get(VARIABLE):
        try:
            return _named_place(Path(variable))
        except DataError as error:
            raise DataError(f"{error} The place comes from ${VARIABLE}.") from None
    cache = cache_folder()
    for place in (FOLDER, cache):
        try:
            if place.is_dir() and (found := mnist_in(place)):
                return found
        except DataError as error:
            log.warning("%s Looking for MNIST elsewhere.", error)
    places = f"No whole MNIST is in {FOLDER.absolute()} or {cache}"
    if not download:
        raise DataError(f"{places}, and downloading is switched off. {by_hand()}")
    try:
        return make_dataset(fetch_mnist(cache))
    except DataError as error:
        raise MissingMNISTError(f"{places}, and it could not be downloaded.\n{error}\n{by_hand()}") from None


def by_hand() -> str:
    """Tell how to get MNIST without us."""
    return (
        f"To get it by hand: download {', '.join(f'{role}.gz' for role in MNIST_FILES)} from {MIRRORS[0]} with a "
        f"browser, or copy any MNIST from another machine, and put the files into {FOLDER}, "
        f"or name their folder with --data or ${VARIABLE}."
    )


def mnist_in(place: Path) -> Dataset | None:
    """Look for MNIST in a folder, or around one of its files; None when nothing there is called as its files are.

    Raises
    ------
    DataError
        There are such files, and none of the sets they make is MNIST; the message tells the first reason.
    """
    problem: DataError | None = None
    for read in _candidates(place):
        try:
            dataset = make_dataset(parts := read())
            if dataset.name == "MNIST":
                return dataset
            problem = problem or _other_set(parts, dataset)
        except DataError as error:
            problem = problem or error
    if problem:
        raise problem
    return None


def _named_place(place: Path) -> Dataset:
    place = existing(place)
    if found := mnist_in(place):
        return found
    raise DataError(
        f"{place} holds no MNIST: no mnist.npz and none of {', '.join(MNIST_FILES)} (.gz or not). "
        "Name the folder that holds them; other labelled sets are read by load_dataset."
    )


def _candidates(place: Path) -> list[Callable[[], RawDataset]]:
    if place.is_file():
        if place.suffix.lower() == ".npz":
            return [partial(read_npz, place)]
        return [partial(read_idx_set, set_of(place), both=True)] if is_idx_name(place) else []
    # The ones in a folder called MNIST first: torchvision keeps its likes beside it.
    sets = sorted(idx_sets(place), key=lambda s: "mnist" not in (part.lower() for part in s.folder.parts))
    return [
        *(partial(read_idx_set, s, both=True) for s in sets),
        *(partial(read_npz, path) for path in sorted(place.glob("mnist.npz"))),
    ]


def _other_set(parts: RawDataset, dataset: Dataset) -> DataError:
    role = next(role for role in MNIST_FILES if dataset.sha256[role] != MNIST_SHA256[role])
    return DataError(
        f"{parts.sources.get(role, parts.location)} is not MNIST's {role}: its decoded SHA-256 is "
        f"{dataset.sha256[role]}, MNIST's is {MNIST_SHA256[role]}. If another set is meant, load_dataset reads it."
    )
