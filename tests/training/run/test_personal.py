"""Own digits: which are learned, which are held out, how often each comes, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from digits.training.extra import Extra, load_extra, seen_before, with_extra
from PIL import Image

from digits.errors import DataError
from digits.training.config import TrainConfig
from digits.types import Dataset, LabelledDigits

Kept = Callable[[Path, LabelledDigits], Path]


def first(mnist: Dataset, n: int) -> LabelledDigits:
    return LabelledDigits(mnist.train.images[:n], mnist.train.labels[:n])


def rows(digits: LabelledDigits) -> set[bytes]:
    return {image.tobytes() + bytes([label]) for image, label in zip(digits.images, digits.labels, strict=True)}


def test_of_fewer_than_fifty_every_one_is_learned(mnist: Dataset, kept: Kept, tmp_path: Path) -> None:
    extra = load_extra(kept(tmp_path, first(mnist, 49)), TrainConfig())
    assert (len(extra.learned), len(extra.held_out)) == (49, 0)
    assert rows(extra.learned) == rows(first(mnist, 49))
    assert extra.location == str(tmp_path.resolve())


def test_of_fifty_a_stratified_fifth_is_held_out_and_never_learned(mnist: Dataset, kept: Kept, tmp_path: Path) -> None:
    many = LabelledDigits(mnist.train.images[:60], (np.arange(60) % 3).astype(np.uint8))
    folder = kept(tmp_path, many)
    extra = load_extra(folder, TrainConfig())
    assert np.bincount(extra.held_out.labels).tolist() == [4, 4, 4]
    assert np.bincount(extra.learned.labels).tolist() == [16, 16, 16]
    assert rows(extra.learned) | rows(extra.held_out) == rows(many)
    assert rows(load_extra(folder, TrainConfig(seed=1)).held_out) == rows(extra.held_out)
    assert rows(load_extra(folder, TrainConfig(split_seed=1)).held_out) != rows(extra.held_out)


def test_what_is_there_twice_counts_once(mnist: Dataset, kept: Kept, tmp_path: Path) -> None:
    forty = first(mnist, 40)
    folder = kept(tmp_path, forty)
    for file in list(folder.rglob("*.png")):
        file.with_name(f"again-{file.name}").write_bytes(file.read_bytes())
    extra = load_extra(folder, TrainConfig())
    assert (len(extra.learned), len(extra.held_out)) == (40, 0)


def test_the_hashes_tell_other_pixels_and_other_labels(mnist: Dataset, kept: Kept, tmp_path: Path) -> None:
    digits = first(mnist, 20)
    brighter = LabelledDigits(np.maximum(digits.images, 1), digits.labels)
    renamed = LabelledDigits(digits.images, ((digits.labels + 1) % 10).astype(np.uint8))
    hashes = [
        load_extra(kept(tmp_path / str(number), each), TrainConfig()).sha256
        for number, each in enumerate((digits, digits, brighter, renamed))
    ]
    assert hashes[0] == hashes[1]
    assert len({str(each) for each in hashes}) == 3


def extra_of(learned: LabelledDigits) -> Extra:
    return Extra("own", {}, learned, LabelledDigits(learned.images[:0], learned.labels[:0]))


@pytest.mark.parametrize(("share", "n"), [(0.2, 250), (0.5, 1000), (0.0, 30), (0.01, 30)])
def test_own_digits_are_a_share_of_the_epoch_and_all_come_as_often(mnist: Dataset, share: float, n: int) -> None:
    others, own = first(mnist, 1000), LabelledDigits(mnist.train.images[-30:], mnist.train.labels[-30:])
    learned = with_extra(others, extra_of(own), TrainConfig(extra_share=share))
    assert len(learned) == 1000 + n
    assert np.array_equal(learned.images[:1000], others.images)
    _, times = np.unique(learned.images[1000:], axis=0, return_counts=True)
    assert len(times) == 30
    assert times.max() - times.min() <= 1


def test_the_whole_of_an_ensemble_adds_none(mnist: Dataset) -> None:
    digits = first(mnist, 20)
    assert with_extra(digits, extra_of(digits), TrainConfig(members=2)) is digits
    assert with_extra(digits, None, TrainConfig()) is digits


def test_own_digits_among_those_that_judge_are_told(few: Dataset) -> None:
    extra = extra_of(LabelledDigits(few.test.images[:7], few.test.labels[:7]))
    nobody = LabelledDigits(few.train.images[:5], few.train.labels[:5])
    assert seen_before(extra, few, nobody) == [
        "7 of the test digits are among the digits of --extra: the test figure flatters."
    ]
    assert seen_before(extra_of(nobody), few, nobody) == [
        "5 of the validation digits are among the digits of --extra: the validation figure flatters."
    ]


def test_an_empty_own_set_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "train" / "7").mkdir(parents=True)
    (tmp_path / "drawings").mkdir()
    Image.new("L", (200, 200), 255).save(tmp_path / "drawings" / "1.png")
    with pytest.raises(DataError) as refused:
        load_extra(tmp_path, TrainConfig())
    assert str(refused.value) == (
        f"{tmp_path} holds no digits yet: correct some on the page of `digits serve`, or put pictures into "
        f"{tmp_path}/train/0 to {tmp_path}/train/9"
    )


@pytest.mark.parametrize("names", [("a", "b"), ("1", "10")])
def test_what_is_no_digit_is_refused_by_its_name(names: tuple[str, str], tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).mkdir()
        Image.new("L", (28, 28)).save(tmp_path / name / "1.png")
    with pytest.raises(DataError) as refused:
        load_extra(tmp_path, TrainConfig())
    assert str(refused.value) == (
        f"{tmp_path} has the classes {', '.join(names)}, which are no digits. Name its folders 0 to 9."
    )


def test_a_place_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=str(tmp_path / "nowhere")):
        load_extra(tmp_path / "nowhere", TrainConfig())
