"""What numbers must satisfy: checksums of published examples, ranges, and a sentence for what cannot be meant."""

from __future__ import annotations

from decimal import Decimal

import pytest

from digits.documents import Checksum, Constraints, find_rosters, parse_checksum, parse_constraints, parse_fields
from digits.documents.constraints import split_point, to_decimal
from digits.errors import UsageError


@pytest.mark.parametrize(
    ("checksum", "number"),
    [
        ("mod10", "4539578763621486"),  # a bank card of even length
        ("mod10", "79927398713"),  # the example of Luhn's sum
        ("mod10=1,3,1,3,1,3,1,3,1,3,1,3,1", "9780306406157"),  # ISBN-13
        ("mod11", "0306406152"),  # the same book's ISBN-10
        ("mod11=9,8,7,6,5,4,3,2,-1", "111222333"),  # a Dutch citizen service number
        ("mod97", "79444"),  # the example of MOD 97-10 in ISO/IEC 7064
        ("mod97=DE", "89370400440532013000"),
    ],
)
def test_checksums_of_published_numbers(checksum: str, number: str) -> None:
    parsed = parse_checksum(checksum)
    assert str(parsed) == checksum
    assert parsed.holds(number)
    for place, digit in enumerate(number):  # a single wrong digit is always found
        wrong = str((int(digit) + 1) % 10)
        assert not parsed.holds(number[:place] + wrong + number[place + 1 :])


def test_rules_are_parsed() -> None:
    rules = parse_constraints("0-20.5:decimals=1:unique")
    assert rules == Constraints(low=Decimal(0), high=Decimal("20.5"), decimals=1, unique=True)
    assert parse_constraints("mod11:in=C:\\rooms.csv:room").one_of == "C:\\rooms.csv:room"
    for text in ("mark:1-3:0-100", "id:9:mod10:unique", "mark:3:0-10:decimals=1", "room:3:in=rooms.csv:room"):
        (field,) = parse_fields(text)
        assert str(field) == text
    assert to_decimal(0.1) == Decimal("0.1")


@pytest.mark.parametrize(
    ("number", "fault"),
    [("7.5", ""), ("0.5", "is below 1"), ("20", ""), ("20.5", "is above 20"), ("7.25", "has more than 1 decimals")],
)
def test_faults_are_said(number: str, fault: str) -> None:
    assert Constraints(low=Decimal(1), high=Decimal(20), decimals=1).find_fault(number) == fault


def test_failed_checksum_is_said() -> None:
    assert Constraints(checksum=Checksum(10)).find_fault("79927398710") == "fails mod10"


def test_point_is_found() -> None:
    assert [split_point(text) for text in ("75", "7,5", "1.2.34", "7.")] == [
        ("75", 0),
        ("75", 1),
        ("1234", 2),
        ("7", 0),
    ]


@pytest.mark.parametrize(
    ("field", "says"),
    [
        ("a:3:mod12", "the field 'a:3:mod12': 'mod12' is no rule of a number: write LOW-HIGH, decimals=1, mod10"),
        ("a:3:0-5:0-6", "'0-6' gives high and low twice: give one"),
        ("a:3:20-1", "the range 20-1 is empty: write the smaller number first"),
        ("a:1-2:decimals=2", "the field a: a number of 2 digits with 2 decimals has none before the point"),
        ("a:3:mod10:decimals=1", "decimals cannot be combined with a checksum or a list"),
        ("a:3:mod11=1,2", "mod11 has 2 weights, but a number 3 digits: give one each"),
        ("a:11:mod11", "mod11 has weights for 10 digits, not 11: write one each"),
        ("a:3:mod11=1,x", "the weights of mod11 are whole numbers with commas between them, not '1,x'"),
        ("a:3:mod10=DE", "only mod97 has the two capital letters of a country, not mod10=DE"),
        ("a:4:mod97=DE", "a number with mod97=DE has 5 digits or more, not 4"),
        ("a:3:in=", "in= names no list"),
        ("a:3:0-5:mod10x", "'mod10x' is no rule"),
    ],
)
def test_what_cannot_be_meant_is_a_sentence(field: str, says: str) -> None:
    with pytest.raises(UsageError, match=r"^[^\n]+$") as error:
        parse_fields(field)
    assert says in str(error.value)


def test_values_from_python_are_checked() -> None:
    with pytest.raises(UsageError, match="no checksum is known that divides by 12: use mod10, mod11, mod97"):
        Checksum(12)
    with pytest.raises(UsageError, match="the weights of mod10 must be below 1000"):
        Checksum(10, (1000, 1))
    with pytest.raises(UsageError, match="'x' is no number: write it like 20 or"):
        to_decimal("x")
    with pytest.raises(UsageError, match="a range is of numbers from 0 on, not -1"):
        Constraints(low=Decimal(-1))
    with pytest.raises(UsageError, match="cannot have -1 decimals"):
        Constraints(decimals=-1)


@pytest.mark.parametrize("field", ["a:1:10-20", "a:3:2-3:mod97", "a:3:5-5:mod10"])
def test_field_without_any_number_is_a_sentence(field: str) -> None:
    with pytest.raises(UsageError, match=r"^the field a: no number of \d digits? satisfies [^\n]+: correct it$"):
        find_rosters(None, parse_fields(field))
