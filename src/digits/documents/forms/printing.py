"""A form as a PDF to print."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from digits.documents.forms.codes import PLACES, PageCode, draw_code, draw_marker
from digits.documents.forms.sheet import BOX, GAP, HIGH, MARGIN, POINT, Comb, Rectangle, Sheet
from digits.documents.forms.template import Template
from digits.errors import DataError
from digits.options import shorten
from digits.shapes import Bool

POINTS = 72 / 25.4
"""Of a PDF in a millimetre."""

WALL, WALL_GREY = 0.3, 0.55
"""Width of a box's walls, in millimetres, and their grey, 0–1: lighter than pens, and dark enough for any printer."""

TITLE, TEXT, SMALL = 15, 9, 6
"""Sizes of letters, in points."""

FONT, BOLD = "Helvetica", "Helvetica-Bold"
"""Fonts that every program that shows PDFs has, for all letters of Western Europe."""


def write_pdf(template: Template, sheet: Sheet, pages: int | None = None) -> bytes:
    """Write the form's pages as a PDF, or only so many of them.

    Raises
    ------
    DataError
        When a text has a letter that the font lacks.
    """
    from reportlab.pdfgen.canvas import Canvas

    for what in (template.title, template.text, *(each.label for each in template.fields)):
        _check_letters(what, template.name)
    content = io.BytesIO()
    width, height = sheet.size
    # without the time of printing, so that the same template gives the same bytes
    canvas = Canvas(content, pagesize=(width * POINTS, height * POINTS), invariant=True)
    canvas.setTitle(template.title or "Form")
    for page in range(1, (pages or sheet.pages) + 1):
        # millimetres from the upper left corner, as everywhere else
        canvas.translate(0, height * POINTS)
        canvas.scale(POINTS, -POINTS)
        _draw_page(canvas, template, sheet, page)
        canvas.showPage()
    canvas.save()
    return content.getvalue()


def _draw_page(canvas: Any, template: Template, sheet: Sheet, page: int) -> None:
    code, height = PageCode(sheet.id, page), sheet.size[1]
    for place, area in zip(range(PLACES), sheet.markers, strict=True):
        _draw_modules(canvas, draw_marker(code, place), area)
    _draw_modules(canvas, draw_code(code), sheet.code_area)
    _write(canvas, template.title, MARGIN, MARGIN + 5, TITLE, BOLD)
    room = sheet.code_area[0] - MARGIN - 4
    if page == 1:
        for row, line in enumerate(_break(template.text, room)):
            _write(canvas, line, MARGIN, MARGIN + 10 + 4 * row, TEXT)
    pages = f"page {page} of {sheet.pages}" if sheet.pages > 1 else "print at 100 %"
    _write(canvas, f"{sheet.id} · {pages}", MARGIN, height - MARGIN + 8, SMALL)
    for comb in (each for each in sheet.combs if each.page == page):
        _draw_comb(canvas, comb)
        _write(canvas, template.fields[comb.field].label, comb.left, comb.top - 1.4, TEXT)
        for left, digit in zip(comb.lefts, template.fields[comb.field].asked, strict=False):
            _write(canvas, digit, left + BOX / 2 - 0.9, comb.top - 1.2, TEXT, BOLD)


def _draw_comb(canvas: Any, comb: Comb) -> None:
    canvas.setLineWidth(WALL)
    canvas.setStrokeGray(WALL_GREY)
    for left in comb.lefts:
        canvas.rect(left, comb.top, BOX, HIGH)
    if comb.decimals:
        left = comb.lefts[comb.boxes - comb.decimals] - POINT
        canvas.setFillGray(WALL_GREY)
        canvas.circle(left + POINT / 2, comb.top + HIGH - GAP, 0.7, stroke=0, fill=1)
        canvas.setFillGray(0)


def _draw_modules(canvas: Any, dark: Bool[np.ndarray, "n n"], area: Rectangle) -> None:
    """Draw dark modules as one path, since programs show thin lines between shapes that only touch."""
    side = (area[2] - area[0]) / len(dark)
    path = canvas.beginPath()
    for row, modules in enumerate(dark):
        edges = np.flatnonzero(np.diff(np.concatenate(([False], modules, [False]))))
        for start, end in edges.reshape(-1, 2).tolist():
            path.rect(area[0] + start * side, area[1] + row * side, (end - start) * side, side)
    canvas.drawPath(path, stroke=0, fill=1)


def _write(canvas: Any, text: str, x: float, y: float, size: int, font: str = FONT) -> None:
    """Write a line of text, its base line at y; turned back, since the page is upside down for its shapes."""
    canvas.saveState()
    canvas.translate(x, y)
    canvas.scale(1 / POINTS, -1 / POINTS)
    canvas.setFont(font, size)
    canvas.drawString(0, 0, text)
    canvas.restoreState()


def _break(text: str, room: float) -> list[str]:
    from reportlab.lib.utils import simpleSplit

    lines: list[str] = simpleSplit(text, FONT, TEXT, room * POINTS)
    return lines


def _check_letters(text: str, name: str) -> None:
    for letter in text:
        try:
            letter.encode("cp1252")
        except UnicodeEncodeError:
            raise DataError(
                f"{name}: the form's font has no letter {letter} of {shorten(text)}: it has those of Western Europe"
            ) from None
