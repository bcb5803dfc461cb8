"""The fields of every page as they were read and as they were made out: one row per page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from digits.documents.fields import Field
from digits.documents.table import Cell, Table, write_workbook
from digits.inference.results import Box

MAX_LISTED = 5
"""Pages, at most, that a notice lists."""


@dataclass(frozen=True)
class FieldAnswer:
    """What stands in a field of a page.

    Attributes
    ----------
    name
        The field's.
    read
        What was read: ``?`` for a digit that was not; empty if nothing may be the field.
    number
        What was made of it: the number of the roster, or without one the most probable number that the field allows,
        with a point before its decimals; empty if there is none, or one that is not allowed is more probable.
    confidence
        Posterior probability of the number, after all constraints, or with a roster that the number is none of it, 0–1.
    details
        The other columns of the roster's row.
    alternatives
        The next most probable numbers, each with its probability by this page alone, in falling order.
    box
        Left, top, width and height of what was read, in pixels of the picture; None if nothing was.
    notices
        Reasons why a person should look; empty for most.
    """

    name: str
    read: str = ""
    number: str = ""
    confidence: float = 0.0
    details: Mapping[str, str] = field(default_factory=dict)
    alternatives: tuple[tuple[str, float], ...] = ()
    box: Box | None = None
    notices: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give all of it, ready for JSON."""
        return {
            "field": self.name,
            "read": self.read,
            "number": self.number,
            "confidence": round(self.confidence, 4),
            "details": dict(self.details),
            "alternatives": [[number, round(share, 4)] for number, share in self.alternatives],
            "box": list(self.box) if self.box else None,
            "flag": "; ".join(self.notices),
        }


@dataclass(frozen=True)
class FieldRow:
    """The fields of one page; `error` says why it could not be read."""

    page: str
    answers: tuple[FieldAnswer, ...]
    error: str = ""

    @property
    def flag(self) -> str:
        """Why a person should look; empty for most."""
        names = [f"{each.name}: " * (len(self.answers) > 1) for each in self.answers]
        said = [
            f"{name}{'; '.join(each.notices)}" for name, each in zip(names, self.answers, strict=True) if each.notices
        ]
        return self.error or "; ".join(said)

    def to_dict(self) -> dict[str, Any]:
        """Give page, answers and flag, ready for JSON."""
        return {"page": self.page, "fields": [each.to_dict() for each in self.answers], "flag": self.flag}


@dataclass(frozen=True)
class FieldTable:
    """One row per page; its length and iteration are those of `rows`.

    Attributes
    ----------
    fields
        The fields of each page.
    rows
        In the order of the pages.
    columns
        The other columns of the roster; they belong to the first field.
    missing
        The roster's numbers that no page has.
    """

    fields: tuple[Field, ...]
    rows: tuple[FieldRow, ...] = field(repr=False)
    columns: tuple[str, ...] = ()
    missing: tuple[str, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[FieldRow]:
        return iter(self.rows)

    def __str__(self) -> str:
        return self.to_csv()

    @property
    def flagged(self) -> tuple[FieldRow, ...]:
        """The rows at which a person should look."""
        return tuple(row for row in self.rows if row.flag)

    @property
    def notice(self) -> str:
        """How many pages a person should look at, and which numbers of the roster are on none; empty if all is well."""
        flagged = len(self.flagged)
        said = [f"{flagged:,} of {len(self):,} pages {'is' if flagged == 1 else 'are'} flagged"] * bool(flagged)
        if self.missing:
            listed = ", ".join(self.missing[:MAX_LISTED])
            more = f" and {len(self.missing) - MAX_LISTED:,} more" if len(self.missing) > MAX_LISTED else ""
            said.append(f"on no page: {listed}{more}")
        return "; ".join(said)

    def to_table(self) -> Table:
        """Give a table with a head: page; of each field what was read, its number and confidence; and the flag."""
        ours = [[f"{each.name} read", each.name, f"{each.name} confidence"] for each in self.fields]
        taken = {"page", "flag", *(name for names in ours for name in names)}
        details = [f"roster {name}" if name in taken else name for name in self.columns]
        head = [name for place, names in enumerate(ours) for name in (*names[:2], *details * (not place), names[2])]
        rows = [tuple(map(Cell, ["page", *head, "flag"]))]
        for row in self.rows:
            cells = [Cell(row.page)]
            for place, answer in enumerate(row.answers):
                columns = self.columns if not place else ()
                cells += [
                    Cell(answer.read, answer.confidence, answer.box, is_text=True),
                    Cell(answer.number, answer.confidence, answer.box, answer.notices, is_text=True),
                    *(Cell(answer.details.get(name, ""), is_text=True) for name in columns),
                    Cell(f"{answer.confidence:.4f}"),
                ]
            rows.append((*cells, Cell(row.flag)))
        return Table(self.rows[0].page if len(self) == 1 else "", tuple(rows))

    def to_csv(self) -> str:
        """Give `to_table` as CSV."""
        return self.to_table().to_csv()

    def to_xlsx(self) -> bytes:
        """Give a workbook of one sheet; numbers are text, so that leading zeros stay, and flagged ones are coloured."""
        return write_workbook([self.to_table()])

    def to_dict(self) -> dict[str, Any]:
        """Give rows and the roster's missing numbers, ready for JSON."""
        return {"rows": [row.to_dict() for row in self.rows], "missing": list(self.missing), "notice": self.notice}
