"""Any labelled set: its format is found, its name claims nothing, a missing test part is held out."""

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
from digits.errors import DataError
from digits.types import Dataset, LabelledDigits

Files = dict[str, bytes]
A, B, C, D = MNIST_FILES


@pytest.mark.parametrize(
    ("folder", "name"),
    [("fashion", "fashion"), ("KMNIST/raw", "KMNIST"), ("MNIST/raw", "MNIST (not the published set)")],
)
def test_the_four_files_of_another_set_are_called_after_their_folder(
    folder: str, name: str, small_files: Files, folder_of: Callable[..., Path],
    train: LabelledDigits, test: LabelledDigits,
) -> None:  # fmt: skip
    dataset = load_dataset(folder_of(small_files, folder))
    assert dataset.name == name
    np.testing.assert_array_equal(dataset.train.images, train.images)
    np.testing.assert_array_equal(dataset.test.images, test.images)
    arrays = (train.images, train.labels, test.images, test.labels)
    assert dataset.sha256 == {role: idx_sha256(array) for role, array in zip(MNIST_FILES, arrays, strict=True)}


def test_no_path_is_mnist_and_the_variable_may_name_any_set(
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


def test_without_a_test_part_a_seventh_is_held_out(
    small_files: Files, train: LabelledDigits, folder_of: Callable[..., Path]
) -> None:
    dataset = load_dataset(folder_of({"my-images-idx3-ubyte": small_files[A], "my-labels-idx1-ubyte": small_files[B]}))
    assert dataset.name == "set-my"
    rest, held = split(train, 10, seed=0)
    assert np.bincount(held.labels).tolist() == [1] * 10
    np.testing.assert_array_equal(dataset.test.images, held.images)
    np.testing.assert_array_equal(dataset.train.images, rest.images)


def test_a_single_digit_cannot_be_parted(tmp_path: Path) -> None:
    write_idx(tmp_path / "images-idx3-ubyte", np.zeros((1, 28, 28), np.uint8))
    write_idx(tmp_path / "labels-idx1-ubyte", np.zeros(1, np.uint8))
    with pytest.raises(DataError, match=r"holds 1 digit, and none can be held out for the test. Add more digits"):
        load_dataset(tmp_path)
    assert len(load_labelled(tmp_path)) == 1


def test_prefixes_tell_sets_and_parts(small_files: Files, folder_of: Callable[..., Path]) -> None:
    digits = {f"kind-one-{role.replace('t10k', 'test')}": body for role, body in small_files.items()}
    folder = folder_of(digits | {f"other-{role}": body for role, body in small_files.items()})
    one = load_dataset(folder / "kind-one-test-labels-idx1-ubyte.gz")
    assert (one.name, len(one.train), len(one.test)) == ("set-kind-one", 70, 20)
    with pytest.raises(DataError) as caught:
        load_dataset(folder)
    assert str(caught.value) == (
        f"{folder} holds several sets: {folder}/kind-one, {folder}/other. Name the one that is meant."
    )


def test_emnist_is_told_to_be_transposed(
    small_files: Files, folder_of: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    load_dataset(
        folder_of({f"emnist-digits-{role.replace('t10k', 'test')}": body for role, body in small_files.items()})
    )
    assert "EMNIST publishes its images transposed; they are taken as they are." in caplog.text


def test_labelled_digits_are_all_parts_of_a_folder_and_one_pair_of_a_file(
    mnist: Dataset, mnist_files: dict[str, Path], small_files: Files, folder_of: Callable[..., Path],
    train: LabelledDigits, test: LabelledDigits,
) -> None:  # fmt: skip
    folder = folder_of(small_files)
    np.testing.assert_array_equal(load_labelled(folder).labels, np.concatenate([train.labels, test.labels]))
    np.testing.assert_array_equal(load_labelled(folder / f"{B}.gz").images, train.images)
    np.testing.assert_array_equal(load_labelled(folder / f"{C}.gz").images, test.images)
    np.testing.assert_array_equal(load_labelled(mnist_files[C]).images, mnist.test.images)


def test_a_letter_is_refused(small_files: Files, folder_of: Callable[..., Path], tmp_path: Path) -> None:
    folder = folder_of({A: small_files[A]})
    write_idx(folder / B, np.arange(70, dtype=np.uint8) % 26 + 1)
    with pytest.raises(DataError) as caught:
        load_dataset(folder)
    assert str(caught.value).startswith(
        f"{folder / B} holds labels outside 0–9: the first is 10, of image 9. Sets of more"
    )


def test_nothing_to_read_is_told_with_what_could_be(tmp_path: Path) -> None:
    forms = "Put there IDX files (…-images-idx3-ubyte, …-labels-idx1-ubyte, .gz or not), an .npz, a .csv with label and"
    with pytest.raises(DataError) as caught:
        load_dataset(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path} is an empty folder. {forms}")
    (tmp_path / "a.pt").write_text("")
    with pytest.raises(DataError) as caught:
        load_labelled(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path} holds nothing that can be read as labelled digits. {forms}")
    with pytest.raises(DataError) as caught:
        load_dataset(tmp_path / "a.pt")
    assert str(caught.value).startswith(f"{tmp_path / 'a.pt'} is in no format known here. Give IDX files")


@pytest.mark.parametrize("load", [load_dataset, load_labelled])
def test_a_path_that_does_not_exist_is_told(load: Callable[[Path], object], tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        load(tmp_path / "nowhere")
    assert str(caught.value) == (
        f"{tmp_path / 'nowhere'} does not exist. Check the path; relative ones start at {Path.cwd()}."
    )


def test_importing_loads_numpy_and_nothing_heavier() -> None:
    heavy = {"pooch", "requests", "platformdirs", "PIL", "tqdm", "torch"}
    code = f"import sys, digits.data; print(*{heavy} & {{*sys.modules}})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"
