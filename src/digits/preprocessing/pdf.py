"""The pages of a PDF, drawn by PDFium within limits on size and, between two objects of a page, on time.

PDFium is loaded with the first PDF. Its functions must not run at the same time, so all calls share a lock.
"""

from __future__ import annotations

import math
import threading
import time
import weakref
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np

from digits.errors import DataError
from digits.preprocessing.headers import too_costly
from digits.preprocessing.ink import Picture

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

PDF_START = b"%PDF-"

POINTS_PER_INCH = 72

BOX_DPI = 200
"""Resolution, in dots per inch, in which boxes on a page are given: that of most scanners' documents."""

MAX_DPI = 300
"""Resolution at which a page is drawn, at most: a small label with a scanned digit must not become a blur."""

MAX_SECONDS = 0.5
"""Processor time of drawing a page, at most: a scanned page takes 0.03, 100,000 lines 0.5."""

_lock = threading.RLock()  # of one thread again, since closing may interrupt it when memory is collected


class Pdf:
    """An open PDF.

    Raises
    ------
    DataError
        When it is encrypted, damaged or without pages.
    """

    def __init__(self, content: bytes, name: str) -> None:
        from pypdfium2 import PdfDocument, raw

        with _lock:
            # `PdfDocument` itself takes a PDF without pages for one that failed to load, and leaks it
            handle = raw.FPDF_LoadMemDocument64(content, len(content), None)
            if not handle and raw.FPDF_GetLastError() == raw.FPDF_ERR_PASSWORD:
                raise DataError(f"{name} is encrypted: open it with its password, and save it without one")
            if not handle:
                raise _damaged(name)
            self._document = PdfDocument(handle)
            weakref.finalize(self, _close, self._document, content)
            self.count = len(self._document)
        if not self.count:
            raise DataError(f"{name} has no pages: export it or download it again")

    def draw(self, number: int, name: str, max_side: int) -> tuple[Picture, tuple[int, int]]:
        """Draw a page, counted from 0, with a longer side of `max_side` pixels, or less if that would exceed `MAX_DPI`.

        Returns the picture, grey if it has no colour, and the size of the page in pixels at `BOX_DPI`.

        Raises
        ------
        DataError
            When the page is damaged, or takes too long to draw.
        """
        import pypdfium2

        try:
            with _lock, closing(self._document.get_page(number)) as page:
                width, height = page.get_size()
                if not (0 < width < math.inf and 0 < height < math.inf):
                    raise _damaged(name)
                scale = min(max_side / max(width, height), MAX_DPI / POINTS_PER_INCH)
                picture = _draw(page, max(round(width * scale), 1), max(round(height * scale), 1), name)
        except pypdfium2.PdfiumError:
            raise _damaged(name) from None
        if (picture == picture[..., :1]).all():
            picture = np.ascontiguousarray(picture[..., 0])
        across, down = (max(round(side * BOX_DPI / POINTS_PER_INCH), 1) for side in (width, height))
        return picture, (across, down)


def _draw(page: PdfPage, width: int, height: int, name: str) -> Picture:
    """Draw a page on white, unless that takes too long."""
    from pypdfium2 import PdfBitmap, raw

    end = time.thread_time() + MAX_SECONDS
    pause = raw.IFSDK_PAUSE(version=1)
    pause.NeedToPauseNow = type(pause.NeedToPauseNow)(lambda _: time.thread_time() > end)
    with closing(PdfBitmap.new_native(width, height, raw.FPDFBitmap_BGR, rev_byteorder=True)) as bitmap:
        bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, height)
        place = (0, 0, width, height, 0)
        flags = raw.FPDF_ANNOT | raw.FPDF_REVERSE_BYTE_ORDER  # writing on a tablet is an annotation
        state = raw.FPDF_RenderPageBitmap_Start(bitmap, page, *place, flags, pause)
        raw.FPDF_RenderPage_Close(page)
        if state == raw.FPDF_RENDER_TOBECONTINUED:
            raise too_costly(name, f"over {MAX_SECONDS:g} seconds")
        if state != raw.FPDF_RENDER_DONE:
            raise _damaged(name)
        return np.array(bitmap.to_numpy())


def _close(document: PdfDocument, _content: bytes) -> None:
    """Close a document, which reads its content until then."""
    with _lock:
        document.close()


def _damaged(name: str) -> DataError:
    return DataError(f"{name} is damaged: export it or download it again")
