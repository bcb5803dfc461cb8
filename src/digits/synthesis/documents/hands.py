"""Hands: writers with their pens, who write digits, signs and words anywhere on a page.

A third of the hands write with digits of real people: of MNIST's images, or of the strokes of one writer on a tablet.
Everything is made in blocks of hands, since a hand alone takes as long as a document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Protocol, runtime_checkable

import cv2
import numpy as np

from digits.preprocessing.ink import Ink
from digits.shapes import Float64
from digits.synthesis.curves import Glyph, parse_glyph
from digits.synthesis.documents.glyphs import LETTERS, SIGNS, SYMBOL, SYMBOLS, middle
from digits.synthesis.documents.inks import cut_out, draw_ink, rotation, turn
from digits.synthesis.documents.truth import CHARACTERS
from digits.synthesis.handwriting import (
    Handwriting,
    Writers,
    sample_writers,
    vary_style,
    write_digits,
    write_evenly,
    write_glyphs,
)
from digits.synthesis.pen_strokes import follow, mild_writers
from digits.synthesis.pens import PEN_KINDS, Pens, line_widths, sample_pens
from digits.synthesis.simulated_photos import enlarge
from digits.types import CLASSES, LabelledDigits

HANDS_PER_BLOCK = 40
FORMS = 4  # in which a hand writes each digit
SIGN_FORMS = 2
SIGN_SIZE = 0.18  # standard deviation of the logarithm of a hand's signs' size
RARE_SHARE = 0.4  # of the hands that write with glyphs: they use rare ones as often as others
# Space between the digits of a hand, in heights of a digit: of those whose digits touch now and then, and of others
TOUCHING_SHARE, TOUCHING_GAPS, GAPS = 0.4, (-0.14, 0.08), (0.08, 0.5)
REAL_SHARES = {"images": 0.35, "strokes": 0.25}  # of the hands, where there are such digits
INK_LENGTH = 20  # pixels of a digit in its 28 × 28 image
DRAWN_LENGTH = 40  # pixels, at least, at which images are drawn before they are shrunk
STEEPNESS = 3.0  # of the edges of enlarged images; below 2 they look soft, above 4 jagged
# Of the hands, those that write with a line thinner than the pens of single digits, by which factor; half of all thin
# lines, and some of the others, have the same width everywhere. No line is thinner than a faint one of a camera.
THIN_SHARE, THIN_WIDTHS, EVEN_SHARE, MIN_LINE = 0.25, (0.4, 0.8), 0.15, 0.7  # the last in pixels
MIN_ANGLE = 0.04  # radians, below which a digit is not turned with its line: hands vary more

# Grey levels of ink on light ground: black, blue, red and green as a camera without colours sees them; and on dark.
DARK_LEVELS, LIGHT_LEVELS = ((0, 45), (30, 90), (80, 130), (60, 110)), ((190, 256),)
PENCIL_LEVELS = (50, 130)


@runtime_checkable
class PenDigit(Protocol):
    """A digit as a tablet recorded it, for example of `digits.data`."""

    @property
    def label(self) -> int:
        """0–9."""

    @property
    def writer(self) -> int:
        """Number of its writer."""

    @property
    def strokes(self) -> Sequence[Float64[np.ndarray, "_k 2"]]:
        """One or more, each of points x and y, y down, in any unit."""


@dataclass(frozen=True, eq=False)
class RealDigits:
    """Digits of real people to write with; either may be empty.

    Attributes
    ----------
    images
        As MNIST has them.
    strokes
        Recorded by a tablet.
    """

    images: LabelledDigits | None = None
    strokes: Sequence[PenDigit] = ()


@dataclass(frozen=True, eq=False)
class Hand:
    """A writer with a pen."""

    writing: Handwriting  # pressure holds the line's width, in heights of a digit
    forms: dict[str, list[int]]  # rows of `writing` by character
    middles: Sequence[float]  # by row of `writing`: how far its middle lies below the top of a digit, in its heights
    sign_size: float  # as a factor
    strokes: Handwriting | None  # digits of a tablet, `FORMS` for each class in turn
    images: LabelledDigits | None
    rows: tuple[np.ndarray, ...]  # for each class, those of `images`
    level: float  # grey of full ink
    darkness: float  # its opacity, 0–1
    softness: float  # standard deviation of the blur at the line's edge, in line widths
    grain: float  # share of the ink that paper keeps away, 0–1
    width: float  # of the line, in heights of a digit
    gap: float  # between neighbours, in heights
    unevenness: float  # standard deviation of the logarithm of the heights
    zero: float  # height of a 0, in heights of the others
    threshold: float  # at which the images are cut
    joins: bool  # whether letters are joined
    cell_share: float  # height of a digit in cells, in heights of the cell
    cell_place: float  # where numbers stand in cells, from 0, left, to 1, right
    cell_spread: float  # how much both vary from cell to cell, as a standard deviation

    def sample_share(self, rng: np.random.Generator) -> float:
        """Sample how high digits are in a cell, in its heights."""
        return float(np.clip(self.cell_share * np.exp(rng.normal(0, self.cell_spread)), 0.35, 1.0))

    def draw(
        self, character: str, height: float | int, angle: float | int, rng: np.random.Generator
    ) -> tuple[Ink, float]:
        """Draw a character; give its ink without margin, and how far its lower edge lies below the base line."""
        height = height * float(np.exp(rng.normal(0, self.unevenness)))
        if character == "0":
            height *= self.zero
        if character.isdigit() and self.images is not None:
            images = self.rows[int(character)]
            image = self.images.images[images[rng.integers(len(images))]]
            # thin lines would vanish if edges were sharpened at a small size
            factor = max(int(np.ceil(DRAWN_LENGTH / height)), 1)
            ink = enlarge(image, factor * height / INK_LENGTH, self.threshold, STEEPNESS)
            ink = ink if abs(angle) < MIN_ANGLE else turn(ink, angle)
            if factor > 1:
                size = max(round(ink.shape[1] / factor), 1), max(round(ink.shape[0] / factor), 1)
                ink = cv2.resize(ink, size, interpolation=cv2.INTER_AREA)
            ink = cut_out(ink)
            return ink, float(rng.normal(0, 0.03) * height)
        if character.isdigit() and self.strokes is not None:
            writing, row = self.strokes, FORMS * int(character) + int(rng.integers(FORMS))
        else:
            rows = self.forms[character]
            writing, row = self.writing, rows[rng.integers(len(rows))]
        points = writing.points[row] * height * (1 if character.isdigit() else self.sign_size)
        widths = np.maximum(writing.pressure[row] * height, MIN_LINE)
        if abs(angle) >= MIN_ANGLE:
            points = points @ rotation(angle).T
        ink, _, top = draw_ink(points, writing.pen_down[row], widths, self.softness)
        if character.isdigit():
            return ink, float(rng.normal(0, 0.03) * height)
        return ink, (self.middles[row] - 1) * height + top + ink.shape[0]

    def draw_word(self, word: str, height: float | int, rng: np.random.Generator) -> tuple[Ink, float]:
        """Draw letters as one piece of ink; the result is that of `draw`."""
        x, parts, down, widths = 0.0, [], [], []
        for letter in word:
            rows = self.forms[letter]
            row = rows[rng.integers(len(rows))]
            points = self.writing.points[row] * height
            low, high = points.min(0)[0], points.max(0)[0]
            foot = (self.middles[row] - 1 + rng.normal(0, 0.02)) * height
            parts.append(points + np.array([x - low, foot]))
            x += high - low + (0.02 if self.joins else 0.12) * height
            pen_down = self.writing.pen_down[row].copy()
            pen_down[-1] = self.joins and letter.islower()
            down.append(pen_down)
            widths.append(np.maximum(self.writing.pressure[row] * height, MIN_LINE))
        down[-1][-1] = False
        ink, _, top = draw_ink(np.concatenate(parts), np.concatenate(down), np.concatenate(widths), self.softness)
        return ink, top + ink.shape[0]


def make_hands(rng: np.random.Generator, real: RealDigits) -> list[Hand]:
    """Make a block of hands."""
    n = HANDS_PER_BLOCK
    writers, pens = sample_writers(n, rng), _sample_pens(n, rng)
    labels, owners = np.tile(np.repeat(np.arange(CLASSES), FORMS), n), _repeat(writers, CLASSES * FORMS)
    digits = (write_digits(labels, owners, rng), write_evenly(labels, owners, rng))
    glyphs, names, middles = _parse_glyphs()
    others = write_glyphs(glyphs, np.tile(np.arange(len(glyphs)), n), _repeat(writers, len(glyphs)), rng)
    kinds = [*REAL_SHARES, "glyphs"]
    shares = np.array([0.0 if not getattr(real, kind) else share for kind, share in REAL_SHARES.items()])
    chosen = rng.choice(len(kinds), n, p=[*shares, 1 - shares.sum()])
    rows = tuple(np.flatnonzero(real.images.labels == each) for each in range(CLASSES)) if real.images else ()
    rows_of: dict[str, list[int]] = {}
    for row, name in enumerate([*np.repeat(list(CHARACTERS[:CLASSES]), FORMS), *names]):
        rows_of.setdefault(str(name), []).append(row)
    hands = []
    for hand in range(n):
        mine = slice(hand * CLASSES * FORMS, (hand + 1) * CLASSES * FORMS)
        signs = slice(hand * len(glyphs), (hand + 1) * len(glyphs))
        is_rare = int(rng.random() < RARE_SHARE)
        pen = pens[np.full(CLASSES * FORMS + len(glyphs), hand)]
        written = Handwriting(
            *(
                np.concatenate([getattr(digits[is_rare], f)[mine], getattr(others, f)[signs]])
                for f in others.__dataclass_fields__
            )
        )
        kind = kinds[chosen[hand]]
        strokes = _write_strokes(real.strokes, pen[: CLASSES * FORMS], rng) if kind == "strokes" else None
        is_even = rng.random() < 0.5
        hands.append(
            Hand(
                writing=Handwriting(written.points, written.pen_down, line_widths(written, pen)),
                forms={name: _choose_forms(name, rows_of[name], rng) for name in rows_of},
                middles=(0.5,) * (CLASSES * FORMS) + middles,
                sign_size=float(np.exp(rng.normal(0, SIGN_SIZE))),
                strokes=strokes,
                images=real.images if kind == "images" else None,
                rows=rows,
                level=_sample_level(pens, hand, rng),
                # a finder must see what people can read: no ink is as pale as the palest of single digits
                darkness=float(0.3 + 0.7 * pens.darkness[hand]),
                softness=float(pens.softness[hand]),
                grain=float(pens.grain[hand]),
                width=float(pens.width[hand]),
                gap=float(rng.uniform(*(TOUCHING_GAPS if rng.random() < TOUCHING_SHARE else GAPS))),
                unevenness=float(rng.uniform(0.015, 0.04)) if is_even else float(rng.uniform(0.05, 0.14)),
                zero=float(rng.uniform(0.45, 0.8)) if rng.random() < 0.2 else 1.0,
                threshold=float(rng.uniform(60, 140)),
                joins=bool(rng.random() < 0.5),
                cell_share=float(rng.uniform(0.45, 0.95)),
                cell_place=float(rng.uniform(0.1, 0.9)),
                # most people fill in a table in rows and columns, and some anyhow
                cell_spread=float(rng.uniform(0.02, 0.08) if rng.random() < 0.7 else rng.uniform(0.15, 0.3)),
            )
        )
    return hands


def _sample_pens(n: int, rng: np.random.Generator) -> Pens:
    """Sample pens, of which some are thinner and more even than those of single digits."""
    pens = sample_pens(n, rng)
    is_thin = rng.random(n) < THIN_SHARE
    is_even = rng.random(n) < np.where(is_thin, 0.5, EVEN_SHARE)
    return replace(
        pens,
        width=pens.width * np.where(is_thin, rng.uniform(*THIN_WIDTHS, n), 1),
        pressure_response=np.where(is_even, 0, pens.pressure_response),
        softness=np.where(is_even, 0, pens.softness),
        grain=np.where(is_even, 0, pens.grain),
    )


def _sample_level(pens: Pens, row: int, rng: np.random.Generator) -> float:
    if list(PEN_KINDS)[pens.kind[row]] == "pencil":
        return float(rng.uniform(*PENCIL_LEVELS))
    return float(rng.uniform(*DARK_LEVELS[rng.choice(len(DARK_LEVELS), p=[0.45, 0.35, 0.12, 0.08])]))


def _write_strokes(strokes: Sequence[PenDigit], pens: Pens, rng: np.random.Generator) -> Handwriting:
    """Write every class with strokes of one of the writers, or of anybody if that writer has none."""
    writer = strokes[int(rng.integers(len(strokes)))].writer
    chosen = []
    for label in range(CLASSES):
        every = [each for each in strokes if each.label == label]
        own = [each for each in every if each.writer == writer] or every
        chosen += [own[rng.integers(len(own))] for _ in range(FORMS)]
    points, pen_down = (np.stack(each) for each in zip(*(follow(each.strokes) for each in chosen), strict=True))
    # two, since styles are taken relative to their mean
    style = mild_writers(2, rng)[np.zeros(len(points), np.int64)]
    writing = vary_style(points, pen_down, style, rng)
    return Handwriting(writing.points, writing.pen_down, line_widths(writing, pens))


def _repeat(writers: Writers, times: int) -> Writers:
    return writers[np.repeat(np.arange(len(writers)), times)]


def _choose_forms(name: str, rows: list[int], rng: np.random.Generator) -> list[int]:
    """Choose the rows of a character that a hand writes: of the glyphs of a sign, one."""
    if name not in SIGNS:
        return rows
    start = SIGN_FORMS * int(rng.integers(len(SIGNS[name])))
    return rows[start : start + SIGN_FORMS]


@cache
def _parse_glyphs() -> tuple[tuple[Glyph, ...], tuple[str, ...], tuple[float, ...]]:
    """Parse the glyphs of signs, `SIGN_FORMS` times, letters and symbols; with the character and middle of each."""
    signs = [(name, glyph) for name, glyphs in SIGNS.items() for glyph in glyphs for _ in range(SIGN_FORMS)]
    names, texts = zip(*signs, *LETTERS.items(), *((SYMBOL, glyph) for glyph in SYMBOLS), strict=True)
    return tuple(map(parse_glyph, texts)), names, tuple(map(middle, texts))
