"""One folder of pictures per class: labels from folder names, pixels from any kind of picture."""

from __future__ import annotations

import io
import logging
import os
import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from benchmarks.hostile import PNG_START, png_chunk
from PIL import Image

from benchmarks import hostile
from digits.data import decode_picture, load_dataset, load_labelled
from digits.doctor import DigitFinder
from digits.errors import DataError
from digits.preprocessing.opening import PICTURE_SUFFIXES
from digits.types import LabelledDigits

STROKE = np.zeros((28, 28), np.uint8)
STROKE[4:24, 12:16] = 200


def save(path: Path, pixels: np.ndarray, **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


def test_folders_0_to_9_are_labels_and_pixels_are_unchanged(test: LabelledDigits, tmp_path: Path) -> None:
    for i, (image, label) in enumerate(zip(test.images, test.labels, strict=True)):
        save(tmp_path / str(label) / f"{i:02}.png", image // 2)
    (tmp_path / "0" / "Thumbs.db").write_text("not a picture")
    (tmp_path / "0" / "._00.png").write_text("not a picture")
    (tmp_path / "readme.txt").write_text("about")
    read = load_labelled(tmp_path)
    order = np.argsort(test.labels, kind="stable")
    np.testing.assert_array_equal(read.labels, test.labels[order])
    np.testing.assert_array_equal(read.images, test.images[order] // 2)


def test_other_folder_names_are_numbered_in_order(tmp_path: Path) -> None:
    for name in ("pear", "apple"):
        for i in range(7):
            save(tmp_path / name / f"{i}.png", STROKE)
    dataset = load_dataset(tmp_path)
    assert dataset.classes == ("apple", "pear")
    assert np.bincount(dataset.train.labels).tolist() == [6, 6]
    assert np.bincount(dataset.test.labels).tolist() == [1, 1]


@pytest.mark.parametrize(("train", "test"), [("train", "test"), ("Training", "testing")])
def test_train_and_test_folders_are_the_folds(train: str, test: str, tmp_path: Path) -> None:
    for part, n in ((train, 3), (test, 2)):
        for label in (4, 7):
            for i in range(n):
                save(tmp_path / part / str(label) / f"{i}.png", STROKE + label)
    dataset = load_dataset(tmp_path)
    assert dataset.train.labels.tolist() == [4, 4, 4, 7, 7, 7]
    assert dataset.test.labels.tolist() == [4, 4, 7, 7]
    assert dataset.test.images[:, 0, 0].tolist() == [4, 4, 7, 7]
    assert load_labelled(tmp_path).labels.tolist() == [4, 4, 4, 7, 7, 7, 4, 4, 7, 7]


def test_class_only_in_the_test_fold_is_refused(tmp_path: Path) -> None:
    for name in ("train/a", "train/b", "test/a", "test/c"):
        save(tmp_path / name / "0.png", STROKE)
    with pytest.raises(DataError, match=r"test has classes that .*train lacks: c\."):
        load_dataset(tmp_path)


@pytest.mark.parametrize("suffix", ["tif", "gif"])
def test_file_of_several_pictures_is_refused(suffix: str, tmp_path: Path) -> None:
    """Reading the first alone would leave out the others without a word."""
    pages = [Image.fromarray(STROKE), Image.fromarray(STROKE.T)]
    save(tmp_path / "7" / f"a.{suffix}", STROKE, save_all=True, append_images=pages)
    with pytest.raises(DataError, match=rf"a\.{suffix} holds several pictures: save each as a file of its own"):
        load_labelled(tmp_path)
    with pytest.raises(DataError, match=rf"a\.{suffix} (has 3 pages|is animated): save"):
        load_labelled(tmp_path, decode=DigitFinder())


KINDS: dict[str, tuple[np.ndarray, np.ndarray, int]] = {
    "colour": (np.dstack([STROKE] * 3), STROKE, 0),
    "16 bits": (STROKE.astype(np.uint16) * 256 + 17, STROKE, 0),
    "two colours": (STROKE > 0, np.where(STROKE, 255, 0), 0),
    "larger": (STROKE.repeat(3, 0).repeat(3, 1), STROKE, 45),
}


@pytest.mark.parametrize(("pixels", "expected", "tolerance"), KINDS.values(), ids=KINDS)
def test_any_picture_becomes_grey(pixels: np.ndarray, expected: np.ndarray, tolerance: int, tmp_path: Path) -> None:
    save(tmp_path / "1" / "0.png", pixels)
    image = load_labelled(tmp_path).images[0].astype(int)
    assert np.abs(image - expected).max() <= tolerance


def test_tall_picture_keeps_its_aspect_ratio(tmp_path: Path) -> None:
    save(tmp_path / "1" / "0.png", STROKE.repeat(4, 0).repeat(2, 1))
    ink = load_labelled(tmp_path).images[0] > 100
    assert np.flatnonzero(ink.any(axis=0)).tolist() == [13, 14]
    assert np.flatnonzero(ink.any(axis=1)).tolist() == list(range(4, 24))


def test_wide_picture_is_padded_with_the_grey_of_its_border(tmp_path: Path) -> None:
    page = np.full((28, 56), 90, np.uint8)
    page[10:18, 20:36] = 250
    save(tmp_path / "1" / "0.png", page)
    image = load_labelled(tmp_path).images[0]
    assert (image[:6] == 90).all()
    assert (image[-6:] == 90).all()
    assert image[14, 14] == 250


def test_exif_rotation_is_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90° clockwise
    turned = np.zeros((28, 28), np.uint8)
    turned[:4] = 255
    save(tmp_path / "1" / "0.png", turned, exif=exif)
    image = load_labelled(tmp_path).images[0]
    assert (image[:, -4:] == 255).all()
    assert (image[:, :-4] == 0).all()


def test_dark_on_light_is_inverted_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    save(tmp_path / "1" / "0.png", 255 - STROKE)
    np.testing.assert_array_equal(load_labelled(tmp_path).images[0], STROKE)
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "bright borders (mean 255 of 255): all are inverted" in record.message


@pytest.mark.parametrize("pen", [0, 255])
def test_ink_on_nothing_is_light_on_dark(pen: int, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Drawing programs save only the ink, whatever its colour."""
    save(tmp_path / "1" / "0.png", np.dstack([np.full((28, 28, 3), pen, np.uint8), STROKE]))
    save(tmp_path / "1" / "1.png", 255 - STROKE)
    np.testing.assert_array_equal(load_labelled(tmp_path).images, [STROKE, STROKE])
    assert len(caplog.records) == 1, "of the second picture, which is opaque"


def test_transparent_corners_do_not_make_ink_of_a_page(tmp_path: Path) -> None:
    opacity = np.full((28, 28), 255, np.uint8)
    opacity[:3, :3] = 0
    save(tmp_path / "1" / "0.png", np.dstack([*[255 - STROKE] * 3, opacity]))
    np.testing.assert_array_equal(load_labelled(tmp_path).images[0], STROKE)


def test_pictures_of_0_and_1_are_scaled_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    save(tmp_path / "1" / "0.png", (STROKE > 0).astype(np.uint8))
    np.testing.assert_array_equal(load_labelled(tmp_path).images[0], np.where(STROKE, 255, 0))
    assert [record.message for record in caplog.records] == [
        f"{tmp_path}: the pixels are 0–1, which are scaled to 0–255."
    ]


def test_light_on_dark_is_unchanged_without_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    save(tmp_path / "1" / "0.png", STROKE)
    np.testing.assert_array_equal(load_labelled(tmp_path).images[0], STROKE)
    assert caplog.records == []


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:60])


def bomb(path: Path) -> None:
    Image.new("1", (20_000, 10_000)).save(path)


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (truncate, "is damaged: export it"),
        (bomb, "has 200 megapixels; at most 120"),
        (lambda path: path.write_text("<html>"), "is not in a known picture format"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(hostile.EPS), "is not in a known picture format"),
        (lambda path: path.write_bytes(b"\0\0\0\x1cftypavif\0\0\0\0avifmif1" + bytes(200)), "is damaged"),
        (lambda path: path.write_bytes(hostile.tiled_tiff(300, 1)), "takes too long to decode"),
    ],
    ids=["truncated", "bomb", "page", "empty", "EPS", "AVIF", "tiles"],
)
def test_broken_picture_is_named_and_kept(damage: Callable[[Path], None], problem: str, tmp_path: Path) -> None:
    save(tmp_path / "1" / "good.png", STROKE)
    save(tmp_path / "1" / "broken.png", STROKE)
    damage(tmp_path / "1" / "broken.png")
    with pytest.raises(DataError) as caught:
        load_dataset(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / '1' / 'broken.png'} {problem}")
    assert (tmp_path / "1" / "broken.png").exists()


def test_no_process_is_started_for_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow would start Ghostscript for PostScript, whatever the file is called."""
    save(tmp_path / "1" / "a.png", STROKE)
    for number, suffix in enumerate(sorted(PICTURE_SUFFIXES)):
        path = tmp_path / str(number % 10) / f"eps{suffix}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(hostile.EPS)
        for start in ("Popen", "call", "check_call", "run"):
            monkeypatch.setattr(subprocess, start, lambda *words, **_: pytest.fail(f"started {words}"))
        with pytest.raises(DataError, match="is not in a known picture format"):
            load_dataset(tmp_path)
        path.unlink()


def test_pictures_of_phones_are_read(tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif").register_heif_opener()
    for suffix in (".heic", ".avif"):
        save(tmp_path / "1" / f"a{suffix}", np.full((28, 28), 60, np.uint8))
    assert np.abs(load_labelled(tmp_path).images.astype(int) - 60).max() < 4


@pytest.mark.parametrize("names", ["abcdefghijk", ["photos"]], ids=["eleven", "one"])
def test_number_of_classes_is_checked(names: list[str], tmp_path: Path) -> None:
    for name in names:
        save(tmp_path / name / "0.png", STROKE)
    with pytest.raises(DataError, match=rf"has {len(names)} class folders \(.*\); 2 to 10"):
        load_dataset(tmp_path)


def test_corrections_are_read_unchanged_without_their_drawings(tmp_path: Path) -> None:
    # the most ink a digit can have: in its 20 × 20 box it never reaches the border that decides about inversion
    full = np.zeros((28, 28), np.uint8)
    full[4:24, 4:24] = 255
    save(tmp_path / "train" / "7" / "1.png", full)
    save(tmp_path / "drawings" / "1.png", np.full((300, 200), 255, np.uint8))
    read = load_labelled(tmp_path, digits_only=True)
    np.testing.assert_array_equal(read.images, full[None])
    assert read.labels.tolist() == [7]


def test_digits_only_refuses_other_classes(tmp_path: Path) -> None:
    for name in ("apple", "pear"):
        save(tmp_path / name / "1.png", STROKE)
    assert len(load_labelled(tmp_path)) == 2
    with pytest.raises(DataError, match="classes apple, pear, which are not digits"):
        load_labelled(tmp_path, digits_only=True)


@pytest.mark.skipif(os.name != "posix", reason="names are text")
def test_names_that_are_not_utf_8_are_shown_in_ascii(tmp_path: Path) -> None:
    root = tmp_path / os.fsdecode(b"na\xefve")
    for name in ("caf\udce9", "tea"):
        for number in range(3):
            save(root / name / f"{number}\udcff.png", STROKE)
    dataset = load_dataset(root)
    assert dataset.classes == (r"caf\xe9", "tea")
    assert dataset.name == r"na\xefve"
    assert Path(dataset.location) == root


def test_pixels_of_small_pictures_are_those_of_pillow() -> None:
    """Each row of a PNG is written by one of five filters, of which Pillow chooses by the content."""
    rng = np.random.default_rng(0)
    for filters in ([0] * 28, rng.integers(0, 5, 28), rng.integers(0, 5, 28)):
        rows = rng.integers(0, 256, (28, 29)).astype(np.uint8)
        rows[:, 0] = filters
        header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 28, 28, 8, 0, 0, 0, 0))
        content = PNG_START + header + png_chunk(b"IDAT", zlib.compress(rows.tobytes())) + png_chunk(b"IEND", b"")
        with Image.open(io.BytesIO(content)) as picture:
            expected = np.array(picture)
        np.testing.assert_array_equal(decode_picture(content, "a.png").pixels, expected)
        damaged = content[:60] + bytes([content[60] ^ 1]) + content[61:]
        with pytest.raises(DataError, match=r"a\.png"):
            decode_picture(damaged, "a.png")
