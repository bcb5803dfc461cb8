"""Photographs of digits as training data: what is learned is what would be read."""

from __future__ import annotations

import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from tests.doctor.test_faults import draw_clothes

from digits import Reader, cli
from digits.data import load_labelled, load_parts
from digits.doctor import DigitFinder, Mending, examine, load_mended, mend, warn_of_pictures
from digits.training.run.inputs import load_personal
from digits.types import Dataset, LabelledDigits

N = 24
"""Photographs: 16 that are read at full size only are the fewest that show it without a doubt."""


def photograph(digits: list[np.ndarray], seed: int) -> np.ndarray:
    """Draw digits with a dark pen somewhere on a sheet that is darker at the right."""
    rng = np.random.default_rng(seed)
    paper = 210 - 50 * np.linspace(0, 1, 240) + rng.normal(0, 2, (180, 240))
    for number, digit in enumerate(digits):
        ink = cv2.resize(digit, (56, 56), interpolation=cv2.INTER_CUBIC) / 255
        top, left = rng.integers(5, 119), rng.integers(5, 60) + 120 * number
        paper[top : top + 56, left : left + 56] *= 1 - 0.75 * ink
    return paper.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def photos(clean: LabelledDigits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs in class folders: 20 to train and 4 to validate."""
    folder = tmp_path_factory.mktemp("photos")
    for i in range(N):
        path = folder / ("train" if i < 20 else "val") / str(clean.labels[i]) / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photograph([clean.images[i]], i)).save(path)
    return folder


@pytest.fixture(scope="module")
def found(photos: Path) -> Dataset:
    return load_mended(photos, Mending(from_pictures=True))


def test_digits_lost_in_photographs_are_noticed(photos: Path) -> None:
    dataset = load_mended(photos, Mending())
    assert dataset.picture_side == 240
    finding = examine(dataset, is_thorough=False)[0]
    assert (finding.kind, finding.mend, finding.is_warning, finding.total) == (
        "photographs",
        "--from-pictures",
        True,
        N,
    )
    assert "240 pixels long" in finding.sentence
    assert len(finding.examples) == 4


def test_digits_are_found_as_they_would_be_read(photos: Path, found: Dataset) -> None:
    reader = Reader()
    validation = sorted((photos / "val").glob("*/*.png"), key=lambda path: path.parent.name)
    assert found.validation is not None
    for path, image, label in zip(validation, found.validation.images, found.validation.labels, strict=True):
        (digit,) = reader.read(path, upright=True).digits
        np.testing.assert_array_equal(image, digit.image)
        assert label == int(path.parent.name)
    assert len(found.train) + len(found.test) == 20
    assert not [finding.kind for finding in examine(found, is_thorough=False) if finding.is_warning]


def test_an_archive_is_converted_once_and_for_all(
    photos: Path, found: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for path in photos.rglob("*.png"):
            archive.write(path, path.relative_to(photos))
    out = tmp_path / "digits.npz"
    cli.main(["data", "convert", str(tmp_path / "photos.zip"), str(out), "--from-pictures"])
    assert "20 train, 4 validation digits" in capsys.readouterr().out
    validation = load_parts(out).validation
    assert validation is not None
    assert found.validation is not None
    np.testing.assert_array_equal(validation.images, found.validation.images)


def test_personal_photographs_are_noticed_and_found(photos: Path, found: Dataset) -> None:
    fitted = load_personal(photos, 0)
    assert fitted.picture_side == 240
    (warning,) = warn_of_pictures(fitted.location, fitted.picture_side, N)
    assert "--from-pictures does that" in warning
    personal = load_personal(photos, 0, from_pictures=True)
    assert personal.picture_side == 0
    images = {image.tobytes() for image in personal.train.images}
    assert found.validation is not None
    assert {image.tobytes() for image in found.validation.images} <= images


def test_several_digits_in_a_picture_are_said(
    clean: LabelledDigits, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for label in range(2):
        (tmp_path / str(label)).mkdir()
        Image.fromarray(photograph(list(clean.images[label : label + 1 + label]), 3)).save(
            tmp_path / f"{label}" / "a.png"
        )
    finder = DigitFinder()
    digits = load_labelled(tmp_path, decode=finder)
    finder.warn()
    assert (len(digits), finder.count, finder.several) == (2, 2, [str(tmp_path / "1" / "a.png")])
    assert "1 of 2 pictures hold several digits" in caplog.text


def test_pictures_of_clothes_pass(tmp_path: Path) -> None:
    clothes = draw_clothes(20)
    for i, (image, label) in enumerate(zip(clothes.images, clothes.labels, strict=True)):
        (tmp_path / str(label)).mkdir(exist_ok=True)
        Image.fromarray(image.repeat(2, 0).repeat(2, 1)).save(tmp_path / str(label) / f"{i}.png")
    assert warn_of_pictures(str(tmp_path), 56, 20) == []


def test_mnist_stays_as_it_is(mnist: Dataset) -> None:
    assert mend(mnist, Mending(from_pictures=True)) is mnist
