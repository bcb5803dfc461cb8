"""Personal data: which digits are learned, which are held out, how often each is repeated, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.training.conftest import first, write_corrections

from digits.errors import DataError, DataNotFoundError
from digits.training import TrainConfig
from digits.training.run.finetune import check_overlap
from digits.training.run.inputs import Inputs, PersonalData, load_personal
from digits.training.run.training_set import build_training_set
from digits.types import Dataset, LabelledDigits


def rows(digits: LabelledDigits) -> set[bytes]:
    return {image.tobytes() + bytes([label]) for image, label in zip(digits.images, digits.labels, strict=True)}


def test_fewer_than_fifty_digits_are_all_learned(few: Dataset, tmp_path: Path) -> None:
    personal = load_personal(write_corrections(tmp_path, first(few.train, 49)), 0)
    assert (len(personal.train), len(personal.held_out)) == (49, 0)
    assert rows(personal.train) == rows(first(few.train, 49))
    assert personal.location == str(tmp_path.resolve())


def test_fifth_of_more_digits_is_held_out_in_each_class(few: Dataset, tmp_path: Path) -> None:
    digits = LabelledDigits(few.train.images[:60], (np.arange(60) % 3).astype(np.uint8))
    folder = write_corrections(tmp_path, digits)
    personal = load_personal(folder, 0)
    assert np.bincount(personal.held_out.labels).tolist() == [4, 4, 4]
    assert np.bincount(personal.train.labels).tolist() == [16, 16, 16]
    assert rows(personal.train) | rows(personal.held_out) == rows(digits)
    assert rows(load_personal(folder, 1).held_out) != rows(personal.held_out)


def test_duplicates_count_once(few: Dataset, tmp_path: Path) -> None:
    folder = write_corrections(tmp_path, first(few.train, 40))
    for file in list(folder.rglob("*.png")):
        file.with_name(f"again-{file.name}").write_bytes(file.read_bytes())
    personal = load_personal(folder, 0)
    assert (len(personal.train), len(personal.held_out)) == (40, 0)


def test_hashes_differ_with_pixels_and_labels(few: Dataset, tmp_path: Path) -> None:
    digits = first(few.train, 20)
    brighter = LabelledDigits(np.maximum(digits.images, 1), digits.labels)
    relabelled = LabelledDigits(digits.images, ((digits.labels + 1) % 10).astype(np.uint8))
    hashes = [
        str(load_personal(write_corrections(tmp_path / str(number), each), 0).sha256)
        for number, each in enumerate((digits, digits, brighter, relabelled))
    ]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


def personal_data(train: LabelledDigits) -> PersonalData:
    return PersonalData("personal", {}, train, first(train, 0))


@pytest.mark.parametrize(("share", "n"), [(0.2, 417), (0.5, 1667), (0.0, 30), (0.01, 30)])
def test_personal_digits_fill_their_share_evenly(mnist: Dataset, few: Dataset, share: float, n: int) -> None:
    personal = personal_data(LabelledDigits(mnist.train.images[-30:], mnist.train.labels[-30:]))
    config = TrainConfig.from_settings(personal_share=share)
    learned = build_training_set(config, Inputs(few, personal)).train
    assert len(learned) == 1667 + n
    assert np.array_equal(learned.images[:1667], build_training_set(config, Inputs(few)).train.images)
    _, times = np.unique(learned.images[1667:], axis=0, return_counts=True)
    assert len(times) == 30
    assert times.max() - times.min() <= 1


def test_digits_that_are_learned_and_tested_are_noticed(few: Dataset) -> None:
    tested, validation = personal_data(first(few.test, 7)), first(few.train, 5)
    assert check_overlap(tested, few, validation) == [
        "7 of the test digits are among --extra-data: the test figure is too optimistic."
    ]
    assert check_overlap(personal_data(validation), few, validation) == [
        "5 of the validation digits are among --extra-data: the validation figure is too optimistic."
    ]


def test_empty_folder_is_answered_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "train" / "7").mkdir(parents=True)
    (tmp_path / "drawings").mkdir()
    Image.new("L", (200, 200), 255).save(tmp_path / "drawings" / "1.png")
    with pytest.raises(DataError, match=f"{tmp_path} holds no digits yet: .*`digits serve`.*{tmp_path}/train/0 to"):
        load_personal(tmp_path, 0)


@pytest.mark.parametrize("names", [("a", "b"), ("1", "10")])
def test_folders_of_other_classes_are_refused(names: tuple[str, str], tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).mkdir()
        Image.new("L", (28, 28)).save(tmp_path / name / "1.png")
    with pytest.raises(DataError, match=f"{tmp_path} has the classes {', '.join(names)}.* 0 to 9"):
        load_personal(tmp_path, 0)


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match=str(tmp_path / "missing")):
        load_personal(tmp_path / "missing", 0)
