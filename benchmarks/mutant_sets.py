"""Sets of digits in every further format that digits reads, written as the programs write them that people use."""

from __future__ import annotations

import gzip
import io
import pickle
import struct
import tarfile
import zipfile
from random import Random
from typing import Any

import numpy as np

import digits
from benchmarks.hostile import save
from benchmarks.mutants import Mutate, mutate_bytes, mutate_packed, mutate_picture
from digits.data import idx_bytes

N = 30
"""Digits in a set: a few rows of a table, and several of each class."""

ARRAYS = ("x_train", "y_train", "x_test", "y_test")


def sample_sets() -> dict[str, dict[str, bytes]]:
    """Give the files of each set by their names, and the sets by theirs; a set of one file is named like the file."""
    train = digits.load_mnist().train
    images, labels = train.images[:N], train.labels[:N]
    table = np.column_stack([labels, images.reshape(N, -1)])
    arrays = dict(zip(ARRAYS, (images[:20], labels[:20], images[20:], labels[20:]), strict=True))
    pairs = [(part.reshape(len(part), -1) / np.float32(255), each) for part, each in _pairs(arrays)]
    pictures = {f"images/{index}.png": save(image, "PNG") for index, image in enumerate(images)}
    listed = "".join(f"{index}.png,{label}\n" for index, label in enumerate(labels))
    extended = np.zeros((N, 8), np.int32)
    extended[:, 0] = labels
    single = {
        "set.tsv": _text(table, "\t"),
        "semicolons.csv": _text(table, ";"),
        "wide.csv": _text(table, ",").decode().encode("utf-16"),
        "packed.csv.gz": gzip.compress(_text(table, ",")),
        "packed.csv.zip": _zip({"packed.csv": _text(table, ",")}),
        "set.arff": _arff(images, labels),
        "set.mat": _mat(arrays, is_packed=False),
        "packed.mat": _mat(arrays, is_packed=True),
        "set.pkl.gz": gzip.compress(pickle.dumps(pairs, 2)),
        "old.pkl": pickle.dumps(pairs, 0),
        "new.pkl": pickle.dumps(arrays, 5),
        "pictures.parquet": _parquet(images, labels, are_pictures=True),
        "lists.parquet": _parquet(images, labels, are_pictures=False),
        "pictures.zip": _zip({**pictures, "labels.csv": f"file,label\n{listed}".encode()}),
        "idx.zip": _zip(_idx(images, labels)),
        "idx.tar.gz": _tar(_idx(images, labels), "w:gz"),
        "classes.tar": _tar({f"{label}/{i}.png": save(images[i], "PNG") for i, label in enumerate(labels)}, "w"),
    }
    folders = {
        "npy": {f"{name}.npy": _npy(array) for name, array in arrays.items()},
        "listed": {**pictures, "labels.csv": f"file,label\n{listed}".encode()},
        "qmnist": {
            "qmnist-train-images-idx3-ubyte.gz": gzip.compress(idx_bytes(images)),
            "qmnist-train-labels-idx2-int.gz": gzip.compress(idx_bytes(extended)),
        },
        "kaggle": {"train.csv": _text(table, ","), "test.csv": _text(table[:, 1:], ",")},
    }
    return {**{name: {name: content} for name, content in single.items()}, **folders}


def mutate_parquet(content: bytes, random: Random) -> bytes:
    """Change the bytes of a Parquet file, or, more often, of the description at its end, whose length stays right."""
    if random.random() < 0.4:
        return mutate_bytes(content, random)
    length = int.from_bytes(content[-8:-4], "little")
    described = mutate_bytes(content[-8 - length : -8], random)
    return content[: -8 - length] + described + struct.pack("<I", len(described)) + content[-4:]


SET_MUTATIONS: dict[str, Mutate] = {
    "*.parquet": mutate_parquet, "*.png": mutate_picture,
    **dict.fromkeys(("*.zip", "*.gz"), mutate_packed),
    **dict.fromkeys(("*.csv", "*.tsv", "*.arff", "*.mat", "*.pkl", "*.npy", "*.tar"), mutate_bytes),
}  # fmt: skip
"""What damages the files of these sets, by patterns of their names."""


def _pairs(arrays: dict[str, np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(arrays[f"x_{fold}"], arrays[f"y_{fold}"]) for fold in ("train", "test")]


def _text(table: np.ndarray, separator: str) -> bytes:
    first = ["label"] * (table.shape[1] > 784)
    lines = [[*first, *(f"pixel{index}" for index in range(784))], *table.tolist()]
    return "".join(separator.join(map(str, line)) + "\n" for line in lines).encode()


def _arff(images: np.ndarray, labels: np.ndarray) -> bytes:
    names = "".join(f"@ATTRIBUTE pixel{index} real\n" for index in range(1, 785))
    rows = "".join(
        ",".join(map(str, [*image.ravel(), label])) + "\n" for image, label in zip(images, labels, strict=True)
    )
    return f"@RELATION mnist\n\n{names}@ATTRIBUTE class {{0,1,2,3,4,5,6,7,8,9}}\n\n@DATA\n{rows}".encode()


def _mat(arrays: dict[str, np.ndarray], *, is_packed: bool) -> bytes:
    from scipy.io import savemat

    content = io.BytesIO()
    flat = {name: array.reshape(len(array), -1) for name, array in arrays.items()}
    savemat(content, flat, do_compression=is_packed)
    return content.getvalue()


def _parquet(images: np.ndarray, labels: np.ndarray, *, are_pictures: bool) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    column: Any = images.reshape(len(images), -1).tolist()
    if are_pictures:
        pictures = [{"bytes": save(image, "PNG"), "path": None} for image in images]
        column = pa.array(pictures, pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    content = io.BytesIO()
    table = pa.table({"image": column, "label": labels.astype(np.int64)})
    parquet.write_table(table, content, row_group_size=10, compression="snappy" if are_pictures else "none")
    return content.getvalue()


def _npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def _idx(images: np.ndarray, labels: np.ndarray) -> dict[str, bytes]:
    return {"train-images-idx3-ubyte": idx_bytes(images), "train-labels-idx1-ubyte": idx_bytes(labels)}


def _zip(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return content.getvalue()


def _tar(files: dict[str, bytes], mode: Any) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as archive:
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return content.getvalue()
