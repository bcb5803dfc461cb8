"""Finding MNIST: any copy counts, nothing else does, and missing or broken files are named."""

from __future__ import annotations

import gzip
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from digits.data import load_dataset, load_mnist, read_idx
from digits.data import mnist as finding
from digits.data.formats.idx import idx_sha256
from digits.data.identity import MNIST_SHA256
from digits.data.raw_dataset import MNIST_FILES
from digits.errors import DataError, DataNotFoundError, MissingMNISTError
from digits.types import Dataset, LabelledDigits

Files = dict[str, bytes]


def test_real_files_are_recognized(mnist: Dataset) -> None:
    assert mnist.name == "MNIST"
    assert mnist.sha256 == MNIST_SHA256
    assert (len(mnist.train), len(mnist.test)) == (60_000, 10_000)
    assert mnist.train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert mnist.test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert round(float(mnist.train.images.mean()) / 255, 4) == 0.1307


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("place", ["", "MNIST/raw", "a/b/MNIST/raw"])
def test_files_are_found_in_subfolders(
    place: str, suffix: str, small_mnist: Files, folder_of: Callable[..., Path]
) -> None:
    root = folder_of({}, "root")
    folder_of(small_mnist, f"root/{place}" if place else "root/x", suffix=suffix)
    assert load_mnist(root).name == "MNIST"


def test_names_with_dots_are_recognized(small_mnist: Files, folder_of: Callable[..., Path]) -> None:
    folder = folder_of({role.replace("-idx", ".idx"): body for role, body in small_mnist.items()}, suffix="")
    assert load_mnist(folder).name == "MNIST"


def test_path_of_one_file_is_enough(small_mnist: Files, folder_of: Callable[..., Path]) -> None:
    folder = folder_of(small_mnist)
    assert load_mnist(str(folder / f"{MNIST_FILES[3]}.gz")).location == str(folder)


def test_npz_is_recognized(mnist: Dataset, tmp_path: Path) -> None:
    arrays = (mnist.train.images, mnist.train.labels, mnist.test.images, mnist.test.labels)
    np.savez(tmp_path / "mnist.npz", **dict(zip(("x_train", "y_train", "x_test", "y_test"), arrays, strict=True)))
    for path in (tmp_path, tmp_path / "mnist.npz"):
        found = load_mnist(path)
        assert (found.name, found.location) == ("MNIST", str(tmp_path / "mnist.npz"))


def test_mnist_is_found_among_datasets_with_the_same_file_names(
    small_mnist: Files, mirrored: Files, folder_of: Callable[..., Path]
) -> None:
    folder_of(mirrored, "root/FashionMNIST/raw")
    folder_of(small_mnist, "root/MNIST/raw")
    root = folder_of({}, "root/empty").parent
    assert load_mnist(root).location.endswith("/MNIST/raw")
    assert load_dataset(root).name == "MNIST"


