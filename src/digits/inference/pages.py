"""The pages of any source, decoded one by one: what `Reader.read_pages` and ``digits read`` go through."""

from __future__ import annotations

import os

from digits.files import expand_home, open_file
from digits.inference.inputs import PageSource, Source, decode_source, read_content, split_page
from digits.preprocessing import MAX_PAGE_SIDE, Decoded
from digits.preprocessing.decoding import decode_page
from digits.preprocessing.pages import HEAD_BYTES, Pages, may_have_pages


class SourcePages:
    """The pages of a source but an open file, counted from 1; its length is their number.

    A source that names one page, such as ``scan.pdf#3``, has this page alone. Several threads may decode at once.

    Parameters
    ----------
    source
        As of `decode_source`.
    name
        The source's name in results and errors.

    Raises
    ------
    DataError
        When the source is missing, or its pages cannot be counted, with the reason.
    """

    def __init__(self, source: Source, name: str) -> None:
        self._source, self._name = source, name
        content = read_content(source) if split_page(source)[1] is None else None
        self._pages = None if content is None else Pages(content, name)

    def __len__(self) -> int:
        return len(self._pages) if self._pages else 1

    def name(self, page: int) -> str:
        """Name a page: ``scan.pdf#3``; the only page of a source has its name."""
        return f"{self._name}#{page}" if len(self) > 1 else self._name

    def source(self, page: int) -> Source:
        """Return what a page can be decoded from again."""
        return PageSource(self._source, page) if len(self) > 1 else self._source

    def decode(self, page: int, *, max_side: int = MAX_PAGE_SIDE) -> Decoded:
        """Decode a page, shrunk to about so many pixels of its longer side; errors are those of `decode_source`."""
        if self._pages is None:
            return decode_source(self._source, self._name, max_side=max_side)
        return decode_page(self._pages, page, self.name(page), max_side=max_side)


def has_pages(source: Source) -> bool:
    """Whether a path or bytes are a whole PDF or TIFF, by their beginning; False also where it cannot be read."""
    file, page = split_page(source)
    if page is not None or not isinstance(file, bytes | str | os.PathLike):
        return False
    if isinstance(file, bytes):
        return may_have_pages(file)
    try:
        with open_file(expand_home(file)) as opened:
            return may_have_pages(opened.read(HEAD_BYTES))
    except OSError:
        return False
