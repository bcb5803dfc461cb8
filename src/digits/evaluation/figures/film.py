"""The film of a training as an animated picture: curves, weights of the first layer and confusion matrix."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from digits.evaluation.figures.style import BLUE, GROUND, INK, QUIET, VERMILLION
from digits.shapes import UInt8
from digits.types import CLASSES

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

MAX_PICTURES = 60
"""Pictures of a film, at most."""

SECONDS, LAST_SECONDS = 4.5, 1.5
"""Length of the film, whatever its pictures, and how long the last one stays. It plays once."""

SIZE, TOP, SIDE = (800, 330), 60, 232
"""Width and height of the film, where its three parts begin below the words, and their height, in pixels."""

LEFTS = (40, 300, 560)
"""Left sides of curves, weights and confusion matrix."""

MAX_UNITS, MAX_FRAMES = 64, 10_000
"""Units that are shown, and points of a curve, at most."""


def draw_film(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Draw the film of a training as an animated WebP.

    Parameters
    ----------
    arrays
        Per picture, ``done`` (epochs so far), ``confusion`` ``[n, 10, 10]`` (rows: true classes) and ``weights``
        ``uint8[n, units, h, w]``, 128 for zero, with no units where the first layer is no picture. Per point of the
        curves, ``frames`` ``[m, 3]``: epochs so far, validation loss, validation accuracy.

    Raises
    ------
    ValueError
        When they do not fit together.
    """
    done, confusion, weights, frames = (arrays[name] for name in ("done", "confusion", "weights", "frames"))
    n = len(done)
    shapes = (n,), (n, CLASSES, CLASSES), (n, *weights.shape[1:]), (len(frames), 3)
    if not 0 < n <= MAX_PICTURES or len(frames) > MAX_FRAMES or weights.ndim != 4 or weights.shape[1] > MAX_UNITS:
        raise ValueError(f"a film has 1 to {MAX_PICTURES} pictures of at most {MAX_UNITS} units")
    if shapes != (done.shape, confusion.shape, weights.shape, frames.shape) or max(weights.shape[2:], default=0) > 28:
        raise ValueError("the parts of the film do not fit together")
    pictures = [_draw(float(done[i]), float(done[-1]), confusion[i], weights[i], frames) for i in range(n)]
    durations = [round(1000 * SECONDS / n)] * (n - 1) + [round(1000 * LAST_SECONDS)]
    buffer = io.BytesIO()
    pictures[0].save(
        buffer, "WEBP", save_all=True, append_images=pictures[1:], duration=durations, loop=1, quality=80, method=2
    )
    return buffer.getvalue()


def _draw(
    done: float, epochs: float, confusion: np.ndarray, weights: UInt8[np.ndarray, "units h w"], frames: np.ndarray
) -> Image.Image:
    picture = Image.new("RGB", SIZE, GROUND)
    draw = ImageDraw.Draw(picture)
    large, small = (ImageFont.load_default(size) for size in (17, 13))
    seen = frames[frames[:, 0] <= done + 1e-9]
    words = f"Epoch {done:.1f} of {epochs:.1f}"
    if len(seen):
        words += f"      validation accuracy {100 * seen[-1, 2]:.2f} %      loss {seen[-1, 1]:.3f}"
    draw.text((LEFTS[0], 12), words, INK, large)
    titles = (
        "accuracy (blue) and loss (orange)",
        "weights of the first layer",
        "true class by row, predicted by column",
    )
    for left, title in zip(LEFTS, titles, strict=True):
        draw.text((left, TOP + SIDE + 10), title, QUIET, small)
    _draw_curves(draw, seen, epochs)
    if weights.size:
        picture.paste(_tile(weights), (LEFTS[1], TOP))
    _draw_confusion(draw, confusion, small)
    return picture


def _draw_curves(draw: ImageDraw.ImageDraw, seen: np.ndarray, epochs: float) -> None:
    """Draw accuracy from 0 to 1, and loss from 0 to that of guessing."""
    left, bottom = LEFTS[0], TOP + SIDE
    draw.line([(left, TOP), (left, bottom), (left + SIDE, bottom)], QUIET)
    for column, scale, colour in ((2, 1.0, BLUE), (1, math.log(CLASSES), VERMILLION)):
        heights = np.clip(seen[:, column] / scale, 0, 1)
        points = [
            (left + SIDE * float(x) / max(epochs, 1e-9), bottom - SIDE * float(y))
            for x, y in zip(seen[:, 0], heights, strict=True)
        ]
        if len(points) > 1:
            draw.line(points, colour, 2)


def _tile(weights: UInt8[np.ndarray, "units h w"]) -> Image.Image:
    """Arrange the weights of the units: red above zero, blue below, as in the figure of the report."""
    count, height, width = weights.shape
    columns = math.ceil(math.sqrt(count))
    share = (weights.astype(np.float32) - 128) / 127
    lost = np.stack([np.maximum(-share, 0), np.abs(share), np.maximum(share, 0)], -1)  # of red, green and blue
    colours = (255 * (1 - 0.9 * np.clip(lost, 0, 1))).astype(np.uint8)
    page = np.full((columns * (height + 1), columns * (width + 1), 3), 255, np.uint8)
    for unit, each in enumerate(colours):
        top, left = unit // columns * (height + 1), unit % columns * (width + 1)
        page[top : top + height, left : left + width] = each
    return Image.fromarray(page).resize((SIDE, SIDE), Image.Resampling.BOX if columns * width > SIDE else 0)


def _draw_confusion(draw: ImageDraw.ImageDraw, confusion: np.ndarray, font: Font) -> None:
    """Draw the right answers in blue and, stronger, the errors in orange, as shares of each class."""
    cell = SIDE // (CLASSES + 1)
    left, top = LEFTS[2] + cell, TOP + cell
    for label in range(CLASSES):
        middle = (label + 0.5) * cell
        draw.text((left - cell / 2, top + middle), str(label), QUIET, font, anchor="mm")
        draw.text((left + middle, top - cell / 2), str(label), QUIET, font, anchor="mm")
        total = max(int(confusion[label].sum()), 1)
        for answer in range(CLASSES):
            share = float(confusion[label, answer]) / total
            towards = (0, 114, 178) if label == answer else (213, 94, 0)
            strength = share if label == answer else math.sqrt(share)
            colour = tuple(round(255 - (255 - each) * min(strength, 1)) for each in towards)
            corner = (left + answer * cell, top + label * cell)
            draw.rectangle((*corner, corner[0] + cell - 2, corner[1] + cell - 2), colour, "#eeeeee")
