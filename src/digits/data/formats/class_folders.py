"""One folder of pictures per class: personal collections, corrections, or MNIST as PNG files."""

from __future__ import annotations

import logging
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from digits.data.file_errors import unreadable
from digits.data.raw_dataset import DIGIT_NAMES, RawDataset, dataset_name, shown_name
from digits.errors import DataError
from digits.files import open_file
from digits.shapes import UInt8
from digits.types import CLASSES, SIDE, LabelledDigits

if TYPE_CHECKING:
    from PIL import Image

log = logging.getLogger(__name__)

FOLD_NAMES = (("train", "training"), ("test", "testing"))


def find_class_folders(folder: Path) -> dict[str, list[Path]]:
    """List the pictures of each subfolder that has any, by the subfolder's name; hidden files are ignored."""
    from digits.preprocessing.opening import PICTURE_SUFFIXES  # here, since it loads OpenCV

    pictures = sorted(file for file in folder.glob("[!.]*/[!.]*") if file.suffix.lower() in PICTURE_SUFFIXES)
    return {name: list(files) for name, files in groupby(pictures, lambda file: file.parent.name)}


def read_class_folders(folder: Path) -> RawDataset | None:
    """Read ``folder/<class>/*.png``, or the same below ``train`` and ``test``; None if `folder` holds neither.

    Folders called 0 to 9 are the labels. Other names are sorted and numbered from 0; at most ten. Pictures are rotated
    by their EXIF data, composed on white where transparent, and converted to grey. Those that are not 28 × 28 are
    resized with their aspect ratio kept and padded with the grey of their border: they are expected to be cropped to
    one digit, so nothing is segmented, centred or thresholded. If the borders of all pictures are bright on average,
    all are inverted, and the log says so.

    Raises
    ------
    DataError
        Too many classes, classes that only the test fold has, or a picture that cannot be read.
    """
    subfolders = {path.name.lower(): path for path in folder.iterdir() if path.is_dir()}
    train, test = (
        next((subfolders[name] for name in names if name in subfolders and find_class_folders(subfolders[name])), None)
        for names in FOLD_NAMES
    )
    folds = [fold for fold in (train, test) if fold] if train else [folder]
    files = [find_class_folders(fold) for fold in folds]
    if not files[0]:
        return None
    names = _class_names(folds[0], tuple(files[0]))
    if unknown := sorted(set(files[-1]) - set(names)):
        raise DataError(f"{test} has classes that {train} lacks: {', '.join(unknown)}. Use the same names in both.")
    digits = _read(files, names)
    return RawDataset(dataset_name(folder), folder, *digits, classes=tuple(map(shown_name, names)))


def _class_names(folder: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    if set(names) <= set(DIGIT_NAMES):
        return DIGIT_NAMES
    if not 2 <= len(names) <= CLASSES:
        some = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
        raise DataError(
            f"{folder} has {len(names)} class folders ({some}); 2 to {CLASSES}, or some of 0 to 9, are needed."
        )
    return names


def _read(folds: list[dict[str, list[Path]]], classes: tuple[str, ...]) -> list[LabelledDigits]:
    from tqdm import tqdm

    digits = []
    total = sum(len(files) for fold in folds for files in fold.values())
    with tqdm(total=total, desc="pictures", unit="", delay=2, disable=None, leave=False) as bar:
        for fold in folds:
            images, labels = [], []
            for name, files in fold.items():
                for file in files:
                    images.append(_read_picture(file))
                    labels.append(classes.index(name))
                    bar.update()
            digits.append(LabelledDigits(np.stack(images), np.array(labels, np.uint8)))
    frame = np.ones((SIDE, SIDE), bool)
    frame[1:-1, 1:-1] = False
    border = sum(part.images[:, frame].sum(dtype=np.int64) for part in digits) / (sum(map(len, digits)) * frame.sum())
    if border > 127:
        log.warning("The pictures have bright borders (mean %.0f of 255): all are inverted to light on dark.", border)
        return [LabelledDigits(255 - part.images, part.labels) for part in digits]
    return digits


def _read_picture(path: Path) -> UInt8[np.ndarray, "28 28"]:
    from digits.preprocessing.opening import check_metadata, open_picture, read_to_end

    try:
        with open_file(path) as file:
            content = read_to_end(file, str(path))
    except OSError as error:
        raise unreadable(path, error) from None
    with open_picture(content, str(path)) as picture:
        picture.load()
        check_metadata(picture, str(path))
        return _convert(picture)


def _convert(picture: Image.Image) -> UInt8[np.ndarray, "28 28"]:
    from PIL import Image, ImageOps

    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I;16"):
        # Pillow clips 16 bits at 255 when it converts them.
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    elif picture.has_transparency_data:
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture.convert("RGBA"))
    grey = picture.convert("L")
    if grey.size != (SIDE, SIDE):
        pixels = np.asarray(grey)
        border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        grey = ImageOps.pad(grey, (SIDE, SIDE), Image.Resampling.BILINEAR, color=int(np.median(border)))
    return np.array(grey, dtype=np.uint8)
