"""Writing labelled digits in the formats that digits reads; the same digits give the same arrays when read again."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from digits.data.formats.idx import idx_bytes
from digits.data.formats.matlab import MAGIC as MAT_MAGIC
from digits.data.formats.matlab import MATRIX
from digits.data.raw_dataset import DIGIT_NAMES
from digits.errors import UsageError
from digits.files import replace_atomically, storing
from digits.types import SIDE, Images, LabelledDigits

Folds = Mapping[str, LabelledDigits]
"""Digits by fold, of ``train``, ``validation`` and ``test``."""

FOLDER_KINDS = ("idx", "npy", "png")
"""What a folder or a ZIP archive may hold: IDX files as MNIST has them, NPY files, or one folder of PNGs per class."""

MAX_MAT_BYTES = 2**32 - 256
"""Of an array in a MAT file, whose length, with its name and shape, is a number of 32 bits."""

_GZIP_LEVEL = 1  # a quarter larger than at the highest level, and ten times as fast
_ROWS = 2000  # of a table at once

_SHORT = {"train": "train", "validation": "val", "test": "t10k"}  # of folds, in the names of IDX files


def write_digits(folds: Folds, out: Path, kind: str = "idx", classes: tuple[str, ...] = DIGIT_NAMES) -> list[Path]:
    """Write digits to a file whose ending says the format, or to a folder.

    Parameters
    ----------
    folds
        At least ``train``.
    out
        A name with an ending of `SINGLE_FILES` holds all folds. One with an ending of `TABLES` holds one fold; of
        several, the name of the fold is added to each name. Any other name is that of a folder to make.
    kind
        What a folder or a ``.zip`` holds, of `FOLDER_KINDS`.
    classes
        Names of the folders of PNGs.

    Returns
    -------
    The files, or the folder.

    Raises
    ------
    UsageError
        A file or a filled folder of that name exists, or a library is missing.
    StorageError
        It cannot be written.
    """
    name = out.name.lower()
    if ending := next((each for each in SINGLE_FILES if name.endswith(each)), None):
        with _new_file(out) as temporary:
            SINGLE_FILES[ending](folds, temporary, kind, classes)
        return [out]
    for ending, write in TABLES.items():
        if name.endswith((ending, f"{ending}.gz")) and not name.endswith(".parquet.gz"):
            ends = len(ending) + 3 * name.endswith(".gz")
            stem, end = out.name[:-ends], out.name[-ends:]
            paths = {fold: out if len(folds) == 1 else out.with_name(f"{stem}-{fold}{end}") for fold in folds}
            for path in paths.values():
                _refuse_existing(path)
            for fold, path in paths.items():
                with _new_file(path) as temporary, _open(temporary, is_gzipped=name.endswith(".gz")) as stream:
                    write(folds[fold], stream)
            return [*paths.values()]
    if out.suffix and not out.is_dir():
        endings = ", ".join([*SINGLE_FILES, *TABLES])
        raise UsageError(f"{out} has an ending of no format that can be written. Use {endings}, or a folder.")
    _refuse_existing(out)
    made = set[str]()
    for inside, content in _folder_files(folds, kind, classes):
        folder, place = inside.rpartition("/")[0], f"{out}/{inside}"
        try:
            if folder not in made:
                (out / folder).mkdir(parents=True, exist_ok=True)
                made.add(folder)
            with io.FileIO(place, "w") as file:  # sixty thousand paths as objects would take a second
                file.write(content)
        except OSError as error:
            with storing(Path(place)):
                raise error
    return [out]


def _refuse_existing(path: Path) -> None:
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise UsageError(f"{path} exists already: name another place to write to")


def _new_file(path: Path) -> Any:
    _refuse_existing(path)
    with storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    return replace_atomically(path)


@contextmanager
def _open(path: Path, *, is_gzipped: bool) -> Iterator[Any]:
    with path.open("wb") as file:
        if not is_gzipped:
            yield file
            return
        # without a name and a time inside, the same digits give the same bytes
        with gzip.GzipFile("", "wb", _GZIP_LEVEL, file, 0) as stream:
            yield stream


def _folder_files(folds: Folds, kind: str, classes: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    for fold, digits in folds.items():
        if kind == "idx":
            yield f"{_SHORT[fold]}-images-idx3-ubyte", idx_bytes(digits.images)
            yield f"{_SHORT[fold]}-labels-idx1-ubyte", idx_bytes(digits.labels)
        elif kind == "npy":
            for name, array in ((f"x_{fold}.npy", digits.images), (f"y_{fold}.npy", digits.labels)):
                saved = io.BytesIO()
                np.save(saved, array)
                yield name, saved.getvalue()
        else:
            order = np.argsort(digits.labels, kind="stable")  # one folder after the other takes half as long
            for number, content in zip(order.tolist(), _encode(digits.images[order]), strict=True):
                yield f"{fold}/{classes[digits.labels[number]]}/{number:06}.png", content


def _encode(images: Images) -> Iterator[bytes]:
    """Encode images as PNG of 8-bit grey; Pillow takes three times as long for so few pixels."""
    start = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0))
    rows = np.zeros((len(images), SIDE, SIDE + 1), np.uint8)
    rows[:, :, 1:] = images  # each row after the number of its filter, which is none
    for row in rows:
        yield start + _chunk(b"IDAT", zlib.compress(row.tobytes(), 1)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def _named_arrays(folds: Folds) -> dict[str, np.ndarray]:
    return {
        f"{letter}_{fold}": array
        for fold, digits in folds.items()
        for letter, array in (("x", digits.images), ("y", digits.labels))
    }


def _write_npz(folds: Folds, path: Path, kind: str, classes: tuple[str, ...]) -> None:
    with path.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **_named_arrays(folds))


def _write_mat(folds: Folds, path: Path, kind: str, classes: tuple[str, ...]) -> None:
    with path.open("wb") as stream:
        stream.write(MAT_MAGIC.ljust(124) + b"\0\1IM")
        for name, array in _named_arrays(folds).items():
            flat = array.reshape(len(array), -1)
            if flat.size >= MAX_MAT_BYTES:
                raise UsageError("an array of a MATLAB file takes less than 4 GiB: write .npz instead")
            parts = (
                (6, struct.pack("<II", 9, 0)),  # unsigned numbers: an array of class 9, which is uint8
                (5, struct.pack("<ii", *flat.shape)),
                (1, name.encode()),
                (2, flat.tobytes("F")),
            )
            body = b"".join(
                struct.pack("<II", number, len(part)) + part + bytes(-len(part) % 8) for number, part in parts
            )
            stream.write(struct.pack("<II", MATRIX, len(body)) + body)


def _write_zip(folds: Folds, path: Path, kind: str, classes: tuple[str, ...]) -> None:
    method = zipfile.ZIP_STORED if kind == "png" else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(path, "w", method, compresslevel=_GZIP_LEVEL) as archive:
        for name, content in _folder_files(folds, kind, classes):
            archive.writestr(zipfile.ZipInfo(name), content, method, _GZIP_LEVEL)


def _write_csv(digits: LabelledDigits, stream: Any) -> None:
    _write_table(digits, stream, ",")


def _write_tsv(digits: LabelledDigits, stream: Any) -> None:
    _write_table(digits, stream, "\t")


def _write_table(digits: LabelledDigits, stream: Any, separator: str) -> None:
    names = ["label", *(f"pixel{index}" for index in range(SIDE * SIDE))]
    stream.write(f"{separator.join(names)}\n".encode())
    _write_rows(np.column_stack([digits.labels, digits.images.reshape(len(digits), -1)]), stream, separator)


def _write_arff(digits: LabelledDigits, stream: Any) -> None:
    names = [f"@ATTRIBUTE pixel{index} INTEGER" for index in range(1, SIDE * SIDE + 1)]
    header = ["@RELATION digits", "", *names, f"@ATTRIBUTE class {{{','.join(DIGIT_NAMES)}}}", "", "@DATA", ""]
    stream.write("\n".join(header).encode())
    _write_rows(np.column_stack([digits.images.reshape(len(digits), -1), digits.labels]), stream, ",")


def _write_rows(values: np.ndarray, stream: Any, separator: str) -> None:
    # every number with what follows it, filled up with zero bytes, which are then removed: no loop over 47 million
    cells = np.array([f"{value}{separator}".encode() for value in range(256)], "S4")
    last = np.array([f"{value}\n".encode() for value in range(256)], "S4")
    for start in range(0, len(values), _ROWS):
        rows = values[start : start + _ROWS]
        text = np.concatenate([cells[rows[:, :-1]], last[rows[:, -1:]]], axis=1)
        stream.write(text.tobytes().replace(b"\0", b""))


def _write_parquet(digits: LabelledDigits, stream: Any) -> None:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError:
        raise UsageError("Parquet needs pyarrow: pip install 'digits[formats]'") from None
    pictures = [{"bytes": content, "path": None} for content in _encode(digits.images)]
    image = pa.array(pictures, pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    table = pa.table({"image": image, "label": pa.array(digits.labels.astype(np.int64))})
    # what the Hub's library reads as pictures and classes
    features = {"image": {"_type": "Image"}, "label": {"names": DIGIT_NAMES, "_type": "ClassLabel"}}
    described = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    parquet.write_table(described, stream, row_group_size=_ROWS)


SINGLE_FILES: dict[str, Callable[[Folds, Path, str, tuple[str, ...]], None]] = {
    ".npz": _write_npz, ".mat": _write_mat, ".zip": _write_zip,
}  # fmt: skip
"""What writes all folds into one file, by its ending."""

TABLES: dict[str, Callable[[LabelledDigits, Any], None]] = {
    ".csv": _write_csv, ".tsv": _write_tsv, ".arff": _write_arff, ".parquet": _write_parquet,
}  # fmt: skip
"""What writes one fold into a file, by its ending."""
