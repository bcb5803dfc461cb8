"""The most probable consistent numbers: against all numbers, written out."""

from __future__ import annotations

import numpy as np
import pytest
from tests.documents.test_alignment import make_run

from digits.documents import Field, parse_fields
from digits.documents.alignment import ERRORS, Run, to_array, weigh_numbers
from digits.documents.automaton import VALID, Automaton, list_shapes, make_automata
from digits.documents.consistent import MIN_SHARE, find_numbers


def luhn(number: str) -> bool:
    doubled = [int(each) * (1 + place % 2) for place, each in enumerate(reversed(number))]
    return sum(each // 10 + each % 10 for each in doubled) % 10 == 0


CHECKS = {
    "mod10": luhn,
    "mod11": lambda number: sum(int(each) * (len(number) - place) for place, each in enumerate(number)) % 11 == 0,
    "mod97": lambda number: int(number) % 97 == 1,
}


def write_out(runs: list[Run], field: Field) -> dict[str, float]:
    """Weigh every number of a field by Bayes' rule."""
    rules, shapes = field.constraints, list_shapes(field)
    written = {
        (length, decimals): [f"{number:0{length}d}" for number in range(10**length)] for length, decimals in shapes
    }

    def is_valid(number: str, automaton: Automaton) -> bool:
        value = int(number) / 10**automaton.decimals
        is_padded = rules.is_valued and len(number) > max(field.low, automaton.decimals + 1) and number[0] == "0"
        if is_padded or not float(rules.low or 0) <= value <= float(rules.high or value):
            return False
        return not rules.checksum or CHECKS[str(rules.checksum)](number)

    weights = {}
    automata = make_automata(field)
    for automaton in automata:
        numbers = written[automaton.length, automaton.decimals]
        point = 1.0
        if rules.decimals and field.low < field.high:
            is_read = np.array([run.decimals == automaton.decimals for run in runs])
            points = np.where(is_read, 1 - ERRORS.missed, ERRORS.missed / rules.decimals)
        else:
            points = np.full(len(runs), point)
        alike = [each for each in automata if each.decimals == automaton.decimals]
        valid = {each: sum(is_valid(number, each) for number in written[each.length, each.decimals]) for each in alike}
        places = len({each.decimals for each in automata})
        count = places * sum(valid.values()) if rules.is_valued else len(automata) * valid[automaton]
        found = sum(
            weigh_numbers(run, to_array(numbers)) * factor for run, factor in zip(runs, points.tolist(), strict=True)
        )
        for number, weight in zip(numbers, found, strict=True):
            prior = VALID / count * is_valid(number, automaton) + (1 - VALID) / len(shapes) / 10**automaton.length
            if not (rules.checksum or rules.is_valued):
                prior = 1 / len(shapes) / 10**automaton.length
            weights[automaton.write(number)] = weight * prior
    total = sum(weights.values())
    return {number: weight / total for number, weight in weights.items()}


@pytest.mark.parametrize(
    "field", ["n:1-2", "n:2:mod10", "n:2:mod11", "n:3:mod97", "n:1-2:0-12", "n:2:5-77:mod10", "n:1-2:0-7:decimals=1"]
)
def test_shares_are_those_of_all_numbers(field: str) -> None:
    (parsed,) = parse_fields(field)
    runs = [
        make_run("172", [0.9, 0.7, 0.95], 0.6),
        make_run("1172", 0.8, 0.8),
        make_run("92", 0.99, 0.99),
        make_run("415", 0.2, 0.5),
    ]
    object.__setattr__(runs[2], "written", "9,2")
    found, shares = find_numbers(runs, parsed)
    expected = {number: share for number, share in write_out(runs, parsed).items() if share >= MIN_SHARE}
    assert {each.number: each.share for each in found} == pytest.approx(expected, rel=1e-6)
    assert [each.share for each in found] == sorted((each.share for each in found), reverse=True)
    assert shares.sum() == pytest.approx(1)


def test_number_is_read_from_the_run_that_speaks_for_it() -> None:
    found, shares = find_numbers([make_run("415", 0.9, 0.99), make_run("179", 0.99, 0.99)], Field("n", 3, 3))
    assert (found[0].number, found[0].run, shares.argmax()) == ("179", 1, 1)


def test_a_digit_that_was_not_found_is_any_digit() -> None:
    found, _ = find_numbers([make_run("555", 0.99, 0.99)], Field("n", 4, 4))
    assert all(each.share < 0.105 for each in found)


def test_runs_beyond_the_memory_count_against_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [make_run("415", 0.9, 0.99), make_run("179", 0.99, 0.99)]
    every, shares = find_numbers(runs, Field("n", 3, 3))
    monkeypatch.setattr("digits.documents.consistent.MAX_STATES", 1)
    found, again = find_numbers(runs, Field("n", 3, 3))
    assert found[0].share == pytest.approx(every[0].share, rel=1e-3)
    assert {each.run for each in found} == {1}
    assert again == pytest.approx(shares)
