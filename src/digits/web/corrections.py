"""Corrections: digits that a person labelled, in one folder of this computer that training reads as personal data.

The folder holds ``train/<label>/<id>.png``, the 28 × 28 pixels that the network saw, and ``drawings/<id>.png``, the
part of the picture around the digit. No file name comes from a request.
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
from typing import Any, Literal, NamedTuple

import numpy as np

from digits.data import idx_bytes
from digits.files import write_atomically
from digits.preprocessing.ink import Picture
from digits.shapes import UInt8
from digits.types import CLASSES, SIDE, LabelledDigits
from digits.web.refusals import RefusedError

ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")
"""Name of a correction: the time to the microsecond, and a random byte."""

MAX_CORRECTIONS = 20_000
"""Digits in the folder, at most, so that a page cannot fill the disk."""


class Entry(NamedTuple):
    """One correction: its name, and the correct class, 0–9."""

    id: str
    label: int


@dataclass(frozen=True)
class Corrections:
    """The folder of corrections, created with the first one."""

    folder: Path

    def entries(self) -> list[Entry]:
        """List the corrections, the oldest first; other files in the folder are ignored."""
        paths = (self.folder / "train").glob("[0-9]/*.png")
        return sorted(Entry(path.stem, int(path.parent.name)) for path in paths if ID.fullmatch(path.stem))

    def add(self, digit: UInt8[np.ndarray, "28 28"], drawing: Picture, label: int) -> Entry:
        """Store a digit with its label.

        Raises
        ------
        RefusedError
            409 when the folder is full.
        """
        if len(self.entries()) >= MAX_CORRECTIONS:
            raise RefusedError(409, f"{self.folder} is full with {MAX_CORRECTIONS:,} digits: delete some first")
        entry = Entry(f"{datetime.now():%Y%m%d-%H%M%S-%f}{secrets.token_hex(1)}", label)
        write_atomically(self.folder / "drawings" / f"{entry.id}.png", _encode_png(drawing))
        write_atomically(self._path(entry), _encode_png(digit))
        return entry

    def delete(self, correction_id: str) -> None:
        """Delete one correction.

        Raises
        ------
        RefusedError
            404 when there is none with this id.
        """
        entry = next((entry for entry in self.entries() if entry.id == correction_id), None)
        if entry is None:
            raise RefusedError(404, "no correction has this id: GET /api/corrections lists them")
        self._path(entry).unlink(missing_ok=True)
        (self.folder / "drawings" / f"{entry.id}.png").unlink(missing_ok=True)

    def delete_all(self) -> None:
        """Delete all digits, and the folder unless it holds other files."""
        for entry in self.entries():
            self.delete(entry.id)
        below = [self.folder / "train" / str(label) for label in range(CLASSES)]
        for place in (*below, self.folder / "train", self.folder / "drawings", self.folder):
            if place.is_dir() and not any(place.iterdir()):
                place.rmdir()

    def describe(self) -> dict[str, Any]:
        """Describe all corrections, as `digits.web.schemas.Corrections`."""
        entries = self.entries()
        labels = [entry.label for entry in entries]
        return {
            "folder": str(self.folder),
            "count": len(entries),
            "per_class": [labels.count(label) for label in range(CLASSES)],
            "digits": [entry._asdict() for entry in entries],
        }

    def export(self, suffix: Literal["csv", "zip"]) -> bytes:
        """Encode all digits as a CSV like Kaggle's, or as a ZIP of two IDX files like MNIST's.

        Raises
        ------
        RefusedError
            404 when there are none.
        """
        digits = self._load()
        if not len(digits):
            raise RefusedError(404, "there are no corrections yet")
        return _encode_csv(digits) if suffix == "csv" else _encode_idx_zip(digits)

    def _load(self) -> LabelledDigits:
        from PIL import Image

        entries = self.entries()
        images = np.zeros((len(entries), SIDE, SIDE), np.uint8)
        for image, entry in zip(images, entries, strict=True):
            with Image.open(self._path(entry), formats=["PNG"]) as file:
                image[:] = np.asarray(file.convert("L"))
        return LabelledDigits(images, np.array([entry.label for entry in entries], np.uint8))

    def _path(self, entry: Entry) -> Path:
        return self.folder / "train" / str(entry.label) / f"{entry.id}.png"


def _encode_csv(digits: LabelledDigits) -> bytes:
    """Write digits like Kaggle's ``train.csv``: one row per digit, with its label and 784 pixels."""
    rows = np.column_stack([digits.labels, digits.images.reshape(len(digits), -1)])
    header = ",".join(["label", *(f"pixel{index}" for index in range(SIDE * SIDE))])
    text = io.StringIO()
    np.savetxt(text, rows, "%d", delimiter=",", header=header, comments="")
    return text.getvalue().encode()


def _encode_idx_zip(digits: LabelledDigits) -> bytes:
    """Write a ZIP of two gzipped IDX files, named like MNIST's training files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for role, array in (("images-idx3", digits.images), ("labels-idx1", digits.labels)):
            archive.writestr(f"train-{role}-ubyte.gz", gzip.compress(idx_bytes(array), mtime=0))
    return buffer.getvalue()


def _encode_png(picture: Picture) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
