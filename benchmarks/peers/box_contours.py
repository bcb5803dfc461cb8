"""Reading a number in boxes as an exam platform does, by its published description, in our own words.

The page is made black and white, its contours are followed, and those that are nearly square count as boxes. Of the
row with the most boxes, each is cut out without its walls, scaled to 28 × 28, and given to a network that learned
MNIST: what most people would build first. Nothing is centred, and nothing else on the page is looked at.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

SIDES = 0.008, 0.08
"""Sides of a box, in widths of the page."""

ASPECT = 0.6, 1.5
"""Width over height of a box."""

WALL = 0.12
"""What is cut off on each side, in sides of the box."""

MIN_INK = 0.02
"""Share of black pixels from which on something is in a box."""

Box = tuple[int, int, int, int]


def read_number(grey: np.ndarray, classify: Callable[[np.ndarray], np.ndarray]) -> str:
    """Read the number in the longest row of boxes of a page, ``uint8[h, w]``; `classify` reads ``uint8[n, 28, 28]``."""
    window = max(grey.shape[1] // 60, 3) | 1
    black = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY_INV, window, 10)
    row = find_row(black)
    cells = []
    for x, y, width, height in row:
        off = round(WALL * width), round(WALL * height)
        inside = black[y + off[1] : y + height - off[1], x + off[0] : x + width - off[0]]
        if inside.size and (inside > 0).mean() >= MIN_INK:
            cells.append(cv2.resize(inside, (28, 28), interpolation=cv2.INTER_AREA))
    return "".join(map(str, classify(np.stack(cells)).tolist())) if cells else ""


def find_row(black: np.ndarray) -> list[Box]:
    """Find the longest row of boxes of like size, from left to right."""
    contours, _ = cv2.findContours(black, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    low, high = (share * black.shape[1] for share in SIDES)
    boxes = []
    for contour in contours:
        x, y, width, height = cv2.boundingRect(contour)
        corners = cv2.approxPolyDP(contour, 0.04 * cv2.arcLength(contour, closed=True), closed=True)
        is_square = len(corners) == 4 and ASPECT[0] < width / height < ASPECT[1]
        if is_square and low < width < high and low < height < high:
            boxes.append((x, y, width, height))
    rows = [_gather(box, boxes) for box in boxes]
    return max(rows, key=len, default=[])


def _gather(first: Box, boxes: list[Box]) -> list[Box]:
    """Gather the boxes at the height of one and of its size, without those that lie in another."""
    row = list[Box]()
    for box in sorted(boxes):
        is_alike = abs(box[3] - first[3]) < 0.3 * first[3] and abs(box[1] - first[1]) < 0.5 * first[3]
        if is_alike and (not row or box[0] >= row[-1][0] + 0.5 * first[2]):
            row.append(box)
    return row
