"""What the finder's network says of every place, and how that becomes marks; training encodes what this decodes.

The network has one answer for each cell of 4 × 4 pixels of a picture. A cell answers for the character whose centre it
is (Zhou, Wang, Krähenbühl, "Objects as points", 2019), and its neighbours give the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from digits.inference.finder.marks import Marks
from digits.shapes import Float32

STRIDE = 4
"""Side of a cell in pixels."""

MULTIPLE = 32
"""Height and width that the network takes are multiples of this, the side of its coarsest cell, in pixels."""

LINK_UNIT = 32.0
"""Pixels to which the links' numbers refer: the usual distance of two digits, so that all numbers are near 1."""

MAX_LOG_SIDE = 10.0
"""Logarithm of the longest side of a box in pixels: far more than is ever right, and still a number when squared."""


def outputs(classes: int) -> dict[str, int]:
    """Return the network's outputs with their channels, for so many classes of characters.

    - ``centres``: whether here is the centre of a handwritten, of a printed digit or sign; 0–1, and 0 but at peaks
    - ``small``: whether here are handwritten digits too small for this scale, 0–1
    - ``classes``: log-probabilities of the character
    - ``boxes``: from the middle of the cell to that of the box, x and y in cells; log of width and height in pixels
    - ``links``: log-odds that the line goes on; from the middle of the cell to that of the next box, x and y in
      `LINK_UNIT`
    - ``directions``: cosine and sine of the angle at which the line goes on
    - ``struck``: log-odds that the character is struck through
    """
    return {"centres": 2, "small": 1, "classes": classes, "boxes": 4, "links": 3, "directions": 2, "struck": 1}


def decode(maps: Mapping[str, Float32[np.ndarray, "_c _h _w"]], min_score: float) -> Marks:
    """Turn the network's outputs for one picture into marks.

    Parameters
    ----------
    maps
        By the names of `outputs`, each of shape channels × height / 4 × width / 4.
    min_score
        Score from which on a peak is a mark, 0–1.
    """
    scores = maps["centres"].max(0)
    rows, columns = np.nonzero(scores >= min_score)

    def at(name: str) -> Float32[np.ndarray, "_n _c"]:
        values: Float32[np.ndarray, "_n _c"] = maps[name][:, rows, columns].T
        return values

    cells = ((np.stack((columns, rows), axis=1) + 0.5) * STRIDE).astype(np.float32)
    boxes, links = at("boxes"), at("links")
    centres = cells + STRIDE * boxes[:, :2]
    sides = np.exp(boxes[:, 2:].clip(max=MAX_LOG_SIDE))
    return Marks(
        boxes=np.concatenate((centres - sides / 2, sides), axis=1),
        scores=scores[rows, columns],
        handwritten=at("centres")[:, 0] / at("centres").sum(1).clip(1e-9),
        classes=at("classes"),
        links=np.concatenate((links[:, :1], cells + LINK_UNIT * links[:, 1:]), axis=1),
        directions=np.arctan2(at("directions")[:, 1], at("directions")[:, 0]),
        struck=at("struck")[:, 0],
    )
