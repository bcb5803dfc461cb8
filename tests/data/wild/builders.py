"""Files and folders as people have them, made from scikit-learn's digits: each holds the same digits in another format.

A builder gets an empty folder and the digits, writes a data set into it, and returns the file or folder to load.
"""

from __future__ import annotations

import gzip
import io
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from digits.data import MNIST_FILES, idx_bytes
from digits.types import LabelledDigits


class Parts(NamedTuple):
    """Three parts of a data set, of which a builder may leave out some."""

    train: LabelledDigits
    validation: LabelledDigits
    test: LabelledDigits


Builder = Callable[[Path, Parts], Path]

BUILDERS: dict[str, tuple[Builder, str, bool]] = {}
"""By name: the builder, the parts that it writes, and whether it sorts them by class."""

PIXEL_HEADER = ",".join(["label", *(f"pixel{index}" for index in range(784))])


def make_parts() -> Parts:
    """Make 40, 20 and 30 digits of scikit-learn's, 24 × 24 in the middle of 28 × 28, as MNIST has empty borders."""
    loaded = load_digits()
    images = np.zeros((90, 28, 28), np.uint8)
    # so that some pixel is 255, and one of every number is there
    images[:, 2:26, 2:26] = (loaded.images[:90] * (255 / 16)).round().astype(np.uint8).repeat(3, 1).repeat(3, 2)
    labels = loaded.target[:90].astype(np.uint8)
    bounds = (0, 40, 60, 90)
    return Parts(*(LabelledDigits(images[a:b], labels[a:b]) for a, b in pairwise(bounds)))


def wild(parts: str = "train test", *, is_sorted: bool = False) -> Callable[[Builder], Builder]:
    def register(builder: Builder) -> Builder:
        BUILDERS[builder.__name__] = (builder, parts, is_sorted)
        return builder

    return register


