"""Pens, and the ink they leave: from pen points to grey pictures, at any resolution."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from digits.shapes import Bool, Float64, UInt8
from digits.synthesis.writing import Writing

SHIFT = 4
"""Binary places after the point of the coordinates that OpenCV is given."""


COVERED = 0.62
"""Share of a glyph's place that its line may cover."""

WINDING = 1.5
"""Lengths of its longer side from which on the line of a glyph runs beside itself: what is shorter cannot fill up."""


@dataclass(frozen=True)
class PenKind:
    """A kind of pen, by the ranges its pens are drawn from.

    Attributes
    ----------
    often
        Share of the pens that are of this kind.
    width
        Of the line, in heights of a digit.
    softness
        Standard deviation of the blur at the line's edge, in widths of the line.
    darkness
        Grey of full ink, 0 for paper to 1 for black.
    grain
        Share of the ink that the paper's tooth keeps away, 0–1.
    pressed
        How much of a writer's pressure shows in the width.
    """

    often: float
    width: tuple[float, float]
    softness: tuple[float, float]
    darkness: tuple[float, float]
    grain: tuple[float, float]
    pressed: float


PENS = {
    "ball pen": PenKind(0.26, (0.06, 0.13), (0.10, 0.30), (0.65, 0.95), (0.0, 0.10), 0.4),
    "pencil": PenKind(0.18, (0.07, 0.15), (0.15, 0.40), (0.35, 0.75), (0.25, 0.60), 0.8),
    "felt pen": PenKind(0.24, (0.11, 0.20), (0.08, 0.25), (0.80, 1.00), (0.0, 0.05), 0.7),
    "marker": PenKind(0.16, (0.15, 0.30), (0.05, 0.20), (0.80, 1.00), (0.0, 0.08), 0.3),
    "brush": PenKind(0.06, (0.11, 0.23), (0.08, 0.25), (0.75, 1.00), (0.0, 0.15), 1.6),
    "mouse": PenKind(0.10, (0.06, 0.19), (0.00, 0.08), (1.00, 1.00), (0.0, 0.0), 0.0),
}
"""What people write with, and draw on screens with."""


@dataclass(frozen=True, eq=False)
class Pens:
    """Pens, a row each, by the same measures as `PenKind`; `kind` is the index in `PENS`."""

    kind: UInt8[np.ndarray, " n"]
    width: Float64[np.ndarray, " n"]
    softness: Float64[np.ndarray, " n"]
    darkness: Float64[np.ndarray, " n"]
    grain: Float64[np.ndarray, " n"]
    pressed: Float64[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.kind)

    def __getitem__(self, rows: slice | np.ndarray) -> Pens:
        """Give some of them."""
        return Pens(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def draw_pens(n: int, rng: np.random.Generator) -> Pens:
    """Take `n` pens, of all kinds."""
    kinds = list(PENS.values())
    often = np.array([kind.often for kind in kinds])
    kind = rng.choice(len(kinds), n, p=often / often.sum()).astype(np.uint8)
    drawn = {
        name: np.array([getattr(kind, name)[0] for kind in kinds])[kind]
        + rng.random(n) * np.array([getattr(kind, name)[1] - getattr(kind, name)[0] for kind in kinds])[kind]
        for name in ("width", "softness", "darkness", "grain")
    }
    return Pens(kind, pressed=np.array([each.pressed for each in kinds])[kind], **drawn)


def plain_pens(width: float, n: int = 1) -> Pens:
    """Take `n` pens of one width, in heights of a digit, that draw sharp and black lines."""
    same = np.ones(n)
    return Pens(np.zeros(n, np.uint8), width * same, 0 * same, same, 0 * same, 0 * same)


def widths(writing: Writing, pens: Pens) -> Float64[np.ndarray, "n p"]:
    """Width of the line at each point, in heights of a glyph.

    People write larger with a thick pen, so that what they write stays open: where a pen's line would cover more than
    `COVERED` of the place of a glyph, it is as much narrower.
    """
    step = np.linalg.norm(np.diff(writing.points, axis=1), axis=2)
    length = (step * writing.drawn[:, :-1]).sum(1)
    sides = np.ptp(writing.points, axis=1) + pens.width[:, None]
    winding = length > WINDING * sides.max(1)
    widest = np.where(winding, COVERED * sides.prod(1) / np.maximum(length, 1e-9), np.inf)
    pressed = (1 + pens.pressed[:, None] * (writing.pressure - 1)).clip(0.3, 2.5)
    wide: Float64[np.ndarray, "n p"] = np.minimum(pens.width, widest)[:, None] * pressed
    return wide


def draw_lines(
    canvas: UInt8[np.ndarray, "h w"],
    points: Float64[np.ndarray, "n p 2"],
    drawn: Bool[np.ndarray, "n p"],
    thickness: Float64[np.ndarray, "n p"],
) -> None:
    """Draw full ink on a canvas, in place and without anti-aliasing: for canvases that are averaged afterwards.

    Parameters
    ----------
    canvas
        Ink 0–255; what is drawn gets 255.
    points
        In pixels, (0, 0) being the upper left corner of the canvas.
    drawn
        Whether the pen is down from a point to the next.
    thickness
        Of the line, in pixels at each point; drawn as the nearest odd number.
    """
    corners = np.rint((points - 0.5) * (1 << SHIFT)).astype(np.int32)
    segments = np.stack((corners[:, :-1], corners[:, 1:]), axis=2)[drawn[:, :-1]]
    wide = (thickness[:, :-1] + thickness[:, 1:])[drawn[:, :-1]] / 2
    # OpenCV counts both edges of a line: asked for 2k pixels, it draws 2k + 1, and asked for 1, 1
    wide = (2 * np.rint((wide - 1) / 2)).astype(np.int64).clip(1, 255)
    order = np.argsort(wide, kind="stable")
    # one call for all segments of the same thickness: a call costs more than a segment
    for same in np.split(order, np.flatnonzero(np.diff(wide[order])) + 1):
        if len(same):
            cv2.polylines(canvas, list(segments[same]), False, 255, int(wide[same[0]]), cv2.LINE_8, SHIFT)
