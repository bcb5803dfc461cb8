"""Loading any dataset: its format is detected, its name is not trusted, a missing test fold is held out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from digits.data import load_dataset, load_labelled, split, write_idx
from digits.data import mnist as finding
from digits.data.formats.idx import idx_sha256
from digits.data.raw_dataset import MNIST_FILES
from digits.errors import DataError, DataNotFoundError
from digits.types import Dataset, LabelledDigits

Files = dict[str, bytes]
A, B, C, D = MNIST_FILES


@pytest.mark.parametrize(
    ("folder", "name"),
    [("fashion", "fashion"), ("KMNIST/raw", "KMNIST"), ("MNIST/raw", "MNIST (not the published set)")],
)
def test_other_datasets_are_named_after_their_folder(
    folder: str, name: str, small_files: Files, folder_of: Callable[..., Path],
    train: LabelledDigits, test: LabelledDigits,
) -> None:  # fmt: skip
    dataset = load_dataset(folder_of(small_files, folder))
    assert dataset.name == name
    np.testing.assert_array_equal(dataset.train.images, train.images)
    np.testing.assert_array_equal(dataset.test.images, test.images)
    arrays = (train.images, train.labels, test.images, test.labels)
    assert dataset.sha256 == {role: idx_sha256(array) for role, array in zip(MNIST_FILES, arrays, strict=True)}


def test_default_is_mnist_or_the_dataset_in_the_variable(
    small_mnist: Files,
    small_files: Files,
    folder_of: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    folder_of(small_mnist, "cache")
    monkeypatch.setattr(finding, "cache_folder", lambda: tmp_path / "cache")
    assert load_dataset().name == "MNIST"
    pair = folder_of({A: small_files[A], B: small_files[B]}, "pair")
    monkeypatch.setenv("DIGITS_DATA", str(pair))
    assert load_dataset().name == "pair"


def test_missing_test_fold_is_a_held_out_seventh(
    small_files: Files, train: LabelledDigits, folder_of: Callable[..., Path]
) -> None:
    dataset = load_dataset(folder_of({"my-images-idx3-ubyte": small_files[A], "my-labels-idx1-ubyte": small_files[B]}))
    assert dataset.name == "set-my"
    rest, held = split(train, 10, seed=0)
    assert np.bincount(held.labels).tolist() == [1] * 10
    np.testing.assert_array_equal(dataset.test.images, held.images)
    np.testing.assert_array_equal(dataset.train.images, rest.images)


def test_single_digit_cannot_be_split(tmp_path: Path) -> None:
    write_idx(tmp_path / "images-idx3-ubyte", np.zeros((1, 28, 28), np.uint8))
    write_idx(tmp_path / "labels-idx1-ubyte", np.zeros(1, np.uint8))
    with pytest.raises(DataError, match="holds 1 digit, too few"):
        load_dataset(tmp_path)
    assert len(load_labelled(tmp_path)) == 1


def test_prefixes_separate_datasets_and_folds(small_files: Files, folder_of: Callable[..., Path]) -> None:
    digits = {f"kind-one-{role.replace('t10k', 'test')}": body for role, body in small_files.items()}
    folder = folder_of(digits | {f"other-{role}": body for role, body in small_files.items()})
    one = load_dataset(folder / "kind-one-test-labels-idx1-ubyte.gz")
    assert (one.name, len(one.train), len(one.test)) == ("set-kind-one", 70, 20)
    with pytest.raises(DataError, match=f"several datasets: {folder}/kind-one, {folder}/other"):
        load_dataset(folder)


def test_transposed_emnist_is_warned_about(
    small_files: Files, folder_of: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    load_dataset(
        folder_of({f"emnist-digits-{role.replace('t10k', 'test')}": body for role, body in small_files.items()})
    )
    assert "EMNIST publishes transposed images; --transpose turns them upright." in caplog.text


def test_labelled_digits_are_all_folds_of_a_folder_or_one_of_a_file(
    mnist: Dataset, mnist_files: dict[str, Path], small_files: Files, folder_of: Callable[..., Path],
    train: LabelledDigits, test: LabelledDigits,
) -> None:  # fmt: skip
    folder = folder_of(small_files)
    np.testing.assert_array_equal(load_labelled(folder).labels, np.concatenate([train.labels, test.labels]))
    np.testing.assert_array_equal(load_labelled(folder / f"{B}.gz").images, train.images)
    np.testing.assert_array_equal(load_labelled(folder / f"{C}.gz").images, test.images)
    np.testing.assert_array_equal(load_labelled(mnist_files[C]).images, mnist.test.images)


def test_label_above_9_is_refused(small_files: Files, folder_of: Callable[..., Path], tmp_path: Path) -> None:
    folder = folder_of({A: small_files[A]})
    write_idx(folder / B, np.arange(70, dtype=np.uint8) % 26 + 1)
    with pytest.raises(DataError) as caught:
        load_dataset(folder)
    assert str(caught.value).startswith(f"{folder / B} holds labels outside 0–9; the first is 10, of image 9.")


def test_error_lists_the_supported_formats(tmp_path: Path) -> None:
    formats = "Supported are IDX files (…-images-idx3-ubyte, …-labels-idx1-ubyte, .gz or not), .npz, .npy pairs, .mat"
    with pytest.raises(DataError) as caught:
        load_dataset(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path} is an empty folder. {formats}")
    (tmp_path / "a.pt").write_text("")
    with pytest.raises(DataError) as caught:
        load_labelled(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path} holds no labelled digits in a supported format. {formats}")
    with pytest.raises(DataError) as caught:
        load_dataset(tmp_path / "a.pt")
    assert str(caught.value).startswith(f"{tmp_path / 'a.pt'} is in no supported format. {formats}")


@pytest.mark.parametrize("load", [load_dataset, load_labelled])
def test_missing_path_is_named(load: Callable[[Path], object], tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match=f"{tmp_path / 'missing'} does not exist"):
        load(tmp_path / "missing")


def test_import_loads_no_heavy_package() -> None:
    heavy = {"requests", "platformdirs", "PIL", "tqdm", "torch"}
    code = f"import sys, digits.data; print(*{heavy} & {{*sys.modules}})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


@pytest.mark.parametrize(
    ("images", "labels"),
    [("my-images.idx", "my-labels.idx"), ("Image.IDX3.gz", "label.idx1"), ("a.idx3", "a.idx1.gz")],
)
def test_idx_files_of_any_name_are_a_pair(images: str, labels: str, tmp_path: Path, train: LabelledDigits) -> None:
    write_idx(tmp_path / images, train.images)
    write_idx(tmp_path / labels, train.labels)
    for name in (images, labels):
        loaded = load_labelled(tmp_path / name)
        np.testing.assert_array_equal(loaded.images, train.images)
        np.testing.assert_array_equal(loaded.labels, train.labels)


@pytest.mark.parametrize("other", ["my-labels.txt", "other-labels.idx", ""])
def test_idx_images_without_labels_are_refused(other: str, tmp_path: Path, train: LabelledDigits) -> None:
    write_idx(tmp_path / "my-images.idx", train.images)
    if other:
        write_idx(tmp_path / other, train.labels)
    with pytest.raises(DataError, match=r"my-images\.idx has no labels or images beside it\. Put both into one folder"):
        load_dataset(tmp_path / "my-images.idx")


def test_what_only_looks_like_idx_labels_is_no_pair(tmp_path: Path, train: LabelledDigits) -> None:
    write_idx(tmp_path / "my-images.idx", train.images)
    (tmp_path / "my-labels.idx").write_text("7, 2, 1")
    with pytest.raises(DataError, match="has no labels or images beside it"):
        load_dataset(tmp_path / "my-images.idx")
