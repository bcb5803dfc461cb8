"""The picture of every step is written whatever was read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits.inference import Reader, explain
from digits.synthesis import synthesize_page

PICTURES = {
    "page": synthesize_page(95).picture,
    "on its side": np.rot90(synthesize_page(105).picture),
    "nothing": np.full((120, 300), 240, np.uint8),
    "tall": np.full((900, 40), 240, np.uint8),
}


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.mark.parametrize("name", PICTURES)
def test_every_step_is_shown(name: str, reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / "new" / "why.png"
    explain(reader.read(PICTURES[name]), path)
    with Image.open(path) as picture:
        assert (picture.format, picture.mode, picture.width) == ("PNG", "RGB", 1200)
        assert 200 < picture.height < 3000
    assert [file.name for file in path.parent.iterdir()] == ["why.png"]


@pytest.mark.slow
def test_a_page_of_very_many_digits_stays_a_picture(reader: Reader, tmp_path: Path) -> None:
    page = np.tile(synthesize_page(45, size=(240, 240)).picture, (5, 5, 1))
    reading = reader.read(page)
    assert len(reading.digits) > 120
    explain(reading, tmp_path / "why.png")
    with Image.open(tmp_path / "why.png") as picture:
        assert picture.height < 8000


def test_a_single_digit_is_explained_too(reader: Reader, tmp_path: Path) -> None:
    picture = synthesize_page(9).picture[:, :150]
    explain(reader.read(picture, single=True), tmp_path / "why.png")
    assert (tmp_path / "why.png").stat().st_size > 5000
