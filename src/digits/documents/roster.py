"""A class list or any other list of numbers, one per person, of which each page has one."""

from __future__ import annotations

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from digits.documents.automaton import check_possible
from digits.documents.fields import Field
from digits.errors import DataError, UsageError
from digits.files import expand_home
from digits.inference.inputs import read_content
from digits.options import shorten, suggest

SEPARATORS = ",;\t|"

MAX_CELLS = 2_000_000
"""Rows times columns of a roster, at most: large universities have a tenth; a file of commas would fill the memory."""

KEEP_ZEROS = "spreadsheets drop leading zeros, unless the column is text"


@dataclass(frozen=True)
class Roster:
    """The numbers that may stand on the pages, each on one at most.

    Attributes
    ----------
    numbers
        Digits only, as text, since leading zeros count.
    details
        For each number what else is known, such as a name, by column; none for all, or one each.
    places
        For each number where it is from, for errors, such as ``class.csv, row 5``.

    Raises
    ------
    DataError
        When there is no number, or one is empty, is no number, or is there twice.
    """

    numbers: tuple[str, ...]
    details: tuple[Mapping[str, str], ...] = field(default=(), repr=False)
    places: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "numbers", tuple(map(str, self.numbers)))
        if not self.numbers:
            raise DataError("the roster has no number: give one for each person")
        if not self.places:
            object.__setattr__(self, "places", tuple(f"the roster, entry {n + 1}" for n in range(len(self.numbers))))
        if not self.details:
            object.__setattr__(self, "details", ({},) * len(self.numbers))
        if not len(self.numbers) == len(self.details) == len(self.places):
            raise DataError(
                f"the roster has {len(self.numbers):,} numbers but {len(self.details):,} details: give one each"
            )
        first = dict[str, str]()
        for number, place in zip(self.numbers, self.places, strict=True):
            if not number:
                raise DataError(f"{place}: the number is empty: fill it in, or remove the row")
            if not (number.isascii() and number.isdecimal()):
                raise DataError(
                    f"{place}: {shorten(number)} is no number of digits only: correct it, or remove the row"
                )
            if number in first:
                raise DataError(f"{place}: {number} is there twice, first in {first[number]}: remove one of both")
            first[number] = place

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of `details`."""
        return tuple(self.details[0])

    def check(self, of: Field) -> None:
        """Check that all numbers suit a field.

        Raises
        ------
        DataError
            When one has more or fewer digits, or fails a constraint.
        """
        for number, place in zip(self.numbers, self.places, strict=True):
            if len(number) not in of.lengths:
                raise DataError(
                    f"{place}: {number} has {len(number)} digit{'s' if len(number) > 1 else ''}, but the field "
                    f"{of.name} has {of.digits}: correct the row or the field; {KEEP_ZEROS}"
                )
            if fault := of.constraints.find_fault(number):
                raise DataError(f"{place}: {number} {fault}: correct the row, or the field {of.name}")


AnyRoster = Roster | str | os.PathLike[str]


def find_rosters(
    roster: AnyRoster | None, fields: Sequence[Field]
) -> tuple[tuple[Field, ...], tuple[Roster | None, ...]]:
    """Load the roster of the first field, or check one that is given, and the lists of the others.

    Returns
    -------
    tuple of Field, tuple of Roster or None
        The fields, of which the first is on one page at most if it has a roster; and the roster or list of each.

    Raises
    ------
    DataError
        As `load_roster`.
    UsageError
        When the first field has a list too, or no number satisfies the constraints of a field.
    """
    first, *others = fields
    rosters: list[Roster | None] = [None]
    if roster is not None:
        if first.constraints.one_of:
            raise UsageError(f"the field {first.name} has a list already, {first.constraints.one_of}: give one of both")
        first = replace(first, constraints=replace(first.constraints, unique=True))
        if isinstance(roster, Roster):
            roster.check(first)
        rosters = [roster if isinstance(roster, Roster) else load_roster(roster, first)]
    wanted = (first, *others)
    rosters += [None] * len(others)
    for place, each in enumerate(wanted):
        if each.constraints.one_of:
            rosters[place] = load_choices(each)
        elif not rosters[place]:
            check_possible(each)
    return wanted, tuple(rosters)


def load_roster(path: str | os.PathLike[str], of: Field) -> Roster:
    """Load a roster from a CSV file for a field, as `parse_roster` understands it.

    Parameters
    ----------
    path
        The file, perhaps with a column.
    of
        The field.

    Raises
    ------
    DataError
        When the file is missing, or as `parse_roster`.
    """
    file, column = _split(os.fspath(path))
    return parse_roster(read_content(expand_home(file)) or b"", file, of, column)


def load_choices(of: Field) -> Roster:
    """Load the list of a field whose numbers are those of a column, where each may be several times.

    Raises
    ------
    DataError
        As `load_roster`.
    """
    file, column = _split(of.constraints.one_of)
    names, rows, place = _read_columns(read_content(expand_home(file)) or b"", file, of, column)
    first = dict[str, int]()
    for line, row in rows:
        if row[place]:
            first.setdefault(row[place], line)
    roster = Roster(tuple(first), places=tuple(f"{file}, row {line}, {names[place]}" for line in first.values()))
    roster.check(of)
    return roster


def parse_roster(content: bytes, file: str, of: Field, column: str = "") -> Roster:
    """Parse a roster, a CSV, for a field.

    Its columns may be separated by commas, semicolons, tabs or bars, and its first row may name them. The numbers are
    in the column that is named or counted (``class.csv:matriculation``, ``class.csv:2``), or else in the one with the
    field's name, or else in the only one whose first entry has the field's number of digits.

    Parameters
    ----------
    content
        The bytes of the file.
    file
        Its name, for errors.
    of
        The field.
    column
        The name or number of the column; empty to find it.

    Raises
    ------
    DataError
        When it is no CSV, the column cannot be found, or as `Roster` and `Roster.check`.
    """
    names, rows, place = _read_columns(content, file, of, column)
    others = {each: name for each, name in enumerate(_tell_apart(names)) if each != place}
    roster = Roster(
        numbers=tuple(row[place] for _, row in rows),
        details=tuple({name: row[each] for each, name in others.items()} for _, row in rows),
        places=tuple(f"{file}, row {line}, {names[place]}" for line, _ in rows),
    )
    roster.check(of)
    return roster


def _read_columns(
    content: bytes, file: str, of: Field, column: str
) -> tuple[list[str], list[tuple[int, list[str]]], int]:
    """Read a CSV: the names of its columns, its rows with their lines, and the column of the numbers."""
    rows = _parse(content, file)
    if not rows:
        raise DataError(f"{file} is empty: write one row for each person")
    has_head = not any(cell.isascii() and cell.isdecimal() for _, row in rows[:1] for cell in row)
    width = max(len(row) for _, row in rows)
    if len(rows) * width > MAX_CELLS:
        raise DataError(f"{file} has {len(rows):,} rows of up to {width:,} cells: keep the columns that are needed")
    names = [*(rows[0][1] if has_head else []), *[""] * width][:width]
    names = [name or f"column {place + 1}" for place, name in enumerate(names)]
    rows = [(line, [*row, *[""] * width][:width]) for line, row in rows[has_head:]]
    if not rows:
        raise DataError(f"{file} has a head but no rows: write one row for each person")
    return names, rows, _find_column(file, column, names, rows[0][1], of)


def _split(path: str) -> tuple[str, str]:
    """Split ``class.csv:id`` into file and column; a file that has this name stays whole."""
    file, colon, column = path.rpartition(":")
    if not colon or expand_home(path).exists() or not re.search(r"\.\w+$", file):
        return path, ""
    return file, column.strip()


def _parse(content: bytes, file: str) -> list[tuple[int, list[str]]]:
    """Parse the rows of a CSV that are not blank, each with its line."""
    text = _decode(content, file)
    head = text.lstrip().partition("\n")[0]
    separator = max(SEPARATORS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        raise DataError(f"{file}, row {reader.line_num}, is no row of a CSV ({error}): save the list as CSV") from None
    return [(line, row) for line, row in rows if any(row)]


def _decode(content: bytes, file: str) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        codes: tuple[str, ...] = ("utf-16",)
    else:
        codes = "utf-8-sig", "cp1252"  # which spreadsheets write on Windows
    for code in codes:
        try:
            text = content.decode(code)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise DataError(f"{file} is no CSV but a file of another kind: save the list as CSV")


def _tell_apart(names: Sequence[str]) -> list[str]:
    """Count columns of the same name, so that none of them is lost."""
    many = Counter(names)
    return [f"{name} ({names[:place].count(name) + 1})" if many[name] > 1 else name for place, name in enumerate(names)]


def _find_column(file: str, column: str, names: Sequence[str], first: Sequence[str], of: Field) -> int:
    if column:
        lowered = [name.lower() for name in names]
        if column.lower() in lowered:
            found = lowered.index(column.lower())
        elif column.isdecimal() and 1 <= int(column) <= len(names):
            return int(column) - 1
        else:
            raise DataError(f"{file} has no column {shorten(column)}{suggest(column, names)}")
    else:
        named = [place for place, name in enumerate(names) if name.lower() == of.name.lower()]
        fitting = [place for place, cell in enumerate(first) if cell.isdecimal() and len(cell) in of.lengths]
        if not named and len(fitting) != 1:
            many = "several columns have" if fitting else "no column has"
            raise DataError(
                f"{file}: {many} numbers of {of.digits} in the first row, and none is named {of.name}: name the "
                f"column, such as {file}:{names[fitting[0] if fitting else 0]}; {KEEP_ZEROS}"
            )
        found = named[0] if named else fitting[0]
    if Counter(names)[names[found]] > 1:
        raise DataError(f"{file} has several columns {names[found]}: count the right one, such as {file}:{found + 1}")
    return found
