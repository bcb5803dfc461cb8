"""A person's own set: the digits that they corrected, in one folder on their computer, as any labelled set.

The folder holds ``train/<label>/<id>.png``, each the 28 × 28 that the network saw, and ``drawings/<id>.png``, the part
of the picture that it came from. Nothing else is ever written, and no name in it comes from outside.
"""

from __future__ import annotations

import gzip
import io
import re
import secrets
import zipfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from digits.data import idx_bytes
from digits.files import write_atomically
from digits.preprocessing.ink import Picture
from digits.shapes import UInt8
from digits.types import CLASSES, SIDE, LabelledDigits
from digits.web.refusals import RefusedError

ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")
"""What an entry is called: when it was kept, to the microsecond, and a chance byte."""

MOST = 20_000
"""Digits of a set, at most, lest a page fills a disk."""


@dataclass(frozen=True)
class Entry:
    """A digit that is kept.

    Attributes
    ----------
    id
        Its name.
    label
        What the person said it is.
    """

    id: str
    label: int


@dataclass(frozen=True)
class OwnSet:
    """The folder.

    Attributes
    ----------
    folder
        Made when the first digit is kept.
    """

    folder: Path

    def entries(self) -> list[Entry]:
        """List what is kept, the oldest first; other files in the folder are left alone."""
        found = [
            Entry(path.stem, label)
            for label in range(CLASSES)
            for path in (self.folder / "train" / str(label)).glob("*.png")
            if ID.fullmatch(path.stem)
        ]
        return sorted(found, key=lambda entry: entry.id)

    def keep(self, digit: UInt8[np.ndarray, "28 28"], drawing: Picture, label: int) -> Entry:
        """Keep a digit with its label.

        Raises
        ------
        RefusedError
            409 when the set is full.
        """
        if len(self.entries()) >= MOST:
            raise RefusedError(409, f"{self.folder} holds {MOST:,} digits, as many as are kept: take some away first")
        entry = Entry(f"{datetime.now():%Y%m%d-%H%M%S-%f}{secrets.token_hex(1)}", label)
        write_atomically(self.folder / "drawings" / f"{entry.id}.png", _png(drawing))
        write_atomically(self._path(entry), _png(digit))
        return entry

    def forget(self, name: str) -> None:
        """Take a digit away.

        Raises
        ------
        RefusedError
            404 when none of this name is kept.
        """
        entry = next((entry for entry in self.entries() if entry.id == name), None)
        if entry is None:
            raise RefusedError(404, "no digit of this name is kept; GET /api/own lists those that are")
        self._path(entry).unlink(missing_ok=True)
        (self.folder / "drawings" / f"{entry.id}.png").unlink(missing_ok=True)

    def forget_all(self) -> None:
        """Take all digits away, and the folder with them if nothing else is in it."""
        for entry in self.entries():
            self.forget(entry.id)
        below = [self.folder / "train" / str(label) for label in range(CLASSES)]
        for place in (*below, self.folder / "train", self.folder / "drawings", self.folder):
            if place.is_dir() and not any(place.iterdir()):
                place.rmdir()

    def digits(self) -> LabelledDigits:
        """Read all that is kept."""
        from PIL import Image

        entries = self.entries()
        images = np.zeros((len(entries), SIDE, SIDE), np.uint8)
        for image, entry in zip(images, entries, strict=True):
            with Image.open(self._path(entry), formats=["PNG"]) as file:
                image[:] = np.asarray(file.convert("L"))
        return LabelledDigits(images, np.array([entry.label for entry in entries], np.uint8))

    def _path(self, entry: Entry) -> Path:
        return self.folder / "train" / str(entry.label) / f"{entry.id}.png"


def as_kaggle(digits: LabelledDigits) -> bytes:
    """Write a table as Kaggle's ``train.csv``: a label and 784 pixels a row."""
    rows = np.column_stack([digits.labels, digits.images.reshape(len(digits), -1)])
    header = ",".join(["label", *(f"pixel{index}" for index in range(SIDE * SIDE))])
    text = io.StringIO()
    np.savetxt(text, rows, "%d", delimiter=",", header=header, comments="")
    return text.getvalue().encode()


def as_idx(digits: LabelledDigits) -> bytes:
    """Write a ZIP of the two files that MNIST has for its training digits, gzipped IDX."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for role, array in (("images-idx3", digits.images), ("labels-idx1", digits.labels)):
            archive.writestr(f"train-{role}-ubyte.gz", gzip.compress(idx_bytes(array), mtime=0))
    return buffer.getvalue()


def _png(picture: Picture) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
