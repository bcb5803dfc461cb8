"""A table that was read: cells in rows, and how they become CSV, a spreadsheet or JSON."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from typing import Any

from digits.inference.results import Box

DOUBTFUL_FILL = "FFE0B2"
"""Background of a doubtful cell in a spreadsheet: a pale orange."""

NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})([.,]\d{1,14})?")
"""What a spreadsheet may take for a number without changing it: 15 digits, and no leading zeros."""

MAX_LISTED = 5
"""Doubtful cells, at most, that a notice lists."""


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes
    ----------
    text
        Its digits and the signs between them, such as ``-7,5``; ``?`` for a digit that was not read; empty if no
        number is in it.
    confidence
        Probability of the least certain digit, 0–1; 1 without digits.
    box
        Left, top, width and height in pixels of the upright picture; None for an empty cell that no rules enclose.
    notices
        Reasons to check it; empty for most.
    is_text
        Whether it is text in a spreadsheet though it looks like a number, as the number of a student is.
    read
        What was read, if the text is what was made of it; None where both are the same.
    """

    text: str
    confidence: float = 1.0
    box: Box | None = None
    notices: tuple[str, ...] = ()
    is_text: bool = False
    read: str | None = None

    @property
    def doubtful(self) -> bool:
        """Whether somebody should check it."""
        return bool(self.notices)

    @property
    def notice(self) -> str:
        """Why somebody should check it; empty for most."""
        return "; ".join(self.notices)

    def __str__(self) -> str:
        return self.text

    def to_dict(self) -> dict[str, Any]:
        """Give text, what was read, confidence, box, doubtful and notice, ready for JSON."""
        return {
            "text": self.text,
            "read": self.text if self.read is None else self.read,
            "confidence": round(self.confidence, 4),
            "box": list(self.box) if self.box else None,
            "doubtful": self.doubtful,
            "notice": self.notice,
        }


@dataclass(frozen=True)
class Table:
    """The table of one page; several that stand below each other are one, with an empty row between them.

    Attributes
    ----------
    file
        The page's name.
    rows
        From top to bottom; all have the same number of cells.
    size
        Width and height of the upright picture, in pixels.
    left_out
        What the page has beside the table, and why nothing was read; usually empty.
    """

    file: str
    rows: tuple[tuple[Cell, ...], ...] = field(repr=False)
    size: tuple[int, int] = (0, 0)
    left_out: str = ""

    @property
    def doubtful(self) -> dict[str, Cell]:
        """The cells that somebody should check, by their names in a spreadsheet, such as ``B3``."""
        return {
            name_cell(row, column): cell
            for row, cells in enumerate(self.rows)
            for column, cell in enumerate(cells)
            if cell.doubtful
        }

    @property
    def notice(self) -> str:
        """What the text of the cells does not say: which are doubtful, and what was left out."""
        doubtful = self.doubtful
        if not doubtful:
            return self.left_out
        listed = ", ".join(f"{name} ({cell.notice})" for name, cell in list(doubtful.items())[:MAX_LISTED])
        more = f" and {len(doubtful) - MAX_LISTED:,} more" if len(doubtful) > MAX_LISTED else ""
        total = sum(map(len, self.rows))
        said = f"{len(doubtful):,} of {total:,} cells {'is' if len(doubtful) == 1 else 'are'} doubtful: {listed}{more}"
        return "; ".join(filter(None, [said, self.left_out]))

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        return self.to_csv()

    def to_csv(self) -> str:
        """Give the texts of the cells as CSV, one line per row."""
        file = io.StringIO()
        csv.writer(file, lineterminator="\n").writerows([[cell.text for cell in row] for row in self.rows])
        return file.getvalue()

    def to_dict(self) -> dict[str, Any]:
        """Give file, rows of cells and notice, ready for JSON."""
        return {
            "file": self.file,
            "rows": [[cell.to_dict() for cell in row] for row in self.rows],
            "notice": self.notice,
        }

    def to_xlsx(self) -> bytes:
        """Give a workbook of one sheet, as `write_workbook`."""
        return write_workbook([self])


def name_cell(row: int, column: int) -> str:
    """Name a cell as spreadsheets do: row 2 and column 1, counted from 0, are ``B3``."""
    letters, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row + 1}"


def write_workbook(tables: list[Table]) -> bytes:
    """Write a workbook of one sheet per table: numbers as numbers, doubtful cells coloured, with the reason.

    Digits that a number would lose, such as leading zeros, stay text. Nothing becomes a formula.
    """
    from openpyxl import Workbook
    from openpyxl.comments import Comment
    from openpyxl.styles import PatternFill

    book = Workbook()
    book.remove(book.active)
    fill = PatternFill("solid", start_color=DOUBTFUL_FILL)
    for number, table in enumerate(tables, start=1):
        sheet = book.create_sheet(f"Page {number}" if len(tables) > 1 else "Table")
        for row, cells in enumerate(table.rows, start=1):
            for column, cell in enumerate(cells, start=1):
                written = sheet.cell(row, column)
                if NUMBER.fullmatch(cell.text) and not cell.is_text:
                    text = cell.text.replace(",", ".")
                    written.value = float(text) if "." in text else int(text)
                    decimals = len(text.partition(".")[2])
                    written.number_format = f"0.{'0' * decimals}" if decimals else "0"
                elif cell.text:
                    written.value = cell.text
                    written.data_type = "s"  # text, also where it begins with =
                    written.number_format = "@"
                if cell.doubtful:
                    written.fill = fill
                    written.comment = Comment(cell.notice, "digits")
    if not tables:
        book.create_sheet("Table")
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
