"""One folder of pictures per class: personal collections, corrections, or MNIST as PNG files."""

from __future__ import annotations

import logging
from itertools import groupby
from pathlib import Path

import numpy as np

from digits.data.formats.names import FOLDS, fold_of, words_of
from digits.data.formats.pictures import Decode, read_pictures, unify_pictures
from digits.data.raw_dataset import DIGIT_NAMES, RawDataset, dataset_name, shown_name
from digits.errors import DataError
from digits.types import CLASSES, LabelledDigits

log = logging.getLogger(__name__)

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
DIGIT_OF_WORD = dict(zip(WORDS, DIGIT_NAMES, strict=True))

SAMPLE = "sample"  # a word in the name of a folder whose pictures another folder holds as well

MAX_FOLDER_DEPTH = 4  # of folders that hold nothing but one folder


def find_class_folders(folder: Path) -> dict[str, list[Path]]:
    """List the pictures of each subfolder that has any, by the subfolder's name; hidden files are ignored."""
    from digits.preprocessing.opening import PICTURE_SUFFIXES  # here, since it loads OpenCV

    pictures = sorted(file for file in folder.glob("[!.]*/[!.]*") if file.suffix.lower() in PICTURE_SUFFIXES)
    return {name: list(files) for name, files in groupby(pictures, lambda file: file.parent.name)}


def read_class_folders(folder: Path, decode: Decode) -> RawDataset | None:
    """Read ``folder/<class>/*.png``, or the same below ``train``, ``validation`` and ``test``; None if there are none.

    Folders called 0 to 9, or zero to nine, are the labels. Other names are sorted and numbered from 0; at most ten. The
    pictures are those of `decode` and `unify_pictures`.

    Raises
    ------
    DataError
        Too many classes, classes that only the test fold has, or a picture that cannot be read.
    """
    folds = _find_folds(folder)
    if not folds:
        return None
    train, files = folds["train"]
    names = _class_names(train, tuple(files))
    for place, other in folds.values():
        if unknown := sorted(name for name in other if name not in names and _digit_of(name) not in names):
            raise DataError(
                f"{place} has classes that {train} lacks: {', '.join(unknown)}. Use the same names in both."
            )
    read = dict(zip(folds, _read([files for _, files in folds.values()], names, folder, decode), strict=True))
    shown = tuple(map(shown_name, names))
    return RawDataset(
        dataset_name(folder), folder, read["train"], read.get("test"), validation=read.get("validation"), classes=shown
    )


def _find_folds(folder: Path) -> dict[str, tuple[Path, dict[str, list[Path]]]]:
    """Find the folders that hold those of the classes, by fold.

    Archives often hold a folder in one of the same name: of folders that hold nothing but one folder, the last counts.
    """
    found: dict[str, tuple[Path, dict[str, list[Path]]]] = {}
    for path in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")):
        fold = fold_of(path.name)
        inner, files = _find_innermost(path) if fold else (path, {})
        # Kaggle's test pictures have no labels, and lie in testSet/testSet
        if not fold or not files or all(fold_of(name) == fold for name in files):
            continue
        if SAMPLE in words_of(path.name):
            log.info("%s is left out, as a sample.", path)
        elif fold in found:
            raise DataError(f"{folder} holds several datasets: {found[fold][0]}, {inner}. Name one of them.")
        else:
            found[fold] = inner, files
    if "train" in found:
        return {fold: found[fold] for fold in FOLDS if fold in found}
    inner, files = _find_innermost(folder)
    if inner != folder and (below := _find_folds(inner)):
        return below
    return {"train": (inner, files)} if files else {}


def _find_innermost(folder: Path) -> tuple[Path, dict[str, list[Path]]]:
    """Go down while there is one folder and nothing else, but not into one of pictures; give its pictures too."""
    for _ in range(MAX_FOLDER_DEPTH):
        if files := find_class_folders(folder):
            return folder, files
        visible = [path for path in folder.iterdir() if not path.name.startswith((".", "__MACOSX"))]
        if len(visible) != 1 or not visible[0].is_dir():
            return folder, {}
        folder = visible[0]
    return folder, find_class_folders(folder)


def _digit_of(name: str) -> str:
    """Give the digit that the name of a folder means: ``7`` of 7, seven and Seven; any other name as it is."""
    return DIGIT_OF_WORD.get(name.lower(), name)


def _class_names(folder: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    if {*map(_digit_of, names)} <= {*DIGIT_NAMES}:
        return DIGIT_NAMES
    if not 2 <= len(names) <= CLASSES:
        some = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
        raise DataError(
            f"{folder} has {len(names)} class folders ({some}); 2 to {CLASSES}, or some of 0 to 9, are needed."
        )
    return names


def _read(
    folds: list[dict[str, list[Path]]], classes: tuple[str, ...], folder: Path, decode: Decode
) -> list[LabelledDigits]:
    pictures, labels = [], []
    for fold in folds:
        names = [name if name in classes else _digit_of(name) for name, files in fold.items() for _ in files]
        pictures.append(read_pictures((file for files in fold.values() for file in files), decode, len(names)))
        labels.append(np.array([*map(classes.index, names)], np.uint8))
    images_of_folds = unify_pictures(pictures, str(folder))
    return [LabelledDigits(images, part) for images, part in zip(images_of_folds, labels, strict=True)]