def write(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def idx_files(parts: Parts) -> dict[str, bytes]:
    arrays = (parts.train.images, parts.train.labels, parts.test.images, parts.test.labels)
    return dict(zip(MNIST_FILES, map(idx_bytes, arrays), strict=True))


def rows(digits: LabelledDigits, *, is_last: bool = False) -> list[str]:
    columns = [digits.labels[:, None], digits.images.reshape(len(digits), 784)]
    table = np.concatenate(columns[::-1] if is_last else columns, axis=1)
    return [",".join(map(str, row)) for row in table.tolist()]


def table(digits: LabelledDigits, header: str = PIXEL_HEADER) -> str:
    return "\n".join([header, *rows(digits)]) + "\n"


def zipped(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return content.getvalue()


def packed(files: dict[str, bytes], mode: str = "w:gz") -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as archive:
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return content.getvalue()


def png(pixels: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def png_files(digits: LabelledDigits, folder: str, names: Any = range(10), suffix: str = "png") -> dict[str, bytes]:
    pairs = enumerate(zip(digits.images, digits.labels, strict=True))
    return {f"{folder}{names[label]}/img_{i:03}.{suffix}": png(image) for i, (image, label) in pairs}


def write_all(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        write(folder / name, content)
    return folder


@wild()
def idx(folder: Path, parts: Parts) -> Path:
    return write_all(folder, idx_files(parts))


@wild()
def idx_gzipped_named_as_second_copies(folder: Path, parts: Parts) -> Path:
    return write_all(folder, {f"{name} (1).gz": gzip.compress(body) for name, body in idx_files(parts).items()})


@wild()
def idx_with_dots(folder: Path, parts: Parts) -> Path:
    files = {name.replace("-idx", ".idx"): body for name, body in idx_files(parts).items()}
    return write_all(folder, files) / "t10k-labels.idx1-ubyte"


@wild()
def idx_one_folder_per_file(folder: Path, parts: Parts) -> Path:
    return write_all(folder, {f"{name}/{name}": body for name, body in idx_files(parts).items()})


@wild()
def idx_twice_as_on_kaggle(folder: Path, parts: Parts) -> Path:
    files = idx_files(parts)
    dotted = {name.replace("-idx", ".idx"): body for name, body in files.items()}
    return write(folder / "archive.zip", zipped({**dotted, **{f"{name}/{name}": body for name, body in files.items()}}))


@wild()
def idx_in_a_folder_in_tar(folder: Path, parts: Parts) -> Path:
    files = {f"mnist/raw/{name}.gz": gzip.compress(body) for name, body in idx_files(parts).items()}
    return write(folder / "mnist.tar.gz", packed(files))


@wild()
def qmnist(folder: Path, parts: Parts) -> Path:
    files = {}
    for name, digits in (("train", parts.train), ("test", parts.test)):
        extended = np.zeros((len(digits), 8), np.int32)
        extended[:, 0], extended[:, 1:] = digits.labels, np.arange(7) + 100
        files[f"qmnist-{name}-images-idx3-ubyte.gz"] = gzip.compress(idx_bytes(digits.images))
        files[f"qmnist-{name}-labels-idx2-int.gz"] = gzip.compress(idx_bytes(extended))
    return write_all(folder, files)


def save_npz(path: Path, **arrays: np.ndarray) -> Path:
    np.savez_compressed(path, **arrays)
    return path


@wild()
def npz_keras(folder: Path, parts: Parts) -> Path:
    train, _, test = parts
    return save_npz(
        folder / "mnist.npz", x_train=train.images, y_train=train.labels, x_test=test.images, y_test=test.labels
    )


@wild("train validation test")
def npz_medmnist(folder: Path, parts: Parts) -> Path:
    arrays: dict[str, np.ndarray] = {}
    for name, digits in zip(("train", "val", "test"), parts, strict=True):
        arrays |= {f"{name}_images": digits.images, f"{name}_labels": digits.labels.astype(np.int64)[:, None]}
    return save_npz(folder / "medmnist.npz", **arrays)


@wild("train")
def npz_flat_floats_with_one_hot_labels(folder: Path, parts: Parts) -> Path:
    flat = parts.train.images.reshape(-1, 784).astype(np.float32) / 255
    return save_npz(folder / "a.npz", X=flat, y=np.eye(10, dtype=np.float32)[parts.train.labels])


@wild("train")
def npz_channels_last_with_float_labels(folder: Path, parts: Parts) -> Path:
    return save_npz(folder / "a.npz", data=parts.train.images[..., None], target=parts.train.labels.astype(float))


@wild("train")
def npz_with_labels_as_text(folder: Path, parts: Parts) -> Path:
    return save_npz(folder / "a.npz", images=parts.train.images, labels=parts.train.labels.astype(str))


def save_npy(folder: Path, **arrays: np.ndarray) -> Path:
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return folder


@wild()
def npy_pairs(folder: Path, parts: Parts) -> Path:
    train, _, test = parts
    return save_npy(folder, X_train=train.images, y_train=train.labels, X_test=test.images[:, None], y_test=test.labels)


@wild()
def npy_pairs_of_mnist_c(folder: Path, parts: Parts) -> Path:
    train, _, test = parts
    return save_npy(
        folder, train_images=train.images[..., None], train_labels=train.labels.astype(np.int64),
        test_images=test.images[..., None], test_labels=test.labels.astype(np.int64),
    )  # fmt: skip


@wild("train")
def npy_one_of_a_pair(folder: Path, parts: Parts) -> Path:
    flat = parts.train.images.reshape(-1, 784).astype(np.float64)
    return save_npy(folder, X=flat, y=np.eye(10)[parts.train.labels]) / "X.npy"


@wild("train")
def npy_with_the_number_of_the_image_last(folder: Path, parts: Parts) -> Path:
    return save_npy(folder, images=np.moveaxis(parts.train.images, 0, -1), labels=parts.train.labels[None])


def pairs(parts: Parts) -> list[tuple[np.ndarray, np.ndarray]]:
    """Give the arrays of ``mnist.pkl``: flat, divided by 256."""
    return [(p.images.reshape(-1, 784).astype(np.float32) / 256, p.labels.astype(np.int64)) for p in parts]


def python_2_pickle(parts: Parts) -> bytes:
    """Write what Python 2 wrote, where bytes were text."""

    def text(value: bytes) -> bytes:
        return b"U" + bytes([len(value)]) + value if len(value) < 256 else b"T" + struct.pack("<I", len(value)) + value

    def whole(value: int) -> bytes:
        return b"K" + bytes([value]) if value < 256 else b"M" + struct.pack("<H", value)

    def array(values: np.ndarray) -> bytes:
        state = b"(" + whole(1) + b"(" + b"".join(map(whole, values.shape)) + b"t" + b"cnumpy\ndtype\n"
        state += text(values.dtype.str[1:].encode()) + whole(0) + whole(1) + b"\x87R"
        state += b"(" + whole(3) + text(b"<") + b"NNN" + b"J\xff\xff\xff\xffJ\xff\xff\xff\xff" + whole(0) + b"tb"
        made = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n" + whole(0) + b"\x85" + text(b"b") + b"\x87R"
        return made + state + b"\x89" + text(values.tobytes()) + b"tb"

    return b"\x80\x02(" + b"".join(b"".join(map(array, pair)) + b"\x86" for pair in pairs(parts)) + b"t."


@wild("train validation test")
def pickle_of_python_2(folder: Path, parts: Parts) -> Path:
    return write(folder / "mnist.pkl.gz", gzip.compress(python_2_pickle(parts)))


@wild("train validation test")
def pickle_of_the_newest_protocol(folder: Path, parts: Parts) -> Path:
    return write(folder / "mnist.pkl", pickle.dumps(pairs(parts), protocol=5))


@wild()
def pickle_of_names(folder: Path, parts: Parts) -> Path:
    named = {
        "training_images": parts.train.images, "training_labels": parts.train.labels,
        "test_images": np.asfortranarray(parts.test.images), "test_labels": parts.test.labels.tolist(),
    }  # fmt: skip
    return write(folder / "digits.pickle", pickle.dumps(named, protocol=2))


def save_mat(path: Path, **arrays: Any) -> Path:
    from scipy.io import savemat

    savemat(path, arrays, do_compression=True)
    return path


@wild(is_sorted=True)
def mat_one_array_per_class(folder: Path, parts: Parts) -> Path:
    arrays = {
        f"{name}{label}": digits.images[digits.labels == label].reshape(-1, 784)
        for name, digits in (("train", parts.train), ("test", parts.test))
        for label in range(10)
    }
    return save_mat(folder / "mnist_all.mat", **arrays)


@wild("train")
def mat_with_columns_of_images(folder: Path, parts: Parts) -> Path:
    flat = parts.train.images.reshape(-1, 784).T
    return save_mat(folder / "mnist-original.mat", data=flat, label=parts.train.labels.astype(float)[None])


@wild()
def mat_structure(folder: Path, parts: Parts) -> Path:
    dataset = {
        name: {"images": digits.images.reshape(-1, 784), "labels": digits.labels[:, None]}
        for name, digits in (("train", parts.train), ("test", parts.test))
    }
    return save_mat(folder / "digits.mat", dataset=dataset)


HEADERS: dict[str, str] = {
    "kaggle": PIXEL_HEADER,
    "pixels_as_places": ",".join(["label", *(f"{y}x{x}" for y in range(1, 29) for x in range(1, 29))]),
    "numbered_columns": ",".join(map(str, range(785))),
}


def table_in(kind: str) -> Builder:
    def build(folder: Path, parts: Parts) -> Path:
        return write(folder / "train.csv", table(parts.train, HEADERS[kind]))

    build.__name__ = f"csv_{kind}"
    return build


for _kind in HEADERS:
    wild("train")(table_in(_kind))


@wild()
def csv_gzipped(folder: Path, parts: Parts) -> Path:
    write(folder / "mnist_train.csv.gz", gzip.compress(table(parts.train).encode()))
    write(folder / "mnist_test.csv.gz", gzip.compress(table(parts.test).encode()))
    return folder


@wild("train")
def csv_zipped_one_by_one(folder: Path, parts: Parts) -> Path:
    write(folder / "train.csv.zip", zipped({"train.csv": table(parts.train).encode()}))
    write(folder / "test.csv.zip", zipped({"test.csv": (PIXEL_HEADER[6:] + "\n" + "0," * 783 + "0").encode()}))
    write(folder / "sample_submission.csv", "ImageId,Label\n1,0\n")
    return folder


@wild("train")
def csv_of_a_competition_zipped(folder: Path, parts: Parts) -> Path:
    unlabelled = PIXEL_HEADER[6:] + "\n" + "\n".join(row[2:] for row in rows(parts.test))
    files = {
        "train.csv": table(parts.train).encode(), "test.csv": unlabelled.encode(),
        "sample_submission.csv": b"ImageId,Label\n1,0\n",
    }  # fmt: skip
    return write(folder / "digit-recognizer.zip", zipped(files))


@wild("train")
def csv_with_semicolons(folder: Path, parts: Parts) -> Path:
    return write(folder / "a.csv", table(parts.train).replace(",", ";"))


@wild("train")
def csv_with_decimal_commas(folder: Path, parts: Parts) -> Path:
    cells = [row.split(",") for row in rows(parts.train)]
    lines = [";".join([row[0], *(f"{int(cell) / 255:.6f}".replace(".", ",") for cell in row[1:])]) for row in cells]
    return write(folder / "a.csv", "\n".join([PIXEL_HEADER.replace(",", ";"), *lines]))


@wild("train")
def tsv(folder: Path, parts: Parts) -> Path:
    return write(folder / "a.tsv", table(parts.train).replace(",", "\t"))


@wild("train")
def csv_of_numpy_with_spaces(folder: Path, parts: Parts) -> Path:
    values = np.concatenate([parts.train.labels[:, None], parts.train.images.reshape(-1, 784)], axis=1)
    np.savetxt(folder / "a.csv", values)
    return folder / "a.csv"


@wild("train")
def csv_in_utf_16(folder: Path, parts: Parts) -> Path:
    return write(folder / "a.csv", table(parts.train).replace("\n", "\r\n").encode("utf-16"))


@wild("train")
def csv_without_header(folder: Path, parts: Parts) -> Path:
    return write(folder / "a.csv", "\n".join(rows(parts.train)))


@wild("train", is_sorted=True)
def csv_without_header_sorted_label_last(folder: Path, parts: Parts) -> Path:
    """At first, the outermost pixel and the label are both 0."""
    order = np.argsort(parts.train.labels, kind="stable")
    digits = LabelledDigits(parts.train.images[order], parts.train.labels[order])
    return write(folder / "a.csv", "\n".join(rows(digits, is_last=True)))


@wild("train")
def csv_with_id_first_label_last(folder: Path, parts: Parts) -> Path:
    header = ",".join(["id", *(f"pixel{index}" for index in range(784)), "label"])
    lines = [f"{number},{row}" for number, row in enumerate(rows(parts.train, is_last=True), 1)]
    return write(folder / "a.csv", "\n".join([header, *lines]))


@wild("train")
def arff_of_openml(folder: Path, parts: Parts) -> Path:
    attributes = "\n".join(f"@ATTRIBUTE pixel{index} real" for index in range(1, 785))
    header = f"% MNIST\n@RELATION mnist_784\n\n{attributes}\n@ATTRIBUTE class {{0,1,2,3,4,5,6,7,8,9}}\n\n@DATA\n"
    return write(folder / "mnist_784.arff", header + "\n".join(rows(parts.train, is_last=True)))


def save_parquet(path: Path, image: Any, digits: LabelledDigits, **options: Any) -> Path:
    import pyarrow as pa
    from pyarrow import parquet

    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table({"image": image, "label": digits.labels.astype(np.int64)}), path, **options)
    return path


def hub_column(digits: LabelledDigits) -> Any:
    import pyarrow as pa

    pictures = [{"bytes": png(image), "path": f"{i}.png"} for i, image in enumerate(digits.images)]
    return pa.array(pictures, pa.struct([("bytes", pa.binary()), ("path", pa.string())]))


@wild()
def parquet_of_the_hub(folder: Path, parts: Parts) -> Path:
    for name, digits in (("train", parts.train), ("test", parts.test)):
        save_parquet(folder / "mnist" / f"{name}-00000-of-00001.parquet", hub_column(digits), digits)
    write(folder / "README.md", "# MNIST")
    return folder


@wild()
def parquet_in_shards(folder: Path, parts: Parts) -> Path:
    for shard in range(2):
        half = slice(20 * shard, 20 * shard + 20)
        digits = LabelledDigits(parts.train.images[half], parts.train.labels[half])
        save_parquet(folder / f"train-0000{shard}-of-00002.parquet", hub_column(digits), digits, row_group_size=7)
    save_parquet(folder / "test-00000-of-00001.parquet", hub_column(parts.test), parts.test)
    return folder


@wild("train")
def parquet_of_lists(folder: Path, parts: Parts) -> Path:
    return save_parquet(folder / "a.parquet", parts.train.images.tolist(), parts.train, compression="zstd")


@wild("train")
def parquet_of_pixels(folder: Path, parts: Parts) -> Path:
    import pyarrow as pa
    from pyarrow import parquet

    columns: dict[str, Any] = {f"pixel{i + 1}": parts.train.images.reshape(-1, 784)[:, i] for i in range(784)}
    parquet.write_table(pa.table({**columns, "class": parts.train.labels.astype(str)}), folder / "a.parquet")
    return folder / "a.parquet"


@wild("train")
def pictures_with_labels(folder: Path, parts: Parts) -> Path:
    files = {f"images/{i}.png": png(image) for i, image in enumerate(parts.train.images)}
    lines = [f"{i}.png,{label}" for i, label in enumerate(parts.train.labels)]
    return write_all(folder, {**files, "labels.csv": "\n".join(["filename,label", *lines]).encode()})


@wild()
def pictures_with_labels_as_on_kaggle(folder: Path, parts: Parts) -> Path:
    files: dict[str, bytes] = {}
    for name, digits in (("train", parts.train), ("test", parts.test)):
        files |= {f"{name}/{i}.png": png(image) for i, image in enumerate(digits.images)}
        lines = [f"{i};{label}" for i, label in enumerate(digits.labels)]
        files[f"{name}.csv"] = "\n".join(["id;label", *lines]).encode()
    return write(folder / "digits.zip", zipped(files))


@wild("train validation test", is_sorted=True)
def class_folders_of_three_parts(folder: Path, parts: Parts) -> Path:
    train, validation, test = parts
    files = {**png_files(train, "train/"), **png_files(validation, "valid/"), **png_files(test, "test/")}
    return write_all(folder, files)


WORDS = ("zero", "One", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@wild("train", is_sorted=True)
def class_folders_zero_to_nine(folder: Path, parts: Parts) -> Path:
    return write_all(folder, png_files(parts.train, "", WORDS))


@wild("train", is_sorted=True)
def class_folders_nested_as_on_kaggle(folder: Path, parts: Parts) -> Path:
    sample = LabelledDigits(parts.train.images[:10], parts.train.labels[:10])
    files = png_files(parts.train, "trainingSet/trainingSet/") | png_files(sample, "trainingSample/trainingSample/")
    return write_all(folder, {**files, "testSet/testSet/img_1.png": png(parts.test.images[0])})


@wild(is_sorted=True)
def class_folders_in_tar(folder: Path, parts: Parts) -> Path:
    files = png_files(parts.train, "mnist_png/training/") | png_files(parts.test, "mnist_png/testing/")
    return write(folder / "mnist_png.tar", packed(files, "w"))


@wild("train", is_sorted=True)
def class_folders_of_a_white_pen_on_nothing(folder: Path, parts: Parts) -> Path:
    def draw(image: np.ndarray) -> bytes:
        return png(np.dstack([np.full((28, 28, 3), 255, np.uint8), image]))

    pairs = enumerate(zip(parts.train.images, parts.train.labels, strict=True))
    return write_all(folder, {f"{label}/{i:03}.png": draw(image) for i, (image, label) in pairs})


@wild("train", is_sorted=True)
def class_folders_of_both_pens_on_nothing(folder: Path, parts: Parts) -> Path:
    def draw(image: np.ndarray, pen: int) -> bytes:
        return png(np.dstack([np.full((28, 28, 3), pen, np.uint8), image]))

    pairs = enumerate(zip(parts.train.images, parts.train.labels, strict=True))
    return write_all(folder, {f"{label}/{i:03}.png": draw(image, i % 2 * 255) for i, (image, label) in pairs})


@wild("train")
def file_without_an_ending(folder: Path, parts: Parts) -> Path:
    train = parts.train
    path = save_npz(folder / "a.npz", images=train.images, labels=train.labels)
    return path.rename(folder / "digits")
