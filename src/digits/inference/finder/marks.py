"""Found marks: digits and signs with their boxes, classes and links."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from digits.shapes import Bool, Float32, Int64


@dataclass(frozen=True, eq=False)
class Marks:
    """n digits and signs that the finder has found, in any order.

    Attributes
    ----------
    boxes
        x, y, width and height in pixels.
    scores
        Confidence that here is a character, 0–1.
    handwritten
        Probability that it is handwritten and not printed, 0–1.
    classes
        Log-probability of each class of the finder.
    links
        Log-odds that the line goes on, and x and y of the middle of the next character, in pixels.
    directions
        Angle at which the line goes on, in radians: 0 to the right, π / 2 downwards.
    struck
        Log-odds that it is struck through.
    """

    boxes: Float32[np.ndarray, "n 4"]
    scores: Float32[np.ndarray, " n"]
    handwritten: Float32[np.ndarray, " n"]
    classes: Float32[np.ndarray, "n _k"]
    links: Float32[np.ndarray, "n 3"]
    directions: Float32[np.ndarray, " n"]
    struck: Float32[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, rows: Int64[np.ndarray, " _m"] | Bool[np.ndarray, " _n"]) -> Marks:
        return Marks(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @property
    def labels(self) -> Int64[np.ndarray, " n"]:
        """Most probable class of each."""
        classes: Int64[np.ndarray, " n"] = self.classes.argmax(1) if len(self) else np.zeros(0, np.int64)
        return classes

    @property
    def centres(self) -> Float32[np.ndarray, "n 2"]:
        """X and y of the middle of each box."""
        middles: Float32[np.ndarray, "n 2"] = self.boxes[:, :2] + self.boxes[:, 2:] / 2
        return middles

    def moved(self, x: int, y: int) -> Marks:
        """Return the same marks, so many pixels further to the right and down."""
        return self._mapped(1.0, np.array([x, y], np.float32))

    def scaled(self, factor: float) -> Marks:
        """Return the same marks in a picture that is so many times as large."""
        return self._mapped(factor, np.zeros(2, np.float32))

    def _mapped(self, factor: float, shift: Float32[np.ndarray, " 2"]) -> Marks:
        boxes, links = self.boxes * np.float32(factor), self.links.copy()
        boxes[:, :2] += shift
        links[:, 1:] = links[:, 1:] * np.float32(factor) + shift
        return replace(self, boxes=boxes, links=links)


def join(parts: list[Marks]) -> Marks:
    """Put marks of one or more parts of a picture together."""
    return Marks(
        **{field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Marks)}
    )
