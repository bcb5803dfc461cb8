"""Folders of pictures: labels from names, pixels from whatever a picture is."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits.data import load_dataset, load_labelled
from digits.errors import DataError
from digits.types import LabelledDigits

STROKE = np.zeros((28, 28), np.uint8)
STROKE[4:24, 12:16] = 200


def save(path: Path, pixels: np.ndarray, **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


def test_names_0_to_9_are_the_labels_and_pixels_stay(test: LabelledDigits, tmp_path: Path) -> None:
    for i, (image, label) in enumerate(zip(test.images, test.labels, strict=True)):
        save(tmp_path / str(label) / f"{i:02}.png", image // 2)
    (tmp_path / "0" / "Thumbs.db").write_text("not a picture")
    (tmp_path / "0" / "._00.png").write_text("not a picture")
    (tmp_path / "readme.txt").write_text("about")
    read = load_labelled(tmp_path)
    order = np.argsort(test.labels, kind="stable")
    np.testing.assert_array_equal(read.labels, test.labels[order])
    np.testing.assert_array_equal(read.images, test.images[order] // 2)


def test_other_names_are_numbered_in_order(tmp_path: Path) -> None:
    for name in ("pear", "apple"):
        for i in range(7):
            save(tmp_path / name / f"{i}.png", STROKE)
    dataset = load_dataset(tmp_path)
    assert dataset.classes == ("apple", "pear")
    assert np.bincount(dataset.train.labels).tolist() == [6, 6]
    assert np.bincount(dataset.test.labels).tolist() == [1, 1]


@pytest.mark.parametrize(("train", "test"), [("train", "test"), ("Training", "testing")])
def test_train_and_test_folders_are_the_parts(train: str, test: str, tmp_path: Path) -> None:
    for part, n in ((train, 3), (test, 2)):
        for label in (4, 7):
            for i in range(n):
                save(tmp_path / part / str(label) / f"{i}.png", STROKE + label)
    dataset = load_dataset(tmp_path)
    assert dataset.train.labels.tolist() == [4, 4, 4, 7, 7, 7]
    assert dataset.test.labels.tolist() == [4, 4, 7, 7]
    assert dataset.test.images[:, 0, 0].tolist() == [4, 4, 7, 7]
    assert load_labelled(tmp_path).labels.tolist() == [4, 4, 4, 7, 7, 7, 4, 4, 7, 7]


def test_a_class_that_only_the_test_part_has_is_refused(tmp_path: Path) -> None:
    for name in ("train/a", "train/b", "test/a", "test/c"):
        save(tmp_path / name / "0.png", STROKE)
    with pytest.raises(DataError, match=r"test has classes that .*train has not: c\. Name the folders alike"):
        load_dataset(tmp_path)


def rgba(pixels: np.ndarray) -> np.ndarray:
    """Black ink on transparent ground, as a drawing program saves it."""
    return np.dstack([np.zeros((28, 28, 3), np.uint8), pixels])


KINDS: dict[str, tuple[np.ndarray, np.ndarray, int]] = {
    "colour": (np.dstack([STROKE] * 3), STROKE, 0),
    "16 bits": (STROKE.astype(np.uint16) * 256 + 17, STROKE, 0),
    "two colours": (STROKE > 0, np.where(STROKE, 255, 0), 0),
    "larger": (STROKE.repeat(3, 0).repeat(3, 1), STROKE, 45),
}


@pytest.mark.parametrize(("pixels", "expected", "tolerance"), KINDS.values(), ids=KINDS)
def test_any_kind_of_picture_becomes_a_grey_digit(
    pixels: np.ndarray, expected: np.ndarray, tolerance: int, tmp_path: Path
) -> None:
    save(tmp_path / "1" / "0.png", pixels)
    image = load_labelled(tmp_path).images[0].astype(int)
    assert np.abs(image - expected).max() <= tolerance


def test_a_tall_picture_keeps_its_aspect(tmp_path: Path) -> None:
    save(tmp_path / "1" / "0.png", STROKE.repeat(4, 0).repeat(2, 1))
    ink = load_labelled(tmp_path).images[0] > 100
    assert np.flatnonzero(ink.any(axis=0)).tolist() == [13, 14]
    assert np.flatnonzero(ink.any(axis=1)).tolist() == list(range(4, 24))


def test_a_wide_picture_is_padded_with_its_own_border(tmp_path: Path) -> None:
    page = np.full((28, 56), 90, np.uint8)
    page[10:18, 20:36] = 250
    save(tmp_path / "1" / "0.png", page)
    image = load_labelled(tmp_path).images[0]
    assert (image[:6] == 90).all()
    assert (image[-6:] == 90).all()
    assert image[14, 14] == 250


def test_pictures_lie_as_their_exif_data_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter to the right
    turned = np.zeros((28, 28), np.uint8)
    turned[:4] = 255
    save(tmp_path / "1" / "0.png", turned, exif=exif)
    image = load_labelled(tmp_path).images[0]
    assert (image[:, -4:] == 255).all()
    assert (image[:, :-4] == 0).all()


@pytest.mark.parametrize("pixels", [255 - STROKE, rgba(STROKE)], ids=["paper", "transparent"])
def test_dark_on_light_is_inverted_and_told(
    pixels: np.ndarray, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save(tmp_path / "1" / "0.png", pixels)
    np.testing.assert_array_equal(load_labelled(tmp_path).images[0], STROKE)
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert record.message == ("The pictures have bright borders (mean 255 of 255): all are inverted to light on dark.")


def test_light_on_dark_stays_and_nothing_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    save(tmp_path / "1" / "0.png", STROKE)
    np.testing.assert_array_equal(load_labelled(tmp_path).images[0], STROKE)
    assert caplog.records == []


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:60])


def bomb(path: Path) -> None:
    Image.new("1", (20_000, 10_000)).save(path)


@pytest.mark.parametrize("spoil", [cut, bomb, lambda path: path.write_text("<html>")], ids=["cut", "bomb", "page"])
def test_a_picture_that_cannot_be_read_is_named_and_kept(spoil: Callable[[Path], None], tmp_path: Path) -> None:
    save(tmp_path / "1" / "good.png", STROKE)
    save(tmp_path / "1" / "spoilt.png", STROKE)
    spoil(tmp_path / "1" / "spoilt.png")
    with pytest.raises(DataError) as caught:
        load_dataset(tmp_path)
    text = str(caught.value)
    assert text.startswith(f"{tmp_path / '1' / 'spoilt.png'} cannot be read as a picture: ")
    assert text.endswith("Mend it or move it out of the folder.")
    assert (tmp_path / "1" / "spoilt.png").exists()


@pytest.mark.parametrize("names", ["abcdefghijk", ["photos"]], ids=["eleven", "one"])
def test_too_many_or_too_few_classes_are_refused(names: list[str], tmp_path: Path) -> None:
    for name in names:
        save(tmp_path / name / "0.png", STROKE)
    with pytest.raises(
        DataError, match=rf"has {len(names)} class folders \(.*\); 2 to 10, or some of 0 to 9, are needed"
    ):
        load_dataset(tmp_path)


def test_corrections_are_read_as_they_are_and_the_drawings_beside_them_are_not(tmp_path: Path) -> None:
    # as much ink as a digit can have: fitted into 20 × 20, it never reaches the border by which a ground is judged
    full = np.zeros((28, 28), np.uint8)
    full[4:24, 4:24] = 255
    save(tmp_path / "train" / "7" / "1.png", full)
    save(tmp_path / "drawings" / "1.png", np.full((300, 200), 255, np.uint8))
    read = load_labelled(tmp_path, digits_only=True)
    np.testing.assert_array_equal(read.images, full[None])
    assert read.labels.tolist() == [7]


def test_where_digits_are_needed_other_classes_are_refused(tmp_path: Path) -> None:
    for name in ("apple", "pear"):
        save(tmp_path / name / "1.png", STROKE)
    assert len(load_labelled(tmp_path)) == 2
    with pytest.raises(DataError) as refused:
        load_labelled(tmp_path, digits_only=True)
    assert str(refused.value) == (
        f"{tmp_path} has the classes apple, pear, which are no digits. Name its folders 0 to 9."
    )
