"""Which digit is in which cell: ruled, merged, boxed and without rules, straight and turned."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from tests.documents.conftest import HIGH, SIDE, WIDE, draw_rules, write

from digits.documents import Character, Layout
from digits.documents import arrange as arrange_page

TEXTS = [["12", "345", "6"], ["", "78", "901"], ["23", "", "4"], ["5", "678", "90"]]


def page(columns: int = 3, rows: int = 4) -> np.ndarray:
    return np.full((80 + rows * HIGH, 80 + columns * WIDE), 235, np.uint8)


def arrange(grey: np.ndarray, characters: list[Character]) -> Layout:
    """Draw the characters into their boxes, as people do who fill in a table, and arrange them."""
    written = grey.copy()
    for each in characters:
        left, top, wide, high = each.box
        (w, h), _ = cv2.getTextSize(each.text, cv2.FONT_HERSHEY_SIMPLEX, 1, 2)
        ink = np.zeros((h + 4, w + 4), np.uint8)
        cv2.putText(ink, each.text, (2, h + 1), cv2.FONT_HERSHEY_SIMPLEX, 1, 255, 2, cv2.LINE_AA)
        ink = cv2.resize(ink, (max(round(wide), 1), max(round(high), 1)), interpolation=cv2.INTER_AREA)
        x, y = max(round(left), 0), max(round(top), 0)
        part = written[y : y + ink.shape[0], x : x + ink.shape[1]]
        np.minimum(part, 255 - (ink * 0.8).astype(np.uint8)[: part.shape[0], : part.shape[1]], out=part)
    return arrange_page(written, characters)


def texts_of(layout: Layout, characters: list[Character]) -> list[list[str]]:
    """Give the texts of the cells of all parts, one below the other."""
    return [
        ["".join(characters[row].text for row in place.characters) for place in cells]
        for part in layout.parts
        for cells in part
    ]


def test_cells_of_a_ruled_table() -> None:
    grey, characters = page(), write(TEXTS)
    draw_rules(grey, 3, 4)
    layout = arrange(grey, characters)
    assert texts_of(layout, characters) == TEXTS
    left, top, right, bottom = layout.parts[0][1][2].region
    assert (
        np.abs(np.array([left, top, right, bottom]) - (40 + 2 * WIDE, 40 + HIGH, 40 + 3 * WIDE, 40 + 2 * HIGH)).max()
        < 4
    )


@pytest.mark.parametrize("degrees", [-8, -3, 3, 8])
def test_cells_of_a_turned_table(degrees: float) -> None:
    grey, characters = page(), write(TEXTS)
    draw_rules(grey, 3, 4)
    height, width = grey.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 0.85)
    grey = cv2.warpAffine(grey, turn, (width, height), borderValue=235)
    moved = []
    for each in characters:
        left, top, wide, high = each.box
        x, y = turn @ (left + wide / 2, top + high / 2, 1)
        moved.append(Character(each.text, (x - 0.42 * wide, y - 0.42 * high, 0.85 * wide, 0.85 * high)))
    assert texts_of(arrange(grey, moved), moved) == TEXTS


@pytest.mark.parametrize("kind", ["dotted", "dashed", "pale", "thick", "wavy"])
def test_cells_of_a_table_with_other_rules(kind: str) -> None:
    grey, characters = page(), write(TEXTS)
    draw_rules(grey, 3, 4, weight=6 if kind == "thick" else 2)
    if kind in ("dotted", "dashed"):
        period, on = (6, 2) if kind == "dotted" else (12, 7)
        bare = (np.add.outer(np.arange(grey.shape[0]), np.arange(grey.shape[1])) % period) >= on
        grey[bare] = 235
    elif kind == "pale":
        grey[grey < 200] = 212
    elif kind == "wavy":
        x, y = np.meshgrid(np.arange(grey.shape[1]), np.arange(grey.shape[0]))
        wave = (y + 2 * np.sin(x / 40)).astype(np.float32)
        grey = cv2.remap(grey, x.astype(np.float32), wave, cv2.INTER_LINEAR, borderValue=235)
    assert texts_of(arrange(grey, characters), characters) == TEXTS


def test_merged_cells_hold_their_text_in_the_first() -> None:
    grey, characters = page(), write([["12345", "", "6"], *TEXTS[1:]])
    draw_rules(grey, 3, 4)
    grey[44 : 40 + HIGH - 4, 40 + WIDE - 3 : 40 + WIDE + 4] = 235
    assert texts_of(arrange(grey, characters), characters) == [["12345", "", "6"], *TEXTS[1:]]


def test_columns_without_rules() -> None:
    texts = [["1", "22", "33"], ["44", "55", "6"], ["77", "8", "99"]]
    characters = write(texts)
    assert texts_of(arrange(page(3, 3), characters), characters) == texts


def test_frame_alone_leaves_columns_to_the_numbers() -> None:
    grey, characters = page(), write(TEXTS)
    for row in range(5):
        cv2.line(grey, (40, 40 + row * HIGH), (40 + 3 * WIDE, 40 + row * HIGH), 90, 2)
    for x in (40, 40 + 3 * WIDE):
        cv2.line(grey, (x, 40), (x, 40 + 4 * HIGH), 90, 2)
    assert texts_of(arrange(grey, characters), characters) == TEXTS


def test_squared_paper_is_no_table() -> None:
    grey, characters = page(), write(TEXTS)
    grey[::13], grey[:, ::13] = 200, 200
    assert texts_of(arrange(grey, characters), characters) == TEXTS


def test_digit_across_a_wall_goes_with_its_number_and_is_doubtful() -> None:
    grey, characters = page(2, 2), write([["123", "4"], ["5", "6"]])
    draw_rules(grey, 2, 2)
    wall = 40.0 + WIDE
    boxes = [(wall + x, 49.0, 16.0, 26.0) for x in (-50.0, -30.0, -7.0, 45.0)]
    characters[:4] = [Character(each.text, box) for each, box in zip(characters, boxes, strict=False)]
    layout = arrange(grey, characters)
    assert texts_of(layout, characters) == [["123", "4"], ["5", "6"]]
    assert [place.notes for row in layout.parts[0] for place in row] == [("a digit lies across a wall",), (), (), ()]


@pytest.mark.parametrize(
    ("ink", "is_noted"),
    [
        (lambda page: cv2.line(page, (60, 96), (80, 122), 60, 3), True),  # a stroke
        (lambda page: cv2.line(page, (55, 106), (95, 107), 60, 2), False),  # a dash
        (lambda page: None, False),
    ],
)
def test_what_was_not_read_in_an_empty_cell_is_noted(ink: Any, is_noted: bool) -> None:
    grey, characters = page(), write(TEXTS)
    draw_rules(grey, 3, 4)
    ink(grey)
    place = arrange(grey, characters).parts[0][1][0]
    assert place.notes == (("something in it was not read",) if is_noted else ())


def test_page_without_digits_has_no_table() -> None:
    assert arrange(page(), []) == Layout([]) or arrange(page(), []).parts == []


def test_large_digits_are_found_in_the_same_cells() -> None:
    grey, characters = page(), write(TEXTS)
    draw_rules(grey, 3, 4)
    large = cv2.resize(grey, None, fx=4, fy=4, interpolation=cv2.INTER_NEAREST)
    four = [each.scaled(4.0) for each in characters]
    layout = arrange(large, four)
    assert texts_of(layout, four) == TEXTS
    assert four[0].box[3] == 4 * SIDE
    assert abs(layout.parts[0][0][0].region[0] - 160) < 16
