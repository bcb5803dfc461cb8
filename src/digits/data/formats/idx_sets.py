"""IDX files that belong together: images with their labels, and the train and test folds of one dataset."""

from __future__ import annotations

import logging
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from digits.data.formats.idx import is_idx, read_idx
from digits.data.formats.names import FOLD_OF, FOLDS, bare_name
from digits.data.raw_dataset import MNIST_FILES, RawDataset, dataset_name, make_digits
from digits.errors import DataError
from digits.types import LabelledDigits

log = logging.getLogger(__name__)

MAX_FOLDER_DEPTH = 4  # of subfolders to search: torchvision's root/MNIST/raw, and two more around it

_IDX_NAME = re.compile(r"(?:(.*?)[-_.])?(images|labels)[-_.]idx\d[-_.](?:ubyte|int)", re.IGNORECASE)
_COUNTERPARTS = {"images": "labels", "image": "label", "idx3": "idx1"}

QMNIST_COLUMNS = 8
"""Numbers per label of QMNIST: the class, then series, writer, and where NIST and MNIST have the digit."""


@dataclass(frozen=True)
class IdxSet:
    """Files with one prefix in one folder, by fold (of `FOLDS`, or ``all``) and kind (``images``, ``labels``)."""

    folder: Path
    prefix: str
    files: dict[tuple[str, str], list[Path]] = field(default_factory=dict)


def is_idx_name(path: Path) -> bool:
    """Tell whether a file is named as IDX files of images or labels are: dots or hyphens, gzipped or a copy or not."""
    return _match_name(path.name) is not None


def find_idx_sets(root: Path) -> list[IdxSet]:
    """Find the datasets in a folder and its subfolders, in the order of their paths.

    Some programs unpack each file into a folder of its own, with the name of the file; these count as one folder.
    """
    sets: dict[tuple[Path, str, bool], IdxSet] = {}
    for place, subfolders, names in os.walk(root):
        folder = Path(place)
        is_deepest = len(folder.relative_to(root).parts) >= MAX_FOLDER_DEPTH
        subfolders[:] = [] if is_deepest else sorted(name for name in subfolders if not name.startswith("."))
        common = _common_folder(folder) if folder != root else folder
        for name in sorted(names):
            if match := _match_name(name):
                prefix, fold = _split_prefix(match[1] or "")
                idx_set = sets.setdefault((common, prefix, fold == "all"), IdxSet(common, prefix))
                idx_set.files.setdefault((fold, match[2].lower()), []).append(folder / name)
    return list(sets.values())


def find_idx_set(path: Path) -> IdxSet:
    """Find the dataset that an IDX file belongs to: the files beside it with the same prefix."""
    sets = find_idx_sets(_common_folder(path.parent))
    return next(found for found in sets if any(path in copies for copies in found.files.values()))


def read_idx_set(idx_set: IdxSet, *, need_both: bool = False) -> RawDataset:
    """Read the folds of a dataset; with `need_both`, a missing train or test fold is an error.

    Raises
    ------
    DataError
        A file is missing or broken, or images and labels do not belong together.
    """
    present = {fold for fold, _ in idx_set.files}
    folds = ["train", "test"] if need_both else [fold for fold in ("all", *FOLDS) if fold in present]
    keys = [(fold, kind) for fold in folds for kind in ("images", "labels")]
    if missing := [_file_name(idx_set, *key) for key in keys if key not in idx_set.files]:
        there = ", ".join(sorted(path.name for copies in idx_set.files.values() for path in copies))
        raise DataError(f"{idx_set.folder} lacks {' and '.join(missing)}; it has {there}. Add the missing files.")
    name = "-".join(filter(None, (dataset_name(idx_set.folder), idx_set.prefix)))
    named = [key for key in keys if key[0] != "validation" or folds == ["validation"]]
    sources = {name: str(idx_set.files[key][0]) for name, key in zip(MNIST_FILES, named, strict=False)}
    first, *others = folds
    read = {fold: _read_fold(idx_set, fold) for fold in others}
    return RawDataset(
        name, idx_set.folder, _read_fold(idx_set, first), read.get("test"), validation=read.get("validation"),
        sources=sources,
    )  # fmt: skip


