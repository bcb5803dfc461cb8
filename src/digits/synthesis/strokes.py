"""From a path's text to points along the curve: parsing, and splines as one matrix a path."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from digits.shapes import Bool, Float64

POINTS = 48
"""Points along a whole path, pen lifts included: a segment every two hundredths of a digit's height or so."""

FINE = 60
"""Steps a piece of curve is measured by."""


TIE = 1e-9
"""Lengths that differ by less count as equal, lest the last bit of a sum, which differs between processors, decides."""


@dataclass(frozen=True, eq=False)
class Path:
    """A path as linear algebra: what is jittered, and how points on the curve follow from it.

    Attributes
    ----------
    controls
        The points its text names, in heights of the digit.
    sharp, round
        Matrices from control points to points along the curve: through the control points with their corners
        (Catmull and Rom 1974), and past them without corners (uniform cubic B-spline).
    drawn
        Whether the pen is down from a point to the next; always False for the last.
    ends
        Whether a control point begins or ends a stroke.
    along
        Where in its stroke a point lies, 0–1.
    """

    controls: Float64[np.ndarray, "k 2"]
    sharp: Float64[np.ndarray, "p k"]
    round: Float64[np.ndarray, "p k"]
    drawn: Bool[np.ndarray, " p"]
    ends: Bool[np.ndarray, " k"]
    along: Float64[np.ndarray, " p"]


def parse(text: str, points: int = POINTS) -> Path:
    """Read a path as `digits.synthesis.skeletons` describes them.

    Parameters
    ----------
    text
        Strokes of two or more points each.
    points
        Points along the whole path, shared among its strokes by their lengths.
    """
    strokes = [[_control(word) for word in stroke.split()] for stroke in text.split("|")]
    places = [np.array([place for place, _ in stroke]) for stroke in strokes]
    corners = [np.array([corner for _, corner in stroke]) for stroke in strokes]
    fine = [_fine(corner) for corner in corners]
    lengths = [np.linalg.norm(np.diff(sharp @ p, axis=0), axis=1) for (sharp, _), p in zip(fine, places, strict=True)]
    counts = _shared(points, np.array([length.sum() for length in lengths]))
    k = sum(map(len, places))
    sharp, rounded = np.zeros((points, k)), np.zeros((points, k))
    drawn, ends, along = np.ones(points, bool), np.zeros(k, bool), np.zeros(points)
    row = column = 0
    for (matrix, soft), length, count in zip(fine, lengths, counts, strict=True):
        reached = np.concatenate(([0.0], length.cumsum())) / length.sum()
        chosen = np.searchsorted(reached, np.linspace(0, 1, count) - TIE).clip(0, len(reached) - 1)
        rows, columns = slice(row, row + count), slice(column, column + matrix.shape[1])
        sharp[rows, columns], rounded[rows, columns] = matrix[chosen], soft[chosen]
        along[rows] = np.linspace(0, 1, count)
        drawn[row + count - 1] = False
        ends[[columns.start, columns.stop - 1]] = True
        row, column = rows.stop, columns.stop
    return Path(np.concatenate(places), sharp, rounded, drawn, ends, along)


def _control(word: str) -> tuple[tuple[float, float], bool]:
    x, y = word.rstrip("!").split(",")
    return (float(x) / 100, float(y) / 100), word.endswith("!")


def _shared(points: int, lengths: Float64[np.ndarray, " s"]) -> list[int]:
    """Share points among strokes by length, each getting at least three."""
    counts = np.maximum(3, np.floor(points * lengths / lengths.sum() + TIE)).astype(int)
    counts[int(np.argmax(lengths + TIE * np.arange(len(lengths), 0, -1)))] += points - counts.sum()
    return [int(count) for count in counts]


def _fine(corner: Bool[np.ndarray, " k"]) -> tuple[Float64[np.ndarray, "f k"], Float64[np.ndarray, "f k"]]:
    """Matrices of a stroke in steps that are fine, but not yet evenly long."""
    eye = np.eye(len(corner))
    # beyond the ends the last step is repeated, so that the rounded curve begins and ends where the stroke does
    around = np.concatenate((2 * eye[:1] - eye[1:2], eye, 2 * eye[-1:] - eye[-2:-1]))
    before, here, after, next_after = (around[i : len(corner) - 1 + i, None] for i in range(4))
    t = np.linspace(0, 1, FINE, endpoint=False)[:, None]
    rounded = (
        (1 - t) ** 3 / 6 * before
        + (3 * t**3 - 6 * t**2 + 4) / 6 * here
        + (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6 * after
        + t**3 / 6 * next_after
    )
    return smooth(eye, corner, FINE), np.concatenate((rounded.reshape(-1, len(corner)), eye[-1:]))


def smooth(
    points: Float64[np.ndarray, "k d"], corner: Bool[np.ndarray, " k"], steps: int
) -> Float64[np.ndarray, "f d"]:
    """Give points on the smooth curve through some: cubic Hermite pieces (Catmull and Rom 1974) of so many steps.

    Parameters
    ----------
    points
        Two or more.
    corner
        At which of them the curve has a corner.
    steps
        Points on each piece; the last point comes in addition.
    """
    # half the way between the neighbours, the one step at the ends
    tangents = np.where(corner[:, None], 0.0, np.gradient(points, axis=0))
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    pieces = (
        (2 * t**3 - 3 * t**2 + 1) * points[:-1, None]
        + (t**3 - 2 * t**2 + t) * tangents[:-1, None]
        + (3 * t**2 - 2 * t**3) * points[1:, None]
        + (t**3 - t**2) * tangents[1:, None]
    )
    return np.concatenate((pieces.reshape((len(points) - 1) * steps, points.shape[1]), points[-1:]))
