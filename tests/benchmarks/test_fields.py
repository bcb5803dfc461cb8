"""Scoring numbers per page: what is right, wrong, flagged and silent; and the list that they are matched with."""

from __future__ import annotations

import numpy as np
from benchmarks.fields import FLOOR, LISTED, fit, make_checksum, make_range, make_roster, score

from digits.documents import ERRORS, Field, FieldAnswer, FieldRow, FieldTable, Run


def row(number: str, read: str = "", flag: str = "") -> FieldRow:
    return FieldRow("page", (FieldAnswer("id", read or number, number, notices=(flag,) * bool(flag)),))


def test_numbers_are_right_wrong_flagged_or_silent() -> None:
    rows = (row("12"), row("34", read="3"), row("99"), row("98", flag="x"), row("", read="5", flag="y"))
    found = score("case", FieldTable((Field("id", 2, 2),), rows), ["12", "34", "56", "78", "55"])
    assert {each.metric: round((each.value or 0) * 5) for each in found} == {
        "every digit read": 1,
        "number right": 2,
        "number wrong": 2,
        "flagged": 2,
        "wrong without a flag": 1,
    }


def test_list_has_the_true_numbers_and_others() -> None:
    roster = make_roster(["123456789", "987654321"])
    assert len(roster.numbers) == LISTED
    assert {"123456789", "987654321"} < {*roster.numbers}
    assert make_roster(["123456789"] * 2).numbers.count("123456789") == 1


def test_true_number_is_more_probable_with_fewer_slips_where_all_is_right() -> None:
    run = Run(0.02 + 0.8 * np.eye(10)[:9], np.full(9, 5.0), "012345678", tuple(range(9)), (0.0, 0.0, 1.0, 1.0))
    pages = [("012345678", [run])]
    assert fit(pages, ERRORS) > fit(pages, ERRORS._replace(slips=0.2))
    assert fit([("012345678", [])], ERRORS) == np.log(FLOOR)


def test_rules_are_those_of_their_numbers() -> None:
    rng = np.random.default_rng(0)
    for number in ("100000020", "123456789", "999999998"):
        for modulus in (11, 97):
            assert not make_checksum(number, modulus, rng).find_fault(number)
        assert make_checksum(number, 11, rng, holds=False).find_fault(number) == "fails mod11"
        assert not make_range(number, rng).find_fault(number)
