"""Where everything stands on the pages of a form, in millimetres from the left and upper edge of the paper."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from digits.documents.forms.template import PAPERS, FormField, Template
from digits.errors import DataError

BOX, GAP, HIGH = 7.0, 1.0, 9.0
"""Width of a box, gap between two and height, in millimetres: a digit as most people write it fits in, and does not
touch the next."""

POINT = 4.0
"""Width of the gap in which a decimal point is printed, in millimetres."""

MARKER, EDGE = 9.0, 8.0
"""Side of a marker, and how far it is from the edge of the paper: printers leave up to 6 mm blank, and markers need a
white module around them."""

CODE = 18.0
"""Side of the QR code, in millimetres; each of its 25 modules is as large as those of codes on parcels."""

MARGIN = EDGE + MARKER + 3.0
"""Millimetres that fields keep from the edges, so that nobody writes into a marker."""

HEAD = 26.0
"""Height that title, text and code take at the top of a page, in millimetres."""

LABEL = 5.0
"""Height that a label takes above its boxes, in millimetres."""

BETWEEN = 9.0, 6.0
"""Millimetres between fields beside and below each other."""

LETTER = 1.7
"""Width of a letter of a label, in millimetres, on average."""

MAX_PAGES = 16
"""Pages of a form, at most: markers tell so many apart."""

Rectangle = tuple[float, float, float, float]
"""Left, top, right and bottom, in millimetres."""


@dataclass(frozen=True)
class Comb:
    """The boxes of one field.

    Attributes
    ----------
    field
        Its place in the template.
    page
        Counted from 1.
    left, top
        Of the first box.
    boxes
        How many.
    decimals
        How many of them are behind the point.
    wide, high, gap
        Of each box, and between two.
    point
        What the gap at the point is wider than others.
    """

    field: int
    page: int
    left: float
    top: float
    boxes: int
    decimals: int = 0
    wide: float = BOX
    high: float = HIGH
    gap: float = GAP
    point: float = POINT - GAP

    @property
    def lefts(self) -> tuple[float, ...]:
        """Left edge of each box."""
        whole = self.boxes - self.decimals
        return tuple(self.left + n * (self.wide + self.gap) + self.point * (n >= whole) for n in range(self.boxes))

    @property
    def areas(self) -> tuple[Rectangle, ...]:
        """What each box covers."""
        return tuple((left, self.top, left + self.wide, self.top + self.high) for left in self.lefts)

    @property
    def area(self) -> Rectangle:
        """What its boxes cover."""
        return self.left, self.top, self.lefts[-1] + self.wide, self.top + self.high


@dataclass(frozen=True)
class Sheet:
    """The pages of a form.

    Attributes
    ----------
    size
        Width and height of the paper.
    combs
        One per field, in their order.
    pages
        How many.
    id
        What the code says of the form: of all that matters for reading it, eight hexadecimal digits.
    """

    size: tuple[float, float]
    combs: tuple[Comb, ...]
    pages: int
    id: str

    @property
    def code_area(self) -> Rectangle:
        """Where the QR code is on every page."""
        right = self.size[0] - MARGIN
        return right - CODE, MARGIN, right, MARGIN + CODE

    @property
    def markers(self) -> tuple[Rectangle, ...]:
        """The markers of every page: of three rows, from left to right, all but the one in the middle."""
        across, down = ((EDGE, (side - MARKER) / 2, side - EDGE - MARKER) for side in self.size)
        places = [(x, y) for y in down for x in across]
        return tuple((x, y, x + MARKER, y + MARKER) for place, (x, y) in enumerate(places) if place != 4)


def lay_out(template: Template) -> Sheet:
    """Give each field its place: the one that the template names, or the next free one.

    Raises
    ------
    DataError
        When a field is outside of the paper, on a marker or the code, or overlaps another, or there are too many.
    """
    size = PAPERS[template.paper]
    combs = list(_place(template, size))
    pages = max(comb.page for comb in combs)
    sheet = Sheet(size, tuple(combs), pages, _identify(template, combs))
    if pages > MAX_PAGES:
        raise DataError(f"{template.name} has {pages} pages, over {MAX_PAGES}: make several forms of it")
    if empty := {*range(1, pages + 1)} - {comb.page for comb in combs}:
        raise DataError(f"{template.name}: no field is on page {min(empty)}, but others are on later pages")
    _check_places(template, sheet)
    return sheet


def _place(template: Template, size: tuple[float, float]) -> Iterator[Comb]:
    """Place fields in lines, each below the last, and on the next page where this one is full."""
    top = MARGIN + HEAD + LABEL
    page, x, y = 1, MARGIN, top
    for place, field in enumerate(template.fields):
        boxes, decimals = field.field.high, field.decimals
        if field.at:
            yield Comb(place, field.page or 1, *field.at, boxes, decimals)
            continue
        if field.page and field.page != page:
            page, x, y = field.page, MARGIN, top
        wide = max(_measure(boxes, decimals), LETTER * len(field.label))
        if wide > size[0] - 2 * MARGIN:
            most = int((size[0] - 2 * MARGIN + GAP) / (BOX + GAP))
            raise DataError(
                f"{template.name}: the field {field.name} does not fit on {template.paper}: it may have up to {most} "
                f"digits, and a label of {int((size[0] - 2 * MARGIN) / LETTER)} letters"
            )
        if x > MARGIN and x + wide > size[0] - MARGIN:
            x, y = MARGIN, y + HIGH + LABEL + BETWEEN[1]
        if y + HIGH > size[1] - MARGIN:
            page, x, y = page + 1, MARGIN, top
        yield Comb(place, page, x, y, boxes, decimals)
        x += wide + BETWEEN[0]


def _measure(boxes: int, decimals: int) -> float:
    """Measure the width of a comb."""
    return boxes * (BOX + GAP) - GAP + (POINT - GAP) * bool(decimals)


def _check_places(template: Template, sheet: Sheet) -> None:
    width, height = sheet.size
    fixed = [*((each, "a corner marker") for each in sheet.markers), (sheet.code_area, "the QR code")]
    areas = [_with_label(comb) for comb in sheet.combs]
    for comb, area in zip(sheet.combs, areas, strict=True):
        field = template.fields[comb.field]
        where = f"{template.name}: the field {field.name} on page {comb.page}"
        if area[0] < EDGE or area[1] < EDGE or area[2] > width - EDGE or area[3] > height - EDGE:
            raise DataError(
                f"{where} is too near to the edge of the paper, {template.paper} of {width:g} × {height:g} mm: keep "
                f"{EDGE:g} mm from each edge, and {LABEL:g} mm more above it for its label"
            )
        for other, what in fixed:
            if _overlap(area, other):
                raise DataError(f"{where} lies on {what}: keep {MARGIN:g} mm from the edges and below the code")
        for row in range(comb.field):
            if sheet.combs[row].page == comb.page and _overlap(area, areas[row]):
                raise DataError(
                    f"{template.name}: the fields {template.fields[row].name} and {field.name} overlap on page "
                    f"{comb.page}: move one of them with at = [x, y], in mm"
                )


def _with_label(comb: Comb) -> Rectangle:
    left, top, right, bottom = comb.area
    return left, top - LABEL, right, bottom


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _identify(template: Template, combs: list[Comb]) -> str:
    """Make the form's id: a hash of paper, names and places; what a number may be can change after printing."""
    fields: tuple[FormField, ...] = template.fields
    facts = [template.paper, *([fields[c.field].name, c.page, c.left, c.top, c.boxes, c.decimals] for c in combs)]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:8].upper()
