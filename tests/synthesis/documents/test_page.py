"""A page keeps the truth of what is written, printed, struck and hidden on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest

from digits.synthesis.documents import parts
from digits.synthesis.documents.designs import blend, dot, redesign
from digits.synthesis.documents.fonts import Font, Style, load_fonts, vary
from digits.synthesis.documents.inks import outline
from digits.synthesis.documents.page import Page
from digits.synthesis.documents.rules import Rule, draw_rule
from digits.synthesis.documents.truth import CHARACTERS


def text_of(page: Page, printed: bool) -> list[str]:
    lines: dict[int, list[tuple[int, str]]] = {}
    for each in page.characters:
        if each.printed == printed:
            lines.setdefault(each.line, []).append((each.order, CHARACTERS[each.label]))
    return ["".join(character for _, character in sorted(line)) for line in lines.values()]


def test_written_lines_are_kept(make_page: Callable[..., Page]) -> None:
    page, rng = make_page(), np.random.default_rng(0)
    page.write("24/1 9", 20, 100, rng)
    page.write("7,8", 20, 200, rng)
    assert text_of(page, printed=False) == ["24/19", "7,8"]
    assert set(np.unique(page.mask)) == set(range(len(page.characters) + 1))


def test_line_follows_its_angle(make_page: Callable[..., Page]) -> None:
    page = make_page()
    x, y = page.write("1" * 8, 30, 60, np.random.default_rng(0), angle=0.6)
    assert np.arctan2(y - 60, x - 30) == pytest.approx(0.6, abs=0.02)
    feet = np.array([each.outline.mean(0) for each in page.characters])
    slope = np.polyfit(feet[:, 0], feet[:, 1], 1)[0]
    assert np.arctan(slope) == pytest.approx(0.6, abs=0.06)


def test_only_numbers_are_characters_of_print(make_page: Callable[..., Page]) -> None:
    page = make_page()
    page.print("Mr. (A-B), on 12.5 or 3/4, no.", 10, 60, 20)
    assert text_of(page, printed=True) == ["12.5", "3/4,"]
    assert not page.mask.any()


@pytest.mark.parametrize("font", [*load_fonts(), *load_fonts(held_out=True)], ids=lambda font: font.name)
@pytest.mark.parametrize(
    ("style", "size"),
    [(Style(), 40), (Style(0.75, 0.2, 3, 9), 40), (Style(1.2, 0.05, 1, 3), 64)],
    ids=["usual", "bold", "wide"],
)
def test_boxes_of_print_are_tight(make_page: Callable[..., Page], font: Font, style: Style, size: int) -> None:
    page = make_page()
    page.print("8 3 5 2", 20.3, 90, size, replace(font, style=style, styled={}))
    assert len(page.characters) == 4
    left = 0
    for each in page.characters:
        (x0, y0), (x1, y1) = each.outline.min(0), each.outline.max(0)
        column = slice(max(int(x0) - 3, left), int(x1) + 4)
        inked = np.argwhere(page.picture[:, column] < 200)
        (top, start), (bottom, end) = inked.min(0), inked.max(0) + 1
        found = np.array([start + column.start, top, end + column.start, bottom])
        assert np.abs(found - [x0, y0, x1, y1]).max() <= 1.6
        left = column.stop


def test_held_out_fonts_are_others() -> None:
    names = [{font.name for font in load_fonts(held_out)} for held_out in (False, True)]
    assert not names[0] & names[1]
    assert len(names[0]) >= 12
    assert len(names[1]) >= 4


def test_fonts_vary() -> None:
    rng = np.random.default_rng(0)
    varied = [vary(load_fonts()[0], rng) for _ in range(30)]
    widths = {font.draw("2031", 30.0)[0].shape[1] for font in varied}
    assert len(widths) >= 10
    assert Style() in {font.style for font in varied}


def test_a_blend_lies_between_two_fonts() -> None:
    fonts = {font.name: font for font in load_fonts()}
    light, bold = fonts["Helvetica"], fonts["Helvetica-Bold"]
    between = blend(light, bold, 0.5)
    assert "×" not in between.characters  # the PDF fonts have ASCII alone
    for character in "0258AQx":
        areas = [int(font.characters[character].sum()) for font in (light, between, bold)]
        assert areas[0] < areas[1] < areas[2]
    assert light.advances["b"] < between.advances["b"] < bold.advances["b"]
    np.testing.assert_array_equal(blend(light, light, 0.5).characters["8"] > 127, light.characters["8"] > 127)


def test_print_of_dots_is_apart() -> None:
    font = {font.name: font for font in load_fonts()}["Helvetica-Bold"]
    dotted = dot(font, 9, 0.25)
    assert list(dotted.characters) == list(font.characters)
    found, _ = cv2.connectedComponents((dotted.characters["1"] > 127).astype(np.uint8))
    assert found - 1 >= 9


def test_most_fonts_are_redesigned() -> None:
    fonts, rng = load_fonts(), np.random.default_rng(0)
    names = {redesign(fonts[0], fonts, rng).name for _ in range(40)}
    assert fonts[0].name in names
    assert any("–" in name for name in names)
    assert any(name.endswith("dots") for name in names)


def test_struck_and_hidden_characters_are_noted(make_page: Callable[..., Page]) -> None:
    page, rng = make_page(), np.random.default_rng(3)
    page.write("123", 20, 100, rng)
    page.write("45", 20, 200, rng)
    before = page.picture.copy()
    parts.strike(page, 0, 3, rng)
    assert page.struck == {0, 1, 2}
    assert (page.picture[70:110, 20:100] < before[70:110, 20:100]).any()
    page.hide(0, 150, 400, 250)
    assert page.hidden == {3, 4}


def test_tilted_part_takes_its_characters_along(make_page: Callable[..., Page]) -> None:
    page, rng = make_page(), np.random.default_rng(0)
    page.write("12", 20, 60, rng)
    page.write("345", 120, 200, rng)
    before = page.characters[0]
    for y in (40, 200):
        page.wall(np.linspace((100.0, y), (280.0, y), 9), is_level=True)
    page.tilt(90, 140, 300, 260, 2, 0.12)
    slopes = [(points[-1] - points[0])[1] / (points[-1] - points[0])[0] for points, _ in page.walls]
    assert slopes == pytest.approx([0, np.tan(0.12)], abs=1e-6)
    assert page.characters[0] is before
    for place, each in enumerate(page.characters):
        assert each.angle == pytest.approx(0.12 * (place >= 2))
        rows, columns = np.nonzero(page.mask == place + 1)
        found = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        assert np.concatenate((each.outline.min(0), each.outline.max(0))) == pytest.approx(found, abs=1.6)


def test_outline_holds_all_ink() -> None:
    ink = np.zeros((40, 30), np.uint8)
    cv2.ellipse(ink, (14, 20), (9, 15), 20, 0, 360, 255, 3)
    hull = outline(ink)
    rows, columns = np.nonzero(ink)
    assert hull.min(0).tolist() == [columns.min(), rows.min()]
    assert hull.max(0).tolist() == [columns.max() + 1, rows.max() + 1]
    assert all(cv2.pointPolygonTest(hull, (x + 0.5, y + 0.5), False) >= 0 for y, x in zip(rows, columns, strict=True))


def test_ink_never_lightens_what_is_dark(make_page: Callable[..., Page]) -> None:
    page = make_page()
    page.picture[:, 100:104] = 0
    page.stamp(np.full((30, 30), 255, np.uint8), 90, 50, level=120)
    assert (page.picture[50:80, 100:104] == 0).all()
    assert (page.picture[50:80, 90:100] == 120).all()


@pytest.mark.parametrize(
    ("kind", "share"), [("solid", 1.0), ("dashed", 0.6), ("dotted", 2 / 8)], ids=["solid", "dashed", "dotted"]
)
def test_rules_are_where_they_should_be(make_page: Callable[..., Page], kind: str, share: float) -> None:
    for x0, y0, x1, y1 in ((10, 50, 330, 50), (50, 10, 50, 330)):
        page = make_page()
        draw_rule(page, x0, y0, x1, y1, Rule(kind, 2, 30, 8), np.random.default_rng(0))
        inked = np.argwhere(page.picture < 200)
        assert inked.min(0).tolist() == [y0, x0]
        assert len(inked) == pytest.approx(share * 2 * 322, rel=0.1)


def test_thick_dark_pages_get_light_ink(make_page: Callable[..., Page]) -> None:
    page = make_page()
    page.picture[:] = 40
    page.is_dark = True
    page.write("258", 30, 100, np.random.default_rng(0))
    assert page.picture[page.mask > 0].mean() > 90
