"""What is written on: paper, boards and screens of any size, and the ink that is put on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from digits.shapes import Float32, UInt8

Picture = UInt8[np.ndarray, "_h _w 3"]
Ink = UInt8[np.ndarray, "_h _w"]


NOISE = 40
"""Grey levels of a standard deviation of the noise that textures are cut from."""


@dataclass(frozen=True)
class Ground:
    """A kind of ground, and the inks that show on it.

    Attributes
    ----------
    often
        Share of the sheets that are of this kind.
    colours
        RGB of sheets of this kind; each sheet has one of them, a little changed.
    inks
        RGB of the inks people use on it.
    fibre
        Largest standard deviation of its texture, in grey levels.
    lined
        Share of the sheets that have lines printed on them.
    """

    often: float
    colours: tuple[tuple[int, int, int], ...]
    inks: tuple[tuple[int, int, int], ...]
    fibre: float
    lined: float


_DARK = ((20, 20, 25), (15, 25, 90), (30, 40, 130), (60, 60, 70), (120, 20, 30), (20, 80, 40))
_LIGHT = ((245, 245, 240), (235, 230, 150), (200, 225, 245), (240, 190, 200))

GROUNDS = {
    "paper": Ground(0.55, ((250, 250, 247), (240, 236, 226), (228, 228, 224), (214, 206, 188)), _DARK, 6.0, 0.4),
    "coloured paper": Ground(
        0.10, ((250, 235, 120), (245, 190, 200), (170, 215, 240), (190, 165, 125)), _DARK, 6.0, 0.1
    ),
    "whiteboard": Ground(
        0.07, ((238, 241, 243), (225, 230, 235)), ((10, 10, 15), (20, 40, 160), (190, 20, 30)), 1.5, 0.0
    ),
    "white screen": Ground(0.10, ((255, 255, 255),), ((0, 0, 0),), 0.0, 0.0),
    "blackboard": Ground(0.08, ((40, 60, 50), (35, 38, 42), (55, 75, 65)), _LIGHT, 8.0, 0.05),
    "black screen": Ground(0.10, ((0, 0, 0), (18, 18, 24)), ((255, 255, 255),), 0.0, 0.0),
}
"""What people write on. On the two screens nothing is photographed: they are what drawing programs save."""

SCREENS = ("white screen", "black screen")


@dataclass(frozen=True, eq=False)
class Sheet:
    """A sheet to write on.

    Attributes
    ----------
    kind
        A key of `GROUNDS`.
    picture
        What it looks like.
    ink
        RGB of what is written with on it.
    texture
        How high its fibres stand, of mean 0 and standard deviation about 1; of the size of the picture.
    """

    kind: str
    picture: Picture
    ink: tuple[int, int, int]
    texture: Float32[np.ndarray, "_h _w"]


def draw_sheet(height: int, width: int, rng: np.random.Generator, line_height: float | None = None) -> Sheet:
    """Take a sheet.

    Parameters
    ----------
    height, width
        Of the sheet, in pixels.
    rng
        Decides what sheet it is.
    line_height
        Height of what will be written on it, in pixels, to which printed lines are fitted; a third of the sheet's
        height if not known.
    """
    shares = np.array([ground.often for ground in GROUNDS.values()])
    kind = list(GROUNDS)[int(rng.choice(len(shares), p=shares / shares.sum()))]
    ground = GROUNDS[kind]
    base = np.array(ground.colours[rng.integers(len(ground.colours))], np.float64)
    coarse = _texture(height, width, 2 + max(height, width) // 12, rng)
    texture = np.float32(0.7) * (_texture(height, width, 1, rng) + coarse)
    picture = np.empty((height, width, 3), np.uint8)
    if kind in SCREENS:
        picture[:] = base
    else:
        picture[:] = np.rint(base + rng.normal(0, 4, 3)).clip(0, 255)
        relief = np.rint(np.float32(rng.uniform(0.2, 1.0) * ground.fibre) * texture).astype(np.int16)
        cv2.add(picture, cv2.merge([relief, relief, relief]), dst=picture, dtype=cv2.CV_8U)
    if rng.random() < ground.lined:
        _print_lines(picture, line_height or height / 3, rng)
    return Sheet(kind, picture, ground.inks[rng.integers(len(ground.inks))], texture)


def put_ink(
    sheet: Sheet, ink: Ink, darkness: float, grain: float, colour: tuple[int, int, int] | None = None
) -> Picture:
    """Put ink on a sheet.

    Parameters
    ----------
    sheet
        Stays as it is.
    ink
        Of the sheet's size, 0 where there is none.
    darkness
        How much of the sheet full ink covers, 0–1.
    grain
        How much of it the hollows of the sheet keep away, 0–1.
    colour
        RGB; the sheet's own ink if not given.
    """
    if grain:
        # into the hollows between the fibres the ink of a pencil or of chalk does not reach
        hollow = np.rint(128 - 90 * sheet.texture).clip(0, 255).astype(np.uint8)
        ink = cv2.subtract(ink, cv2.multiply(hollow, ink, scale=grain / 255))
    share = cv2.convertScaleAbs(ink, alpha=darkness)
    cover = cv2.merge([share, share, share])
    coloured = np.empty_like(sheet.picture)
    coloured[:] = colour or sheet.ink
    covered = cv2.multiply(coloured, cover, scale=1 / 255)
    uncovered = cv2.multiply(sheet.picture, 255 - cover, scale=1 / 255)
    written: Picture = cv2.add(covered, uncovered)
    return written


def _texture(height: int, width: int, grain: int, rng: np.random.Generator) -> Float32[np.ndarray, "_h _w"]:
    """Cut out of a large piece of smooth noise, of mean 0 and standard deviation 1, whose grains are `grain` pixels."""
    rows, columns = -(-height // grain) + 1, -(-width // grain) + 1
    noise = _noise()
    top, left = (int(rng.integers(side)) for side in noise.shape)
    piece: Ink = noise.take(np.arange(top, top + rows), 0, mode="wrap").take(
        np.arange(left, left + columns), 1, mode="wrap"
    )
    if grain > 1:
        # of whole numbers, which every processor interpolates alike
        piece = cv2.resize(piece, (width, height), interpolation=cv2.INTER_LINEAR_EXACT)
    texture: Float32[np.ndarray, "_h _w"] = (piece[:height, :width].astype(np.float32) - 128) / np.float32(NOISE)
    return texture


@cache
def _noise() -> Ink:
    """Noise that neighbours share some of, as fibres do; always the same, since pieces of it differ enough."""
    noise = np.random.default_rng(0).standard_normal((1024, 1024))
    noise = noise + np.roll(noise, 1, 0) + np.roll(noise, 1, 1)
    even: Ink = np.rint(128 + NOISE * noise / noise.std()).clip(0, 255).astype(np.uint8)
    return even


def _print_lines(picture: Picture, line_height: float, rng: np.random.Generator) -> None:
    """Print ruled, squared or dotted lines, and sometimes a margin, in place."""
    height, width = picture.shape[:2]
    paper = picture.reshape(-1, 3).mean(0)
    faint = rng.uniform(0.1, 0.5)
    tint = np.array(((120, 150, 200), (150, 150, 150), (200, 140, 140), (120, 180, 150))[rng.integers(4)])
    colour = tuple(float(c) for c in np.rint(paper + faint * (tint - paper)))
    kind = rng.choice(["ruled", "squared", "dotted"], p=[0.45, 0.4, 0.15])
    spacing = line_height * (rng.uniform(1.1, 1.8) if kind == "ruled" else rng.uniform(0.35, 1.1))
    spacing = max(spacing, 6.0)
    weight = 1 if spacing < 60 else int(rng.integers(1, 3))
    across = np.arange(rng.uniform(0, spacing), height, spacing).astype(int)
    down = np.arange(rng.uniform(0, spacing), width, spacing).astype(int)
    if kind == "dotted":
        for y in across:
            for x in down:
                cv2.circle(picture, (int(x), int(y)), weight, colour, -1)
        return
    for y in across:
        cv2.line(picture, (0, int(y)), (width, int(y)), colour, weight)
    if kind == "squared":
        for x in down:
            cv2.line(picture, (int(x), 0), (int(x), height), colour, weight)
    elif rng.random() < 0.3:
        x = int(rng.uniform(0.03, 0.25) * width)
        cv2.line(picture, (x, 0), (x, height), (215.0, 130.0, 130.0), weight)
