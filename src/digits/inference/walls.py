"""The walls of cells on a page: a small network tells the rules of tables, boxes and combs from those of paper.

It learned from synthetic documents: ``python -m benchmarks walls`` trains it again.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from digits.inference.model import SHIPPED_FOLDER
from digits.inference.trial import open_session
from digits.preprocessing.scales import double, shrink, stretch
from digits.shapes import UInt8

if TYPE_CHECKING:
    import onnxruntime

WALLS_FILE = SHIPPED_FOLDER / "walls.onnx"

INPUT, OUTPUT = "pictures", "walls"

MULTIPLE = 16
"""Of which height and width of what the network sees are multiples."""

HEIGHTS = 10.0, 26.0
"""Heights of the usual digit, in pixels, between which a page is as it is: the network learned from 10 to 40. Larger
pages are shrunk, and those with smaller digits are seen at twice their size."""


def find_walls(grey: UInt8[np.ndarray, "h w"], size: float) -> UInt8[np.ndarray, "2 h w"]:
    """Say for every pixel of a page whether a level, and whether an upright wall of a cell runs through it.

    Parameters
    ----------
    grey
        The upright page.
    size
        Height of the usual digit, in pixels.

    Returns
    -------
    uint8[2, h, w]
        Probabilities, times 255.
    """
    seen = shrink(grey, HEIGHTS[1] / size) if size > HEIGHTS[1] else double(grey) if size < HEIGHTS[0] else grey
    rows, columns = seen.shape
    padded = np.pad(seen, ((0, -rows % MULTIPLE), (0, -columns % MULTIPLE)), mode="edge")
    (answered,) = _load().run([OUTPUT], {INPUT: padded[None]})
    walls: UInt8[np.ndarray, "2 h w"] = np.rint(255 * answered[0, :, :rows, :columns]).astype(np.uint8)
    if seen.shape != grey.shape:
        walls = np.stack([stretch(each, grey.shape) for each in walls])
    return walls


@cache
def _load() -> onnxruntime.InferenceSession:
    # one thread, as of all networks in the service, whose processes share the cores
    return open_session(WALLS_FILE.read_bytes(), WALLS_FILE, None, threads=1)[0]