def read_idx_pair(path: Path) -> LabelledDigits:
    """Read one fold: a file of images or labels, and the file that belongs to it."""
    found = find_idx_set(path)
    fold = next(fold for (fold, _), copies in found.files.items() if path in copies)
    files = {key: copies for key, copies in found.files.items() if key[0] == fold}
    return read_idx_set(IdxSet(found.folder, found.prefix, files)).train


def read_renamed_idx_pair(path: Path) -> RawDataset:
    """Read IDX files that are not named as MNIST's are: images, and the labels beside them, either of which is given.

    Their names differ in ``images`` and ``labels``, ``image`` and ``label``, ``idx3`` and ``idx1`` alone.

    Raises
    ------
    DataError
        There is no such file beside it, a file is broken, or images and labels do not belong together.
    """
    wanted = _counterpart(path.name)
    beside = sorted(file for file in path.parent.iterdir() if _without_gz(file.name) == wanted and file != path)
    if not (found := next(filter(is_idx, beside), None)):
        raise DataError(
            f"{path} has no labels or images beside it. Put both into one folder, under names that differ in that word "
            "alone, such as my-images.idx and my-labels.idx."
        )
    arrays = [(read_idx(file), str(file)) for file in (path, found)]
    (labels, labels_from), (images, images_from) = sorted(arrays, key=lambda pair: pair[0].ndim)
    digits = make_digits(images, labels, images_from, labels_from)
    sources = dict(zip(MNIST_FILES, (images_from, labels_from), strict=False))
    return RawDataset(dataset_name(Path(images_from)), path, digits, sources=sources)


def _match_name(name: str) -> re.Match[str] | None:
    return _IDX_NAME.fullmatch(bare_name(name))


def _common_folder(folder: Path) -> Path:
    """Give the folder above one that is named as an IDX file is, and any other as it is."""
    return folder.parent if _match_name(folder.name) else folder


def _counterpart(name: str) -> str:
    """Give the name of the labels that belong to a file of images, or the other way round, in lower case."""
    pairs = _COUNTERPARTS | {labels: images for images, labels in _COUNTERPARTS.items()}
    return re.sub("|".join(pairs), lambda found: pairs[found[0]], _without_gz(name))


def _without_gz(name: str) -> str:
    return bare_name(name).lower()


def _read_fold(idx_set: IdxSet, fold: str) -> LabelledDigits:
    images, images_from = _read_first_whole(idx_set.files[fold, "images"])
    labels, labels_from = _read_first_whole(idx_set.files[fold, "labels"])
    if labels.ndim == 2 and labels.shape[1] == QMNIST_COLUMNS:
        labels = labels[:, 0]
    return make_digits(images, labels, images_from, labels_from)


def _read_first_whole(copies: list[Path]) -> tuple[NDArray[Any], str]:
    """Read the first copy that is not broken: torchvision keeps each file twice, plain and gzipped."""
    for path in copies[:-1]:
        try:
            return read_idx(path), str(path)
        except DataError as error:
            log.warning("%s Reading %s instead.", error, copies[-1].name)
    return read_idx(copies[-1]), str(copies[-1])


def _split_prefix(prefix: str) -> tuple[str, str]:
    head, _, last = re.sub(r"[-_.]", "-", prefix).rpartition("-")
    fold = FOLD_OF.get(last.lower())
    return (head, fold) if fold else (prefix, "all")


def _file_name(idx_set: IdxSet, fold: str, kind: str) -> str:
    stem = {"train": "train", "validation": "val", "test": "t10k", "all": ""}[fold]
    return "-".join(filter(None, (idx_set.prefix, stem, kind, f"idx{3 if kind == 'images' else 1}-ubyte")))
