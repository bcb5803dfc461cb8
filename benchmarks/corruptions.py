"""MNIST-C's fifteen corruptions.

Norman Mu and Justin Gilmer, "MNIST-C: A Robustness Benchmark for Computer Vision", arXiv 1906.02337, 2019. What each
does, and how hard, are the defaults of the program that made the published set (github.com/google-research/mnist-c,
``corruptions.py``), written anew for many digits at a time. The published files are not used: random numbers differ
here, and OpenCV thins edges in four directions, where scikit-image has all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

SIDE = 28
MIDDLE = (SIDE - 1) / 2
ROW, COLUMN = np.mgrid[:SIDE, :SIDE].astype(np.float32)

Floats = Float32[np.ndarray, "n 28 28"]
Land = Float32[np.ndarray, "n side side"]
Images = UInt8[np.ndarray, "n 28 28"]
Corruption = Callable[[Images, np.random.Generator], Images]


def shot_noise(images: Images, rng: np.random.Generator) -> Images:
    """Count light by the photon, 3 on a white pixel: severity 5 of 5."""
    return _bytes(rng.poisson(images * (3 / 255)) * (255 / 3))


def impulse_noise(images: Images, rng: np.random.Generator) -> Images:
    """Turn 17 % of the pixels black or white, half of them each: severity 4 of 5."""
    chance = rng.random(images.shape, np.float32)
    return np.where(chance < 0.17, np.where(chance < 0.17 / 2, 0, 255), images).astype(np.uint8)


def glass_blur(images: Images, rng: np.random.Generator) -> Images:
    """Blur by a sigma of 0.7, swap neighbours in two rounds, and blur again: severity 1 of 5."""
    pixels = _blur(images.astype(np.float32), 0.7).astype(np.uint8).reshape(len(images), SIDE**2).T.copy()
    every = np.arange(len(images))
    # half of the pixels stay; the others trade places with themselves, the pixel to the left, above, or both
    partners = np.array([0, 0, 0, 0, 0, 1, SIDE, SIDE + 1])
    for _, row, column in product(range(2), range(SIDE - 1, 1, -1), range(SIDE - 1, 1, -1)):
        here = SIDE * row + column
        there = here - partners[rng.integers(len(partners), size=len(images), dtype=np.uint8)]
        kept = pixels[here].copy()
        pixels[here] = pixels[there, every]
        pixels[there, every] = kept
    return _bytes(_blur(pixels.T.reshape(images.shape).astype(np.float32), 0.7))


def motion_blur(images: Images, rng: np.random.Generator) -> Images:
    """Smear to one side, by half a bell of sigma 3, up to 45 degrees from level: severity 1 of 5."""
    # the severity says a radius of 10; ImageMagick looks twice as far
    reach = 20
    distance = np.arange(reach + 1)
    weights = np.exp(-(distance**2) / (2 * 3.0**2))
    angles = np.radians(rng.uniform(-45, 45, len(images)))
    smeared = np.empty_like(images)
    for image, angle, out in zip(images, angles, smeared, strict=True):
        kernel = np.zeros((2 * reach + 1, reach + 1))
        across, down = (np.ceil(distance * each - 0.5).astype(int) for each in (np.cos(angle), np.sin(angle)))
        kernel[reach + down, across] = weights / weights.sum()
        out[:] = cv2.filter2D(image, -1, kernel, anchor=(0, reach), borderType=cv2.BORDER_REPLICATE)
    return smeared


def shear(images: Images, rng: np.random.Generator) -> Images:
    """Lean by 0.4 radians to the left or the right, which also makes a little taller: severity 2 of 5."""
    return _warp(images, [((1, -np.sin(lean)), (0, np.cos(lean))) for lean in rng.choice([-0.4, 0.4], len(images))])


def scale(images: Images, rng: np.random.Generator) -> Images:
    """Shrink to 0.7: severity 3 of 5."""
    return _warp(images, [((1 / 0.7, 0), (0, 1 / 0.7))] * len(images))


def rotate(images: Images, rng: np.random.Generator) -> Images:
    """Turn by 0.4 radians to the left or the right: severity 2 of 5."""
    turns = rng.choice([-0.4, 0.4], len(images))
    return _warp(images, [((np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn))) for turn in turns])


def brightness(images: Images, rng: np.random.Generator) -> Images:
    """Add half of white, to the background as well: severity 5 of 5."""
    return _bytes(images + np.float32(0.5 * 255))


def translate(images: Images, rng: np.random.Generator) -> Images:
    """Move towards a corner, by 3 pixels both across and down: severity 3 of 5."""
    wide = np.pad(images, ((0, 0), (3, 3), (3, 3)))
    windows = np.lib.stride_tricks.sliding_window_view(wide, (SIDE, SIDE), (1, 2))
    down, across = rng.choice([0, 6], (2, len(images)))
    moved: Images = windows[np.arange(len(images)), down, across]
    return moved


def stripe(images: Images, rng: np.random.Generator) -> Images:
    """Swap black and white in the outer 7 columns of each side: the only severity."""
    striped = 255 - images
    striped[:, :, 7:-7] = images[:, :, 7:-7]
    return striped


def fog(images: Images, rng: np.random.Generator) -> Images:
    """Cover with fog three times as bright as white, and darken until it fits: severity 5 of 5."""
    whitest = images.max((1, 2), keepdims=True, initial=0).astype(np.float32) / 255
    foggy = images.astype(np.float32)
    # landscapes are large: a few at a time stay where the processor reaches them fast
    for start in range(0, len(images), 64):
        some = foggy[start : start + 64]
        some += 3 * 255 * _plasma(len(some), rng)
    return _bytes(foggy * whitest / (whitest + 3))


def spatter(images: Images, rng: np.random.Generator) -> Images:
    """Splash mud of grey 63 where blurred noise is high: severity 4 of 5."""
    liquid = np.float32(0.65) + np.float32(0.3) * rng.standard_normal(images.shape, np.float32)
    cover = _blur((_blur(liquid, 1.0) > 0.65).astype(np.float32), 1.5)
    cover[cover < 0.8] = 0
    return _bytes(images * (1 - cover) + 63 * cover)


def dotted_line(images: Images, rng: np.random.Generator) -> Images:
    """Draw a line from side to side, two columns of it out of four: the only severity."""
    left, right = rng.integers(SIDE - 1, size=(2, len(images))).astype(np.float32)
    line = _stroke(0 * left, left, 0 * left + SIDE - 1, right)
    return _bytes(images + 255 * line * (COLUMN % 4 >= 2))


def zigzag(images: Images, rng: np.random.Generator) -> Images:
    """Draw a zigzag from side to side, of teeth 2 pixels high and 4 apart: the only severity."""
    first, last, teeth = 2, SIDE - 3, 6
    start = rng.integers(SIDE - 1, size=len(images)).astype(np.float32)
    rise = rng.integers(-5, 5, size=len(images)).astype(np.float32)
    length = np.hypot(rise, np.float32(last - first))
    cosine, sine = (last - first) / length, rise / length
    # corners of a level zigzag, which is then tilted; it ends a third of a pixel from its middle
    along = [0 * length, *(4 * tooth + 2 + 0 * length for tooth in range(teeth)), length]
    across = [0, *(2 * (-1) ** tooth for tooth in range(teeth)), -1 / 3]
    columns = [first + cosine * a - sine * b for a, b in zip(along, across, strict=True)]
    rows = [start + sine * a + cosine * b for a, b in zip(along, across, strict=True)]
    drawn = images / np.float32(255)
    for i in range(teeth + 1):
        drawn += _stroke(columns[i], rows[i], columns[i + 1], rows[i + 1])
    return _bytes(255 * drawn)


def canny_edges(images: Images, rng: np.random.Generator) -> Images:
    """Leave only outlines, by a sigma of 1 and slopes of 0.1 and 0.2 of white: scikit-image's own defaults."""
    # OpenCV takes slopes as whole numbers: 16 steps to a grey level are fine enough, and Sobel's sums still fit
    weak, strong = 16 * 255 * 0.1, 16 * 255 * 0.2
    edges = np.empty_like(images)
    for image, out in zip(16 * _blur(images.astype(np.float32), 1.0), edges, strict=True):
        across, down = (np.rint(cv2.Sobel(image, cv2.CV_32F, *way)).astype(np.int16) for way in ((1, 0), (0, 1)))
        out[:] = cv2.Canny(across, down, weak, strong, L2gradient=True)
    return edges


