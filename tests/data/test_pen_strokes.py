"""Finding the pen strokes: by their content, in few places, and an error that says how to get them."""

from __future__ import annotations

import gzip
import hashlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.data.formats.test_compress import compress
from tests.data.formats.test_unipen import TWO

from digits.data import load_pen_strokes, pen_strokes
from digits.errors import DataError, DataNotFoundError

if TYPE_CHECKING:
    Mirror = Any  # the fixture's class, defined in conftest

PACKED = {"": TWO.encode(), ".gz": gzip.compress(TWO.encode()), ".Z": compress(TWO.encode())}


@pytest.fixture(autouse=True)
def _two_digits_count_as_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pen_strokes, "STROKES_SHA256", hashlib.sha256(TWO.encode()).hexdigest())


def put(folder: Path, ending: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"pendigits-orig.tra{ending}"
    path.write_bytes(PACKED[ending])
    return path


@pytest.mark.parametrize("ending", PACKED)
def test_named_folder_or_file_is_read_plain_or_compressed(tmp_path: Path, ending: str) -> None:
    path = put(tmp_path, ending)
    assert [each.label for each in load_pen_strokes(tmp_path)] == [8, 5]
    assert [each.label for each in load_pen_strokes(path)] == [8, 5]


def test_places_are_searched_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = pen_strokes.cache_folder().with_name("pendigits")
    found = []
    monkeypatch.setattr(pen_strokes, "_read", lambda path: found.append(path) or [])
    expected = [put(cache), put(pen_strokes.STROKES_FOLDER, ".gz"), put(tmp_path / "data"), put(tmp_path / "strokes")]
    for path, variable in zip(expected[::-1], ("DIGITS_STROKES", "DIGITS_DATA", "", ""), strict=True):
        if variable:
            monkeypatch.setenv(variable, str(path.parent))
    for path in expected[::-1]:
        load_pen_strokes()
        path.unlink()
        monkeypatch.delenv("DIGITS_STROKES", raising=False)
    assert found == expected[::-1]


def test_another_file_is_refused(tmp_path: Path) -> None:
    put(tmp_path).write_text(TWO.replace("267", "268"))
    with pytest.raises(DataError, match=r"is not UCI's pendigits-orig\.tra: the SHA-256 of its text is"):
        load_pen_strokes(tmp_path)


@pytest.mark.parametrize("by_variable", [False, True])
def test_named_place_without_the_file_is_an_error_that_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_variable: bool
) -> None:
    put(pen_strokes.STROKES_FOLDER)
    monkeypatch.setenv("DIGITS_STROKES", str(tmp_path))
    with pytest.raises(DataNotFoundError, match=r"holds no pendigits-orig\.tra, .*--pen-strokes 0"):
        load_pen_strokes(None if by_variable else tmp_path)
    with pytest.raises(DataNotFoundError, match="does not exist"):
        load_pen_strokes(tmp_path / "missing")


def test_missing_file_is_downloaded_once_and_checked(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [f"/{place}/pendigits-orig.tra.Z" for place in ("gone", "page", "long", "good")]
    mirror.serve(paths[1], b"<html>not this</html>")
    mirror.serve(paths[2], bytes(2 * 10**6))
    mirror.serve(paths[3], PACKED[".Z"])
    monkeypatch.setattr(pen_strokes, "STROKES_URLS", [mirror.url + path for path in paths])
    monkeypatch.setattr(pen_strokes, "MAX_BYTES", 10**6)
    for _ in range(2):
        assert [each.label for each in load_pen_strokes()] == [8, 5]
    assert mirror.requests == Counter(dict.fromkeys(paths, 1))
    cache = pen_strokes.cache_folder().with_name("pendigits")
    assert [path.name for path in cache.iterdir()] == ["pendigits-orig.tra.Z"]


def test_failed_download_says_what_was_tried_and_how_to_get_it() -> None:
    with pytest.raises(
        DataNotFoundError, match=r"(?s)could not be downloaded\. Tried:.*no connection.*manually"
    ) as error:
        load_pen_strokes()
    assert "$DIGITS_STROKES" in str(error.value)
