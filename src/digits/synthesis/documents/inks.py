"""Pieces of ink: drawn, turned, cut out, grained, and outlined."""

from __future__ import annotations

import cv2
import numpy as np

from digits.preprocessing.ink import Ink
from digits.shapes import Bool, Float32, Float64, UInt8
from digits.synthesis.documents.resampling import interpolate_at
from digits.synthesis.pens import draw_lines

MASK_LEVEL = 90  # ink from which a pixel belongs to its digit; half of the darkest, where a pen is so thin or faint


def draw_ink(
    points: Float64[np.ndarray, "p 2"], pen_down: np.ndarray, widths: np.ndarray, softness: float = 0.0
) -> tuple[Ink, float, float]:
    """Draw strokes, all in pixels; give their ink without margin, and the x and y of its upper left corner."""
    half = widths.max() / 2
    low = np.floor(points.min(0) - half) - 1
    width, height = (int(side) for side in np.ceil(points.max(0) + half) - low + 1)
    factor = 4 if max(width, height) < 80 else 2 if max(width, height) < 300 else 1
    canvas = np.zeros((height * factor, width * factor), np.uint8)
    draw_lines(canvas, (points - low)[None] * factor, pen_down[None], widths[None] * factor)
    ink: Ink = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA) if factor > 1 else canvas
    blur = softness * float(widths[0])
    if blur > 0.4:
        ink = cv2.GaussianBlur(ink, (0, 0), blur)
    left, top = cv2.boundingRect(ink)[:2]
    return cut_out(ink), float(low[0] + left), float(low[1] + top)


def rotation(angle: float | int) -> Float64[np.ndarray, "2 2"]:
    """Make the matrix that turns x and y, y down, clockwise."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([(cosine, -sine), (sine, cosine)])


def turn(ink: Ink, angle: float | int) -> Ink:
    """Turn ink around its middle."""
    side = int(np.ceil(np.hypot(*ink.shape))) + 2
    grid = np.mgrid[:side, :side][::-1].reshape(2, -1) - (side - 1) / 2
    height, width = ink.shape
    x, y = (rotation(-angle) @ grid + np.array([[width - 1], [height - 1]]) / 2).reshape(2, side, side)
    return interpolate_at(ink, x, y, cv2.BORDER_CONSTANT)


def cut_out(ink: UInt8[np.ndarray, "_h _w"]) -> UInt8[np.ndarray, "_r _c"]:
    """Cut away margins without ink."""
    left, top, width, height = cv2.boundingRect(ink)
    return ink[top : top + height, left : left + width] if width else ink[:1, :1]


def outline(ink: Ink) -> Float32[np.ndarray, "k 2"]:
    """Find the corners of the convex hull of ink: x and y of pixels' edges."""
    inked = is_ink(ink)
    rows = np.flatnonzero(inked.any(1))
    inked = inked[rows]
    first, last = inked.argmax(1), ink.shape[1] - inked[:, ::-1].argmax(1)
    x = np.concatenate((first, last, first, last))
    y = np.concatenate((rows, rows, rows + 1, rows + 1))
    points = np.stack((x, y), axis=1).astype(np.int32)
    hull: Float32[np.ndarray, "k 2"] = cv2.convexHull(points)[:, 0].astype(np.float32)
    return hull


def is_ink(ink: Ink) -> Bool[np.ndarray, "_h _w"]:
    """Mark the pixels that belong to ink, and not to its soft edge."""
    level: Bool[np.ndarray, "_h _w"] = ink > min(MASK_LEVEL, int(ink.max()) // 2)
    return level


_GRAIN = np.clip(128 + 60 * np.random.default_rng(0).standard_normal((512, 512)), 0, 255).astype(np.uint8)


def grain_ink(ink: Ink, grain: float, rng: np.random.Generator) -> Ink:
    """Keep a share of up to `grain` of the ink away, in the hollows of paper; large pieces stay as they are."""
    height, width = ink.shape
    if height > 500 or width > 500:
        return ink
    y, x = rng.integers(512 - height), rng.integers(512 - width)
    return cv2.subtract(ink, cv2.convertScaleAbs(_GRAIN[y : y + height, x : x + width], alpha=grain))