_ALL: tuple[Corruption, ...] = (shot_noise, impulse_noise, glass_blur, motion_blur, shear, scale, rotate, brightness)
_ALL += (translate, stripe, fog, spatter, dotted_line, zigzag, canny_edges)
CORRUPTIONS = {corruption.__name__.replace("_", " "): corruption for corruption in _ALL}
"""In the paper's order."""


def corrupt(images: Images, name: str, seed: int = 0) -> Images:
    """Corrupt digits, light on dark; the same seed gives the same bytes. A `KeyError` if there is none of this name."""
    return CORRUPTIONS[name](images, np.random.default_rng(seed))


def _bytes(values: np.ndarray) -> Images:
    rounded: Images = np.rint(values).clip(0, 255).astype(np.uint8)
    return rounded


def _blur(images: Floats, sigma: float) -> Floats:
    """Blur by a bell cut off at four sigmas; what is outside is as the nearest pixel."""
    size = (1, 2 * int(4 * sigma + 0.5) + 1)
    # blurring the columns is a product with a matrix, which is what it makes of the unit matrix
    unit = np.eye(SIDE, dtype=np.float32)
    matrix = cv2.GaussianBlur(unit, size, sigma, sigmaY=sigma, borderType=cv2.BORDER_REPLICATE)
    blurred: Floats = matrix @ images @ matrix.T
    return blurred


