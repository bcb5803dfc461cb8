"""``digits data convert``: every format that can be written is read back to the same digits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.data.wild.builders import make_parts, save_npz

from digits.data import load_parts
from digits.data.formats.writing import FOLDER_KINDS, SINGLE_FILES, TABLES

OUTPUTS = [*(f"a{ending}" for ending in [*SINGLE_FILES, *TABLES]), "a.csv.gz", "a.arff.gz", "folder", "version.1/set"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    arrays: dict[str, np.ndarray] = {}
    for name, digits in make_parts()._asdict().items():
        arrays |= {f"{name}_images": digits.images, f"{name}_labels": digits.labels}
    (tmp_path / "in").mkdir()
    return save_npz(tmp_path / "in" / "a.npz", **arrays)


def check(place: Path, *, transposed: bool = False) -> None:
    read = load_parts(place)
    for name, expected in make_parts()._asdict().items():
        found = getattr(read, name)
        images = expected.images.swapaxes(1, 2) if transposed else expected.images
        np.testing.assert_array_equal(found.images, images)
        np.testing.assert_array_equal(found.labels, expected.labels)


@pytest.mark.parametrize("name", OUTPUTS)
def test_written_digits_are_read_back(name: str, source: Path, digits: Any) -> None:
    said = digits("data", "convert", source, f"out/{name}")
    assert (said.code, said.err) == (0, "")
    first, *files = said.out.splitlines()
    assert first == f"40 train, 20 validation, 30 test digits of {source}"
    is_table = any(name.endswith((ending, f"{ending}.gz")) for ending in TABLES)
    assert len(files) == (3 if is_table else 1)
    check(Path("out") if is_table else Path("out", name))


@pytest.mark.parametrize("kind", FOLDER_KINDS)
@pytest.mark.parametrize("name", ["set", "set.zip"])
def test_folders_and_archives_hold_what_is_asked_for(kind: str, name: str, source: Path, digits: Any) -> None:
    assert digits("data", "convert", source, name, "--as", kind, "--transpose").code == 0
    if kind == "png":  # sorted by class
        read, expected = load_parts(name).test, make_parts().test
        order = np.argsort(expected.labels, kind="stable")
        assert read is not None
        np.testing.assert_array_equal(read.images, expected.images[order].swapaxes(1, 2))
    else:
        check(Path(name), transposed=True)


def test_one_part_keeps_its_name_and_json_is_only_json(source: Path, digits: Any) -> None:
    arrays = np.load(source)
    save_npz(source, images=arrays["test_images"], labels=arrays["test_labels"])
    said = digits("data", "convert", source, "a.csv", "--json")
    assert (said.code, json.loads(said.out)) == (0, {"files": ["a.csv"], "train": 30})


def test_nothing_is_overwritten(source: Path, digits: Any) -> None:
    Path("a-test.csv").write_text("mine")
    said = digits("data", "convert", source, "a.csv")
    assert (said.code, said.err) == (2, "digits: a-test.csv exists already: name another place to write to\n")
    assert [path.name for path in Path().glob("*.csv")] == ["a-test.csv"]
    assert digits("data", "convert", source, source.parent).code == 2


def test_unknown_ending_is_named(source: Path, digits: Any) -> None:
    said = digits("data", "convert", source, "a.xlsx")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("digits: a.xlsx has an ending of no format that can be written. Use .npz, .mat, .zip, ")


def test_help_and_missing_words(digits: Any) -> None:
    assert digits("data", "convert", "--help").out.startswith("usage: digits data convert IN OUT [flags]")
    said = digits("data", "convert", "a")
    assert (said.code, said.err) == (
        2,
        "digits: OUT is missing: digits data convert OUT; see digits data convert --help\n",
    )
