"""Paper to write on, and tables to lay it on: cut out of textures that are made once."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from digits.shapes import UInt8

Ground = UInt8[np.ndarray, "_h _w"]

SIDE = 1024  # pixels of a texture
DEVIATION = 40  # of a texture, in grey levels around 128

LIGHT_PAPER, GREY_PAPER, DARK_PAPER = (225, 255), (150, 225), (20, 90)
DARK_SHARE, GREY_SHARE, EVEN_SHARE = 0.07, 0.25, 0.15


def cut_texture(name: str, height: int, width: int, rng: np.random.Generator, zoom: float | int = 1) -> Ground:
    """Cut a piece out of a texture of mean 128, mirrored and turned by chance; above 1, `zoom` makes it coarser."""
    rows, columns = max(round(height / zoom), 2), max(round(width / zoom), 2)
    texture = textures()[name]
    if rng.random() < 0.5:
        texture = texture.T
    y, x = rng.integers(SIDE, size=2)
    piece = texture
    if y + rows > SIDE or x + columns > SIDE:
        piece = texture.take(np.arange(y, y + rows) % SIDE, 0).take(np.arange(x, x + columns) % SIDE, 1)
    else:
        piece = texture[y : y + rows, x : x + columns]
    piece = piece[:: 1 if rng.random() < 0.5 else -1, :: 1 if rng.random() < 0.5 else -1]
    if piece.shape != (height, width):
        piece = cv2.resize(np.ascontiguousarray(piece), (width, height), interpolation=cv2.INTER_LINEAR_EXACT)
    return np.ascontiguousarray(piece)


def shade(texture: Ground, level: float, deviation: float) -> Ground:
    """Give a texture a mean and a standard deviation, in grey levels."""
    alpha = deviation / DEVIATION
    table = np.rint(level + alpha * (np.arange(256) - 128)).clip(0, 255).astype(np.uint8)
    return cv2.LUT(texture, table)


def add_share(picture: Ground, other: Ground, share: float, ground: Ground | int = 128) -> Ground:
    """Add a share of what another picture has above or below a ground: a level or a picture.

    In whole numbers, since OpenCV's weighted sums round differently on other processors.
    """
    table = np.rint(share * np.arange(-255, 256)).astype(np.int16)
    added: Ground = cv2.add(picture, table[other.astype(np.int16) - ground + 255], dtype=cv2.CV_8U)
    return added


def sample_paper(height: int, width: int, rng: np.random.Generator) -> tuple[Ground, bool]:
    """Sample an empty sheet; tell whether it is dark, as boards and black screens are."""
    choice = rng.random()
    is_dark = choice < DARK_SHARE
    levels = DARK_PAPER if is_dark else GREY_PAPER if choice < DARK_SHARE + GREY_SHARE else LIGHT_PAPER
    level = float(rng.uniform(*levels))
    if rng.random() < EVEN_SHARE:
        return np.full(
            (height, width), (0 if rng.random() < 0.5 else round(level)) if is_dark else 255, np.uint8
        ), is_dark
    paper = shade(cut_texture("fibres", height, width, rng), level, float(rng.uniform(0.5, 6)))
    if rng.random() < 0.5:
        stains = cut_texture("clouds", height, width, rng, float(rng.uniform(0.7, 3)))
        paper = add_share(paper, stains, 0.15)
    return paper, is_dark


def sample_surround(height: int, width: int, rng: np.random.Generator) -> Ground:
    """Sample what a scanner or a screen shows beside a sheet: one level, usually white or black."""
    level = (255, 0, int(rng.integers(256)))[rng.choice(3, p=[0.55, 0.25, 0.2])]
    return np.full((height, width), level, np.uint8)


def sample_table(height: int, width: int, rng: np.random.Generator) -> Ground:
    """Sample what lies under and beside a sheet."""
    name = str(rng.choice(["wood", "cloth", "clouds", "fibres", "things", "even"], p=[0.3, 0.15, 0.2, 0.1, 0.1, 0.15]))
    level = float(rng.choice([rng.uniform(0, 60), rng.uniform(60, 160), rng.uniform(160, 255)], p=[0.45, 0.35, 0.2]))
    if name == "even":
        return np.full((height, width), round(level), np.uint8)
    deviation = float(rng.uniform(3, 40 if name == "things" else 22))
    return shade(cut_texture(name, height, width, rng, float(np.exp(rng.uniform(-0.5, 1.5)))), level, deviation)


@cache
def textures() -> dict[str, Ground]:
    """Make the textures, which repeat without a seam: always the same, because pieces of them differ enough."""
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((SIDE, SIDE))
    fibres = noise + np.roll(noise, 1, 0) + np.roll(noise, 1, 1) + np.roll(noise, (1, 1), (0, 1))
    clouds = sum(weight * _smooth(rng, side) for side, weight in ((4, 1.0), (10, 0.6), (28, 0.35), (90, 0.2)))
    y, x = np.mgrid[:SIDE, :SIDE] * (2 * np.pi / SIDE)
    wood = np.sin(9 * y + 2 * _smooth(rng, 3, 1)) + _smooth(rng, 90, 2) + 0.6 * _smooth(rng, 300, 8) + 0.2 * noise
    cloth = np.sin(128 * x) * np.sin(128 * y) + 0.5 * np.sin(128 * x) + 0.3 * noise
    made = {"noise": noise, "fibres": fibres, "clouds": clouds, "wood": wood, "cloth": cloth, "things": _things(rng)}
    return {name: _even(texture) for name, texture in made.items()}


def _smooth(rng: np.random.Generator, down: int, across: int | None = None) -> np.ndarray:
    """Make smooth noise, with about as many hills in each direction as given, that repeats without a seam."""
    rows, columns = np.fft.fftfreq(SIDE)[:, None] * SIDE / down, np.fft.fftfreq(SIDE) * SIDE / (across or down)
    spectrum = np.fft.fft2(rng.standard_normal((SIDE, SIDE))) * np.exp(-(rows**2) - columns**2)
    smooth = np.fft.ifft2(spectrum).real
    even: np.ndarray = smooth / smooth.std()
    return even


def _things(rng: np.random.Generator) -> np.ndarray:
    """Draw a clutter of things: plates, pens, keys, edges of other sheets."""
    picture = np.full((SIDE, SIDE), 128, np.uint8)
    for _ in range(140):
        level = int(rng.integers(256))
        x, y, a, b = (int(v) for v in (*rng.integers(SIDE, size=2), *rng.integers(8, 120, 2)))
        if rng.random() < 0.4:
            cv2.ellipse(picture, (x, y), (a, b), float(rng.uniform(0, 180)), 0, 360, level, -1)
        else:
            corners = cv2.boxPoints(((x, y), (a, 3 * b), float(rng.uniform(0, 180))))
            cv2.fillPoly(picture, [np.rint(corners).astype(np.int32)], level)
    return cv2.GaussianBlur(picture, (0, 0), 1.5).astype(np.float64)


def _even(texture: np.ndarray) -> Ground:
    spread: Ground = np.rint(128 + DEVIATION * (texture - texture.mean()) / texture.std()).clip(0, 255).astype(np.uint8)
    return spread
