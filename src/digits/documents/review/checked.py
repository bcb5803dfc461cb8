"""The answers after a review: what was read, what was made of it, what people said, and what still needs a look."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from digits.documents.constraints import Constraints, parse_checksum
from digits.documents.fields import Field
from digits.documents.review.cells import join
from digits.documents.review.store import Store
from digits.documents.table import Cell, Table, write_workbook
from digits.documents.text import UNKNOWN

OPEN, ACCEPTED, CORRECTED = "open", "accepted", "corrected"
"""What became of a doubtful cell."""


@dataclass(frozen=True)
class CheckedCell:
    """A field of a page after a review.

    Attributes
    ----------
    read, made
        What was read, and what was made of it.
    number
        What people said, or what was made of it where nobody did.
    confidence
        Of what was made of it, 0–1.
    state
        One of the constants above; empty for a cell that was not doubtful.
    notices
        Why somebody should look still.
    """

    read: str = ""
    made: str = ""
    number: str = ""
    confidence: float = 0.0
    state: str = ""
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckedTable:
    """One row per page: its name, why it could not be read, and its fields.

    Attributes
    ----------
    fields
        Of each page.
    rows
        In the order of the pages.
    columns
        The other columns of the roster; they belong to the first field.
    details
        Of each number of the roster.
    """

    fields: tuple[Field, ...]
    rows: tuple[tuple[str, str, tuple[CheckedCell, ...]], ...] = field(repr=False)
    columns: tuple[str, ...] = ()
    details: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)

    @property
    def corrected(self) -> int:
        """How many cells people corrected."""
        return sum(cell.state == CORRECTED for *_, cells in self.rows for cell in cells)

    @property
    def left(self) -> int:
        """How many doubtful cells nobody has decided on."""
        return sum(cell.state == OPEN for *_, cells in self.rows for cell in cells)

    def to_table(self) -> Table:
        """Give a table with a head: page; of each field what was read and made of it, the number, and its state."""
        head = ["page"]
        for place, each in enumerate(self.fields):
            details = (
                [f"roster {name}" if name in ("page", "flag") else name for name in self.columns] if not place else []
            )
            head += [f"{each.name} read", f"{each.name} made", each.name, *details]
            head += [f"{each.name} confidence", f"{each.name} review"]
        rows = [tuple(map(Cell, [*head, "flag"]))]
        for page, error, cells in self.rows:
            row = [Cell(page)]
            for place, cell in enumerate(cells):
                known = self.details.get(cell.number, {}) if not place else {}
                row += [
                    Cell(cell.read, is_text=True),
                    Cell(cell.made, is_text=True),
                    Cell(cell.number, cell.confidence, None, cell.notices, is_text=True),
                    *(Cell(known.get(name, ""), is_text=True) for name in (self.columns if not place else ())),
                    Cell(f"{cell.confidence:.4f}"),
                    Cell(cell.state),
                ]
            rows.append((*row, Cell(error or _say_flag(self.fields, cells))))
        return Table("", tuple(rows))

    def to_csv(self) -> str:
        """Give `to_table` as CSV."""
        return self.to_table().to_csv()

    def to_xlsx(self) -> bytes:
        """Give a workbook of one sheet, in which cells that still need a look are coloured."""
        return write_workbook([self.to_table()])


def _say_flag(fields: tuple[Field, ...], cells: tuple[CheckedCell, ...]) -> str:
    said = [
        f"{each.name}: " * (len(fields) > 1) + "; ".join(cell.notices)
        for each, cell in zip(fields, cells, strict=True)
        if cell.notices
    ]
    return "; ".join(said)


def load_checked(store: Store) -> CheckedTable:
    """Load the answers and what people said of them."""
    meta = {name: json.loads(value) for name, value in store.read("SELECT name, value FROM meta")}
    about: list[dict[str, Any]] = meta["fields"]
    fields = tuple(map(_make_field, about))
    lists: dict[int, dict[str, dict[str, str]]] = {}
    for place, number, details in store.read("SELECT field, number, details FROM rosters"):
        lists.setdefault(place, {})[number] = json.loads(details)
    pages = store.read("SELECT page, name, error FROM pages ORDER BY page")
    found: dict[int, dict[int, CheckedCell]] = {page: {} for page, *_ in pages}
    query = "SELECT page, field, answer, is_doubtful, made, boxes, is_decided FROM cells"
    for page, place, answer, is_doubtful, made, boxes, is_decided in store.read(query):
        found[page][place] = _check(
            json.loads(answer), about[place]["decimals"], made, boxes if is_decided else None, bool(is_doubtful)
        )
    used = {
        place: Counter(cells[place].number for cells in found.values() if place in cells)
        for place, each in enumerate(fields)
        if each.constraints.unique
    }
    rows = tuple(
        (
            name,
            error,
            tuple(
                _look(found[page].get(place, CheckedCell()), each, lists.get(place), used.get(place))
                for place, each in enumerate(fields)
            ),
        )
        for page, name, error in pages
    )
    return CheckedTable(fields, rows, tuple(meta["columns"]), lists.get(0, {}))


def _check(answer: dict[str, Any], decimals: int, made: str, said: str | None, is_doubtful: bool) -> CheckedCell:
    read, number, confidence = answer["read"], answer["number"], answer["confidence"]
    if not is_doubtful:
        return CheckedCell(read, number, number, confidence)
    if said is None:
        return CheckedCell(read, number, number, confidence, OPEN, (answer["flag"],))
    state = ACCEPTED if said == made else CORRECTED
    return CheckedCell(read, number, join(said.split(","), decimals), confidence, state)


def _look(cell: CheckedCell, of: Field, listed: Mapping[str, object] | None, used: Counter[str] | None) -> CheckedCell:
    """Say what is wrong with a number that people decided on: they may err, as the paper may."""
    if cell.state not in (ACCEPTED, CORRECTED) or not cell.number:
        return cell
    notices = list[str]()
    if UNKNOWN in cell.number:
        notices.append("cannot be read")
    elif len(cell.number.replace(".", "")) not in of.lengths:
        notices.append(f"not {of.digits}")
    elif fault := of.constraints.find_fault(cell.number):
        notices.append(fault)
    elif listed is not None and cell.number not in listed:
        notices.append("not in the list")
    if used and used[cell.number] > 1:
        notices.append(f"on {used[cell.number]} pages")
    return CheckedCell(cell.read, cell.made, cell.number, cell.confidence, cell.state, tuple(notices))


def _make_field(about: dict[str, Any]) -> Field:
    constraints = Constraints(
        parse_checksum(about["checksum"]) if about["checksum"] else None,
        Decimal(about["least"]) if about["least"] else None,
        Decimal(about["most"]) if about["most"] else None,
        about["decimals"],
        unique=about["unique"],
    )
    return Field(about["name"], about["low"], about["high"], constraints)
