"""A form that exists already: its pages before anything is written on them, and its fields as rectangles."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np

from digits.documents.forms.sheet import MAX_PAGES, Comb, Sheet
from digits.documents.forms.template import PAPERS, Template
from digits.documents.forms.walls import SCALE, cut_out
from digits.errors import DataError
from digits.inference.pages import SourcePages
from digits.preprocessing import as_grey
from digits.preprocessing.ink import Ink, subtract_ground
from digits.shapes import Float32, Float64, UInt8

DOTS = 200 / 25.4
"""Pixels per millimetre in which a PDF's page is measured."""

MAX_FEATURES = 3000
"""Features of a page, at most: those of a dense page of print."""

PRINTED = 0.25
"""Darkness from which on a pixel of the blank page is print, as a share of its darkest: grey walls, but no shades."""

AROUND = 0.6
"""Millimetres around print in which ink is not taken for writing: what a camera and this alignment may be off."""

OUTSIDE = 1.0
"""Millimetres around a field whose print helps to find it: people draw rectangles on its walls, or inside of them."""

SAME_SIZE = 2.0
"""Millimetres by which pages of one form may differ."""


@dataclass(frozen=True, eq=False)
class Features:
    """What is found again of a page: n places in millimetres, and a descriptor of what is around each."""

    places: Float64[np.ndarray, "n 2"]
    descriptors: Float32[np.ndarray, "n 128"]


@dataclass(frozen=True, eq=False)
class Blank:
    """The pages of a form without writing.

    Attributes
    ----------
    size
        Width and height of the paper, in millimetres.
    pages
        Grey, of `SCALE` pixels per millimetre.
    """

    size: tuple[float, float]
    pages: tuple[Ink, ...] = field(repr=False)

    @cached_property
    def features(self) -> tuple[Features, ...]:
        """The features of each page."""
        return tuple(find_features(page, SCALE) for page in self.pages)

    @cached_property
    def dark(self) -> tuple[Ink, ...]:
        """How dark each pixel of a page is, against the paper."""
        return tuple(subtract_ground(page)[0] for page in self.pages)

    def find_print(self, page: int) -> UInt8[np.ndarray, "h w"]:
        """Find what is printed on a page, counted from 1: 255 where it is."""
        dark = self.dark[page - 1]
        found: UInt8[np.ndarray, "h w"] = (dark > PRINTED * max(int(dark.max()), 1)).astype(np.uint8) * np.uint8(255)
        return found

    def measure_black(self, dark: Ink, page: int) -> float:
        """Measure how dark print is on a registered page: where the blank one is black."""
        blank = self.dark[page - 1]
        spread = cv2.dilate(_fit(dark, blank.shape), np.ones((3, 3), np.uint8))
        return float(np.quantile(spread[blank > 0.7 * max(int(blank.max()), 1)], 0.75))

    def cut(self, comb: Comb) -> Float32[np.ndarray, "h w"]:
        """Cut out what is printed at a field and close to it, 0-1."""
        left, top, right, bottom = comb.area
        area = left - OUTSIDE, top - OUTSIDE, right + OUTSIDE + 1 / SCALE, bottom + OUTSIDE + 1 / SCALE
        return cut_out(self.find_print(comb.page), area).astype(np.float32) / np.float32(255)

    def remove_print(self, dark: Ink, comb: Comb, placed: Comb, black: float) -> Ink:
        """Remove from a registered page what the blank one has, at a field that was found a little off."""
        side = 2 * round(AROUND * SCALE) + 1
        printed = cv2.dilate(self.find_print(comb.page), np.ones((side, side), np.uint8))
        moved = np.array([[1, 0, (placed.left - comb.left) * SCALE], [0, 1, (placed.top - comb.top) * SCALE]])
        shown = cv2.warpAffine(printed, moved, (dark.shape[1], dark.shape[0]))
        cleaned: Ink = np.where(shown > 127, np.uint8(0), dark)
        return cleaned


