"""Drawn tables whose cells are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
import pytest

from digits.documents import Character, Form
from digits.preprocessing.decoding import decode_page
from digits.preprocessing.pages import Pages
from digits.types import Dataset

WIDE, HIGH, SIDE = 90, 44, 26  # of a cell, and the height of a digit, in pixels


def draw_rules(page: np.ndarray, columns: int, rows: int, x: int = 40, y: int = 40, weight: int = 2) -> None:
    """Draw a whole grid."""
    for row in range(rows + 1):
        cv2.line(page, (x, y + row * HIGH), (x + columns * WIDE, y + row * HIGH), 90, weight)
    for column in range(columns + 1):
        cv2.line(page, (x + column * WIDE, y), (x + column * WIDE, y + rows * HIGH), 90, weight)


def write(texts: Sequence[Sequence[str]], x: int = 40, y: int = 40) -> list[Character]:
    """Write one text into each cell, as characters without ink."""
    return [
        Character(each, (x + column * WIDE + 8 + 0.95 * SIDE * place, y + row * HIGH + 9.0, 0.6 * SIDE, float(SIDE)))
        for row, cells in enumerate(texts)
        for column, text in enumerate(cells)
        for place, each in enumerate(text)
        if each != " "
    ]


@pytest.fixture(scope="session")
def table_page(mnist: Dataset) -> Callable[..., np.ndarray]:
    """Draw a table with MNIST's test digits in its cells, dark on light."""
    first: dict[str, Any] = {
        str(label): image for label, image in reversed(list(zip(mnist.test.labels, mnist.test.images, strict=True)))
    }

    def draw(texts: Sequence[Sequence[str]]) -> np.ndarray:
        page = np.full((80 + HIGH * len(texts), 80 + WIDE * len(texts[0])), 235, np.uint8)
        draw_rules(page, len(texts[0]), len(texts))
        for each in write(texts):
            x, y = (round(value) for value in each.box[:2])
            ink = cv2.resize(first[each.text], (36, 36), interpolation=cv2.INTER_AREA)
            part = page[y - 5 : y + 31, x - 9 : x + 27]
            np.minimum(part, 235 - ink // np.uint8(6) * np.uint8(5), out=part)
        return page

    return draw


TEMPLATE: dict[str, Any] = {
    "title": "Exam",
    "field": [
        {"name": "student", "label": "Student number", "digits": 6},
        {"name": "mark", "digits": "1-3", "decimals": 1},
        {"name": "room", "digits": 4},
    ],
}

PIXELS = 6  # per millimetre of a form's page


def draw_form(form: Form, page: int = 1) -> np.ndarray:
    """Draw a page of a form as a printer does: grey, of `PIXELS` per millimetre."""
    pages = Pages(form.to_pdf(), "form.pdf")
    drawn = decode_page(pages, page, "form.pdf", max_side=round(PIXELS * form.sheet.size[1])).picture
    return drawn if drawn.ndim == 2 else cv2.cvtColor(drawn, cv2.COLOR_RGB2GRAY)


@pytest.fixture(scope="session")
def form() -> Form:
    return Form(TEMPLATE)


@pytest.fixture(scope="session")
def fill_in(mnist: Dataset) -> Callable[..., np.ndarray]:
    """Write MNIST's test digits into the boxes of a form, dark on light; a space leaves a box empty."""
    first = {
        str(label): image
        for label, image in reversed(list(zip(mnist.test.labels[:200], mnist.test.images[:200], strict=True)))
    }

    def fill(picture: np.ndarray, form: Form, texts: Sequence[str], page: int = 1, pixels: int = PIXELS) -> np.ndarray:
        filled, side = picture.copy(), 9 * pixels
        for comb in (each for each in form.sheet.combs if each.page == page):
            for left, character in zip(comb.lefts, texts[comb.field], strict=False):
                if character != " ":
                    x, y = round((left - 1) * pixels), round(comb.top * pixels)
                    ink = cv2.resize(first[character], (side, side), interpolation=cv2.INTER_LINEAR)
                    part = filled[y : y + side, x : x + side]
                    np.minimum(part, 255 - ink // np.uint8(5) * np.uint8(4), out=part)
        return filled

    return fill
