"""Paper, boards and screens of any size, and ink on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from digits.preprocessing.ink import Ink
from digits.shapes import Float32
from digits.synthesis.camera import ColourPicture

NOISE_DEVIATION = 40  # of the noise that textures are cut from: standard deviation, in grey levels


@dataclass(frozen=True)
class SheetKind:
    """A kind of sheet, and the inks that are visible on it; each sheet has one of them."""

    share: float  # of the sheets, that are of this kind
    colours: tuple[tuple[int, int, int], ...]  # RGB; each sheet has one, slightly varied
    inks: tuple[tuple[int, int, int], ...]  # RGB
    texture: float  # largest standard deviation of its texture, in grey levels
    lined_share: float  # of these sheets, that have printed lines


DARK_INKS = ((20, 20, 25), (15, 25, 90), (30, 40, 130), (60, 60, 70), (120, 20, 30), (20, 80, 40))
LIGHT_INKS = ((245, 245, 240), (235, 230, 150), (200, 225, 245), (240, 190, 200))

SHEET_KINDS = {
    "paper": SheetKind(0.55, ((250, 250, 247), (240, 236, 226), (228, 228, 224), (214, 206, 188)), DARK_INKS, 6.0, 0.4),
    "coloured paper": SheetKind(
        0.10, ((250, 235, 120), (245, 190, 200), (170, 215, 240), (190, 165, 125)), DARK_INKS, 6.0, 0.1
    ),
    "whiteboard": SheetKind(
        0.07, ((238, 241, 243), (225, 230, 235)), ((10, 10, 15), (20, 40, 160), (190, 20, 30)), 1.5, 0.0
    ),
    "white screen": SheetKind(0.10, ((255, 255, 255),), ((0, 0, 0),), 0.0, 0.0),
    "blackboard": SheetKind(0.08, ((40, 60, 50), (35, 38, 42), (55, 75, 65)), LIGHT_INKS, 8.0, 0.05),
    "black screen": SheetKind(0.10, ((0, 0, 0), (18, 18, 24)), ((255, 255, 255),), 0.0, 0.0),
}
"""The two screens are pictures from drawing programs; they are not photographed."""

SCREENS = ("white screen", "black screen")


@dataclass(frozen=True, eq=False)
class Sheet:
    """A sheet to write on."""

    kind: str  # a key of `SHEET_KINDS`
    picture: ColourPicture
    ink: tuple[int, int, int]  # RGB
    texture: Float32[np.ndarray, "_h _w"]  # height of its fibres, with mean 0 and standard deviation about 1


def sample_sheet(height: int, width: int, rng: np.random.Generator, line_height: float | None = None) -> Sheet:
    """Sample a sheet, sizes in pixels; printed lines fit handwriting of `line_height`, by default a third of it."""
    shares = np.array([kind.share for kind in SHEET_KINDS.values()])
    name = list(SHEET_KINDS)[int(rng.choice(len(shares), p=shares / shares.sum()))]
    kind = SHEET_KINDS[name]
    base = np.array(kind.colours[rng.integers(len(kind.colours))], np.float64)
    coarse = _texture(height, width, 2 + max(height, width) // 12, rng)
    texture = np.float32(0.7) * (_texture(height, width, 1, rng) + coarse)
    picture = np.empty((height, width, 3), np.uint8)
    if name in SCREENS:
        picture[:] = base
    else:
        picture[:] = np.rint(base + rng.normal(0, 4, 3)).clip(0, 255)
        relief = np.rint(np.float32(rng.uniform(0.2, 1.0) * kind.texture) * texture).astype(np.int16)
        cv2.add(picture, cv2.merge([relief, relief, relief]), dst=picture, dtype=cv2.CV_8U)
    if rng.random() < kind.lined_share:
        _print_lines(picture, line_height or height / 3, rng)
    return Sheet(name, picture, kind.inks[rng.integers(len(kind.inks))], texture)


def apply_ink(
    sheet: Sheet, ink: Ink, darkness: float, grain: float, colour: tuple[int, int, int] | None = None
) -> ColourPicture:
    """Return the picture of a sheet, which remains unchanged, with ink on it.

    `darkness` is the opacity of full ink, and `grain` the share of it that the hollows of the sheet keep away, both
    0–1; `colour` is that of the sheet's ink by default.
    """
    if grain:
        # pencil and chalk do not reach the hollows between the fibres
        hollow = np.rint(128 - 90 * sheet.texture).clip(0, 255).astype(np.uint8)
        ink = cv2.subtract(ink, cv2.multiply(hollow, ink, scale=grain / 255))
    share = cv2.convertScaleAbs(ink, alpha=darkness)
    cover = cv2.merge([share, share, share])
    coloured = np.empty_like(sheet.picture)
    coloured[:] = colour or sheet.ink
    covered = cv2.multiply(coloured, cover, scale=1 / 255)
    uncovered = cv2.multiply(sheet.picture, 255 - cover, scale=1 / 255)
    return cv2.add(covered, uncovered)


def _texture(height: int, width: int, grain: int, rng: np.random.Generator) -> Float32[np.ndarray, "_h _w"]:
    """Cut a texture of mean 0 and standard deviation 1, its grains `grain` pixels wide, out of smooth noise."""
    rows, columns = -(-height // grain) + 1, -(-width // grain) + 1
    noise = _noise()
    top, left = (int(rng.integers(side)) for side in noise.shape)
    piece: Ink = noise.take(np.arange(top, top + rows), 0, mode="wrap").take(
        np.arange(left, left + columns), 1, mode="wrap"
    )
    if grain > 1:
        # whole numbers, which every processor interpolates alike
        piece = cv2.resize(piece, (width, height), interpolation=cv2.INTER_LINEAR_EXACT)
    texture: Float32[np.ndarray, "_h _w"] = (piece[:height, :width].astype(np.float32) - 128) / np.float32(
        NOISE_DEVIATION
    )
    return texture


@cache
def _noise() -> Ink:
    """Make noise that neighbours partly share, as fibres do; always the same, because pieces of it differ enough."""
    noise = np.random.default_rng(0).standard_normal((1024, 1024))
    noise = noise + np.roll(noise, 1, 0) + np.roll(noise, 1, 1)
    even: Ink = np.rint(128 + NOISE_DEVIATION * noise / noise.std()).clip(0, 255).astype(np.uint8)
    return even


def _print_lines(picture: ColourPicture, line_height: float, rng: np.random.Generator) -> None:
    """Print ruled, squared or dotted lines, and sometimes a margin, on a picture."""
    height, width = picture.shape[:2]
    paper = picture.reshape(-1, 3).mean(0)
    contrast = rng.uniform(0.1, 0.5)
    tint = np.array(((120, 150, 200), (150, 150, 150), (200, 140, 140), (120, 180, 150))[rng.integers(4)])
    colour = tuple(float(c) for c in np.rint(paper + contrast * (tint - paper)))
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
