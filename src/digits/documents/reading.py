"""From a picture or document to its tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from digits.documents.characters import Character, list_characters, usual_size
from digits.documents.layout import Layout, Place, arrange
from digits.documents.rule import Region
from digits.documents.sums import Written, add_lines
from digits.documents.table import Cell, Table
from digits.documents.text import describe_doubt, list_digits, write_cell
from digits.errors import UsageError
from digits.inference import Reader, Reading
from digits.inference.inputs import Source, decode_source, read_stream, source_name
from digits.inference.page import to_picture
from digits.inference.pages import SourcePages
from digits.inference.reader import DEFAULT_MODEL, AnyModel, find_reader
from digits.inference.results import Box
from digits.options import shorten, suggest
from digits.preprocessing import MAX_PAGE_SIDE, Decoded, as_grey
from digits.preprocessing.ink import Ink, polarity_evidence, weigh_polarity
from digits.types import CLASSES

MAX_JUDGED = 50
"""Digits, at most, whose surroundings decide whether the ink of a page is dark or light."""


SUMS = ("rows", "columns")
"""Lines of a table whose last cell may be the sum of the others."""

Sums = Literal["rows", "columns"]


def read_table(
    source: Source, *, upright: bool = False, sums: Sums | None = None, model: AnyModel = DEFAULT_MODEL
) -> Table:
    """Read the table in a picture: ruled, a comb of boxes, or numbers in columns.

    Parameters
    ----------
    source
        As of `digits.read`, one picture or one page.
    upright
        As of `digits.read`.
    sums
        ``"rows"`` or ``"columns"``: the last cell of each is the sum of the others. The answer is the most probable
        numbers that add up. A number that is not what was read says so, and so does a sum that is probably wrong.
    model
        As of `digits.read`.

    Raises
    ------
    DataError, ModelError
        As `digits.read`.
    UsageError
        For other sums.
    """
    check_sums(sums)
    name = source_name(source)
    source = read_stream(source, name)
    return read_decoded_table(find_reader(model), decode_source(source, name), name, upright=upright, sums=sums)


def check_sums(sums: str | None) -> None:
    """Check what is to be summed.

    Raises
    ------
    UsageError
        When it is neither of `SUMS`.
    """
    if sums is not None and sums not in SUMS:
        raise UsageError(f"sums {shorten(sums)} is unknown{suggest(str(sums), SUMS)}")


def read_tables(
    source: Source, *, upright: bool = False, sums: Sums | None = None, model: AnyModel = DEFAULT_MODEL
) -> Iterator[Table]:
    """Read the tables of a PDF or TIFF, one per page, each when its turn comes; parameters are those of `read_table`.

    A page that cannot be read raises its error; ``next`` then reads the page after it.

    Raises
    ------
    DataError, ModelError
        As `digits.read_pages`.
    UsageError
        For other sums.
    """
    check_sums(sums)
    name = source_name(source)
    pages, reader = SourcePages(read_stream(source, name), name), find_reader(model)

    def read_page(page: int) -> Table:
        return read_decoded_table(reader, pages.decode(page), pages.name(page), upright=upright, sums=sums)

    return map(read_page, range(1, len(pages) + 1))


def read_decoded_table(
    reader: Reader, decoded: Decoded, name: str, *, upright: bool = False, sums: str | None = None
) -> Table:
    """Read the table in a decoded picture with a reader."""
    reading = reader.read_decoded(decoded, name=name, upright=upright)
    grey = np.ascontiguousarray(np.rot90(as_grey(decoded.picture, MAX_PAGE_SIDE), reading.turned // 90))
    return make_table(reading, grey, sums)


def make_table(reading: Reading, grey: Ink, sums: str | None = None) -> Table:
    """Put what was read on a page, whose upright grey picture is given, into the rows and columns of a table."""
    shape = int(grey.shape[0]), int(grey.shape[1])
    characters = list_characters(reading, shape)
    layout = arrange(darken(grey, characters), characters)
    size = usual_size(characters)

    def make_cell(place: Place) -> Cell:
        text, confidence, notes = write_cell(place, characters, size)
        return Cell(text, confidence, _to_box(place.region, shape, reading), tuple(notes))

    def make_written(place: Place) -> Written:
        digits, cell = list_digits(place, characters, size), make_cell(place)
        classes = np.array([reading.digits[row].probabilities for row in digits], np.float64).reshape(-1, CLASSES)
        settled = {describe_doubt(characters[row]) for row in digits}
        return Written(cell, classes, tuple(notice for notice in cell.notices if notice not in settled))

    parts = []
    for part in layout.parts:
        if not sums:
            parts.append([[make_cell(place) for place in row] for row in part])
            continue
        written = [[make_written(place) for place in row] for row in part]
        if sums == "rows":
            parts.append(add_lines(written))
        else:
            parts.append(list(map(list, zip(*add_lines(list(zip(*written, strict=True))), strict=True))))
    rows = _stack(parts)
    return Table(reading.file, rows, reading.size, _describe_rest(layout, characters, reading))


def darken(grey: Ink, characters: list[Character]) -> Ink:
    """Give a page whose ink is darker than its ground, by what is around its digits."""
    judged = [each for each in characters if each.is_digit]
    evidence = 0.0
    for each in judged[:: -(-len(judged) // MAX_JUDGED) or 1]:
        left, top, width, height = each.box
        around = 0.5 * max(width, height)
        rows = slice(max(int(top - around), 0), int(top + height + around))
        columns = slice(max(int(left - around), 0), int(left + width + around))
        evidence += weigh_polarity(polarity_evidence(grey[rows, columns]))
    return 255 - grey if evidence > 0 else grey


def _to_box(region: Region, shape: tuple[int, int], reading: Reading) -> Box | None:
    left, top, right, bottom = region
    if right <= left:
        return None
    box = np.array((left, top, right - left, bottom - top), np.float32)
    return to_picture(box, shape, reading.turned // 90, reading.size)


def _stack(parts: list[list[list[Cell]]]) -> tuple[tuple[Cell, ...], ...]:
    """Stack the tables of a page, with an empty row between them."""
    width = max((len(row) for part in parts for row in part), default=0)
    rows = list[tuple[Cell, ...]]()
    for part in parts:
        rows += [(Cell(""),) * width] if rows else []
        rows += [(*row, *[Cell("")] * (width - len(row))) for row in part]
    return tuple(rows)


def _describe_rest(layout: Layout, characters: list[Character], reading: Reading) -> str:
    if not layout.parts:
        return reading.notice or "no digit read"
    outside = sum(characters[row].accepted for row in layout.outside)
    counts = [
        (outside, "outside of the table"),
        (reading.printed, "printed"),
        (reading.struck, "struck through"),
    ]
    return "; ".join(f"{count} {what} left out" for count, what in counts if count)
