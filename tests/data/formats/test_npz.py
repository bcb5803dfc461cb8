"""NPZ files: supported keys, and everything that is refused."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from digits.data import load_dataset, load_labelled
from digits.data.formats.npz import read_npz
from digits.errors import DataError
from digits.types import LabelledDigits


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_test", "y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("images", "labels", "test_images", "test_labels"),
        ("X", "y", "x_test", "y_test"),
        ("arr_0", "arr_1", "x_test", "y_test"),
    ],
)
def test_all_supported_keys_give_the_same_digits(
    names: tuple[str, ...], train: LabelledDigits, test: LabelledDigits, tmp_path: Path
) -> None:
    arrays = (train.images, train.labels.astype(np.int64)[:, None], test.images[..., None], test.labels)
    np.savez_compressed(tmp_path / "a.npz", val_images=np.zeros(3), **dict(zip(names, arrays, strict=True)))
    dataset = load_dataset(tmp_path)
    assert dataset.name == f"{tmp_path.name}/a.npz"
    for read, given in ((dataset.train, train), (dataset.test, test)):
        np.testing.assert_array_equal(read.images, given.images)
        np.testing.assert_array_equal(read.labels, given.labels)


def test_test_fold_alone_is_read(test: LabelledDigits, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x_test=test.images.reshape(-1, 784), y_test=test.labels)
    np.testing.assert_array_equal(load_labelled(tmp_path / "a.npz").images, test.images)


IMAGES = np.zeros((3, 28, 28), np.uint8)
LABELS = np.arange(3)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": IMAGES, "b": LABELS}, " holds a, b. Name the arrays x_train, y_train, x_test, y_test, or images"),
        ({"images": IMAGES}, " holds images. Name the arrays"),
        ({}, " holds no arrays. Name"),
        (
            {"images": np.array([{}, {}]), "labels": LABELS},
            " (images) holds pickled Python objects",
        ),
        ({"images": IMAGES * 1j, "labels": LABELS}, " (images) holds complex128 images; digits are numbers, 0–255."),
        ({"images": IMAGES - 1.0, "labels": LABELS}, " (images) holds pixels from -1 to -1. Scale"),
        ({"images": IMAGES * np.nan, "labels": LABELS}, " (images) holds pixels from nan to nan. Scale"),
        ({"images": IMAGES.astype(int) - 1, "labels": LABELS}, " (images) holds pixels from -1 to -1. Scale"),
        ({"images": IMAGES[:, 4:], "labels": LABELS}, " (images) holds 24 × 28 images; digits are 28 × 28 in grey"),
        ({"images": np.zeros((3, 28, 28, 3), np.uint8), "labels": LABELS}, " (images) holds 28 × 28 × 3 images;"),
        ({"images": IMAGES, "labels": np.eye(3, 11)}, " (labels) holds 11 labels. Use one"),
        ({"images": IMAGES, "labels": np.ones((3, 10))}, " (labels) holds 10 labels. Use one"),
        ({"images": IMAGES, "labels": np.array(["1", "2", "x"])}, " (labels) holds <U1 labels. Use whole"),
        ({"images": IMAGES, "labels": LABELS + np.inf}, " (labels) holds float64 labels. Use whole"),
        ({"images": IMAGES, "labels": LABELS + 0.5}, " (labels) holds float64 labels. Use whole"),
        ({"images": IMAGES, "labels": LABELS + 8}, " (labels) holds labels outside 0–9; the first is 10, of image 2"),
        ({"images": IMAGES, "labels": LABELS - 1}, " (labels) holds labels outside 0–9; the first is -1, of image 0"),
        ({"images": IMAGES, "labels": LABELS[:2]}, " (images) holds 3 images, but {0} (labels) holds 2 labels. "),
        ({"images": IMAGES[:0], "labels": LABELS[:0]}, " (images) holds no images. Use a file with at least one."),
        ({"images": LABELS, "labels": IMAGES}, " (images) holds labels and {0} (labels) holds images: they are"),
    ],
)  # fmt: skip
def test_invalid_arrays_are_named(arrays: dict[str, np.ndarray], message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, **arrays)
    with pytest.raises(DataError) as caught:
        read_npz(path)
    assert str(caught.value).startswith(f"{path}{message.format(path)}")


def test_broken_file_is_named_with_its_problem(tmp_path: Path, page: bytes) -> None:
    path = tmp_path / "mnist.npz"
    np.savez(path, images=IMAGES, labels=LABELS)
    whole = path.read_bytes()
    flipped = whole.replace(bytes(2352), bytes(2351) + b"\1")
    assert flipped != whole
    for content, problem in (
        (page, "holds a web page (“503 Service Unavailable”) instead of data. Download or copy it again."),
        (b"", "is empty."),
        (b"\x80\x04\x95", "is not NPZ: it starts with 80 04 95, NPZ with 50 4b."),
        (whole[:-100], "is truncated: its table of contents, at the end, is missing."),
        (flipped, "is damaged: it does not load (Bad CRC-32 for file 'images.npy')."),
    ):
        path.write_bytes(content)
        with pytest.raises(DataError) as caught:
            read_npz(path)
        assert str(caught.value).startswith(f"{path} {problem}")


def test_member_that_is_not_an_array_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("images", "text")
        archive.writestr("labels", "text")
    with pytest.raises(DataError, match=r"\(images\) is not an array in npy form. Write the file with numpy.savez"):
        read_npz(tmp_path / "a.npz")


def test_zip_bomb_is_refused_before_unpacking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez_compressed(tmp_path / "a.npz", images=IMAGES, labels=LABELS)
    monkeypatch.setattr("digits.data.memory.MAX_ARRAY_BYTES", 2000)
    monkeypatch.setattr(np, "load", lambda *_, **__: pytest.fail("unpacked"))
    with pytest.raises(DataError, match=r"is too large: it unpacks to 2,\d\d\d bytes; .* the limit is 2,000"):
        read_npz(tmp_path / "a.npz")
