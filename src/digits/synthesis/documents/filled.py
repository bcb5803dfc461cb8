"""Printed forms, filled in by hand, as scanners and phones see them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from digits.shapes import Bool, UInt8
from digits.synthesis.digit_images import check_request
from digits.synthesis.documents.effects import CAPTURE_SHARES
from digits.synthesis.documents.fonts import load_fonts
from digits.synthesis.documents.grounds import sample_paper
from digits.synthesis.documents.hands import HANDS_PER_BLOCK, RealDigits, make_hands
from digits.synthesis.documents.page import Page
from digits.synthesis.documents.papers import WEAR_EFFECTS
from digits.synthesis.documents.rules import Cell
from digits.synthesis.documents.stream import capture, choose
from digits.synthesis.documents.truth import Document
from digits.synthesis.documents.views import sample_page_view

MIN_VISIBLE = 0.5
"""Share of each digit of a number that can be seen, at least, for the number to be legible."""

HEIGHT = 0.7
"""Of the usual digit, in heights of its box."""

FORM_CAPTURES: Mapping[str, float] = {kind: share for kind, share in CAPTURE_SHARES.items() if kind != "screen"}
"""Kind of capture → share of the pages."""


@dataclass(frozen=True, eq=False)
class BlankForm:
    """A form as it is printed: grey, dark on white; and the boxes of each field, in pixels."""

    picture: UInt8[np.ndarray, "h w"]
    boxes: Sequence[Sequence[Cell]]


@dataclass(frozen=True, eq=False)
class FilledForm:
    """A picture of a filled-in form.

    Attributes
    ----------
    document
        The picture, and every digit on it; its lines are the form's fields.
    kind
        Of capture.
    legible
        Of which fields every digit can be seen.
    """

    document: Document
    kind: str
    legible: Bool[np.ndarray, " n"]


def synthesize_filled(
    forms: Iterable[tuple[BlankForm, Sequence[str]]], seed: int = 0, *, real: RealDigits | None = None
) -> Iterator[FilledForm]:
    """Fill in forms, and photograph, scan and copy them: the same arguments give the same bytes.

    Parameters
    ----------
    forms
        Forms, each with a text for each field, box by box; a space leaves a box empty.
    seed
        0 or more.
    real
        Digits of real people to write with, beside those of the synthesizer's glyphs.

    Raises
    ------
    UsageError
        The seed is below 0.
    """
    check_request(seed)
    return _synthesize(forms, seed, real or RealDigits())


def _synthesize(forms: Iterable[tuple[BlankForm, Sequence[str]]], seed: int, real: RealDigits) -> Iterator[FilledForm]:
    hands = make_hands(np.random.default_rng((seed, 0)), real)
    for number, (form, texts) in enumerate(forms):
        rng = np.random.default_rng((seed, 1, number))
        height, width = form.picture.shape
        paper, is_dark = sample_paper(height, width, rng)
        while is_dark:  # nobody prints on it
            paper, is_dark = sample_paper(height, width, rng)
        unit = HEIGHT * float(form.boxes[0][0].height)
        page = Page(paper, unit, (hands[rng.integers(HANDS_PER_BLOCK)],), load_fonts(True)[:1], rng.uniform(0, 80))
        page.stamp(255 - form.picture, 0, 0, page.ink)
        for boxes, text in zip(form.boxes, texts, strict=True):
            _write(page, boxes, text, rng)
        for effect, probability in WEAR_EFFECTS.items():
            if rng.random() < probability:
                effect(page, rng)
        kind = choose(FORM_CAPTURES, rng)
        document = capture(page, *sample_page_view(page, kind == "photo", rng), kind, rng)
        truth, clear = document.truth, document.truth.visible >= MIN_VISIBLE
        seen = np.array([int((clear & (truth.lines == line)).sum()) for line in range(len(texts))])
        yield FilledForm(document, kind, seen == [len(text.replace(" ", "")) for text in texts])


def _write(page: Page, boxes: Sequence[Cell], text: str, rng: np.random.Generator) -> None:
    """Write one digit into each box, with a shaky hand; begins a line, also of an empty field."""
    line, share = page.new_line(), page.hands[0].sample_share(rng)
    for order, (box, digit) in enumerate(zip(boxes, text, strict=False)):
        if digit != " ":
            height = min(share, 0.95) * float(box.height)
            x = box.x + 0.5 * box.width - 0.3 * height + rng.normal(0, 0.06) * box.width
            y = box.y + 0.5 * (box.height + height) + rng.normal(0, 0.05) * height
            page.write(digit, x, y, rng, height=height, line=line, order=order)
