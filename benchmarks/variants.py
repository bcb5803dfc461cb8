"""Pictures of one digit as people hand them in, made from MNIST's digits: small, tight, thick, faint, cut, in a frame.

Each kind draws a digit anew from a generator, so that any number of pictures can be made with known answers. They are
independent of the simulated photographs that models are trained on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import cv2
import numpy as np

from benchmarks.corruptions import Images

Picture = np.ndarray
"""``uint8[h, w]`` or ``uint8[h, w, 3]``."""
Variant = Callable[[np.ndarray, np.random.Generator], Picture]
"""Makes a picture of a digit of MNIST, ``uint8[28, 28]``."""


def draw_variant(images: Images, kind: str, seed: int = 0) -> list[Picture]:
    """Draw one picture of a kind of `VARIANTS` per digit."""
    rng = np.random.default_rng([seed, *kind.encode()])
    return [VARIANTS[kind](image, rng) for image in images]


def enlarge(image: np.ndarray, side: int) -> np.ndarray:
    """Cut out the ink of a digit, and enlarge it smoothly until its longer side has so many pixels."""
    left, top, width, height = cv2.boundingRect(image)
    ink = image[top : top + height, left : left + width]
    scale = side / max(width, height)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    smooth = cv2.resize(ink, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)
    # edges as sharp as a pen leaves them
    sharper = (smooth.astype(np.float32) - 127) * max(min(scale, 4) * 0.75, 1) + 127
    return sharper.clip(0, 255).astype(np.uint8)


def put_on_paper(ink: np.ndarray, paper: float = 235, pen: float = 40) -> np.ndarray:
    """Lay ink, 0–255, on paper of a grey with a pen of another."""
    mixed: np.ndarray = np.rint(paper + (pen - paper) * (ink.astype(np.float32) / 255)).astype(np.uint8)
    return mixed


def _pad(ink: np.ndarray, rng: np.random.Generator, low: float = 0.15, high: float = 0.5) -> np.ndarray:
    """Leave a margin on each side, in shares of the longer side."""
    return np.pad(ink, [tuple(np.rint(max(ink.shape) * rng.uniform(low, high, 2)).astype(int)) for _ in range(2)])


def _large(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return enlarge(image, int(rng.integers(40, 120)))


def _tight(image: np.ndarray, rng: np.random.Generator) -> Picture:
    """As ``cv2.boundingRect`` leaves it: ink touches the border on all sides."""
    return put_on_paper(_large(image, rng), rng.uniform(180, 255), rng.uniform(0, 90))


def _tight_inverted(image: np.ndarray, rng: np.random.Generator) -> Picture:
    return 255 - _tight(image, rng)


def _tight_photo(image: np.ndarray, rng: np.random.Generator) -> Picture:
    """A crop of a photograph: uneven light, noise, blur."""
    ink = cv2.GaussianBlur(_large(image, rng), (0, 0), rng.uniform(0.6, 1.6))
    height, width = ink.shape
    light = rng.uniform(0.7, 1) + np.linspace(0, rng.uniform(-0.3, 0.3), width) * np.linspace(0.5, 1, height)[:, None]
    grey: np.ndarray = put_on_paper(ink, 200, rng.uniform(40, 110)) * light + rng.normal(
        0, rng.uniform(1, 6), ink.shape
    )
    return grey.clip(0, 255).astype(np.uint8)


def _small(side: int, low: float = 0.0, high: float = 0.15) -> Variant:
    """Shrink to a side in pixels; the digit nearly fills the frame."""

    def draw(image: np.ndarray, rng: np.random.Generator) -> Picture:
        ink = _pad(enlarge(image, 80), rng, low, high)
        square = np.zeros((max(ink.shape),) * 2, np.uint8)
        top, left = (np.array(square.shape) - ink.shape) // 2
        square[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
        grey = put_on_paper(square, rng.uniform(200, 255), rng.uniform(0, 60))
        small = cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA)
        return 255 - small if rng.random() < 0.5 else small

    return draw


def _binary(image: np.ndarray, rng: np.random.Generator) -> Picture:
    """1 bit per pixel, 20 to 60 pixels high, dark or light."""
    ink = _pad(enlarge(image, int(rng.integers(20, 60))), rng, 0.0, 0.3)
    bits = np.where(ink > rng.uniform(90, 160), 0, 255).astype(np.uint8)
    return 255 - bits if rng.random() < 0.5 else bits


def _stretched(image: np.ndarray, rng: np.random.Generator) -> Picture:
    """Aspect lost: the ink's box is scaled to a square, as resizing a crop to 28×28 does."""
    ink = _pad(_large(image, rng), rng, 0.0, 0.08)
    side = int(rng.choice([28, 32, 48, 64]))
    return put_on_paper(cv2.resize(ink, (side, side), interpolation=cv2.INTER_AREA), 255, 0)


