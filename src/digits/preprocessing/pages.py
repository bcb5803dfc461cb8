"""The pages of a file: one of a picture, any number of a PDF or a TIFF."""

from __future__ import annotations

from digits.errors import DataError
from digits.preprocessing.ink import Picture
from digits.preprocessing.opening import begins_like_picture
from digits.preprocessing.pdf import PDF_START, Pdf
from digits.preprocessing.tiff import TIFF_STARTS, find_pages, select_page

MAX_PAGES = 2**16
"""Pages of a file, at most: each may fail with a sentence of its own, and a few bytes can claim any number."""

HEAD_BYTES = 1024
"""A PDF begins within so many bytes of its file, by its specification: some programs and printers put lines before."""


class SeveralPagesError(DataError):
    """A file of several pages where one was wanted; `count` is how many."""

    def __init__(self, message: str, count: int) -> None:
        super().__init__(message, count)  # both, since pickling between processes needs them
        self.message, self.count = message, count

    def __str__(self) -> str:
        return self.message


class Pages:
    """The pages of a file, found without decoding any of them; its length is their number.

    Parameters
    ----------
    content
        The whole file; anything that is neither PDF nor TIFF counts as a picture, which is one page.
    name
        The file's name in errors.

    Raises
    ------
    DataError
        When it has more than `MAX_PAGES`; and when it is a PDF that is encrypted, damaged or without pages.
    """

    def __init__(self, content: bytes, name: str) -> None:
        self.name = name
        self._content = content
        self._pdf = Pdf(content, name) if is_pdf(content) else None
        self._places = find_pages(content, MAX_PAGES) if content.startswith(TIFF_STARTS) else []
        self._count = self._pdf.count if self._pdf else max(len(self._places), 1)
        if self._count > MAX_PAGES:
            raise DataError(f"{name} has over {MAX_PAGES:,} pages: split it into smaller files")

    def __len__(self) -> int:
        return self._count

    def choose(self, page: int | None) -> int:
        """Check the number of a page, counted from 1; without one, the file must have a single page.

        Raises
        ------
        SeveralPagesError
            When it has more.
        DataError
            When there is no such page.
        """
        pages = f"{len(self):,} page{'s' * (len(self) > 1)}"
        if page is None and len(self) > 1:
            raise SeveralPagesError(f"{self.name} has {pages}: name the one to read", len(self))
        if page is not None and not 1 <= page <= len(self):
            raise DataError(f"{self.name} has no page {page:,}: it has {pages}, counted from 1")
        return page or 1

    def draw(self, page: int, name: str, max_side: int) -> tuple[Picture, tuple[int, int]] | None:
        """Draw a page of a PDF, as `Pdf.draw` does; None for any other file."""
        return self._pdf.draw(page - 1, name, max_side) if self._pdf else None

    def picture(self, page: int) -> bytes:
        """Return a picture file whose first or only page is this one."""
        return select_page(self._content, self._places[page - 1]) if len(self._places) > 1 else self._content


def may_have_pages(head: bytes) -> bool:
    """Whether a file that begins so may have several pages."""
    return head.startswith(TIFF_STARTS) or is_pdf(head)


def is_pdf(content: bytes) -> bool:
    """Whether a file is a PDF; a picture whose text mentions one is a picture."""
    head = content[:HEAD_BYTES]
    return head.startswith(PDF_START) or (PDF_START in head and not begins_like_picture(head))
