"""A folder a class, a picture a digit: one's own collection, or MNIST as PNG files."""

from __future__ import annotations

import logging
import struct
import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from digits.data.raw_dataset import RawDataset, dataset_name
from digits.errors import DataError
from digits.shapes import UInt8
from digits.types import CLASSES, SIDE, LabelledDigits, Labels

if TYPE_CHECKING:
    from PIL import Image

log = logging.getLogger(__name__)

Picture = UInt8[np.ndarray, "28 28"]

PICTURE_SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
TRAIN = ("train", "training")
TEST = ("test", "testing")

_DECODING = (OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error)
"""What Pillow raises on broken pictures."""


def class_folders(folder: Path) -> dict[str, list[Path]]:
    """List the pictures of every folder in `folder` that has any, by the folder's name; hidden files do not count."""
    found = {
        below.name: sorted(
            f for f in below.iterdir() if f.suffix.lower() in PICTURE_SUFFIXES and not f.name.startswith(".")
        )
        for below in sorted(folder.iterdir())
        if below.is_dir() and not below.name.startswith(".")
    }
    return {name: files for name, files in found.items() if files}


def read_pictures(folder: Path) -> RawDataset | None:
    """Read ``folder/<class>/*.png``, or the same below ``train`` and ``test``; None when `folder` holds neither.

    Folders called 0 to 9 are those labels. Other names are sorted and numbered from 0; at most ten. Pictures are
    turned upright as their EXIF data says, laid on white where transparent, made grey, and, where not 28 × 28, fitted
    into it with their aspect kept and the colour of their own border around: these are digits already cut out, so
    nothing is searched for, centred or thresholded. When the borders are bright on average over all pictures, all are
    inverted, and the log says so.

    Raises
    ------
    DataError
        There are too many classes, classes that only the test part has, or a picture that cannot be read.
    """
    below = {path.name.lower(): path for path in folder.iterdir() if path.is_dir()}
    train = next((below[name] for name in TRAIN if name in below and class_folders(below[name])), None)
    test = next((below[name] for name in TEST if name in below and class_folders(below[name])), None)
    if train is None:
        test = None
    lists = [class_folders(part) for part in (train or folder, test) if part]
    if not lists[0]:
        return None
    classes = _class_names(train or folder, tuple(lists[0]))
    unknown = sorted(set(lists[-1]) - set(classes))
    if unknown:
        raise DataError(f"{test} has classes that {train} has not: {', '.join(unknown)}. Name the folders alike.")
    digits = _read(lists, classes)
    return RawDataset(dataset_name(folder), folder, digits[0], digits[1] if test else None, classes=classes)


def _class_names(folder: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    digits = tuple(map(str, range(CLASSES)))
    if set(names) <= set(digits):
        return digits
    if not 2 <= len(names) <= CLASSES:
        some = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
        raise DataError(
            f"{folder} has {len(names)} class folders ({some}); 2 to {CLASSES}, or some of 0 to 9, are needed."
        )
    return names


def _read(lists: list[dict[str, list[Path]]], classes: tuple[str, ...]) -> list[LabelledDigits]:
    from tqdm import tqdm

    with tqdm(
        total=sum(len(files) for part in lists for files in part.values()),
        desc="pictures", unit="", delay=2, disable=None, leave=False,
    ) as bar:  # fmt: skip
        parts = []
        for part in lists:
            images: list[Picture] = []
            labels: list[Labels] = []
            for name, files in part.items():
                labels.append(np.full(len(files), classes.index(name), np.uint8))
                for file in files:
                    images.append(_picture(file))
                    bar.update()
            parts.append(LabelledDigits(np.stack(images), np.concatenate(labels)))
    frame = np.ones((SIDE, SIDE), bool)
    frame[1:-1, 1:-1] = False
    border = sum(part.images[:, frame].sum(dtype=np.int64) for part in parts) / (sum(map(len, parts)) * frame.sum())
    if border > 127:
        log.warning("The pictures have bright borders (mean %.0f of 255): all are inverted to light on dark.", border)
        return [LabelledDigits(255 - part.images, part.labels) for part in parts]
    return parts


def _picture(path: Path) -> Picture:
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                return _fitted(_grey(ImageOps.exif_transpose(picture)))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, *_DECODING) as error:
        raise DataError(f"{path} cannot be read as a picture: {error}. Mend it or move it out of the folder.") from None


def _fitted(grey: Image.Image) -> Picture:
    from PIL import Image, ImageOps

    if grey.size != (SIDE, SIDE):
        pixels = np.asarray(grey)
        border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        grey = ImageOps.pad(grey, (SIDE, SIDE), Image.Resampling.BILINEAR, color=int(np.median(border)))
    return np.array(grey, dtype=np.uint8)


def _grey(picture: Image.Image) -> Image.Image:
    from PIL import Image

    if picture.mode.startswith("I;16"):
        # Pillow clips 16 bits at 255 when it converts them.
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    if picture.has_transparency_data:
        with_alpha = picture.convert("RGBA")
        page = Image.new("RGBA", picture.size, "white")
        page.alpha_composite(with_alpha)
        return page.convert("L")
    return picture.convert("L")
