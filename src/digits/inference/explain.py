"""What the reader saw, as one picture: the photo, its ink, every digit as the network got it, and what it believed."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from digits.files import write_atomically
from digits.inference.reader import Source, decoded_source
from digits.inference.results import Digit, Reading
from digits.inference.steps import shown_ink
from digits.preprocessing.ink import Picture
from digits.types import CLASSES, SIDE

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

WIDTH = 1200
"""Of the whole, in pixels."""

HIGHEST = 700
"""Height of the two pictures at the top, in pixels, at most."""

MARGIN = 24
CARD = 280, 176
"""Width and height of what is told of a digit."""

MOST = 120
"""Digits told of, at most; the doubtful ones come first where there are more."""

PAPER, INK, PALE = "#ffffff", "#1c1e21", "#6b7078"
ACCEPTED, DOUBTFUL, REJECTED = "#1b7f4b", "#b26a00", "#b3261e"


def explain(source: Source, reading: Reading, path: Path) -> None:
    """Write a PNG of every step that led to a reading.

    Parameters
    ----------
    source
        What was read, as `digits.read` takes it.
    reading
        What was read in it.
    path
        Where the PNG goes.

    Raises
    ------
    DataError
        When the source cannot be read any more.
    """
    buffer = io.BytesIO()
    _drawn(decoded_source(source, reading.file).picture, reading).save(buffer, "PNG", optimize=True)
    write_atomically(path, buffer.getvalue())


def _drawn(picture: Picture, reading: Reading) -> Image.Image:
    from PIL import Image, ImageDraw

    shown = list(reading.digits)
    if len(shown) > MOST:
        shown = sorted(shown, key=lambda digit: not digit.doubts)[:MOST]
    panel = (WIDTH - 3 * MARGIN) // 2
    seen, ink = _fitted(picture, panel), _fitted(255 - shown_ink(picture), panel)
    across = (WIDTH - MARGIN) // (CARD[0] + 12)
    rows = -(-len(shown) // across)
    top = 118
    cards = top + seen.height + 96
    whole = Image.new("RGB", (WIDTH, cards + rows * (CARD[1] + 12) + MARGIN), PAPER)
    pen = ImageDraw.Draw(whole)
    text = "  |  ".join(reading.lines) or "nothing"
    _write(pen, (MARGIN, 20), f"{Path(reading.file).name} reads  {_shortened(text, 60)}", 30)
    turned = f"   It was turned by {reading.turned}° to be read." if reading.turned else ""
    _write(pen, (MARGIN, 64), _summary(reading) + turned, 16, PALE)
    _write(pen, (MARGIN, top - 24), "1  The picture, and where something was found", 16)
    _write(pen, (2 * MARGIN + panel, top - 24), "2  Its ink: what is darker or lighter than its ground", 16)
    whole.paste(seen, (MARGIN, top))
    whole.paste(ink, (2 * MARGIN + panel, top))
    for number, digit in enumerate(reading.digits, 1):
        _box(pen, digit, number, reading.size, (MARGIN, top, seen.width, seen.height), len(reading.digits))
    title = "3  Each of them cut out, centred in 28 by 28 pixels as the network gets it, and what it believes"
    _write(pen, (MARGIN, top + seen.height + 28), title, 16)
    _write(
        pen, (MARGIN, top + seen.height + 52), "green: read · orange: read, but look again · red: not read", 14, PALE
    )
    numbers = {id(digit): number for number, digit in enumerate(reading.digits, 1)}
    for index, digit in enumerate(shown):
        place = MARGIN + index % across * (CARD[0] + 12), cards + index // across * (CARD[1] + 12)
        _card(whole, pen, place, digit, numbers[id(digit)])
    return whole


def _fitted(picture: Picture, width: int) -> Image.Image:
    from PIL import Image

    image = Image.fromarray(picture).convert("RGB")
    scale = min(width / image.width, HIGHEST / image.height)
    size = max(round(image.width * scale), 1), max(round(image.height * scale), 1)
    return image.resize(size, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.NEAREST)


def _box(
    pen: ImageDraw.ImageDraw,
    digit: Digit,
    number: int,
    size: tuple[int, int],
    panel: tuple[int, int, int, int],
    among: int,
) -> None:
    left, top, width, height = panel
    scale = width / size[0], height / size[1]
    x, y, w, h = digit.box
    corners = (
        left + x * scale[0] - 2, top + y * scale[1] - 2, left + (x + w) * scale[0] + 2, top + (y + h) * scale[1] + 2
    )  # fmt: skip
    pen.rectangle(corners, outline=_colour(digit), width=2)
    label = f"{digit.value}" if digit.accepted else "?"
    _write(pen, (corners[0], corners[1] - 19), f"{number}: {label}" if among <= 40 else label, 14, _colour(digit))


def _card(whole: Image.Image, pen: ImageDraw.ImageDraw, place: tuple[int, int], digit: Digit, number: int) -> None:
    from PIL import Image

    x, y = place
    colour = _colour(digit)
    pen.rounded_rectangle((x, y, x + CARD[0], y + CARD[1]), 8, outline=colour, width=2 if digit.doubts else 1)
    image = Image.fromarray(digit.image).resize((4 * SIDE, 4 * SIDE), Image.Resampling.NEAREST)
    whole.paste(image.convert("RGB"), (x + 10, y + 34))
    heading = f"{number}:  {digit.value}" if digit.accepted else f"{number}:  not a digit"
    _write(pen, (x + 10, y + 8), heading, 18, colour)
    _write(pen, (x + 150, y + 11), f"{100 * digit.confidence:.1f} %", 14, colour)
    for value in range(CLASSES):
        row = y + 33 + 11 * value
        believed = float(digit.probabilities[value])
        _write(pen, (x + 132, row - 2), str(value), 11, INK if value == digit.value else PALE)
        pen.rectangle((x + 144, row + 1, x + 264, row + 8), fill="#eef0f2")
        if believed >= 0.01:
            pen.rectangle((x + 144, row + 1, x + 144 + 120 * believed, row + 8), fill=colour)
    _write(pen, (x + 10, y + CARD[1] - 24), _shortened("; ".join(digit.doubts), 42), 13, colour)


def _colour(digit: Digit) -> str:
    return REJECTED if not digit.accepted else DOUBTFUL if digit.doubts else ACCEPTED


def _summary(reading: Reading) -> str:
    accepted = sum(digit.accepted for digit in reading.digits)
    doubtful = sum(digit.accepted and bool(digit.doubts) for digit in reading.digits)
    others = len(reading.digits) - accepted
    parts = [f"{accepted} digit{'s' * (accepted != 1)}"]
    parts += [f"{doubtful} of them to look at again"] * bool(doubtful)
    parts += [f"{others} thing{'s' * (others != 1)} that {'are' if others != 1 else 'is'} none"] * bool(others)
    return ", ".join(parts) + "."


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _write(
    pen: ImageDraw.ImageDraw, place: tuple[float | int, float | int], text: str, size: int, colour: str = INK
) -> None:
    from PIL import ImageFont

    pen.text(place, text, fill=colour, font=ImageFont.load_default(size))
