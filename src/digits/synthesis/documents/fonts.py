"""Print: the fonts that come with matplotlib, PDFium, Pillow and OpenCV, as pictures of their characters.

Characters are drawn once, large, and lines of them are shrunk to their size: much faster than setting each line.
matplotlib's files are used where it is installed; it is never imported.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from digits.preprocessing.ink import Ink
from digits.shapes import Float32
from digits.synthesis.documents.pdf_fonts import PDF_FONTS, draw_pdf_font

PRINTABLE = "".join(map(chr, range(33, 127))) + "×÷€£§°"
NO_CHARACTER = "\uffff"  # which no font has: what is drawn instead of it stands for every other that a font lacks
EM = 64  # pixels, at which characters are drawn
CELL_HEIGHT, BASE_LINE = 90, 66  # of a line of characters, and of its base line below the upper edge

FILES = (
    *("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSansMono-Bold"),
    *("DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic", "cmr10", "cmb10", "cmti10", "cmtt10"),
)
HELD_OUT_FILES = ("STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "cmss10")
# Not OpenCV's plain fonts, of single lines of even width: people draw such digits with a mouse or a thin pen.
OPENCV_FONTS = (cv2.FONT_HERSHEY_TRIPLEX,)
HELD_OUT_OPENCV_FONTS = (cv2.FONT_HERSHEY_COMPLEX_SMALL,)
OPENCV_WIDTH = 2  # pixels of a line, or a weight, depending on OpenCV's version
PILLOW_FONT = "Pillow"

# How pages vary the few fonts that there are: the share of fonts that are changed in each way, and how far.
STRETCHED_SHARE, STRETCHES = 0.5, (0.75, 1.2)
SLANTED_SHARE, MAX_SLANT = 0.15, 0.25
WEIGHTED_SHARE, WEIGHTS = 0.4, (-1, 3)
SPACED_SHARE, MAX_SPACING = 0.2, 16

Boxes = Float32[np.ndarray, "k 4"]


@dataclass(frozen=True)
class Style:
    """How print differs from what the font's file has."""

    stretch: float = 1.0  # width, as a share
    slant: float = 0.0  # pixels to the right for each pixel up
    weight: int = 0  # pixels, of `EM`, by which strokes are thicker
    spacing: int = 0  # more pixels, of `EM`, from character to character


@dataclass(frozen=True, eq=False)
class Font:
    """The characters of a font: pictures of `CELL_HEIGHT` rows, and how far each advances."""

    name: str
    characters: Mapping[str, Ink]
    advances: dict[str, int]
    style: Style = Style()
    # what was drawn so far, in its style: its picture, and left, top, right and lower edge of its ink
    styled: dict[str, tuple[Ink, tuple[int, int, int, int]]] = field(default_factory=dict)

    def draw(self, text: str, size: float) -> tuple[Ink, Boxes]:
        """Draw a line of text, `size` pixels from one line to the next in dense print.

        Returns
        -------
        ink, boxes
            The ink, whose base line is at `BASE_LINE / EM` of the size below its upper edge; and for each character
            left, top, right and lower edge of its ink in it, in pixels.
        """
        x, lefts = 0, []
        for character in text:
            lefts.append(x)
            x += self.advances.get(character, EM // 3) + self.style.spacing
        strip = np.zeros((CELL_HEIGHT, x + 2 * EM), np.uint8)
        boxes = np.zeros((len(text), 4), np.float32)
        for row, (character, left) in enumerate(zip(text, lefts, strict=True)):
            if character in self.characters:
                if character not in self.styled:
                    self.styled[character] = _restyle(self.characters[character], self.style)
                ink, place = self.styled[character]
                right = left + ink.shape[1]
                strip[:, left:right] = np.maximum(strip[:, left:right], ink)
                boxes[row] = np.add(place, (left, 0, left, 0))
        scale = size / EM
        shape = max(round(strip.shape[1] * scale * self.style.stretch), 1), max(round(CELL_HEIGHT * scale), 1)
        # OpenCV's averages are of whole pixels only where both sides shrink; else they differ between processors
        shrinks = shape[0] <= strip.shape[1] and shape[1] <= CELL_HEIGHT
        way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR_EXACT
        drawn: Ink = cv2.resize(strip, shape, interpolation=way)
        boxes *= np.array([shape[0] / strip.shape[1], shape[1] / CELL_HEIGHT] * 2, np.float32)
        return drawn, boxes


def vary(font: Font, rng: np.random.Generator) -> Font:
    """Make a font narrower, slanted, bolder or wider set, as the many have that do not come with the libraries."""
    style = Style(
        stretch=float(rng.uniform(*STRETCHES)) if rng.random() < STRETCHED_SHARE else 1.0,
        slant=float(rng.uniform(0, MAX_SLANT)) if rng.random() < SLANTED_SHARE else 0.0,
        weight=int(rng.integers(WEIGHTS[0], WEIGHTS[1] + 1)) if rng.random() < WEIGHTED_SHARE else 0,
        spacing=int(rng.integers(MAX_SPACING + 1)) if rng.random() < SPACED_SHARE else 0,
    )
    return replace(font, style=style, styled={})


def _restyle(ink: Ink, style: Style) -> tuple[Ink, tuple[int, int, int, int]]:
    """Change the picture of a character; return it, and where its ink is."""
    if style.weight:
        kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (abs(style.weight) + 1,) * 2)
        padded = cv2.copyMakeBorder(ink, 0, 0, 0, abs(style.weight), cv2.BORDER_CONSTANT)
        ink = cv2.dilate(padded, kernel) if style.weight > 0 else cv2.erode(padded, kernel)
    if style.slant:
        # by whole pixels, which vanish when it is shrunk; what would lie left of the character's place is cut off
        shifts = np.rint(style.slant * (BASE_LINE - np.arange(CELL_HEIGHT))).astype(int)
        slanted = np.zeros((CELL_HEIGHT, ink.shape[1] + shifts.max()), np.uint8)
        for y, shift in enumerate(shifts):
            row = ink[y, max(-shift, 0) :]
            slanted[y, max(shift, 0) : max(shift, 0) + len(row)] = row
        ink = slanted
    left, top, width, height = cv2.boundingRect(ink)
    return ink, (left, top, left + width, top + height)


