"""New print from the few fonts that there are: fonts between two of them, and characters of dots.

Whoever has seen a dozen fonts knows these, and takes others for handwriting; whoever has seen what lies between any two
knows what print is like.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import cv2
import numpy as np

from digits.preprocessing.ink import Ink
from digits.shapes import Float32
from digits.synthesis.documents.fonts import BASE_LINE, CELL_HEIGHT, EM, Font

BLENDED_SHARE, SHARES = 0.5, (0.2, 0.8)
DOTTED_SHARE, DOT_ROWS, DOT_SIZES = 0.06, (7, 13), (0.35, 0.6)
MIN_INK = 0.8  # of a blend, as a share of what both have on average; less is where their strokes lie apart
CAP_HEIGHT = 0.72 * EM  # pixels, of a capital letter or digit

Distances = Float32[np.ndarray, "h w"]


def redesign(font: Font, fonts: Sequence[Font], rng: np.random.Generator) -> Font:
    """Change a font now and then into one that lies between it and another, or into one of dots."""
    if rng.random() < BLENDED_SHARE:
        font = blend(font, fonts[int(rng.integers(len(fonts)))], float(rng.uniform(*SHARES)))
    if rng.random() < DOTTED_SHARE:
        font = dot(font, int(rng.integers(DOT_ROWS[0], DOT_ROWS[1] + 1)), float(rng.uniform(*DOT_SIZES)))
    return font


def blend(font: Font, other: Font, share: float) -> Font:
    """Make the font that lies between two, at a share of the way: the mean of the distances to their outlines."""

    def draw(character: str) -> Ink:
        return _blend(font.characters[character], other.characters[character], share)

    names = [each for each in font.characters if each in other.characters]
    advances = {each: round((1 - share) * font.advances[each] + share * other.advances[each]) for each in names}
    return replace(font, name=f"{font.name}–{other.name}", characters=_Drawn(draw, names), advances=advances, styled={})


def dot(font: Font, rows: int, size: float) -> Font:
    """Make a font of dots: `rows` for the height of a digit, with a radius of `size` of the way from dot to dot."""

    def draw(character: str) -> Ink:
        return _dot(font.characters[character], CAP_HEIGHT / rows, size)

    return replace(font, name=f"{font.name}, dots", characters=_Drawn(draw, list(font.characters)), styled={})


class _Drawn(Mapping[str, Ink]):
    """Pictures of characters, each drawn when it is first needed: a page needs few of them."""

    def __init__(self, draw: Callable[[str], Ink], names: Sequence[str]) -> None:
        self._draw, self._pictures = draw, dict[str, Ink | None].fromkeys(names)

    def __getitem__(self, name: str) -> Ink:
        picture = self._pictures[name]
        if picture is None:
            picture = self._pictures[name] = self._draw(name)
        return picture

    def __iter__(self) -> Iterator[str]:
        return iter(self._pictures)

    def __len__(self) -> int:
        return len(self._pictures)

    def __contains__(self, name: object) -> bool:
        return name in self._pictures


def _blend(one: Ink, two: Ink, share: float) -> Ink:
    places = [cv2.boundingRect(ink) for ink in (one, two)]
    left, top, width, height = (round(edge) for edge in np.average(places, axis=0, weights=(1 - share, share)))
    width, height = max(width, 1), max(height, 1)
    pictures = [
        # with room around, so that the distance to an outline is known everywhere
        cv2.copyMakeBorder(
            cv2.resize(ink[y : y + h, x : x + w], (width, height), interpolation=cv2.INTER_LINEAR_EXACT),
            *(1, 1, 1, 1),
            cv2.BORDER_CONSTANT,
        )
        for ink, (x, y, w, h) in zip((one, two), places, strict=True)
    ]
    distances = (1 - share) * _distances(pictures[0]) + share * _distances(pictures[1])
    mixed: Ink = np.rint(255 * np.clip(distances + 0.5, 0, 1)).astype(np.uint8)[1:-1, 1:-1]
    usual = (1 - share) * pictures[0].sum(dtype=np.int64) + share * pictures[1].sum(dtype=np.int64)
    if mixed.sum(dtype=np.int64) < MIN_INK * usual:
        mixed = pictures[0][1:-1, 1:-1]
    drawn = np.zeros((CELL_HEIGHT, left + width), np.uint8)
    top = min(top, CELL_HEIGHT - height)
    drawn[top : top + height, left:] = mixed
    return drawn


def _distances(ink: Ink) -> Distances:
    """Measure how far each pixel lies inside the outline of ink; below 0 outside."""
    inked = (ink > 127).astype(np.uint8)
    inner, outer = (cv2.distanceTransform(each, cv2.DIST_L2, 3) for each in (inked, 1 - inked))
    distances: Distances = np.where(inked, inner - 0.5, 0.5 - outer).astype(np.float32)
    return distances


def _dot(ink: Ink, pitch: float, size: float) -> Ink:
    height, width = ink.shape
    drawn = np.zeros((height, width + round(pitch)), np.uint8)
    fine = 4  # bits for a part of a pixel
    above = np.arange(BASE_LINE - pitch / 2, 0, -pitch)  # rows of dots stand on the base line
    below = np.arange(BASE_LINE + pitch / 2, height, pitch)
    for y in (*above.tolist(), *below.tolist()):
        for x in np.arange(pitch / 2, width + pitch / 2, pitch).tolist():
            part = ink[max(round(y - pitch / 2), 0) : round(y + pitch / 2), round(x - pitch / 2) : round(x + pitch / 2)]
            if part.size and part.mean() > 100:
                middle = round(x * 2**fine), round(y * 2**fine)
                cv2.circle(drawn, middle, round(size * pitch * 2**fine), 255, cv2.FILLED, cv2.LINE_AA, fine)
    return drawn
