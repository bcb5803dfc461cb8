"""Forms: what is printed is found again, turned in any way; and every page that cannot be read says why."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from tests.documents.conftest import PIXELS, TEMPLATE, draw_form

from digits.documents import FieldTable, Form
from digits.documents.forms.codes import PageCode, draw_code, parse_code
from digits.documents.forms.registration import find_markers, is_blank, register
from digits.errors import DataError

TEXTS = ("407192", " 75", "    ")


@pytest.fixture(scope="module")
def blank(form: Form) -> np.ndarray:
    return draw_form(form)


@pytest.fixture(scope="module")
def filled(form: Form, blank: np.ndarray, fill_in: Callable[..., np.ndarray]) -> np.ndarray:
    return fill_in(blank, form, TEXTS)


@pytest.fixture(scope="module")
def photo(filled: np.ndarray) -> np.ndarray:
    """A photograph of the page on a table, askew and on its side."""
    height, width = filled.shape
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    seen = np.array([(260, 180), (1330, 240), (1450, 1820), (120, 1700)], np.float32)
    picture = cv2.warpPerspective(filled, cv2.getPerspectiveTransform(corners, seen), (1600, 2000), borderValue=(90,))
    return np.ascontiguousarray(np.rot90(picture))


@pytest.fixture(scope="module")
def table(form: Form, blank: np.ndarray, filled: np.ndarray, photo: np.ndarray) -> FieldTable:
    """The rows of a scan, a photograph, an empty form and a sheet of paper."""
    return form.read([filled, photo, blank, np.full_like(blank, 240)])


def name(table: FieldTable, row: int) -> dict[str, tuple[str, str]]:
    return {answer.name: (answer.read, answer.number) for answer in table.rows[row].answers}


@pytest.mark.parametrize("row", [0, 1], ids=["scan", "photograph"])
def test_every_field_is_read(table: FieldTable, row: int) -> None:
    assert name(table, row) == {"student": ("407192", "407192"), "mark": ("7.5", "7.5"), "room": ("", "")}


def test_boxes_are_where_the_form_has_them(table: FieldTable, form: Form) -> None:
    for comb, answer in zip(form.sheet.combs, table.rows[0].answers, strict=True):
        assert answer.box is not None
        left, top, right, bottom = (each * PIXELS for each in comb.area)
        assert answer.box == pytest.approx((left, top, right - left, bottom - top), abs=PIXELS / 3)


def test_empty_forms_are_empty(table: FieldTable) -> None:
    assert set(name(table, 2).values()) == {("", "")}
    assert table.rows[2].flag == ""


def test_blank_pages_say_so(table: FieldTable) -> None:
    assert table.rows[3].error == "the picture: the page is blank"


@pytest.mark.parametrize("turns", range(4))
def test_pages_may_be_turned(form: Form, blank: np.ndarray, turns: int) -> None:
    turned = np.ascontiguousarray(np.rot90(blank, turns))
    found = register(turned, form.sheet, "scan.png")
    assert (found.page, found.is_negative, found.notices) == (1, False, ())
    upright = found.rectify(turned, (0.0, 0.0, *form.sheet.size), PIXELS)
    assert np.abs(upright.astype(int) - blank[: upright.shape[0], : upright.shape[1]]).mean() < 2


def test_negatives_are_turned_positive(form: Form, blank: np.ndarray) -> None:
    assert register(255 - blank, form.sheet, "scan.png").is_negative


def test_a_cut_page_is_found_and_says_what_is_cut(form: Form, filled: np.ndarray) -> None:
    (row,) = form.read(np.ascontiguousarray(filled[:, : round(0.62 * filled.shape[1])])).rows
    answers = {answer.name: answer for answer in row.answers}
    assert answers["student"].number == "407192"
    assert "a part of it lies beyond the picture" in answers["room"].notices
    assert "its code cannot be read; by its markers, it is page 1" in row.flag


def cover(picture: np.ndarray, form: Form, places: list[int]) -> np.ndarray:
    covered = picture.copy()
    for place in places:
        left, top, right, bottom = (round(each * PIXELS) for each in form.sheet.markers[place])
        covered[top:bottom, left:right] = 255
    return covered


def other_form() -> Form:
    template = copy.deepcopy(TEMPLATE)
    template["field"][0]["digits"] = 7
    return Form(template)


PICTURES: dict[str, tuple[Callable[[np.ndarray, Form], np.ndarray], str]] = {
    "no form": (
        lambda blank, _: cv2.putText(np.full_like(blank, 250), "07", (300, 600), 0, 9, 0, 20),
        "scan.png: no form is in it: it has neither markers nor a code",
    ),
    "no markers": (
        lambda blank, form: cover(blank, form, list(range(8))),
        "scan.png: it shows the code of a form, but none of its corner and edge markers: photograph the whole page",
    ),
    "two markers": (
        lambda blank, form: cover(blank, form, [0, 1, 2, 3, 4, 5]),
        "scan.png: only 2 of its 8 corner and edge markers can be seen: photograph the whole page, in even light",
    ),
    "one edge": (
        lambda blank, form: cover(blank, form, [3, 4, 5, 6, 7]),
        "scan.png: only the markers along one edge can be seen: photograph the whole page",
    ),
    "two forms": (
        lambda blank, _: np.hstack((blank, blank)),
        "scan.png shows several forms: photograph or scan each page alone",
    ),
    "a form and another": (
        lambda blank, _: np.hstack((blank, draw_form(other_form()))),
        "scan.png shows several forms: photograph or scan each page alone",
    ),
    "another form": (
        lambda *_: draw_form(other_form()),
        f"scan.png is page 1 of another form, {other_form().sheet.id}; this one is {Form(TEMPLATE).sheet.id}: ",
    ),
}


@pytest.mark.parametrize("kind", PICTURES)
def test_other_pictures_say_what_they_are(form: Form, blank: np.ndarray, kind: str) -> None:
    draw, says = PICTURES[kind]
    with pytest.raises(DataError) as raised:
        register(draw(blank, form), form.sheet, "scan.png")
    assert str(raised.value).startswith(says)


def test_dust_and_edges_are_blank(blank: np.ndarray) -> None:
    page = np.full_like(blank, 235)
    page[::211, ::197] = 120
    page[:, :20] = 60
    assert is_blank(page)
    cv2.line(page, (500, 500), (500, 540), 80, 4)
    assert not is_blank(page)


def test_pages_have_codes_and_markers_of_their_own() -> None:
    form = Form({"field": [{"name": f"task {n}", "digits": 9} for n in range(40)]})
    assert form.sheet.pages == 2
    for page in (1, 2):
        drawn = draw_form(form, page)
        assert register(drawn, form.sheet, "scan.png").page == page
        assert {each.place for each in find_markers(drawn)} == set(range(8))


def test_codes_are_read_back() -> None:
    code = PageCode("0A1B2C3D", 12)
    modules = np.pad(np.where(draw_code(code), 0, 255).astype(np.uint8), 4, constant_values=255)
    drawn = cv2.resize(modules, None, fx=6, fy=6, interpolation=cv2.INTER_NEAREST)
    assert parse_code(cv2.QRCodeDetector().detectAndDecode(drawn)[0]) == code
    assert [parse_code(text) for text in ("", "https://x.org", "DIGITS 0A1B2C3D 99", "DIGITS 0a1b2c3d 1")] == [None] * 4


def test_the_same_template_gives_the_same_pdf(form: Form) -> None:
    assert form.to_pdf() == Form(copy.deepcopy(TEMPLATE)).to_pdf()


@pytest.mark.parametrize(
    ("change", "same"),
    [({"title": "B"}, True), ({"paper": "Letter"}, False), ({"field": TEMPLATE["field"][:2]}, False)],
)
def test_the_id_says_what_matters_for_reading(form: Form, change: dict[str, Any], same: bool) -> None:
    assert (Form({**TEMPLATE, **change}).sheet.id == form.sheet.id) is same


def test_curled_pages_are_found(form: Form, blank: np.ndarray) -> None:
    height, width = blank.shape
    wave = 6 * PIXELS * np.sin(np.arange(width) / width * np.pi)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    curled = cv2.remap(blank, x, (y - wave).astype(np.float32), cv2.INTER_LINEAR, borderValue=(255,))
    found = register(curled, form.sheet, "photo.png")
    for comb in form.sheet.combs:
        left, top, right, bottom = comb.area
        corners = np.array([(left, top), (right, bottom)])
        seen = corners + np.column_stack((np.zeros(2), 6 * np.sin(corners[:, 0] * PIXELS / width * np.pi)))
        assert np.abs(found.into_picture(corners) / PIXELS - seen).max() < 1