def _fit(picture: Ink, shape: Sequence[int]) -> Ink:
    """Cut or pad a picture to a shape: rounding may differ by a pixel."""
    fitted = np.zeros((shape[0], shape[1]), np.uint8)
    part = picture[: shape[0], : shape[1]]
    fitted[: part.shape[0], : part.shape[1]] = part
    return fitted


def find_features(grey: Ink, scale: float, most: int = MAX_FEATURES) -> Features:
    """Find the features of a picture (SIFT: Lowe 2004), their places divided by the scale."""
    points, descriptors = cv2.SIFT.create(nfeatures=most).detectAndCompute(grey, None)
    places = np.array([point.pt for point in points], np.float64).reshape(-1, 2)
    found = np.zeros((0, 128), np.float32) if descriptors is None else descriptors
    return Features((places + 0.5) / scale, found)


def load_blank(template: Template) -> Blank:
    """Load the pages of the blank form that a template names.

    Raises
    ------
    DataError
        When the file is missing or cannot be read, or its pages are too many or of several sizes.
    """
    assert template.blank is not None
    name = str(template.blank)
    pages = SourcePages(template.blank, name)
    if len(pages) > MAX_PAGES:
        raise DataError(f"{name} has {len(pages):,} pages, over {MAX_PAGES}: make several templates of it")
    drawn, sizes = list[Ink](), list[tuple[float, float]]()
    for page in range(1, len(pages) + 1):
        decoded = pages.decode(page)
        size = _measure(decoded.size, template)
        grey = as_grey(decoded.picture, max(decoded.picture.shape))
        shape = round(size[0] * SCALE), round(size[1] * SCALE)
        drawn.append(cv2.resize(grey, shape, interpolation=cv2.INTER_AREA))
        sizes.append(size)
    if max(abs(one - other) for size in sizes for one, other in zip(size, sizes[0], strict=True)) > SAME_SIZE:
        raise DataError(f"{name} has pages of several sizes: make a template of each size")
    return Blank(sizes[0], tuple(drawn))


def _measure(pixels: tuple[int, int], template: Template) -> tuple[float, float]:
    """Measure a page in millimetres: of a PDF as it says, of a picture as paper that fills it."""
    width, height = pixels
    as_pdf = width / DOTS, height / DOTS
    if template.blank is not None and template.blank.suffix.lower() == ".pdf":
        return as_pdf
    longest = max(PAPERS[template.paper])
    return width * longest / max(pixels), height * longest / max(pixels)


def lay_on(template: Template, blank: Blank) -> Sheet:
    """Give each field the place that the template names on the blank form.

    Raises
    ------
    DataError
        When one lies beyond the paper or on another, or is on no page.
    """
    combs = tuple(_place(template, blank))
    facts = [hashlib.sha256(page.tobytes()).hexdigest() for page in blank.pages]
    facts += [
        f"{template.fields[each.field].name} {each.page} {each.area} {each.boxes} {each.decimals}" for each in combs
    ]
    identity = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:8].upper()
    return Sheet(blank.size, combs, len(blank.pages), identity)


def _place(template: Template, blank: Blank) -> Iterator[Comb]:
    areas: list[tuple[int, str, tuple[float, float, float, float]]] = []
    for place, each in enumerate(template.fields):
        assert each.box is not None
        left, top, width, height = each.box
        page, where = each.page or 1, f"{template.name}: the field {each.name}"
        if page > len(blank.pages):
            raise DataError(f"{where} is on page {page}, but the blank form has {len(blank.pages)}: correct its page")
        if not (width and height) or left + width > blank.size[0] or top + height > blank.size[1]:
            raise DataError(
                f"{where} lies beyond the paper, which is {blank.size[0]:.0f} × {blank.size[1]:.0f} mm: correct its box"
            )
        for other_page, other, (x, y, right, bottom) in areas:
            if page == other_page and left < right and x < left + width and top < bottom and y < top + height:
                raise DataError(f"{template.name}: the fields {other} and {each.name} overlap: correct their boxes")
        areas.append((page, each.name, (left, top, left + width, top + height)))
        boxes = each.field.high
        yield Comb(place, page, left, top, boxes, each.decimals, width / boxes, height, 0.0, 0.0)
