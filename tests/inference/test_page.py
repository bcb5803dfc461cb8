"""Pages are read line by line, in any orientation, with their signs, and without what nobody wrote."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from digits.inference import Reader
from digits.inference.inputs import decode_source
from digits.inference.page import find_page, read_page
from digits.synthesis import SyntheticPage, synthesize_page

SEEDS = (7, 9, 41)
"""Pages of several lines whose digits are not the same upside down."""


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def lines(reader: Reader, picture: np.ndarray) -> list[str]:
    return [line.replace(" ", "") for line in reader.read(picture).digit_lines]


def written(page: SyntheticPage) -> list[str]:
    return [line.replace(" ", "") for line in page.lines]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_page_is_read_line_by_line(seed: int, reader: Reader) -> None:
    page = synthesize_page(seed)
    assert lines(reader, page.picture) == written(page)
    assert reader.read(page.picture).turned == 0


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_page_is_brought_upright(turns: int, reader: Reader) -> None:
    page = synthesize_page(41)
    picture = np.ascontiguousarray(np.rot90(page.picture, turns))
    assert lines(reader, picture) == written(page)
    assert reader.read(picture).turned == 360 - 90 * turns


@pytest.mark.parametrize("turns", [0, 1, 3])
def test_boxes_lie_on_the_ink_of_the_given_picture(turns: int, reader: Reader) -> None:
    page = synthesize_page(9)
    picture = np.zeros(page.picture.shape[:2], np.uint8)
    for index, (x, y, width, height) in enumerate(page.boxes, 1):
        picture[y : y + height, x : x + width] = index
    turned = np.rot90(picture, turns)
    reading = reader.read(np.rot90(page.picture, turns))
    for index, digit in enumerate(reading.digits, 1):
        x, y, width, height = digit.box
        assert turned[y + height // 2, x + width // 2] == index


def test_each_digit_of_a_page_has_its_box(reader: Reader) -> None:
    page = synthesize_page(41)
    boxes = np.array([digit.box for digit in reader.read(page.picture).digits])
    assert np.abs(boxes - page.boxes).max() < 0.3 * page.boxes[:, 3].max()


def test_most_letters_are_not_read(reader: Reader) -> None:
    texts = [reader.read(synthesize_page(seed, digits=False).picture).text for seed in range(12)]
    assert sum(map(str.isdecimal, "".join(texts))) < 40  # of some five hundred


def test_a_page_without_ink_has_nothing_on_it(reader: Reader) -> None:
    page = find_page(np.full((200, 300), 230, np.uint8), reader.finder, reader.model)
    assert len(page.images) == len(page.thickness) == 0
    classes, wanted, printed = read_page(page, reader.model)
    assert (classes.shape, wanted.shape, printed) == ((0, 10), (0,), 0)


def test_an_upright_page_is_not_turned(reader: Reader) -> None:
    on_its_side = np.ascontiguousarray(np.rot90(synthesize_page(9).picture))
    assert reader.read(on_its_side).turned == 270
    assert reader.read(on_its_side, upright=True).turned == 0


def test_a_page_found_before_is_read_alike(reader: Reader) -> None:
    picture = synthesize_page(41).picture
    decoded = decode_source(picture, "page")
    expected = reader.read(picture, name="page").to_dict()
    found = find_page(picture, reader.finder, reader.model)
    assert reader.read_decoded(decoded, name="page", find=lambda: found).to_dict() == expected


@pytest.mark.parametrize("pen", [8, 12, 16])
def test_a_long_stem_is_not_a_printed_line(pen: int, reader: Reader) -> None:
    sheet = Image.new("L", (440, 220), 255)
    ink = ImageDraw.Draw(sheet)
    ink.line([(110, 25), (110, 190)], fill=0, width=pen)
    ink.line([(220, 25), (300, 25), (250, 190)], fill=0, width=pen)
    assert reader.read(np.asarray(sheet)).text == "17"


def test_a_sheet_on_a_dark_table_is_read(reader: Reader) -> None:
    page = synthesize_page(41)
    grey = cv2.cvtColor(page.picture, cv2.COLOR_RGB2GRAY) if page.picture.ndim == 3 else page.picture
    table = np.pad(grey, 120, constant_values=20)
    assert lines(reader, table) == written(page)


def test_printed_text_is_left_out_and_counted(reader: Reader) -> None:
    sheet = np.full((400, 700), 245, np.uint8)
    for row in range(5):
        cv2.putText(sheet, f"{row + 3}. Answer all 12 questions: 40 marks", (20, 60 + 70 * row), 2, 0.9, 20, 1, 16)
    reading = reader.read(sheet)
    assert reading.text == ""
    assert reading.printed >= 5
    assert f"{reading.printed} printed left out" in reading.notice
    assert sum(map(str.isdecimal, reader.read(sheet, printed=True).text)) >= 10
