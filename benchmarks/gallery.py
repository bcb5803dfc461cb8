"""The pictures of our own pen, and of a page that is read; run as a module, it draws them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import digits
from benchmarks.rows import ROOT

PICTURE = ROOT / "docs" / "pictures" / "pen.jpg"
"""JPEG, since it holds photographs."""

EXPLAINED = ROOT / "docs" / "pictures" / "explained.png"
READ = 95
"""Seed of the page that is read there: with something on it that is no digit."""

WIDTH, MARGIN, TYPE = 1200, 20, 24
COLUMNS, ROWS = 24, 3
PAGES = (27, 12, 15, 5, 33, 2)
"""Seeds of the pages, chosen to show many kinds of paper, pen and light."""
PAGE = (373, 250)
INK, BOX = (34, 34, 34), (213, 94, 0)


def draw(path: Path = PICTURE) -> None:
    """Draw the picture."""
    picture().save(path, quality=82, optimize=True)


def draw_explained(path: Path = EXPLAINED) -> None:
    """Draw how a page is read."""
    page = digits.synthesize_page(READ).picture
    digits.explain(digits.Reader().read(page, name="page.jpg"), path)


def picture() -> Image.Image:
    """Compose the picture: three parts, a title above each."""
    images = digits.synthesize(COLUMNS * ROWS, 4).images
    parts = [
        ("Digits of our own pen", _grid(images)),
        ("The same, photographed on all kinds of paper and read back", _grid(digits.simulate_photos(images, 0))),
        ("Pages that know what they say: the text of each line, the box of each digit", _pages()),
    ]
    height = sum(part.height + 2 * TYPE + MARGIN for _, part in parts) + MARGIN
    sheet = Image.new("RGB", (WIDTH, height), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(TYPE)
    top = MARGIN
    for title, part in parts:
        pen.text((MARGIN, top), title, INK, font)
        sheet.paste(part, (MARGIN, top + round(1.6 * TYPE)))
        top += part.height + 2 * TYPE + MARGIN
    return sheet


def _grid(images: np.ndarray) -> Image.Image:
    rows = 255 - images.reshape(ROWS, COLUMNS, 28, 28).transpose(0, 2, 1, 3).reshape(ROWS * 28, COLUMNS * 28)
    wide = WIDTH - 2 * MARGIN
    return Image.fromarray(rows).resize((wide, round(wide * ROWS / COLUMNS)), Image.Resampling.BICUBIC).convert("RGB")


def _pages() -> Image.Image:
    across = (WIDTH - MARGIN) // (PAGE[0] + MARGIN)
    down = -(-len(PAGES) // across)
    sheet = Image.new("RGB", (WIDTH - 2 * MARGIN, down * (PAGE[1] + 2 * MARGIN)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(16)
    for place, seed in enumerate(PAGES):
        page = digits.synthesize_page(seed, size=(2 * PAGE[1], 2 * PAGE[0]))
        shown = Image.fromarray(page.picture).resize(PAGE, Image.Resampling.LANCZOS)
        boxed = ImageDraw.Draw(shown)
        for x, y, wide, high in page.boxes / 2:
            boxed.rectangle((x, y, x + wide, y + high), outline=BOX)
        left, top = (place % across) * (PAGE[0] + MARGIN), (place // across) * (PAGE[1] + 2 * MARGIN)
        sheet.paste(shown, (left, top))
        text = " | ".join(page.lines)
        pen.text((left, top + PAGE[1] + 4), text if len(text) < 44 else f"{text[:42]} …", INK, font)
    return sheet


if __name__ == "__main__":
    draw()
    draw_explained()
