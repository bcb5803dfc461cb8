"""Every format that people have gives the same digits, or a sentence that says what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.data.wild.builders import BUILDERS, Parts, make_parts, png, write, write_all, zipped

from digits.data import load_parts, read_unlabelled, read_unlabelled_content
from digits.data.formats.arrays import find_role
from digits.data.formats.npz import is_npz
from digits.data.readers import ARCHIVE, find_kind
from digits.errors import DataError
from digits.types import LabelledDigits

WITHOUT_IMAGES = {"idx_with_dots", "csv_zipped_one_by_one"}
"""The first names its file of labels; the second has one blank test image."""

TEST_WITHOUT_LABELS = {"csv_of_a_competition_zipped"}


@pytest.fixture(scope="module")
def parts() -> Parts:
    return make_parts()


def sort(digits: LabelledDigits) -> LabelledDigits:
    order = np.argsort(digits.labels, kind="stable")
    return LabelledDigits(digits.images[order], digits.labels[order])


def in_order(images: np.ndarray, *, is_sorted: bool) -> np.ndarray:
    """Give the images, or, where their order is not kept, the same in one that depends on them alone."""
    return np.unique(images.reshape(len(images), -1), axis=0) if is_sorted else images


@pytest.mark.parametrize("name", BUILDERS)
def test_wild_files_hold_the_same_digits(name: str, parts: Parts, tmp_path: Path) -> None:
    build, written, is_sorted = BUILDERS[name]
    place = build(tmp_path, parts)
    read = load_parts(place)
    for part in Parts._fields:
        found, expected = getattr(read, part), getattr(parts, part)
        if part not in written.split():
            assert found is None
            continue
        if is_sorted:
            found, expected = sort(found), sort(expected)
        np.testing.assert_array_equal(found.images, expected.images)
        np.testing.assert_array_equal(found.labels, expected.labels)
    if name not in WITHOUT_IMAGES:
        unlabelled = np.concatenate(list(read_unlabelled(place)))
        is_test = read.test is not None or name in TEST_WITHOUT_LABELS
        expected = parts.test.images if is_test else parts.train.images
        np.testing.assert_array_equal(
            in_order(unlabelled, is_sorted=is_sorted), in_order(expected, is_sorted=is_sorted)
        )

    if name in WITHOUT_IMAGES or place.is_dir():
        return
    if find_kind(place) == ARCHIVE and not is_npz(place):
        with pytest.raises(DataError, match=r"is an archive\. Send the file"):
            list(read_unlabelled_content(place.read_bytes(), place.name))
    else:
        sent = list(read_unlabelled_content(place.read_bytes(), f"../{place.name}"))
        np.testing.assert_array_equal(np.concatenate(sent), np.concatenate(list(read_unlabelled(place))))


@pytest.mark.parametrize(
    "pattern", ["{label}_{number:03}.png", "scan-{number:03}-{label}.png", "{label}/{label}.{number:03}.jpg.png"]
)
@pytest.mark.parametrize("is_packed", [False, True])
def test_labels_in_names_are_read_on_request(pattern: str, is_packed: bool, parts: Parts, tmp_path: Path) -> None:
    pairs = enumerate(zip(parts.test.images, parts.test.labels, strict=True))
    files = {pattern.format(label=label, number=number): png(image) for number, (image, label) in pairs}
    place = write(tmp_path / "a.zip", zipped(files)) if is_packed else write_all(tmp_path, files)
    read = sort(load_parts(place, labels_from_names=True).train)
    expected = sort(parts.test)
    np.testing.assert_array_equal(read.images, expected.images)
    np.testing.assert_array_equal(read.labels, expected.labels)


def test_names_without_labels_are_refused(parts: Parts, tmp_path: Path) -> None:
    write_all(tmp_path, {"7_1.png": png(parts.test.images[0]), "seven.png": png(parts.test.images[1])})
    with pytest.raises(DataError, match=r"seven\.png does not begin with its label, as 7_001\.png does"):
        load_parts(tmp_path, labels_from_names=True)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty holds no pictures\. Name the folder"):
        load_parts(tmp_path / "empty", labels_from_names=True)


def test_a_name_says_what_an_array_is() -> None:
    names = {
        "x_train": ("train", "images"), "XTrain": ("train", "images"), "trainX": ("train", "images"),
        "xtrain": ("train", "images"), "y-te": ("test", "labels"), "test.images": ("test", "images"),
        "train_data_labels": ("train", "labels"), "dataset.train.labels": ("train", "labels"), "X": ("all", "images"),
        "digits_orig_target": ("all", "labels"), "t10k-images": ("test", "images"),
        "val_imgs": ("validation", "images"), "test_train_x": None,
        "arr_1": ("all", "labels"), "x_mean": None, "label_names": None, "train": None, "x1": None,
    }  # fmt: skip
    for name, expected in names.items():
        role = find_role(name)
        assert (role and role[:2]) == expected, name


def test_documentation_lists_what_is_tested() -> None:
    from tests.data.wild import listing

    page = listing.PAGE.read_text(encoding="utf-8")
    assert page == listing.update(page), "run python -m tests.data.wild.listing"
