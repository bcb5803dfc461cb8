"""Which numbers stand on every page: their names, how many digits they have, and what they must satisfy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from digits.documents.constraints import NONE, Constraints, parse_constraints
from digits.errors import UsageError
from digits.options import shorten

MAX_DIGITS = 30
"""Digits of a field, at most; account numbers have up to 30."""

TAKEN = ("page", "flag")
"""Columns that every answer has."""

_WRITTEN = re.compile(r"(?P<name>[^:]*):(?P<low>\d{1,9})(-(?P<high>\d{1,9}))?(:(?P<rules>.*))?", re.ASCII | re.DOTALL)

HOW = "write its name, a colon and its number of digits, such as id:9 or mark:1-3"


@dataclass(frozen=True)
class Field:
    """A number that stands once on every page.

    Attributes
    ----------
    name
        Its column in the answer.
    low, high
        How many digits it has, at least and at most, 1–30.
    constraints
        What else it must satisfy.

    Raises
    ------
    UsageError
        When the name, the number of digits or a constraint is impossible.
    """

    name: str
    low: int
    high: int
    constraints: Constraints = NONE

    def __post_init__(self) -> None:
        if not self.name.strip() or not self.name.isprintable():
            raise UsageError(f"the field {shorten(self.name)} has no name: {HOW}")
        if self.name in TAKEN:
            raise UsageError(f"no field can be named {self.name}, since every answer has such a column: rename it")
        if not 1 <= self.low <= self.high <= MAX_DIGITS:
            digits = f"{self.low}" if self.low == self.high else f"{self.low}-{self.high}"
            raise UsageError(
                f"the field {self.name} cannot have {digits} digits: give 1 to {MAX_DIGITS}, or a range that grows, "
                "such as 1-3"
            )
        try:
            self.constraints.check_lengths(self.lengths)
        except UsageError as error:
            raise UsageError(f"the field {self.name}: {error}") from None

    @property
    def lengths(self) -> range:
        """How many digits it may have."""
        return range(self.low, self.high + 1)

    @property
    def digits(self) -> str:
        """How many digits it has, in words."""
        many = f"{self.low}" if self.low == self.high else f"{self.low} to {self.high}"
        return f"{many} digit{'s' if self.high > 1 else ''}"

    def __str__(self) -> str:
        rules = str(self.constraints)
        return f"{self.name}:{self.low}" + f"-{self.high}" * (self.high > self.low) + f":{rules}" * bool(rules)


def parse_field(text: str) -> Field:
    """Parse a field as the command line has it: ``id:9``, or ``mark:1-3:0-100`` for one to three digits and a range.

    Raises
    ------
    UsageError
        When it is written in another way.
    """
    found = _WRITTEN.fullmatch(text)
    if not found:
        raise UsageError(f"the field {shorten(text)} is not NAME:DIGITS: {HOW}")
    low = int(found["low"])
    try:
        constraints = parse_constraints(found["rules"] or "")
    except UsageError as error:
        raise UsageError(f"the field {shorten(text)}: {error}") from None
    return Field(found["name"].strip(), low, int(found["high"] or low), constraints)


def parse_fields(fields: str | Field | Sequence[str | Field]) -> tuple[Field, ...]:
    """Parse one field or several.

    Raises
    ------
    UsageError
        When there is none, one is written in another way, or two have the same name.
    """
    listed = [fields] if isinstance(fields, str | Field) else list(fields)
    parsed = tuple(each if isinstance(each, Field) else parse_field(each) for each in listed)
    if not parsed:
        raise UsageError(f"name a field: {HOW}")
    names = [each.name for each in parsed]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"the field {twice} is given twice: give each field a name of its own")
    return parsed