def _warp(images: Images, matrices: Sequence[tuple[tuple[float, float], tuple[float, float]]]) -> Images:
    """Look, for every pixel, where a matrix about the middle sends it; black outside."""
    warped = np.empty_like(images)
    for image, rows, out in zip(images, matrices, warped, strict=True):
        matrix = np.array(rows, np.float64)
        whole = np.column_stack([matrix, MIDDLE - matrix @ (MIDDLE, MIDDLE)])
        out[:] = cv2.warpAffine(image, whole, (SIDE, SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return warped


def _plasma(n: int, rng: np.random.Generator) -> Floats:
    """Cut the corner out of landscapes, 256 pixels wide and 0 to 1 high, that diamonds and squares raise."""
    # the roughness of the severity is 1.4, and the program that made the set divides by it twice at every doubling
    reach = 1 / 1.4 ** (2 * np.arange(8))
    land = np.zeros((n, 1, 1), np.float32)
    for step in range(6):
        land = _finer(land, reach[step], rng)
    # later doublings make it higher by hundredths: only the corner goes on, with enough around it to keep seams away
    lowest, highest = land.min((1, 2), keepdims=True), land.max((1, 2), keepdims=True)
    around = np.arange(-4, 12)
    corner = _finer(_finer(land[:, around[:, None], around], reach[6], rng), reach[7], rng)[:, 16:44, 16:44]
    plasma: Floats = (corner - lowest) / (highest - lowest)
    return plasma


def _finer(land: Land, reach: float, rng: np.random.Generator) -> Land:
    """Double the points: first the middles of the squares, then those of the diamonds; sides meet as on a torus."""
    n, side, _ = land.shape
    centres, across, down = np.float32(reach) * (2 * rng.random((3, n, side, side), np.float32) - 1)
    right, below = np.roll(land, -1, 2), np.roll(land, -1, 1)
    centres += (land + right + below + np.roll(right, -1, 1)) / 4
    across += (land + right + centres + np.roll(centres, 1, 1)) / 4
    down += (land + below + centres + np.roll(centres, 1, 2)) / 4
    finer = np.empty((n, 2 * side, 2 * side), np.float32)
    finer[:, ::2, ::2], finer[:, ::2, 1::2], finer[:, 1::2, ::2], finer[:, 1::2, 1::2] = land, across, down, centres
    return finer


def _stroke(column: np.ndarray, row: np.ndarray, to_column: np.ndarray, to_row: np.ndarray) -> Floats:
    """Draw a straight stroke in every picture, 1 along its middle and fading to 0 above and below."""
    c0, r0, c1, r1 = (each[:, None, None] for each in (column, row, to_column, to_row))
    middle = r0 + (r1 - r0) / (c1 - c0) * (COLUMN - c0)
    away = np.minimum(np.abs(ROW - middle) / np.float32(2.3), np.float32(0.999))
    drawn: Floats = np.maximum(1 + np.log1p(-away), 0) * ((np.floor(c0) <= COLUMN) & (np.ceil(c1) > COLUMN))
    return drawn
