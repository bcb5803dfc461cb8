"""A document and what is written on it: for every digit and sign its class, box, line, direction, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from digits.shapes import Bool, Float32, Int64, UInt8, UInt16

CHARACTERS = "0123456789.,-/:+=()×%"
"""The classes: the label of a character is its place in this text, so that digits are their own labels."""

LABELS = {character: label for label, character in enumerate(CHARACTERS)}


@dataclass(frozen=True, eq=False)
class Truth:
    """The n digits and signs of a picture, in the order in which they were written or printed.

    Letters, ticks, drawings and everything else are ground: they have no entry.

    Attributes
    ----------
    labels
        Places in `CHARACTERS`.
    boxes
        x, y, width and height of the ink, in pixels, cut at the picture's edge.
    lines
        Number of the line, 0 or more: one number, word or cell, or several on one line of writing.
    orders
        Place in the line, 0 or more. Where a character is missing here, it lies beyond the picture.
    directions
        In radians, the direction in which the line goes on: 0 to the right, π / 2 downwards.
    printed
        Whether it is print, and not handwriting.
    struck
        Whether it was struck through.
    visible
        Share of the box in 0–1 that lies in the picture and is not covered, by a finger for example.
    mask
        For every pixel 0, or 1 + the row of the handwritten digit or sign whose ink it shows; later ink covers earlier.
    """

    labels: UInt8[np.ndarray, " n"]
    boxes: Int64[np.ndarray, "n 4"]
    lines: Int64[np.ndarray, " n"]
    orders: Int64[np.ndarray, " n"]
    directions: Float32[np.ndarray, " n"]
    printed: Bool[np.ndarray, " n"]
    struck: Bool[np.ndarray, " n"]
    visible: Float32[np.ndarray, " n"]
    mask: UInt16[np.ndarray, "h w"]

    def __len__(self) -> int:
        return len(self.labels)


WALL_POINTS = 9


@dataclass(frozen=True, eq=False)
class Walls:
    """The m lines of a picture that part cells to write in: of tables, boxes and combs, but not those of paper.

    Attributes
    ----------
    points
        Along each line, x and y in pixels; walls bend with the paper.
    is_level
        Whether it runs from left to right on the page, and not from top to bottom.
    """

    points: Float32[np.ndarray, "m 9 2"] = field(default_factory=lambda: np.zeros((0, WALL_POINTS, 2), np.float32))
    is_level: Bool[np.ndarray, " m"] = field(default_factory=lambda: np.zeros(0, bool))

    def draw(self, height: int, width: int, weight: int = 2) -> UInt8[np.ndarray, "2 _h _w"]:
        """Draw the level and the upright ones into a picture each, `weight` pixels wide: 255 where one is."""
        drawn = np.zeros((2, height, width), np.uint8)
        for points, is_level in zip(self.points, self.is_level, strict=True):
            sixteenths = np.rint((points - 0.5) * 16).astype(np.int32)
            cv2.polylines(drawn[0 if is_level else 1], [sixteenths], False, 255, weight, cv2.LINE_8, 4)
        return drawn


@dataclass(frozen=True, eq=False)
class Document:
    """A grey picture, or a part of one, and what is written on it."""

    picture: UInt8[np.ndarray, "h w"]
    truth: Truth
    walls: Walls = field(default_factory=Walls)


@dataclass(frozen=True, eq=False)
class Character:
    """A digit or sign on a page.

    Attributes
    ----------
    label
        Place in `CHARACTERS`.
    outline
        Points x and y around its ink, in pixels of the page.
    line
        Number of its line.
    order
        Place in the line.
    angle
        Direction of the line at this place, in radians.
    printed
        Whether it is print.
    """

    label: int
    outline: Float32[np.ndarray, "k 2"]
    line: int
    order: int
    angle: float
    printed: bool