def test_whole_copy_replaces_a_broken_one_with_a_warning(
    small_mnist: Files, folder_of: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    folder = folder_of(small_mnist)
    (folder / MNIST_FILES[0]).write_bytes(b"\0\0\x08\x03")
    assert load_mnist(folder).name == "MNIST"
    assert f"{MNIST_FILES[0]} is truncated" in caplog.text
    assert f"Reading {MNIST_FILES[0]}.gz instead." in caplog.text


def test_places_are_tried_in_order(
    small_mnist: Files, folder_of: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("argument", "variable", "work/data/mnist", "cache"):
        folder_of(small_mnist, name)
    monkeypatch.setattr(finding, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("DIGITS_DATA", str(tmp_path / "variable"))
    assert load_mnist(tmp_path / "argument").location == str(tmp_path / "argument")
    assert load_mnist().location == str(tmp_path / "variable")
    monkeypatch.delenv("DIGITS_DATA")
    assert load_mnist().location == str(tmp_path / "work" / "data" / "mnist")
    shutil.rmtree(tmp_path / "work" / "data")
    assert load_mnist().location == str(tmp_path / "cache")


def test_empty_variable_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITS_DATA", "")
    with pytest.raises(DataError, match=r"^No complete MNIST is in"):
        load_mnist(download=False)


def test_broken_default_folder_is_skipped_with_a_warning(
    small_mnist: Files, folder_of: Callable[..., Path], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    broken = folder_of({**small_mnist, MNIST_FILES[1]: b"<html>"}, "data/mnist")
    folder_of(small_mnist, "cache")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(finding, "cache_folder", lambda: tmp_path / "cache")
    assert load_mnist().location == str(tmp_path / "cache")
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert f"{MNIST_FILES[1]}.gz holds a web page instead of data" in record.message
    assert (broken / f"{MNIST_FILES[1]}.gz").read_bytes() == b"<html>"


def test_named_place_is_the_only_one_searched(
    small_mnist: Files, folder_of: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_of(small_mnist, "data/mnist")
    empty = folder_of({}, "empty")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError) as caught:
        load_mnist(empty)
    assert str(caught.value).startswith(f"{empty} holds no MNIST: no mnist.npz and none of train-images-idx3-ubyte, ")
    monkeypatch.setenv("DIGITS_DATA", str(tmp_path / "missing"))
    with pytest.raises(DataError) as caught:
        load_mnist()
    assert str(caught.value).startswith(f"{tmp_path / 'missing'} does not exist. ")
    assert str(caught.value).endswith("The path comes from $DIGITS_DATA.")


def test_missing_and_present_files_are_named(small_files: Files, folder_of: Callable[..., Path]) -> None:
    folder = folder_of({role: small_files[role] for role in MNIST_FILES[:2]})
    with pytest.raises(DataError) as caught:
        load_mnist(folder)
    assert str(caught.value).startswith(
        f"{folder} lacks t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte; "
        "it has train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz."
    )


A, B, C, D = MNIST_FILES


@pytest.mark.parametrize("load", [load_mnist, load_dataset])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({A: B, B: A}, f"{{0}}/{A}.gz holds labels and {{0}}/{B}.gz holds images: they are swapped."),
        ({A: B}, f"{{0}}/{A}.gz holds labels in place of images."),
        ({B: A}, f"{{0}}/{B}.gz holds 28 × 28 labels. Use one"),
        ({B: D}, f"{{0}}/{A}.gz holds 70 images, but {{0}}/{B}.gz holds 20 labels. Use files"),
        (
            {A: C, B: D, C: A, D: B},
            f"{{0}}/{A}.gz holds MNIST's {C}: files are swapped; {{0}}/{B}.gz holds MNIST's {D}",
        ),
        ({C: None}, f"{{0}} lacks {C}; it has {D}.gz, {A}.gz, {B}.gz."),
    ],
)
def test_swapped_and_missing_files_are_named(
    load: Callable[[Path], Dataset], content: dict[str, str | None], message: str,
    small_mnist: Files, folder_of: Callable[..., Path],
) -> None:  # fmt: skip
    taken = {role: content.get(role, role) for role in MNIST_FILES}
    folder = folder_of({role: small_mnist[other] for role, other in taken.items() if other})
    with pytest.raises(DataError) as caught:
        load(folder)
    assert str(caught.value).startswith(message.format(folder))


@pytest.mark.parametrize("load", [load_mnist, load_dataset])
def test_partly_mnist_is_refused(
    load: Callable[[Path], Dataset], small_mnist: Files, folder_of: Callable[..., Path]
) -> None:
    decoded = bytearray(gzip.decompress(small_mnist[D]))
    decoded[-1] ^= 1
    folder = folder_of({**small_mnist, D: gzip.compress(bytes(decoded))})
    digest = idx_sha256(read_idx(bytes(decoded)))
    with pytest.raises(DataError) as caught:
        load(folder)
    assert str(caught.value).startswith(
        f"{folder}/{D}.gz is not MNIST's {D} (decoded SHA-256 {digest}, MNIST's is {MNIST_SHA256[D]}). Replace"
    )


def test_other_dataset_with_the_same_names_is_refused(small_files: Files, folder_of: Callable[..., Path]) -> None:
    folder = folder_of(small_files, "fashion")
    digest = idx_sha256(read_idx(small_files[A]))
    with pytest.raises(DataError) as caught:
        load_mnist(folder)
    assert str(caught.value).startswith(
        f"{folder}/{A}.gz is not MNIST's {A}: its decoded SHA-256 is {digest}, MNIST's is {MNIST_SHA256[A]}. "
        "To load another dataset, use load_dataset."
    )


def test_file_with_another_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("label")
    with pytest.raises(DataError, match=r"holds no MNIST.*load_dataset reads other"):
        load_mnist(tmp_path / "train.csv")


def test_error_without_download_says_how_to_get_mnist() -> None:
    with pytest.raises(DataNotFoundError) as caught:
        load_mnist(download=False)
    assert not isinstance(caught.value, MissingMNISTError), "a download might find it"
    text = str(caught.value)
    assert text.startswith(f"No complete MNIST is in {Path.cwd() / 'data' / 'mnist'} or {finding.cache_folder()}, and")
    assert "downloading is disabled. To get it manually: download train-images-idx3-ubyte.gz, train-labels" in text
    assert "put the files into data/mnist" in text
    assert text.endswith("with --data or $DIGITS_DATA.")


@pytest.mark.parametrize("load", [load_mnist, load_dataset])
def test_missing_mnist_has_its_own_error(load: Callable[[], Dataset]) -> None:
    with pytest.raises(MissingMNISTError) as caught:
        load()
    assert str(caught.value).startswith("No complete MNIST is in ")


@pytest.mark.parametrize("load", [load_mnist, load_dataset])
@pytest.mark.parametrize("variable", [False, True])
def test_invalid_named_place_is_not_missing_mnist(
    load: Callable[..., Dataset], variable: bool, small_files: Files, folder_of: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for place in (folder_of({A: small_files[A]}), folder_of({}, "empty"), Path("missing")):
        if variable:
            monkeypatch.setenv("DIGITS_DATA", str(place))
        with pytest.raises(DataError) as caught:
            load(*([] if variable else [place]))
        assert not isinstance(caught.value, MissingMNISTError)


@pytest.fixture
def mirrored(small_files: Files, train: LabelledDigits) -> Files:
    """Make another dataset: the small one with its images upside down."""
    images = read_idx(small_files[A])[:, ::-1]
    header = gzip.decompress(small_files[A])[:16]
    test = gzip.decompress(small_files[C])
    return {
        A: gzip.compress(header + images.tobytes()),
        B: gzip.compress(gzip.decompress(small_files[B])[:8] + train.labels[::-1].tobytes()),
        C: gzip.compress(test[:16] + test[16:][::-1]),
        D: gzip.compress(gzip.decompress(small_files[D])[:8] + bytes(20)),
    }


def test_changed_pixels_with_the_labels_of_mnist_are_loaded_under_another_name(
    small_mnist: Files, folder_of: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    """A binarized or noisy MNIST, or MNIST-C."""

    def binarize(content: bytes) -> bytes:
        decoded = gzip.decompress(content)
        pixels = np.frombuffer(decoded[16:], np.uint8)
        return gzip.compress(decoded[:16] + ((pixels > 127) * np.uint8(255)).tobytes())

    folder = folder_of({role: binarize(body) if role in (A, C) else body for role, body in small_mnist.items()}, "mine")
    assert load_dataset(folder).name == "mine (MNIST with changed pixels)"
    assert f"{folder} has the labels of MNIST and other pixels" in caplog.text
    with pytest.raises(DataError, match="is not MNIST's"):
        load_mnist(folder)
    part = folder_of({**small_mnist, A: binarize(small_mnist[A])}, "part")
    with pytest.raises(DataError, match="MNIST is never mixed with other data"):
        load_dataset(part)


def test_mnist_whose_last_training_digits_are_apart_is_mnist(
    small_mnist: Files, train: LabelledDigits, test: LabelledDigits, tmp_path: Path
) -> None:
    np.savez(
        tmp_path / "a.npz", train_images=train.images[:50], train_labels=train.labels[:50],
        val_images=train.images[50:], val_labels=train.labels[50:], test_images=test.images, test_labels=test.labels,
    )  # fmt: skip
    dataset = load_dataset(tmp_path)
    assert (dataset.name, dataset.validation) == ("MNIST", None)
    np.testing.assert_array_equal(dataset.train.images, train.images)
