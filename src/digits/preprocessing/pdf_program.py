"""The program of the process that draws the pages of PDFs, within limits on time and memory.

`pdf_process` starts it as a script: it imports nothing of digits, NumPy or OpenCV, so that it starts in less time than
a page takes to read.

A request is a line of JSON, with the processor time allowed in ``"seconds"``. ``{"bytes": n}``, followed by so many
bytes, opens a PDF, and closes the one before; ``{"page": n, "side": pixels, "dpi": n}`` draws one of its pages, counted
from 0. An answer is a line of JSON, too: ``{"count": pages}``; or the ``"size"`` of the page in points and that of the
drawing in ``"pixels"``, width and height, followed by its rows, three bytes per pixel; or an ``"error"``, one of
`ENCRYPTED`, `DAMAGED` and `MEMORY`.
"""

from __future__ import annotations

import ctypes
import json
import math
import os
import signal
import sys
from contextlib import suppress
from typing import Any

ENCRYPTED, DAMAGED, MEMORY = "encrypted", "damaged", "memory"

POINTS_PER_INCH = 72

Answer = tuple[dict[str, Any], Any]
"""What is written as JSON, and the pixels that follow."""


class FaultError(Exception):
    """A PDF or page that cannot be drawn; its argument says why."""


class Document:
    """An open PDF of `count` pages."""

    def __init__(self, content: bytes) -> None:
        import pypdfium2_raw as pdfium

        self._content = content  # which PDFium reads until the document is closed
        self._handle = pdfium.FPDF_LoadMemDocument64(content, len(content), None)
        if not self._handle:
            is_locked = pdfium.FPDF_GetLastError() == pdfium.FPDF_ERR_PASSWORD
            raise FaultError(ENCRYPTED if is_locked else DAMAGED)
        self.count = int(pdfium.FPDF_GetPageCount(self._handle))

    def close(self) -> None:
        """Free what it needs."""
        import pypdfium2_raw as pdfium

        pdfium.FPDF_CloseDocument(self._handle)

    def draw(self, number: int, side: int, dpi: int) -> Answer:
        """Draw a page on white, with a longer side of `side` pixels, or less if that would exceed the resolution."""
        import pypdfium2_raw as pdfium

        page = pdfium.FPDF_LoadPage(self._handle, number)
        if not page:
            raise FaultError(DAMAGED)
        try:
            size = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
            if not all(0 < points < math.inf for points in size):
                raise FaultError(DAMAGED)
            scale = min(side / max(size), dpi / POINTS_PER_INCH)
            width, height = (max(round(points * scale), 1) for points in size)
            return {"size": size, "pixels": (width, height)}, _draw(page, width, height)
        finally:
            pdfium.FPDF_ClosePage(page)


def _draw(page: Any, width: int, height: int) -> Any:
    import pypdfium2_raw as pdfium

    pixels = (ctypes.c_ubyte * (3 * width * height))()
    bitmap = pdfium.FPDFBitmap_CreateEx(width, height, pdfium.FPDFBitmap_BGR, pixels, 3 * width)
    if not bitmap:
        raise MemoryError
    try:
        pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xFFFFFFFF)
        flags = pdfium.FPDF_ANNOT | pdfium.FPDF_REVERSE_BYTE_ORDER  # writing on a tablet is an annotation
        pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, flags)
    finally:
        pdfium.FPDFBitmap_Destroy(bitmap)
    return pixels


def main() -> None:
    """Answer requests until standard input ends; arguments are the search path of modules and the bytes of memory."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # sent to both processes: the one that asks decides
    path, memory = json.loads(sys.argv[1])
    sys.path[:] = path
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what PDFium prints is no answer
    import pypdfium2_raw as pdfium

    _limit(memory)
    pdfium.FPDF_InitLibraryWithConfig(pdfium.FPDF_LIBRARY_CONFIG(version=2))
    document: Document | None = None
    while line := requests.readline():
        request = json.loads(line)
        _set_timer(request["seconds"])
        pixels: Any = b""
        try:
            if "bytes" in request:
                if document:
                    document.close()
                document = None
                document = Document(requests.read(request["bytes"]))
                answer: dict[str, Any] = {"count": document.count}
            elif document:
                answer, pixels = document.draw(request["page"], request["side"], request["dpi"])
        except FaultError as fault:
            answer = {"error": str(fault)}
        except MemoryError:
            answer = {"error": MEMORY}
        _set_timer(0)
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.write(pixels)
        answers.flush()


def _limit(memory: int) -> None:
    """Limit the memory of this process, where the system can, and let it leave no file when it ends."""
    with suppress(ImportError):  # on Windows
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        memory = memory if most == resource.RLIM_INFINITY else min(memory, most)
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _set_timer(seconds: float) -> None:
    """Let the system end this process after so many seconds of processor time; 0: never."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, seconds)


if __name__ == "__main__":
    main()
