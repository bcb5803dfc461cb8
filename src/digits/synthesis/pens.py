"""Pens and their ink: from pen positions to grey pictures, at any resolution."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from digits.shapes import Bool, Float64, UInt8
from digits.synthesis.handwriting import Handwriting

SUBPIXEL_BITS = 4  # binary places after the point in coordinates for OpenCV
MAX_COVERAGE = 0.62  # share of a glyph's box that its line may cover
LOOP_LENGTH = 1.5  # in longer sides of the box; a longer line runs beside itself, a shorter one cannot fill its box


@dataclass(frozen=True)
class PenKind:
    """A kind of pen, with the ranges that its pens are sampled from."""

    share: float  # of the pens, that are of this kind
    width: tuple[float, float]  # of the line, in heights of a digit
    softness: tuple[float, float]  # standard deviation of the blur at the line's edge, in line widths
    darkness: tuple[float, float]  # grey of full ink, from 0 for paper to 1 for black
    grain: tuple[float, float]  # share of the ink that the texture of paper keeps away, 0–1
    pressure_response: float  # how strongly a writer's pressure changes the width


PEN_KINDS = {
    "ball pen": PenKind(0.26, (0.06, 0.13), (0.10, 0.30), (0.65, 0.95), (0.0, 0.10), 0.4),
    "pencil": PenKind(0.18, (0.07, 0.15), (0.15, 0.40), (0.35, 0.75), (0.25, 0.60), 0.8),
    "felt pen": PenKind(0.24, (0.11, 0.20), (0.08, 0.25), (0.80, 1.00), (0.0, 0.05), 0.7),
    "marker": PenKind(0.16, (0.15, 0.30), (0.05, 0.20), (0.80, 1.00), (0.0, 0.08), 0.3),
    "brush": PenKind(0.06, (0.11, 0.23), (0.08, 0.25), (0.75, 1.00), (0.0, 0.15), 1.6),
    "mouse": PenKind(0.10, (0.06, 0.19), (0.00, 0.08), (1.00, 1.00), (0.0, 0.0), 0.0),
}


@dataclass(frozen=True, eq=False)
class Pens:
    """Pens, one per row, with the quantities of `PenKind`; `kind` is the index in `PEN_KINDS`."""

    kind: UInt8[np.ndarray, " n"]
    width: Float64[np.ndarray, " n"]
    softness: Float64[np.ndarray, " n"]
    darkness: Float64[np.ndarray, " n"]
    grain: Float64[np.ndarray, " n"]
    pressure_response: Float64[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.kind)

    def __getitem__(self, rows: slice | np.ndarray) -> Pens:
        """Select rows."""
        return Pens(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def sample_pens(n: int, rng: np.random.Generator) -> Pens:
    """Sample `n` pens of all kinds."""
    kinds = list(PEN_KINDS.values())
    shares = np.array([kind.share for kind in kinds])
    kind = rng.choice(len(kinds), n, p=shares / shares.sum()).astype(np.uint8)
    sampled = {}
    for name in ("width", "softness", "darkness", "grain"):
        low, high = np.array([getattr(each, name) for each in kinds])[kind].T
        sampled[name] = low + rng.random(n) * (high - low)
    return Pens(kind, pressure_response=np.array([each.pressure_response for each in kinds])[kind], **sampled)


def plain_pens(width: float, n: int = 1) -> Pens:
    """Return `n` pens with sharp black lines of one width, in heights of a digit."""
    same = np.ones(n)
    return Pens(np.zeros(n, np.uint8), width * same, 0 * same, same, 0 * same, 0 * same)


def line_widths(writing: Handwriting, pens: Pens) -> Float64[np.ndarray, "n p"]:
    """Compute the line's width at each point, in heights of a glyph.

    People write larger with a thick pen, so that loops stay open: a line that would cover more than `MAX_COVERAGE` of
    its glyph's box is narrowed to that.
    """
    steps = np.linalg.norm(np.diff(writing.points, axis=1), axis=2)
    length = (steps * writing.pen_down[:, :-1]).sum(1)
    sides = np.ptp(writing.points, axis=1) + pens.width[:, None]
    has_loops = length > LOOP_LENGTH * sides.max(1)
    widest = np.where(has_loops, MAX_COVERAGE * sides.prod(1) / np.maximum(length, 1e-9), np.inf)
    response = (1 + pens.pressure_response[:, None] * (writing.pressure - 1)).clip(0.3, 2.5)
    widths: Float64[np.ndarray, "n p"] = np.minimum(pens.width, widest)[:, None] * response
    return widths


def draw_lines(
    canvas: UInt8[np.ndarray, "h w"],
    points: Float64[np.ndarray, "n p 2"],
    pen_down: Bool[np.ndarray, "n p"],
    widths: Float64[np.ndarray, "n p"],
) -> None:
    """Draw full ink, 255, on a canvas, in place and without anti-aliasing: the canvas is averaged afterwards.

    `points` are in pixels from the upper left corner; `widths`, also in pixels, are drawn as the nearest odd numbers.
    """
    corners = np.rint((points - 0.5) * (1 << SUBPIXEL_BITS)).astype(np.int32)
    segments = np.stack((corners[:, :-1], corners[:, 1:]), axis=2)[pen_down[:, :-1]]
    thickness = (widths[:, :-1] + widths[:, 1:])[pen_down[:, :-1]] / 2
    # OpenCV counts both edges of a line: for a thickness of 2k it draws 2k + 1 pixels, but for 1 it draws 1
    thickness = (2 * np.rint((thickness - 1) / 2)).astype(np.int64).clip(1, 255)
    order = np.argsort(thickness, kind="stable")
    # one call for all segments of the same thickness: a call costs more than a segment
    for same in np.split(order, np.flatnonzero(np.diff(thickness[order])) + 1):
        if len(same):
            cv2.polylines(canvas, list(segments[same]), False, 255, int(thickness[same[0]]), cv2.LINE_8, SUBPIXEL_BITS)
