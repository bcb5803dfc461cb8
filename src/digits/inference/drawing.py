"""Drawing with Pillow: pictures fitted into a frame, boxes coloured by verdict, text, PNG."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from digits.preprocessing.ink import Picture

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

PAPER, INK, GREY = "#ffffff", "#1c1e21", "#6b7078"
ACCEPTED, DOUBTFUL, REJECTED = "#1b7f4b", "#b26a00", "#b3261e"

MAX_ENLARGEMENT = 10


def fit(picture: Picture, width: int, height: int) -> Image.Image:
    """Scale a picture to fill a frame, its aspect kept; small ones are enlarged up to tenfold."""
    from PIL import Image

    image = Image.fromarray(picture).convert("RGB")
    scale = min(width / image.width, height / image.height, MAX_ENLARGEMENT)
    size = max(round(image.width * scale), 1), max(round(image.height * scale), 1)
    return image.resize(size, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.NEAREST)


def draw_box(
    pen: ImageDraw.ImageDraw,
    box: tuple[int, int, int, int],
    label: str,
    colour: str,
    *,
    scale: tuple[float, float],
    offset: tuple[int, int] = (0, 0),
) -> None:
    """Outline a box of left, top, width and height, scaled and moved by `offset` pixels, with a label above it."""
    left, top = offset[0] + box[0] * scale[0], offset[1] + box[1] * scale[1]
    right, bottom = left + box[2] * scale[0], top + box[3] * scale[1]
    pen.rectangle((left - 2, top - 2, right + 2, bottom + 2), outline=colour, width=2)
    write_text(pen, (left - 2, max(top - 21, 0)), label, 14, colour)


def write_text(
    pen: ImageDraw.ImageDraw, place: tuple[float | int, float | int], text: str, size: int, colour: str = INK
) -> None:
    """Write a line of text whose left top corner is at `place`."""
    from PIL import ImageFont

    pen.text(place, text, fill=colour, font=ImageFont.load_default(size))


def encode_png(image: Image.Image) -> bytes:
    """Encode a Pillow picture as the bytes of a PNG file."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
