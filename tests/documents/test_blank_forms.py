"""Forms that exist already: their pages are found by what is printed on them, and told from all others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from digits.documents import Form
from digits.documents.forms.print_registration import register_print
from digits.errors import DataError

PIXELS = 5  # per millimetre

WORDS = ("let", "the", "function", "be", "continuous", "prove", "that", "sum", "of", "converges", "find", "integral")


def draw(seed: int, boxes: int) -> np.ndarray:
    """Draw a page of a form: a head and a row of boxes, as other forms have them too, and text of its own."""
    page, random = np.full((297 * PIXELS, 210 * PIXELS), 250, np.uint8), np.random.default_rng(seed)
    cv2.putText(page, "University of Somewhere", (20 * PIXELS, 25 * PIXELS), cv2.FONT_HERSHEY_COMPLEX, 1.2, 20, 2)
    for box in range(boxes):
        corners = (20 + 8 * box, 50), (28 + 8 * box, 60)
        cv2.rectangle(page, *[(PIXELS * x, PIXELS * y) for x, y in corners], 120, 1)
    for line in range(24):
        text = " ".join(random.choice(WORDS, 8))
        cv2.putText(page, text, (100, 400 + 40 * line), cv2.FONT_HERSHEY_COMPLEX, 0.6, 20, 1, cv2.LINE_AA)
    return page


TEMPLATE: dict[str, Any] = {
    "blank": "blank.tif",
    "field": [
        {"name": "id", "digits": 6, "box": [20, 50, 48, 10]},
        {"name": "mark", "digits": 2, "page": 2, "box": [20, 50, 16, 10]},
    ],
}


@pytest.fixture(scope="module")
def pages() -> list[np.ndarray]:
    return [draw(1, 6), draw(2, 2)]


@pytest.fixture(scope="module")
def file(pages: list[np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("forms") / "blank.tif"
    first, *more = map(Image.fromarray, pages)
    first.save(path, save_all=True, append_images=more)
    return str(path)


@pytest.fixture(scope="module")
def made(file: str) -> Form:
    return Form({**TEMPLATE, "blank": file})


def photograph(page: np.ndarray) -> np.ndarray:
    """Show a page on a table, askew and on its side."""
    height, width = page.shape
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    seen = np.array([(160, 110), (1130, 190), (1210, 1540), (90, 1460)], np.float32)
    flat = cv2.getPerspectiveTransform(corners, seen)
    return np.ascontiguousarray(np.rot90(cv2.warpPerspective(page, flat, (1300, 1650), borderValue=(90,))))


@pytest.fixture(scope="module")
def filled(made: Form, pages: list[np.ndarray], fill_in: Callable[..., np.ndarray]) -> np.ndarray:
    return fill_in(pages[0], made, ["407192", ""], pixels=PIXELS)


def test_a_photograph_is_read(made: Form, filled: np.ndarray) -> None:
    (row,) = made.read(photograph(filled)).rows
    assert row.answers[0].number == "407192"
    assert (row.error, row.answers[1].number, row.answers[1].box) == ("", "", None)
    assert row.answers[0].box is not None
    width, height = row.answers[0].box[2:]
    # on its side, the field lies along the left edge of the photograph's paper
    assert height > 3 * width


def test_its_pages_are_told_apart(made: Form, pages: list[np.ndarray]) -> None:
    assert made.blank is not None
    found = register_print(pages[1], made.blank, made.sheet.combs, "scan.png")
    assert found.page == 2
    corners = np.array([(20.0, 50.0), (36.0, 60.0)])
    assert np.abs(found.into_picture(corners) / PIXELS - corners).max() < 0.3


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("another", "scan.png is probably a page of another form: of what is printed on page "),
        ("two", "scan.png shows several forms: photograph or scan each page alone"),
        ("blank", "scan.png: the page is blank"),
        ("nothing", "scan.png shows no page of this form: nothing on it is printed where the blank form has it"),
    ],
)
def test_other_pages_say_what_they_are(made: Form, pages: list[np.ndarray], kind: str, says: str) -> None:
    picture = {
        "another": draw(3, 6),
        "two": np.hstack(pages),
        "blank": np.full((300, 200), 240, np.uint8),
        "nothing": cv2.putText(np.full((300, 200), 240, np.uint8), "07", (30, 160), 0, 4, 0, 9),
    }[kind]
    assert made.blank is not None
    with pytest.raises(DataError) as raised:
        register_print(picture, made.blank, made.sheet.combs, "scan.png")
    assert str(raised.value).startswith(says)


def test_what_exists_is_not_printed_again(made: Form) -> None:
    with pytest.raises(DataError, match="is of a form that exists already: print "):
        made.to_pdf()


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"digits": 6}, "the field id has no place on the blank form: say where its boxes are, such as box = "),
    ({"box": [20, 50, 48]}, "box must be millimetres of the left and upper edge of its boxes, and their width and"),
    ({"box": [20, 50, 48, 10], "at": [20, 50]}, "the field id: at is for forms to print: on a blank one, box says"),
    ({"box": [20, 50, 200, 10]}, "the field id lies beyond the paper, which is 210 × 297 mm: correct its box"),
    ({"box": [20, 50, 0, 10]}, "the field id lies beyond the paper"),
    ({"box": [20, 50, 48, 10], "page": 3}, "the field id is on page 3, but the blank form has 2: correct its page"),
]


@pytest.mark.parametrize(("values", "says"), WRONG)
def test_wrong_places_are_named(file: str, values: dict[str, Any], says: str) -> None:
    with pytest.raises(DataError) as raised:
        Form({"blank": file, "field": [{"name": "id", "digits": 6, **values}]})
    assert says in str(raised.value)


def test_fields_that_overlap_are_named(file: str) -> None:
    fields = [{"name": name, "digits": 2, "box": [20, 50 + place, 16, 10]} for place, name in enumerate("ab")]
    with pytest.raises(DataError, match="the fields a and b overlap: correct their boxes"):
        Form({"blank": file, "field": fields})


def test_a_box_needs_a_blank_form(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the field a: box is for a blank form that exists already"):
        Form({"field": [{"name": "a", "digits": 2, "box": [20, 50, 16, 10]}]})
    with pytest.raises(DataError, match=r"there is no file .*none\.pdf"):
        Form({"blank": str(tmp_path / "none.pdf"), "field": [{"name": "a", "digits": 2, "box": [20, 50, 16, 10]}]})


def label(page: np.ndarray, text: str) -> np.ndarray:
    """Print a label above the boxes."""
    return cv2.putText(page.copy(), text, (20 * PIXELS, 48 * PIXELS), cv2.FONT_HERSHEY_COMPLEX, 0.5, 20, 1, cv2.LINE_AA)


def test_forms_that_differ_in_labels_are_told_apart(pages: list[np.ndarray], tmp_path: Path) -> None:
    mine, other = label(pages[0], "Student number"), label(pages[0], "Account of the buyer")
    Image.fromarray(mine).save(tmp_path / "blank.png")
    form = Form({"blank": str(tmp_path / "blank.png"), "field": TEMPLATE["field"][:1]})
    assert form.blank is not None

    def find(page: np.ndarray) -> tuple[str, ...]:
        assert form.blank is not None
        return register_print(photograph(page), form.blank, form.sheet.combs, "scan.png").notices

    assert find(mine) == find(cv2.GaussianBlur(mine, (0, 0), 2)) == ()
    for page in (other, cv2.GaussianBlur(other, (0, 0), 2)):
        with pytest.raises(DataError) as raised:
            find(page)
        assert str(raised.value).startswith("scan.png is probably a page of another form with the same head: 0 of the ")