@cache
def load_fonts(held_out: bool = False) -> tuple[Font, ...]:
    """Load the fonts for training, or those held out."""
    spec = importlib.util.find_spec("matplotlib")
    places = spec.submodule_search_locations if spec else None
    folder = Path(next(iter(places))) / "mpl-data" / "fonts" / "ttf" if places else Path()
    files = [folder / f"{name}.ttf" for name in (HELD_OUT_FILES if held_out else FILES)]
    fonts = [_load_file(ImageFont.truetype(file, EM), file.stem) for file in files if places and file.is_file()]
    if not held_out:
        fonts.append(_load_file(ImageFont.load_default(EM), PILLOW_FONT))
        fonts += [_load_pdf_font(name) for name in PDF_FONTS]
    return (*fonts, *(_load_opencv(kind) for kind in (HELD_OUT_OPENCV_FONTS if held_out else OPENCV_FONTS)))


def _load_file(font: ImageFont.FreeTypeFont | ImageFont.ImageFont, name: str) -> Font:
    def draw(character: str) -> Ink:
        # as wide as may be: some characters reach beyond their advance
        picture = Image.new("L", (2 * EM, CELL_HEIGHT))
        ImageDraw.Draw(picture).text((0, BASE_LINE), character, 255, font, anchor="ls")
        return np.asarray(picture)

    missing = draw(NO_CHARACTER)
    characters = {each: ink for each in PRINTABLE if not np.array_equal(ink := draw(each), missing)}
    return _make(name, characters, {each: round(font.getlength(each)) for each in characters})


def _load_pdf_font(name: str) -> Font:
    ascii_characters = "".join(filter(str.isascii, PRINTABLE))
    return _make(name, *draw_pdf_font(name, ascii_characters, EM, CELL_HEIGHT, BASE_LINE))


def _load_opencv(kind: int) -> Font:
    scale = cv2.getFontScaleFromHeight(kind, round(0.8 * EM), OPENCV_WIDTH)
    characters, advances = {}, {}
    for character in filter(str.isascii, PRINTABLE):
        picture = np.zeros((CELL_HEIGHT, 2 * EM), np.uint8)
        cv2.putText(picture, character, (0, BASE_LINE), kind, scale, 255, OPENCV_WIDTH, cv2.LINE_AA)
        characters[character], advances[character] = (
            picture,
            cv2.getTextSize(character, kind, scale, OPENCV_WIDTH)[0][0],
        )
    return _make(f"OpenCV {kind}", characters, advances)


def _make(name: str, characters: dict[str, Ink], advances: dict[str, int]) -> Font:
    """Cut the characters' right margins away, and leave out what a font lacks."""
    cut = {}
    for character, picture in characters.items():
        left, _, width, _ = cv2.boundingRect(picture)
        if width and advances[character]:
            cut[character] = picture[:, : left + width].copy()
    return Font(name, cut, {each: advances[each] for each in cut})
