"""Every step of a reading as one picture, and the steps to one digit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from digits.files import write_output
from digits.inference.drawing import GREY, INK, PAPER, draw_box, encode_png, fit, write_text
from digits.inference.inputs import decode_source
from digits.inference.results import Digit, Reading
from digits.preprocessing import MAX_PAGE_SIDE, find_contrast
from digits.preprocessing.ink import Ink, Picture
from digits.types import CLASSES

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

# All in pixels.
WIDTH = 1200
MAX_PANEL_HEIGHT = 700
PANELS_TOP = 118
MARGIN = 24
CARD, CARD_GAP = (280, 176), 12

MAX_CARDS = 120  # where there are more digits, those with doubts come first
MAX_NUMBERED = 40  # boxes; more would hide the picture

CROP_MARGIN = 0.25  # around a digit, relative to its longer side
FULL_QUANTILE = 0.995  # of the contrast, shown as full ink
MIN_FULL = 60  # contrast, of 255, shown as full ink; lower would make noise look like ink


def explain(reading: Reading, path: str | os.PathLike[str]) -> None:
    """Write a PNG that shows every step of a reading.

    Parameters
    ----------
    reading
        Its source is decoded once more.
    path
        The PNG to write.

    Raises
    ------
    DataError
        When the source can no longer be read.
    """
    picture = decode_source(reading.source, reading.file).picture
    write_output(Path(path), encode_png(_draw(picture, reading)))


def crop_digit(picture: Picture, reading: Reading, digit: Digit) -> tuple[Picture, Ink]:
    """Crop one digit and its surroundings from a reading's decoded picture, upright; and the ink of that part."""
    scale = picture.shape[1] / reading.size[0], picture.shape[0] / reading.size[1]
    margin = CROP_MARGIN * max(digit.box[2] * scale[0], digit.box[3] * scale[1])
    spans = []
    for axis in (1, 0):  # rows, then columns
        start, length, side = digit.box[axis] * scale[axis], digit.box[axis + 2] * scale[axis], picture.shape[1 - axis]
        first = min(max(int(start - margin), 0), side - 1)
        spans.append(slice(first, min(max(round(start + length + margin), first + 1), side)))
    crops = (np.rot90(each[spans[0], spans[1]], reading.turned // 90) for each in (picture, show_ink(picture)))
    seen, ink = map(np.ascontiguousarray, crops)
    return seen, ink


def show_ink(picture: Picture) -> Ink:
    """Give the ink of a whole picture, bright on dark and stretched for the eye, at the size the reader uses."""
    dark, _ = find_contrast(picture, MAX_PAGE_SIDE)
    full = max(int(np.quantile(dark, FULL_QUANTILE)), MIN_FULL)
    stretched: Ink = (dark.astype(np.float32) * (255 / full)).clip(0, 255).astype(np.uint8)
    return stretched


def _draw(picture: Picture, reading: Reading) -> Image.Image:
    from PIL import Image, ImageDraw

    numbered = list(enumerate(reading.digits, 1))
    cards = numbered
    if len(cards) > MAX_CARDS:
        cards = sorted(cards, key=lambda pair: not pair[1].doubts)[:MAX_CARDS]
    panel = (WIDTH - 3 * MARGIN) // 2
    seen, ink = (fit(each, panel, MAX_PANEL_HEIGHT) for each in (picture, 255 - show_ink(picture)))
    cards_top = PANELS_TOP + seen.height + 96
    step = CARD[0] + CARD_GAP, CARD[1] + CARD_GAP
    across = (WIDTH - MARGIN) // step[0]
    canvas = Image.new("RGB", (WIDTH, cards_top + -(-len(cards) // across) * step[1] + MARGIN), PAPER)
    pen = ImageDraw.Draw(canvas)
    text = "  |  ".join(reading.lines) or "no digits"
    write_text(pen, (MARGIN, 20), f"{Path(reading.file).name}: {_shorten(text, 60)}", 30)
    turned = f" Turned by {reading.turned}° before reading." if reading.turned else ""
    write_text(pen, (MARGIN, 64), _summarize(reading) + turned, 16, GREY)
    write_text(pen, (MARGIN, PANELS_TOP - 24), "1  The picture, with everything found", 16)
    write_text(pen, (2 * MARGIN + panel, PANELS_TOP - 24), "2  Its ink: pixels darker or lighter than the ground", 16)
    canvas.paste(seen, (MARGIN, PANELS_TOP))
    canvas.paste(ink, (2 * MARGIN + panel, PANELS_TOP))
    scale = seen.width / reading.size[0], seen.height / reading.size[1]
    for number, digit in numbered:
        value = str(digit.value) if digit.accepted else "?"
        label = f"{number}: {value}" if len(numbered) <= MAX_NUMBERED else value
        draw_box(pen, digit.box, label, digit.colour, scale=scale, offset=(MARGIN, PANELS_TOP))
    title = "3  Each digit as the network received it, centred in 28 by 28 pixels, with the probability of each class"
    write_text(pen, (MARGIN, cards_top - 68), title, 16)
    write_text(pen, (MARGIN, cards_top - 44), "green: accepted · orange: with doubts · red: rejected", 14, GREY)
    for index, (number, digit) in enumerate(cards):
        place = MARGIN + index % across * step[0], cards_top + index // across * step[1]
        _draw_card(canvas, pen, place, digit, number)
    return canvas


def _draw_card(
    canvas: Image.Image, pen: ImageDraw.ImageDraw, place: tuple[int, int], digit: Digit, number: int
) -> None:
    x, y = place
    colour = digit.colour
    pen.rounded_rectangle((x, y, x + CARD[0], y + CARD[1]), 8, outline=colour, width=2 if digit.doubts else 1)
    canvas.paste(fit(digit.image, 112, 112), (x + 10, y + 34))
    write_text(pen, (x + 10, y + 8), f"{number}:  {digit.value if digit.accepted else 'rejected'}", 18, colour)
    write_text(pen, (x + 150, y + 11), f"{100 * digit.confidence:.1f} %", 14, colour)
    for value in range(CLASSES):
        row = y + 33 + 11 * value
        probability = float(digit.probabilities[value])
        write_text(pen, (x + 132, row - 2), str(value), 11, INK if value == digit.value else GREY)
        pen.rectangle((x + 144, row + 1, x + 264, row + 8), fill="#eef0f2")
        if probability >= 0.01:
            pen.rectangle((x + 144, row + 1, x + 144 + 120 * probability, row + 8), fill=colour)
    write_text(pen, (x + 10, y + CARD[1] - 24), _shorten("; ".join(digit.doubts), 42), 13, colour)


def _summarize(reading: Reading) -> str:
    accepted = [digit for digit in reading if digit.accepted]
    doubtful = sum(bool(digit.doubts) for digit in accepted)
    return f"{len(accepted)} accepted ({doubtful} with doubts), {len(reading) - len(accepted)} rejected."


def _shorten(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