def _thick(image: np.ndarray, rng: np.random.Generator) -> Picture:
    """A marker: lines so thick that some holes nearly close."""
    ink = np.pad(enlarge(image, 80), 24)
    width = int(rng.integers(7, 15))
    return put_on_paper(cv2.dilate(ink, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))), 240, 20)


def _thin(image: np.ndarray, rng: np.random.Generator) -> Picture:
    """A fine pen: what an erosion leaves of the line."""
    ink = np.pad(enlarge(image, 200), 40)
    eroded, kept = ink, ink
    while (eroded := cv2.erode(eroded, np.ones((3, 3), np.uint8))).sum() > 0.3 * ink.sum():
        kept = eroded
    ridge = np.maximum(kept, _ridges(ink))
    return put_on_paper(ridge, 240, rng.uniform(20, 100))


def _ridges(ink: np.ndarray) -> np.ndarray:
    """What morphological openings remove at every depth: the ink's skeleton, two or three pixels wide."""
    cross, skeleton = np.ones((3, 3), np.uint8), np.zeros_like(ink)
    eroded: np.ndarray = np.where(ink > 127, 255, 0).astype(np.uint8)
    while eroded.any():
        skeleton |= cv2.subtract(eroded, cv2.dilate(cv2.erode(eroded, cross), cross))
        eroded = cv2.erode(eroded, cross)
    return cv2.dilate(skeleton, cross)


def _faint(image: np.ndarray, rng: np.random.Generator) -> Picture:
    """Pale pencil: little contrast on grainy paper."""
    ink = cv2.GaussianBlur(_pad(_large(image, rng), rng), (0, 0), 1)
    paper = rng.uniform(180, 240)
    grey = put_on_paper(ink, paper, paper - rng.uniform(14, 40)) + rng.normal(0, rng.uniform(0.5, 2.5), ink.shape)
    return grey.clip(0, 255).astype(np.uint8)


def _cut(image: np.ndarray, rng: np.random.Generator) -> Picture:
    """A stroke cut off by the frame: 4 to 12 % of the ink's length are missing at one side."""
    ink = _pad(_large(image, rng), rng, 0.1, 0.3)
    left, top, width, height = cv2.boundingRect(ink)
    missing = max(round(rng.uniform(0.04, 0.12) * max(width, height)), 1)
    inside = [slice(0, top + height - missing), slice(top + missing, None), slice(None), slice(None)]
    across = [slice(None), slice(None), slice(0, left + width - missing), slice(left + missing, None)]
    side = int(rng.integers(4))
    return put_on_paper(ink[inside[side], across[side]], 235, 50)


def _frame(image: np.ndarray, rng: np.random.Generator) -> Picture:
    """A line of a form's box along one or two sides of the picture."""
    ink = _pad(_large(image, rng), rng, 0.12, 0.4)
    grey = put_on_paper(ink, 240, 50)
    width = max(round(max(ink.shape) * rng.uniform(0.015, 0.05)), 1)
    shade = rng.uniform(0, 140)
    for side in rng.choice(4, int(rng.integers(1, 3)), replace=False):
        turned = np.rot90(grey, side)
        turned[:width] = shade
    return grey


def _grid(image: np.ndarray, rng: np.random.Generator) -> Picture:
    """Squared paper with lines paler than the pen."""
    ink = _pad(_large(image, rng), rng, 0.15, 0.4)
    grey = put_on_paper(ink, 240, 50)
    step = max(ink.shape) * rng.uniform(0.25, 0.5)
    width, shade = max(round(max(ink.shape) / 90), 1), rng.uniform(160, 215)
    lines = np.full(ink.shape, 240.0)
    for axis in (0, 1):
        for place in np.arange(rng.uniform(0, step), ink.shape[axis], step):
            np.moveaxis(lines, axis, 0)[int(place) : int(place) + width] = shade
    return np.asarray(np.minimum(grey, lines), np.uint8)


