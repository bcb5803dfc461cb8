"""Endless streams of documents, and of crops of documents, that depend on their seed alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

import numpy as np

from digits.errors import UsageError
from digits.synthesis.digit_images import check_request
from digits.synthesis.documents.camera import View, describe, take
from digits.synthesis.documents.designs import redesign
from digits.synthesis.documents.effects import CAPTURE_SHARES, CAPTURES
from digits.synthesis.documents.fonts import load_fonts, vary
from digits.synthesis.documents.grounds import sample_paper
from digits.synthesis.documents.hands import Hand, RealDigits, make_hands
from digits.synthesis.documents.layouts import HELD_OUT_LAYOUTS, LAYOUTS, Layout
from digits.synthesis.documents.page import Page
from digits.synthesis.documents.papers import PAPER_EFFECTS, WEAR_EFFECTS
from digits.synthesis.documents.truth import Document
from digits.synthesis.documents.views import sample_crop_view, sample_page_view

PAGES_PER_BLOCK = 200  # that choose from the same hands
CROPS_PER_PAGE = 4
HANDS_PER_PAGE = FONTS_PER_PAGE = 3

MIN_CROP_SIDE = 64  # pixels
MIN_UNIT = 4.0  # pixels: nobody can read smaller digits
# Height of the usual digit on a page that is cut: pixels, and shares of the crop's side. Finders see larger digits
# smaller, so that few pages have them: enough to show what the parts of a large digit look like.
CROP_UNITS, LARGE_UNITS, LARGE_SHARE = (10.0, 0.35), (0.35, 1.2), 0.12
PAGE_SIDES = (1.9, 3.2)  # of a page that is cut, in sides of a crop

DOCUMENT_SIDES = (500, 2000)  # pixels of the longer side
DOCUMENT_UNITS = (10.0, 400.0)  # pixels
DIGITS_ALONG = (5, 90)  # usual digits that would fit along the longer side
ASPECTS = (0.4, 1.0)

Item = TypeVar("Item")


def synthesize_crops(
    seed: int = 0,
    *,
    size: int = 256,
    real: RealDigits | None = None,
    layouts: Mapping[Layout, float] = LAYOUTS,
    units: tuple[float, float] | None = None,
    start: int = 0,
    step: int = 1,
) -> Iterator[Document]:
    """Cut crops out of documents without end, to learn from: the same arguments give the same bytes.

    A page is drawn once and photographed `CROPS_PER_PAGE` times, each time by another camera from another place, so
    that consecutive crops share their page.

    Parameters
    ----------
    seed
        0 or more.
    size
        Height and width of a crop in pixels, 64 or more.
    real
        Digits of real people to write with, beside those of the synthesizer's glyphs.
    layouts
        Layout → share of the pages.
    units
        Least and greatest height of the usual digit, in pixels; by default from 10 to a third of a crop, and now and
        then more.
    start, step
        The first page, and the distance to the next: process w of n makes its part with ``start=w, step=n``. A
        training that goes on after n pages gives ``start=n``.

    Raises
    ------
    UsageError
        A number is out of range, or there is no layout.
    """
    _check(seed, start, step, layouts)
    if size < MIN_CROP_SIDE:
        raise UsageError(f"size must be {MIN_CROP_SIDE} pixels or more, not {size}")
    if units and not MIN_UNIT <= units[0] <= units[1]:
        raise UsageError(f"units must be heights of {MIN_UNIT:g} pixels or more, the least first, not {units}")
    return _cut(seed, size, real or RealDigits(), layouts, units, start, step)


def synthesize_documents(
    seed: int = 0,
    *,
    real: RealDigits | None = None,
    layouts: Mapping[Layout, float] = HELD_OUT_LAYOUTS,
    held_out_fonts: bool = True,
    start: int = 0,
    step: int = 1,
) -> Iterator[Document]:
    """Photograph and scan whole documents without end, to evaluate with: the same arguments give the same bytes.

    By default, their layouts and fonts are those that `synthesize_crops` never shows.

    Parameters
    ----------
    seed
        0 or more.
    real
        Digits of real people: here those that were held out.
    layouts
        Layout → share of the pages.
    held_out_fonts
        Whether print has the fonts that were held out.
    start, step
        The first page, and the distance to the next; each document has a page of its own.

    Raises
    ------
    UsageError
        A number is out of range, or there is no layout.
    """
    _check(seed, start, step, layouts)
    return _photograph_pages(seed, real or RealDigits(), layouts, held_out_fonts, start, step)


def _check(seed: int, start: int, step: int, layouts: Mapping[Layout, float]) -> None:
    check_request(seed)
    if start < 0 or step < 1:
        raise UsageError(f"start must be 0 or more and step 1 or more, not {start} and {step}")
    if not layouts or min(layouts.values()) < 0 or not sum(layouts.values()):
        raise UsageError("layouts must hold one layout or more, and shares of 0 or more with a sum above 0")


def _cut(
    seed: int,
    size: int,
    real: RealDigits,
    layouts: Mapping[Layout, float],
    units: tuple[float, float] | None,
    start: int,
    step: int,
) -> Iterator[Document]:
    usual, large = (CROP_UNITS[0], CROP_UNITS[1] * size), (LARGE_UNITS[0] * size, LARGE_UNITS[1] * size)
    for rng, hands in _begin_pages(seed, real, start, step):
        among = units or (large if rng.random() < LARGE_SHARE else usual)
        unit = float(np.exp(rng.uniform(*np.log(among))))
        side = round(min(max(12 * unit, PAGE_SIDES[0] * size), PAGE_SIDES[1] * size))
        page = draw_page((side, side), unit, hands, layouts, False, rng)
        for _ in range(CROPS_PER_PAGE):
            kind = choose(CAPTURE_SHARES, rng)
            yield capture(page, sample_crop_view(page, size, kind == "photo", rng), (size, size), kind, rng)


def _photograph_pages(
    seed: int, real: RealDigits, layouts: Mapping[Layout, float], held_out_fonts: bool, start: int, step: int
) -> Iterator[Document]:
    for rng, hands in _begin_pages(seed, real, start, step):
        longer = int(rng.integers(DOCUMENT_SIDES[0], DOCUMENT_SIDES[1] + 1))
        sides = longer, round(longer * rng.uniform(*ASPECTS))
        along = float(np.exp(rng.uniform(*np.log(DIGITS_ALONG))))
        unit = float(np.clip(longer / along, *DOCUMENT_UNITS))
        page = draw_page(sides if rng.random() < 0.65 else sides[::-1], unit, hands, layouts, held_out_fonts, rng)
        kind = choose(CAPTURE_SHARES, rng)
        yield capture(page, *sample_page_view(page, kind == "photo", rng), kind, rng)


def _begin_pages(
    seed: int, real: RealDigits, start: int, step: int
) -> Iterator[tuple[np.random.Generator, list[Hand]]]:
    """Give each page its own generator and the hands of its block, so that no page depends on those before."""
    block, hands = -1, list[Hand]()
    page = start
    while True:
        if page // PAGES_PER_BLOCK != block:
            block = page // PAGES_PER_BLOCK
            hands = make_hands(np.random.default_rng((seed, 0, block)), real)
        yield np.random.default_rng((seed, 1, page)), hands
        page += step


def draw_page(
    size: tuple[int, int],
    unit: float,
    hands: list[Hand],
    layouts: Mapping[Layout, float],
    held_out_fonts: bool,
    rng: np.random.Generator,
) -> Page:
    """Draw a page of a height and width, whose usual digit is `unit` high, all in pixels."""
    paper, is_dark = sample_paper(*size, rng)
    fonts = load_fonts(held_out_fonts)
    writers = tuple(hands[row] for row in rng.choice(len(hands), HANDS_PER_PAGE, replace=False))
    chosen = [fonts[row] for row in rng.choice(len(fonts), FONTS_PER_PAGE, replace=False)]
    faces = tuple(vary(font if held_out_fonts else redesign(font, fonts, rng), rng) for font in chosen)
    ink = float(rng.uniform(190, 255) if is_dark else rng.uniform(0, 100))
    page = Page(paper, unit, writers, faces, ink, is_dark)
    for effect, probability in PAPER_EFFECTS.items():
        if rng.random() < probability:
            effect(page, rng)
    choose(layouts, rng)(page, rng)
    for effect, probability in WEAR_EFFECTS.items():
        if rng.random() < probability:
            effect(page, rng)
    return page


def capture(page: Page, view: View, size: tuple[int, int], kind: str, rng: np.random.Generator) -> Document:
    """Take a picture of a page as a kind of `CAPTURES` does, and describe it."""
    photo = take(page, view, size, kind == "photo", rng)
    for effect, probability in CAPTURES[kind].items():
        if rng.random() < probability:
            effect(photo, rng)
    return describe(photo, page, view)


def choose(shares: Mapping[Item, float], rng: np.random.Generator) -> Item:
    """Choose a key of a mapping to shares."""
    items, weights = list(shares), np.array(list(shares.values()), np.float64)
    return items[int(rng.choice(len(items), p=weights / weights.sum()))]
