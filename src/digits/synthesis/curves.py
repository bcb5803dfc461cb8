"""From the text of a glyph to points along its curve: parsing, and splines as matrices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from digits.shapes import Bool, Float64

GLYPH_POINTS = 48  # along a glyph, pen lifts included: about one per two hundredths of a digit's height
STEPS_PER_PIECE = 60  # in which the length of a piece of curve is measured
TIE_TOLERANCE = 1e-9  # lengths that differ by less are equal: the last bit of a sum depends on the processor


@dataclass(frozen=True, eq=False)
class Glyph:
    """A glyph as linear algebra: control points, and how points on the curve follow from them.

    Two matrices turn control points into points along the curve: `sharp` goes through them with their corners (Catmull
    and Rom 1974), `rounded` past them without corners (uniform cubic B-spline).
    """

    controls: Float64[np.ndarray, "k 2"]  # the points of its text, in heights of the digit
    sharp: Float64[np.ndarray, "p k"]
    rounded: Float64[np.ndarray, "p k"]
    pen_down: Bool[np.ndarray, " p"]  # from a point to the next; False for the last
    ends: Bool[np.ndarray, " k"]  # whether a control point is the first or last of a stroke


def parse_glyph(text: str, points: int = GLYPH_POINTS) -> Glyph:
    """Parse a glyph in the notation of `digits.synthesis.glyphs`; its strokes share `points` by length."""
    strokes = [[_parse_point(word) for word in stroke.split()] for stroke in text.split("|")]
    controls = [np.array([place for place, _ in stroke]) for stroke in strokes]
    curves = [_curve_matrices(np.array([is_corner for _, is_corner in stroke])) for stroke in strokes]
    lengths = [
        np.linalg.norm(np.diff(sharp @ p, axis=0), axis=1) for (sharp, _), p in zip(curves, controls, strict=True)
    ]
    counts = _divide_points(points, np.array([length.sum() for length in lengths]))
    k = sum(map(len, controls))
    all_sharp, all_rounded = np.zeros((points, k)), np.zeros((points, k))
    pen_down, ends = np.ones(points, bool), np.zeros(k, bool)
    row = column = 0
    for (sharp, rounded), length, count in zip(curves, lengths, counts, strict=True):
        reached = np.concatenate(([0.0], length.cumsum())) / length.sum()
        chosen = np.searchsorted(reached, np.linspace(0, 1, count) - TIE_TOLERANCE).clip(0, len(reached) - 1)
        rows, columns = slice(row, row + count), slice(column, column + sharp.shape[1])
        all_sharp[rows, columns], all_rounded[rows, columns] = sharp[chosen], rounded[chosen]
        pen_down[row + count - 1] = False
        ends[[columns.start, columns.stop - 1]] = True
        row, column = rows.stop, columns.stop
    return Glyph(np.concatenate(controls), all_sharp, all_rounded, pen_down, ends)


def _parse_point(word: str) -> tuple[tuple[float, float], bool]:
    x, y = word.rstrip("!").split(",")
    return (float(x) / 100, float(y) / 100), word.endswith("!")


def _divide_points(points: int, lengths: Float64[np.ndarray, " s"]) -> list[int]:
    """Divide points among strokes by length; each gets at least three."""
    counts = np.maximum(3, np.floor(points * lengths / lengths.sum() + TIE_TOLERANCE)).astype(int)
    counts[int(np.argmax(lengths + TIE_TOLERANCE * np.arange(len(lengths), 0, -1)))] += points - counts.sum()
    return [int(count) for count in counts]


def _curve_matrices(is_corner: Bool[np.ndarray, " k"]) -> tuple[Float64[np.ndarray, "f k"], Float64[np.ndarray, "f k"]]:
    """Make the sharp and rounded matrices of a stroke, in steps that are fine but not yet of even length."""
    eye = np.eye(len(is_corner))
    # the last step is repeated beyond the ends, so that the rounded curve begins and ends where the stroke does
    around = np.concatenate((2 * eye[:1] - eye[1:2], eye, 2 * eye[-1:] - eye[-2:-1]))
    before, here, after, next_after = (around[i : len(is_corner) - 1 + i, None] for i in range(4))
    t = np.linspace(0, 1, STEPS_PER_PIECE, endpoint=False)[:, None]
    rounded = (
        (1 - t) ** 3 / 6 * before
        + (3 * t**3 - 6 * t**2 + 4) / 6 * here
        + (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6 * after
        + t**3 / 6 * next_after
    )
    rounded = np.concatenate((rounded.reshape(-1, len(is_corner)), eye[-1:]))
    return interpolate(eye, is_corner, STEPS_PER_PIECE), rounded


def interpolate(
    points: Float64[np.ndarray, "k d"], is_corner: Bool[np.ndarray, " k"], steps: int
) -> Float64[np.ndarray, "f d"]:
    """Interpolate between two or more points in `steps` per piece: cubic Hermite pieces (Catmull and Rom 1974)."""
    # half the distance between the neighbours; one-sided at the ends
    tangents = np.where(is_corner[:, None], 0.0, np.gradient(points, axis=0))
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    pieces = (
        (2 * t**3 - 3 * t**2 + 1) * points[:-1, None]
        + (t**3 - 2 * t**2 + t) * tangents[:-1, None]
        + (3 * t**2 - 2 * t**3) * points[1:, None]
        + (t**3 - t**2) * tangents[1:, None]
    )
    return np.concatenate((pieces.reshape((len(points) - 1) * steps, points.shape[1]), points[-1:]))