def _dot(image: np.ndarray, rng: np.random.Generator) -> Picture:
    """A full stop or comma after the digit."""
    ink = _pad(_large(image, rng), rng, 0.2, 0.4)
    left, top, width, height = cv2.boundingRect(ink)
    unit = max(width, height)
    x, y = left + width + 0.12 * unit + rng.uniform(0, 0.05) * unit, top + height - rng.uniform(0, 0.04) * unit
    ink = np.pad(ink, ((0, unit // 3), (0, unit // 3)))
    thick = max(round(rng.uniform(0.08, 0.14) * unit), 2)
    end = (round(x - 0.05 * unit), round(y + 0.16 * unit)) if rng.random() < 0.5 else (round(x), round(y))
    return put_on_paper(cv2.line(ink, (round(x), round(y)), end, 255, thick, cv2.LINE_AA), 235, 50)


def _png_50(image: np.ndarray, rng: np.random.Generator) -> Picture:
    """MNIST's own image, saved as 50×50, white on black."""
    return cv2.resize(image, (50, 50), interpolation=cv2.INTER_CUBIC)


def _black_canvas(image: np.ndarray, rng: np.random.Generator) -> Picture:
    """A small digit somewhere on a large black canvas."""
    ink = enlarge(image, int(rng.integers(30, 80)))
    canvas = np.zeros((int(rng.integers(150, 400)), int(rng.integers(150, 400))), np.uint8)
    top, left = (int(rng.integers(0, room - side)) for room, side in zip(canvas.shape, ink.shape, strict=True))
    canvas[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return canvas


def _white_canvas(image: np.ndarray, rng: np.random.Generator) -> Picture:
    return 255 - _black_canvas(image, rng)


def _grey_28(image: np.ndarray, rng: np.random.Generator) -> Picture:
    """28×28 on a grey, noisy ground, saved as JPEG; dark on light or inverted."""
    grey = put_on_paper(image, rng.uniform(140, 220), rng.uniform(20, 80)) + rng.normal(0, 3, image.shape)
    _, content = cv2.imencode(".jpg", grey.clip(0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 60])
    decoded = np.asarray(cv2.imdecode(content, cv2.IMREAD_GRAYSCALE))
    return 255 - decoded if rng.random() < 0.5 else decoded


def _coloured(image: np.ndarray, rng: np.random.Generator) -> Picture:
    """Ink of any colour on a ground of any other that differs in brightness."""
    ink = _pad(_large(image, rng), rng, 0.05, 0.4)
    weights = np.array([0.299, 0.587, 0.114])
    while True:
        ground, pen = rng.uniform(0, 255, (2, 3))
        if abs((ground - pen) @ weights) > 50:
            break
    return np.stack([put_on_paper(ink, a, b) for a, b in zip(ground, pen, strict=True)], 2)


def _textured(image: np.ndarray, rng: np.random.Generator) -> Picture:
    """Cardboard, cloth or a wall: a mottled ground, under uneven light."""
    ink = _pad(_large(image, rng), rng, 0.1, 0.4)
    mottle = cv2.GaussianBlur(rng.normal(0, 1, ink.shape), (0, 0), rng.uniform(1, 4))
    ground = 190 + mottle / mottle.std() * rng.uniform(4, 10)
    light = np.linspace(rng.uniform(0.7, 1), rng.uniform(0.7, 1), ink.shape[1])
    share = ink.astype(np.float32) / 255
    grey = (ground * (1 - share) + rng.uniform(20, 80) * share) * light
    return np.asarray(np.clip(255 - grey if rng.random() < 0.3 else grey, 0, 255), np.uint8)


VARIANTS: dict[str, Variant] = {
    "tight crop": _tight,
    "tight crop, inverted": _tight_inverted,
    "tight crop of a photograph": _tight_photo,
    "8×8": _small(8, 0.0, 0.02),
    "12×12": _small(12),
    "16×16, filling the frame": _small(16, 0.0, 0.02),
    "1 bit": _binary,
    "aspect lost": _stretched,
    "thick": _thick,
    "thin": _thin,
    "faint": _faint,
    "cut by the frame": _cut,
    "frame line": _frame,
    "grid": _grid,
    "dot or comma": _dot,
    "MNIST as 50×50": _png_50,
    "black canvas": _black_canvas,
    "white canvas": _white_canvas,
    "28×28, grey ground": _grey_28,
    "coloured": _coloured,
    "textured ground": _textured,
}


def write_line(images: Iterable[np.ndarray], rng: np.random.Generator) -> Picture:
    """Write several digits side by side, which a reader of single digits must not take for one."""
    side = int(rng.integers(30, 70))
    inks = [enlarge(image, side) for image in images]
    gap = round(side * rng.uniform(0.1, 0.5))
    row = np.concatenate([np.pad(ink, ((side - ink.shape[0], 0), (0, gap))) for ink in inks], 1)[:, :-gap]
    grey = put_on_paper(_pad(row, rng, 0.05, 0.3), rng.uniform(200, 255), rng.uniform(0, 80))
    return 255 - grey if rng.random() < 0.3 else grey
