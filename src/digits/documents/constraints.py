"""What a number must satisfy beside its number of digits: a check digit, a range, a list, one page each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import numpy as np

from digits.errors import UsageError
from digits.options import shorten, suggest
from digits.shapes import Int64
from digits.types import CLASSES

MODULI = {"mod10": 10, "mod11": 11, "mod97": 97}
"""Names of the checksums, and what their sums are divided by."""

RULES = ("LOW-HIGH", "decimals=1", *MODULI, "mod11=WEIGHTS", "mod97=DE", "unique", "in=FILE.csv")
"""How rules are written, for errors."""

_LUHN = tuple(sum(divmod(2 * digit, 10)) for digit in range(CLASSES))
"""What each digit adds when it is doubled: the digits of the product."""

_RANGE = re.compile(r"(\d{1,40}(?:\.\d{1,40})?)-(\d{1,40}(?:\.\d{1,40})?)", re.ASCII)


@dataclass(frozen=True)
class Checksum:
    """A sum over the digits of a number, the check digits among them, that must leave a certain remainder.

    Attributes
    ----------
    modulus
        10, 11 or 97. Without weights: Luhn's sum, as bank cards and many customer numbers have it (ISO/IEC 7812-1,
        annex B); that of ISBN-10, with the weights …, 3, 2, 1 (ISO 2108:1992); MOD 97-10 of ISO/IEC 7064.
    weights
        What each digit is multiplied by, from the left; the sum then leaves 0.
    country
        Of an IBAN (ISO 13616-1), of which the two letters are printed, and the field has the digits: ``DE``.

    Raises
    ------
    UsageError
        When the modulus is another one, or weights and country do not suit it.
    """

    modulus: int
    weights: tuple[int, ...] = ()
    country: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", tuple(self.weights))
        if self.modulus not in MODULI.values():
            raise UsageError(f"no checksum is known that divides by {self.modulus}: use {', '.join(MODULI)}")
        if any(abs(weight) >= 1000 for weight in self.weights):
            raise UsageError(f"the weights of {self.name} must be below 1000")
        if self.country and (self.modulus != 97 or self.weights or not re.fullmatch("[A-Z]{2}", self.country)):
            raise UsageError(f"only mod97 has the two capital letters of a country, not {self}: write mod97=DE")

    @property
    def name(self) -> str:
        """Its name, without weights and country."""
        return f"mod{self.modulus}"

    def __str__(self) -> str:
        more = ",".join(map(str, self.weights)) or self.country
        return f"{self.name}={more}" if more else self.name

    def check_length(self, length: int) -> None:
        """Check that numbers of a length can have this checksum.

        Raises
        ------
        UsageError
            When there are more or fewer weights than digits, or too few or too many digits.
        """
        if self.weights and len(self.weights) != length:
            raise UsageError(
                f"{self.name} has {len(self.weights)} weights, but a number {length} digits: give one each"
            )
        least = 5 if self.country else 3 if self.modulus == 97 else 2
        if length < least:
            raise UsageError(f"a number with {self} has {least} digits or more, not {length}")
        if self.modulus == 11 and not self.weights and length > 10:
            raise UsageError(
                f"mod11 has weights for 10 digits, not {length}: write one each, such as mod11=5,4,3,2,7,6,5,4,3,2,1"
            )

    def add(self, length: int) -> Int64[np.ndarray, "l 10"]:
        """Give what each digit adds at each place of a number, below the modulus."""
        digits, places = np.arange(CLASSES), np.arange(length)
        if self.modulus == 10 and not self.weights:
            is_doubled = (length - 1 - places) % 2 == 1
            return np.where(is_doubled[:, None], np.array(_LUHN), digits)
        weights: Sequence[int] = self.weights
        if not weights and self.modulus == 11:
            weights = range(length, 0, -1)
        elif not weights:
            order = self._order(length)
            weights = [pow(10, len(order) - 1 - order.index(place), 97) for place in range(length)]
        added: Int64[np.ndarray, "l 10"] = np.array(weights, np.int64)[:, None] * digits % self.modulus
        return added

    def target(self, length: int) -> int:
        """Give the remainder that what the digits add must leave."""
        if self.modulus != 97 or self.weights:
            return 0
        letters = "".join(str(int(letter, 36)) for letter in self.country)
        return int(1 - int(letters or 0) * 10**2) % 97

    def _order(self, length: int) -> list[int]:
        """Order the places as MOD 97-10 reads them; -1 is a digit of the country, which IBANs have before the check."""
        if not self.country:
            return list(range(length))
        return [*range(2, length), *[-1] * 4, 0, 1]

    def holds(self, number: str) -> bool:
        """Whether it holds for a number."""
        added = self.add(len(number))
        total = sum(int(added[place, int(digit)]) for place, digit in enumerate(number))
        return total % self.modulus == self.target(len(number))


def parse_checksum(text: str) -> Checksum:
    """Parse ``mod10``, ``mod11``, ``mod11=9,8,7,6,5,4,3,2,-1``, ``mod97`` or ``mod97=DE``.

    Raises
    ------
    UsageError
        When it is written in another way.
    """
    name, _, more = text.strip().partition("=")
    if name not in MODULI:
        raise UsageError(f"the checksum {shorten(name)} is unknown{suggest(name, MODULI)}")
    if re.fullmatch(r"-?\d{1,3}(,-?\d{1,3})*", more, re.ASCII):
        return Checksum(MODULI[name], tuple(map(int, more.split(","))))
    if more and not more.isalpha():
        raise UsageError(f"the weights of {name} are whole numbers with commas between them, not {shorten(more)}")
    return Checksum(MODULI[name], country=more)


@dataclass(frozen=True)
class Constraints:
    """What a number must satisfy.

    Attributes
    ----------
    checksum
        A sum over its digits.
    low, high
        The least and the largest number, both allowed.
    decimals
        Digits after the point: of a number whose number of digits is fixed, exactly so many, whether or not the point
        is written; of others at most so many, as the point is written.
    one_of
        A CSV file, perhaps with a column, whose numbers are allowed: ``rooms.csv:room``.
    unique
        Whether no two pages have the same number.

    Raises
    ------
    UsageError
        When one is impossible, or two cannot be combined.
    """

    checksum: Checksum | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    decimals: int = 0
    one_of: str = ""
    unique: bool = False

    def __post_init__(self) -> None:
        for bound in (self.low, self.high):
            if bound is not None and not (bound.is_finite() and bound >= 0):
                raise UsageError(f"a range is of numbers from 0 on, not {bound}")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise UsageError(f"the range {self.low}-{self.high} is empty: write the smaller number first")
        if self.decimals < 0:
            raise UsageError(f"a number cannot have {self.decimals} decimals: give 0 or more")
        if self.decimals and (self.checksum or self.one_of):
            raise UsageError("decimals cannot be combined with a checksum or a list, which are for whole numbers")

    @property
    def is_valued(self) -> bool:
        """Whether the number has a size, unlike that of a person or an account."""
        return self.low is not None or self.high is not None or self.decimals > 0

    def __str__(self) -> str:
        words = [str(self.checksum)] if self.checksum else []
        if self.low is not None or self.high is not None:
            words.append(f"{self.low or 0}-{'' if self.high is None else self.high}")
        words += [f"decimals={self.decimals}"] * bool(self.decimals) + ["unique"] * self.unique
        return ":".join([*words, *[f"in={self.one_of}"] * bool(self.one_of)])

    def check_lengths(self, lengths: range) -> None:
        """Check that numbers of these lengths can have these decimals and this checksum.

        Raises
        ------
        UsageError
            When one of them cannot.
        """
        longest = f"{lengths[-1]} digit{'s' if lengths[-1] > 1 else ''}"
        if self.decimals >= lengths[-1]:
            raise UsageError(f"a number of {longest} with {self.decimals} decimals has none before the point")
        if self.checksum:
            for length in lengths:
                self.checksum.check_length(length)

    def find_fault(self, number: str) -> str:
        """Say what is wrong with a number, such as ``is above 20``; nothing if it has the right sum, size and decimals.

        Parameters
        ----------
        number
            Digits, and perhaps a point.
        """
        digits, decimals = split_point(number)
        if decimals > self.decimals:
            return f"has more than {self.decimals} decimals"
        value = Decimal(number)
        if self.low is not None and value < self.low:
            return f"is below {self.low}"
        if self.high is not None and value > self.high:
            return f"is above {self.high}"
        if self.checksum and not self.checksum.holds(digits):
            return f"fails {self.checksum.name}"
        return ""


NONE = Constraints()
"""Any number."""


def parse_constraints(text: str) -> Constraints:
    """Parse rules with colons between them, such as ``0-20:decimals=1``; ``in=FILE`` is the last one.

    Raises
    ------
    UsageError
        When one is written in another way or given twice, or as `Constraints`.
    """
    rules, marked, one_of = f":{text}".partition(":in=")
    if marked and not one_of.strip():
        raise UsageError("in= names no list: write in=FILE.csv, or in=FILE.csv:COLUMN")
    given: dict[str, object] = {"one_of": one_of.strip()} if marked else {}
    for rule in filter(None, map(str.strip, rules.split(":"))):
        read = _parse_rule(rule)
        if twice := read.keys() & given.keys():
            raise UsageError(f"{shorten(rule)} gives {' and '.join(sorted(twice))} twice: give one")
        given |= read
    return Constraints(**given)  # type: ignore[arg-type]  # each rule has its own type


def _parse_rule(rule: str) -> dict[str, object]:
    if bounds := _RANGE.fullmatch(rule):
        return {"low": to_decimal(bounds[1]), "high": to_decimal(bounds[2])}
    name, equals, value = rule.partition("=")
    if name in MODULI:
        return {"checksum": parse_checksum(rule)}
    if name == "decimals" and equals and re.fullmatch(r"\d{1,2}", value, re.ASCII):
        return {"decimals": int(value)}
    if rule == "unique":
        return {"unique": True}
    raise UsageError(f"{shorten(rule)} is no rule of a number: write {', '.join(RULES[:-1])} or {RULES[-1]}")


def split_point(number: str) -> tuple[str, int]:
    """Split a number as it was written into its digits, and how many of them are after the last point or comma."""
    written = number.replace(",", ".")
    return written.replace(".", ""), len(written) - 1 - written.rfind(".") if "." in written else 0


def to_decimal(value: object) -> Decimal:
    """Return a number as it is written, so that 0.1 is a tenth.

    Raises
    ------
    UsageError
        When it is none.
    """
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise UsageError(f"{shorten(value)} is no number: write it like 20 or 7.5") from None
