"""The pages of a PDF, drawn by PDFium in a process of its own, within limits on time and memory.

The process is started with the first PDF.
"""

from __future__ import annotations

import itertools

import numpy as np

from digits.errors import DataError
from digits.preprocessing import pdf_process
from digits.preprocessing.headers import too_costly
from digits.preprocessing.ink import Picture
from digits.preprocessing.pdf_program import DAMAGED, ENCRYPTED, MEMORY, POINTS_PER_INCH, FaultError

PDF_START = b"%PDF-"

BOX_DPI = 200
"""Resolution, in dots per inch, in which boxes on a page are given: that of most scanners' documents."""

MAX_DPI = 300
"""Resolution at which a page is drawn, at most: a small label with a scanned digit must not become a blur."""

_numbers = itertools.count(1)


class Pdf:
    """A PDF.

    Raises
    ------
    DataError
        When it is encrypted, damaged or without pages, or takes too much time or memory to open.
    """

    def __init__(self, content: bytes, name: str) -> None:
        self._number, self._content = next(_numbers), content
        try:
            self.count = pdf_process.get_process().open(self._number, content)
        except (FaultError, OSError) as error:
            raise _describe(error, name) from None
        if not self.count:
            raise DataError(f"{name} has no pages: export it or download it again")

    def draw(self, number: int, name: str, max_side: int) -> tuple[Picture, tuple[int, int]]:
        """Draw a page, counted from 0, with a longer side of `max_side` pixels, or less if that would exceed `MAX_DPI`.

        Returns the picture, grey if it has no colour, and the size of the page in pixels at `BOX_DPI`.

        Raises
        ------
        DataError
            When the page is damaged, or takes too much time or memory to draw.
        """
        try:
            drawing = pdf_process.get_process().draw(self._number, self._content, number, max_side, MAX_DPI)
        except (FaultError, OSError) as error:
            raise _describe(error, name) from None
        picture = np.frombuffer(drawing.pixels, np.uint8).reshape(*drawing.shape[::-1], 3)
        picture = np.array(picture[..., 0] if (picture == picture[..., :1]).all() else picture)
        across, down = (max(round(points * BOX_DPI / POINTS_PER_INCH), 1) for points in drawing.size)
        return picture, (across, down)


def _describe(error: FaultError | OSError, name: str) -> DataError:
    """Say why a PDF cannot be opened, or a page drawn, and what to do."""
    if isinstance(error, OSError):
        problem = f"no process can be started to draw it: {error.strerror}"
        return DataError(f"{name} cannot be read, since {problem}; end other programs and try again")
    fault = str(error)
    if fault == ENCRYPTED:
        return DataError(f"{name} is encrypted: open it with its password, and save it without one")
    if fault == DAMAGED:
        return DataError(f"{name} is damaged: export it or download it again")
    if fault == pdf_process.LATE:
        return too_costly(name, f"over {pdf_process.MAX_SECONDS:g} seconds")
    memory = f"over {pdf_process.MAX_MEMORY / 2**30:g} GiB of memory"
    if fault == MEMORY:
        return too_costly(name, memory)
    return DataError(f"{name} takes {memory} to draw, or makes PDFium fail: save it again as PNG or JPEG")
