"""Which reader a file or folder needs: by its name, or else by its first bytes."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath

import numpy as np

from digits.data.formats import archives, listed_pictures, matlab, npy, npz, parquet, pickled
from digits.data.formats.class_folders import read_class_folders
from digits.data.formats.idx import is_idx, read_idx
from digits.data.formats.idx_sets import (
    find_idx_set,
    find_idx_sets,
    is_idx_name,
    read_idx_set,
    read_renamed_idx_pair,
)
from digits.data.formats.names import FOLDS, bare_name, fold_of, suffix_of
from digits.data.formats.pictures import Decode, decode_picture
from digits.data.formats.table_text import TABLE_SUFFIXES, ZIP_MAGIC, peek
from digits.data.formats.tables import BATCH_SIZE, has_digits, has_label_column, read_csv, read_csv_batches
from digits.data.raw_dataset import RawDataset, check_images, dataset_name
from digits.errors import DataError
from digits.types import Images, LabelledDigits

SUPPORTED_FORMATS = (
    "IDX files (…-images-idx3-ubyte, …-labels-idx1-ubyte, .gz or not), .npz, .npy pairs, .mat, .pkl, .parquet, tables "
    "with label and 784 pixels (.csv, .tsv, .arff, .gz or not), .zip and .tar of these, one folder of pictures per "
    "class, or pictures with a labels.csv"
)

ARCHIVE = ".zip"
"""Stands for every kind of archive."""

MAX_DEPTH = 4  # of folders and archives that hold nothing else

_SHARD = re.compile(r"\d+-of-\d+")  # in the names of files that hold one fold in parts

# Endings of files that lie beside digits, often by the thousand: no look into them is needed.
_OTHER = {
    ".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".heic", ".heif", ".avif", ".pgm", ".ppm",
    ".pdf", ".txt", ".md", ".json", ".html", ".py",
}  # fmt: skip

# The first bytes of files, and the ending that they should have.
_MAGIC = {
    npy.MAGIC: ".npy", parquet.MAGIC: ".parquet", matlab.MAGIC: ".mat", ZIP_MAGIC: ARCHIVE,
    **dict.fromkeys(pickled.MAGICS, ".pkl"),
}  # fmt: skip

_ARRAYS: dict[str, tuple[Callable[[Path], RawDataset], Callable[[Path], np.ndarray]]] = {
    ".npz": (npz.read_npz, npz.read_npz_images),
    ".npy": (npy.read_npy, npy.read_npy_images),
    ".mat": (matlab.read_mat, matlab.read_mat_images),
    ".pkl": (pickled.read_pickle, pickled.read_pickle_images),
}
"""Readers of labelled digits and of images, by the ending of the file."""

_TABLES: dict[str, tuple[Callable[[Path, Decode], LabelledDigits], Callable[[Path], bool]]] = {
    ".parquet": (parquet.read_parquet, parquet.has_labels),
    **dict.fromkeys(TABLE_SUFFIXES, (lambda path, decode: read_csv(path), has_label_column)),
}
"""Readers of labelled digits of one fold, and what tells whether a file has labels, by the ending of the file."""


def find_kind(path: Path) -> str:
    """Give the ending that a file of this content should have, such as ``.npz``; an empty string for any other file.

    Names of IDX files count as ``.idx``, and all archives as `ARCHIVE`.
    """
    if is_idx_name(path):
        return ".idx"
    suffix = suffix_of(path)
    suffix = ".pkl" if suffix == ".pickle" else suffix
    inner = PurePath(PurePath(bare_name(path)).stem).suffix.lower()
    if suffix == ".zip" and inner in TABLE_SUFFIXES:
        return inner
    if archives.is_archive_name(path):
        return ARCHIVE
    if suffix in _ARRAYS or suffix in _TABLES:
        return suffix
    if suffix in _OTHER:
        return ""
    if is_idx(path):
        return ".idx"
    head = peek(path)
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "")


def read_labelled(place: Path, decode: Decode = decode_picture, depth: int = 0) -> RawDataset:
    """Read labelled digits from a file or folder in any format; `decode` reads its pictures, if it has any.

    Raises
    ------
    DataError
        Nothing there can be read, or it is broken or ambiguous.
    """
    if place.is_dir():
        return _read_folder(place, decode, depth)
    kind = find_kind(place)
    if kind == ".idx":
        return read_idx_set(find_idx_set(place)) if is_idx_name(place) else read_renamed_idx_pair(place)
    if kind in _ARRAYS:
        return _ARRAYS[kind][0](place)
    if kind in _TABLES:
        return RawDataset(dataset_name(place), place, _TABLES[kind][0](place, decode))
    if kind == ARCHIVE and depth < MAX_DEPTH:
        with archives.unpacked(place) as folder:
            raw = _read_folder(folder, decode, depth + 1)
        sources = {name: source.replace(str(folder), str(place)) for name, source in raw.sources.items()}
        return dataclasses.replace(raw, name=dataset_name(place), location=place, sources=sources)
    raise DataError(f"{place} is in no supported format. Supported are {SUPPORTED_FORMATS}.")


def read_by_names(place: Path, decode: Decode = decode_picture) -> RawDataset:
    """Read pictures whose labels are in their names, from a folder or an archive; errors as `read_named_pictures`."""
    if place.is_dir():
        return listed_pictures.read_named_pictures(place, decode)
    with archives.unpacked(place) as folder:
        raw = listed_pictures.read_named_pictures(folder, decode)
    return dataclasses.replace(raw, name=dataset_name(place), location=place)


def read_images(place: Path, depth: int = 0) -> Iterator[Images]:
    """Yield images to classify in batches, from a file or folder in any format; labels are not needed.

    Of several parts, the test digits are read: of Kaggle's tables, ``test.csv``.

    Raises
    ------
    DataError
        As in `read_labelled`.
    """
    kind = "" if place.is_dir() else find_kind(place)
    if kind in TABLE_SUFFIXES:
        yield from (images for images, _ in read_csv_batches(place))
    elif kind == ARCHIVE and depth < MAX_DEPTH:
        with archives.unpacked(place) as folder:
            yield from read_images(folder, depth + 1)
    elif place.is_dir():
        kinds = {path: kind for path in _files(place) if (kind := find_kind(path)) in _TABLES}
        tables = [path for path, kind in kinds.items() if kind == ".parquet" or has_digits(path)]
        tables = [path for path in tables if fold_of(PurePath(bare_name(path)).stem) == "test"] or tables
        if len(tables) == 1:
            yield from read_images(tables[0], depth)
        else:
            raw = read_labelled(place, depth=depth)
            yield from _batches((raw.test or raw.train).images)
    else:
        if kind == ".parquet":
            images = parquet.read_parquet_images(place)
        elif kind in _ARRAYS:
            images = check_images(_ARRAYS[kind][1](place), str(place))
        else:
            images = check_images(read_idx(place), str(place))
        yield from _batches(images)


def refuse_several(folder: Path, names: list[str]) -> None:
    """Refuse a folder that holds more than one of what should be one."""
    if len(names) > 1:
        raise DataError(f"{folder} holds several datasets: {', '.join(names)}. Name one of them.")


def _batches(images: Images) -> Iterator[Images]:
    for start in range(0, len(images), BATCH_SIZE):
        yield images[start : start + BATCH_SIZE]


def _files(folder: Path) -> list[Path]:
    """List what lies in a folder, except folders and hidden files."""
    return sorted(path for path in folder.glob("[!.]*") if not path.is_dir())


def _read_folder(folder: Path, decode: Decode, depth: int) -> RawDataset:
    for read in (_read_idx, npy.read_npy_folder, _read_arrays):
        if raw := read(folder):
            return raw
    for read_pictures in (_read_tables, listed_pictures.read_listed_pictures, read_class_folders):
        if raw := read_pictures(folder, decode):
            return raw
    packed = [path for path in _files(folder) if find_kind(path) == ARCHIVE]
    refuse_several(folder, [path.name for path in packed])
    below = packed or [path for path in folder.glob("[!.]*") if path.is_dir() and not path.name.startswith("__MACOSX")]
    if len(below) == 1 and depth < MAX_DEPTH:
        return read_labelled(below[0], decode, depth + 1)
    if listed_pictures.has_pictures(folder):
        raise DataError(
            f"{folder} holds pictures, and nothing says their labels. Put them into one folder per class, called 0 to "
            "9, or list them in labels.csv. If their names begin with the label, as 7_001.png, read these with "
            "`digits data convert FOLDER OUT --labels-from-names`."
        )
    problem = "holds no labelled digits in a supported format" if any(folder.iterdir()) else "is an empty folder"
    raise DataError(f"{folder} {problem}. Supported are {SUPPORTED_FORMATS}.")


def _read_idx(folder: Path) -> RawDataset | None:
    sets = find_idx_sets(folder)
    refuse_several(folder, [str(found.folder / found.prefix) for found in sets])
    return read_idx_set(sets[0]) if sets else None


def _read_arrays(folder: Path) -> RawDataset | None:
    files = [path for path in _files(folder) if find_kind(path) in (".npz", ".mat", ".pkl")]
    refuse_several(folder, [path.name for path in files])
    return read_labelled(files[0]) if files else None


def _read_tables(folder: Path, decode: Decode) -> RawDataset | None:
    """Read the only table with labels, or one for each fold, whose name its name has; parts of a fold are joined."""
    kinds = {path: kind for path in _files(folder) if (kind := find_kind(path)) in _TABLES}
    files = [path for path, kind in kinds.items() if _TABLES[kind][1](path)]
    if len(files) == 1:
        return RawDataset(dataset_name(folder), folder, _TABLES[kinds[files[0]]][0](files[0], decode))
    folds: dict[str, list[Path]] = {}
    for path in files:
        folds.setdefault(fold_of(PurePath(bare_name(path)).stem) or "", []).append(path)
    are_parts = all(_SHARD.search(path.name) for parts in folds.values() if len(parts) > 1 for path in parts)
    if "" in folds or "train" not in folds or not are_parts:
        refuse_several(folder, [path.name for path in files])
        return None
    read = {fold: [_TABLES[kinds[path]][0](path, decode) for path in folds[fold]] for fold in FOLDS if fold in folds}
    joined = {
        fold: LabelledDigits(np.concatenate([p.images for p in parts]), np.concatenate([p.labels for p in parts]))
        for fold, parts in read.items()
    }
    return RawDataset(
        dataset_name(folder), folder, joined["train"], joined.get("test"), validation=joined.get("validation")
    )
