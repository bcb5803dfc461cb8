"""Corrections: digits that a person labelled, in one folder of this computer that training reads as personal data.

The folder holds ``train/<label>/<id>.png``, the 28 × 28 pixels that the network saw, and ``drawings/<id>.png``, the
part of the picture around the digit. No file name comes from a request, and no link inside the folder is followed.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import io
import os
import re
import secrets
import stat
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from digits.data import idx_bytes
from digits.errors import DataError, StorageError
from digits.files import intended_name, write_atomically
from digits.preprocessing import decode
from digits.types import CLASSES, SIDE, LabelledDigits
from digits.web.refusals import RefusedError

ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8,22}")
"""Name of a correction: the time to the microsecond, and 16 random hexadecimal digits; earlier versions wrote two."""

MAX_CORRECTIONS = 20_000
"""Digits in the folder, at most, so that a page cannot fill the disk."""


class Entry(NamedTuple):
    """One correction: its name, and the correct class, 0–9."""

    id: str
    label: int


@dataclass(frozen=True)
class Corrections:
    """The folder of corrections, created with the first one; changed by one process, one call at a time.

    A digit is stored before its drawing, and deleted after it. So after an interrupted call, every file that is left,
    except temporary ones, belongs to a correction that is listed.
    """

    folder: Path
    _deleted: dict[Path, bytes] = field(default_factory=dict, repr=False)
    """The files of the correction that was deleted last, in memory, so that it can be restored."""

    def entries(self) -> list[Entry]:
        """List the corrections, the oldest first; other files in the folder are ignored."""
        digits = (path for place in self._label_folders() for path in _list_files(place))
        return sorted(Entry(path.stem, int(path.parent.name)) for path in digits if path.name == intended_name(path))

    def add(self, digit: bytes, drawing: bytes, label: int) -> tuple[Entry, int]:
        """Store a digit and its drawing, PNG files, under its label; give it with the number of corrections.

        Raises
        ------
        RefusedError
            409 when the folder has its largest number of digits, or a file or a link takes the place of a folder.
        StorageError
            The files cannot be written; none of them is left.
        """
        count = len(self.entries())
        if count >= MAX_CORRECTIONS:
            raise RefusedError(409, f"{self.folder} is full with {MAX_CORRECTIONS:,} digits: delete some first")
        entry = Entry(f"{datetime.now():%Y%m%d-%H%M%S-%f}{secrets.token_hex(8)}", label)
        path = self._path(entry)
        for place in (self._train, path.parent, self._drawings):
            if os.path.lexists(place) and not _is_folder(place):
                raise RefusedError(409, f"{place} is not a folder: move it away, or choose another --corrections")
        try:
            write_atomically(path, digit)
            write_atomically(self._drawings / path.name, drawing)
        except StorageError:
            with contextlib.suppress(OSError):  # if it cannot be deleted, it was not written either
                path.unlink()
            raise
        return entry, count + 1

    def delete(self, correction_id: str) -> None:
        """Delete one correction.

        Raises
        ------
        RefusedError
            404 when there is none with this id.
        StorageError
            A file cannot be deleted.
        """
        files = [path for path in self._list_all() if intended_name(path) == f"{correction_id}.png"]
        if not files:
            raise RefusedError(404, "no correction has this id: GET /api/corrections lists them")
        kept = {path: path.read_bytes() for path in files[::-1] if path.name == intended_name(path)}
        _delete(files)
        self._deleted.clear()
        self._deleted.update(kept)

    def restore(self, correction_id: str) -> None:
        """Restore the correction that was deleted last.

        Raises
        ------
        RefusedError
            404 when it was another one.
        StorageError
            A file cannot be written.
        """
        if correction_id not in (path.stem for path in self._deleted):
            raise RefusedError(404, "this correction cannot be restored: only the one that was deleted last can be")
        for path, content in self._deleted.items():  # first the digit
            write_atomically(path, content)
        self._deleted.clear()

    def delete_all(self) -> None:
        """Delete all digits and drawings, also those of interrupted calls, and the folder unless it holds other files.

        Raises
        ------
        StorageError
            A file cannot be deleted; the others are.
        """
        self._deleted.clear()
        _delete(self._list_all())
        for place in (*self._label_folders(), self._train, self._drawings, self.folder):
            with contextlib.suppress(OSError):  # it is missing, a link, or holds other files
                place.rmdir()

    def describe(self, images: int = 0) -> dict[str, Any]:
        """Describe all corrections, as `digits.web.schemas.Corrections`, so many of the newest with their pixels."""
        entries = self.entries()
        first = len(entries) - images
        labels = [entry.label for entry in entries]
        return {
            "folder": str(self.folder),
            "count": len(entries),
            "per_class": [labels.count(label) for label in range(CLASSES)],
            "digits": [entry._asdict() | self._show(entry, index >= first) for index, entry in enumerate(entries)],
        }

    def _show(self, entry: Entry, is_shown: bool) -> dict[str, str]:
        """Give the pixels of a correction, unless they cannot be read, which its export says."""
        with contextlib.suppress(DataError, OSError):
            if is_shown:
                picture = decode(self._path(entry).read_bytes(), entry.id, max_megapixels=1).picture
                if picture.shape == (SIDE, SIDE):
                    return {"image": base64.b64encode(picture.tobytes()).decode()}
        return {}

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
        images, labels = [], []
        for entry in self.entries():
            path = self._path(entry)
            try:
                image = decode(path.read_bytes(), str(path), max_megapixels=1).picture
            except FileNotFoundError:  # deleted since it was listed
                continue
            except (DataError, OSError):
                image = None
            if image is None or image.shape != (SIDE, SIDE):
                raise RefusedError(409, f"{path} is not a picture of {SIDE} × {SIDE} grey pixels: delete it")
            images.append(image)
            labels.append(entry.label)
        return LabelledDigits(np.array(images, np.uint8).reshape(-1, SIDE, SIDE), np.array(labels, np.uint8))

    def _list_all(self) -> list[Path]:
        """List the files of this class, temporary ones too: first the drawings, then the digits."""
        return [path for place in (self._drawings, *self._label_folders()) for path in _list_files(place)]

    def _label_folders(self) -> list[Path]:
        return [self._train / str(label) for label in range(CLASSES)] if _is_folder(self._train) else []

    def _path(self, entry: Entry) -> Path:
        return self._train / str(entry.label) / f"{entry.id}.png"

    @property
    def _train(self) -> Path:
        return self.folder / "train"

    @property
    def _drawings(self) -> Path:
        return self.folder / "drawings"


def _is_folder(place: Path) -> bool:
    """Say whether a place is a folder and no link, which could lead out of the folder of corrections."""
    try:
        return stat.S_ISDIR(place.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise _unreadable(place, error) from None


def _list_files(place: Path) -> list[Path]:
    """List the corrections in a folder, temporary files too, but no links; none if it is no folder."""
    if not _is_folder(place):
        return []
    try:
        with os.scandir(place) as found:
            files = [Path(each.path) for each in found if each.is_file(follow_symlinks=False)]
    except FileNotFoundError:  # deleted meanwhile
        return []
    except OSError as error:
        raise _unreadable(place, error) from None
    return [path for path in files if re.fullmatch(rf"{ID.pattern}\.png", intended_name(path))]


def _unreadable(place: Path, error: OSError) -> RefusedError:
    return RefusedError(409, f"{place} cannot be read ({error.strerror}): check its permissions and the disk")


def _delete(files: Iterable[Path]) -> None:
    """Delete all files that can be deleted, then raise the first error."""
    failed: OSError | None = None
    for path in files:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            failed = failed or OSError(f"{path} cannot be deleted: {error.strerror}")
    if failed:
        raise StorageError(f"{failed}. Check the permissions and the disk, or delete the folder by hand.")


def _encode_csv(digits: LabelledDigits) -> bytes:
    """Write digits like Kaggle's ``train.csv``: one row per digit, with its label and 784 pixels."""
    rows = np.column_stack([digits.labels, digits.images.reshape(len(digits), -1)])
    header = ["label", *(f"pixel{index}" for index in range(SIDE * SIDE))]
    lines = [",".join(header), *(",".join(map(str, row.tolist())) for row in rows), ""]
    return "\n".join(lines).encode()


def _encode_idx_zip(digits: LabelledDigits) -> bytes:
    """Write a ZIP of two gzipped IDX files, named like MNIST's training files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for role, array in (("images-idx3", digits.images), ("labels-idx1", digits.labels)):
            archive.writestr(f"train-{role}-ubyte.gz", gzip.compress(idx_bytes(array), mtime=0))
    return buffer.getvalue()
