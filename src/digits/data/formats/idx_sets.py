"""Which IDX files belong together: pairs of images and labels, and the train and test pairs of one set."""

from __future__ import annotations

import logging
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from digits.data.formats.idx import read_idx
from digits.data.raw_dataset import MNIST_FILES, RawDataset, dataset_name, make_digits
from digits.errors import DataError
from digits.types import LabelledDigits

log = logging.getLogger(__name__)

DEPTH = 4
"""Folders searched below the one named: torchvision's ``root/MNIST/raw`` and what people wrap around it."""

_NAME = re.compile(r"(?:(.*?)[-_.])?(images|labels)[-_.]idx\d[-_.]ubyte(?:\.gz)?", re.IGNORECASE)
_PARTS = {"train": "train", "t10k": "test", "test": "test"}


@dataclass(frozen=True)
class IdxSet:
    """The files of one set in one folder, by part (``train``, ``test``, ``all``) and kind (``images``, ``labels``)."""

    folder: Path
    prefix: str
    files: dict[tuple[str, str], list[Path]] = field(default_factory=dict)


def set_of(path: Path) -> IdxSet:
    """Find the set that an IDX file belongs to: the files beside it that are called alike."""
    return next(files for files in idx_sets(path.parent) if any(path in copies for copies in files.files.values()))


def is_idx_name(path: Path) -> bool:
    """Tell whether a file is called as IDX files of images or labels are, with dots or hyphens, gzipped or not."""
    return _NAME.fullmatch(path.name) is not None


def idx_sets(root: Path) -> list[IdxSet]:
    """List the sets in a folder and at most `DEPTH` folders below it, in the order of their paths."""
    sets: dict[tuple[Path, str, bool], IdxSet] = {}
    for place, below, names in os.walk(root):
        folder = Path(place)
        deep = len(folder.relative_to(root).parts) >= DEPTH
        below[:] = [] if deep else sorted(name for name in below if not name.startswith("."))
        for name in sorted(names):
            if match := _NAME.fullmatch(name):
                prefix, part = _parted(match[1] or "")
                group = sets.setdefault((folder, prefix, part == "all"), IdxSet(folder, prefix))
                group.files.setdefault((part, match[2].lower()), []).append(folder / name)
    return list(sets.values())


def read_idx_set(files: IdxSet, *, both: bool = False) -> RawDataset:
    """Read a set's pairs; with `both`, a set without its train or its test pair is an error.

    Raises
    ------
    DataError
        A file is missing or broken, or images and labels do not belong together.
    """
    parts = ["train", "test"] if both else sorted({part for part, _ in files.files}, reverse=True)
    missing = [_file_name(files, part, kind) for part in parts for kind in ("images", "labels")
               if (part, kind) not in files.files]  # fmt: skip
    if missing:
        there = ", ".join(sorted(path.name for paths in files.files.values() for path in paths))
        raise DataError(f"{files.folder} lacks {' and '.join(missing)}; it has {there}. Put the missing there.")
    if "emnist" in files.prefix.lower():
        log.warning("%s: EMNIST publishes its images transposed; they are taken as they are.", files.folder)
    digits = [_pair(files, part) for part in parts]
    return RawDataset(
        "-".join(filter(None, (dataset_name(files.folder), files.prefix))), files.folder,
        digits[0], digits[1] if len(digits) > 1 else None, _sources(files, parts),
    )  # fmt: skip


def read_idx_pair(files: IdxSet, path: Path) -> LabelledDigits:
    """Read the one pair that `path`, images or labels, belongs to."""
    part = next(part for (part, _), paths in files.files.items() if path in paths)
    only = IdxSet(files.folder, files.prefix, {key: paths for key, paths in files.files.items() if key[0] == part})
    return read_idx_set(only).train


def _pair(files: IdxSet, part: str) -> LabelledDigits:
    images, images_from = _first_whole(files.files[part, "images"])
    labels, labels_from = _first_whole(files.files[part, "labels"])
    return make_digits(images, labels, images_from, labels_from)


def _first_whole(copies: list[Path]) -> tuple[NDArray[Any], str]:
    """Read the first copy that is whole: torchvision leaves each file twice, plain and gzipped."""
    for path in copies[:-1]:
        try:
            return read_idx(path), str(path)
        except DataError as error:
            log.warning("%s Taking %s instead.", error, copies[-1].name)
    return read_idx(copies[-1]), str(copies[-1])


def _sources(files: IdxSet, parts: list[str]) -> dict[str, str]:
    copies = [files.files[part, kind] for part in parts for kind in ("images", "labels")]
    return {role: str(paths[0]) for role, paths in zip(MNIST_FILES, copies, strict=False)}


def _parted(prefix: str) -> tuple[str, str]:
    head, _, last = re.sub(r"[-_.]", "-", prefix).rpartition("-")
    part = _PARTS.get(last.lower())
    return (head, part) if part else (prefix, "all")


def _file_name(files: IdxSet, part: str, kind: str) -> str:
    stem = {"train": "train", "test": "t10k", "all": ""}[part]
    name = f"idx{3 if kind == 'images' else 1}-ubyte"
    return "-".join(filter(None, (files.prefix, stem, kind, name)))
