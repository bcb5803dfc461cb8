"""The text of a cell: numbers, their signs, what was not read, and why it is doubtful."""

from __future__ import annotations

import pytest

from digits.documents import Character, Place
from digits.documents.text import write_cell

SIDE = 20.0


def line(text: str, x: float = 0.0, y: float = 0.0) -> list[Character]:
    """Place characters beside each other; signs are low and small, dashes in the middle."""
    found = []
    for each in text:
        if each != " ":
            high, drop = (SIDE, 0.0) if each.isdecimal() else (3.0, 9.0) if each == "-" else (4.0, 16.0)
            found.append(Character(each, (x, y + drop, 10.0, high), 0.9))
        x += 13
    return found


def written(characters: list[Character], is_comb: bool = False) -> tuple[str, float, list[str]]:
    return write_cell(Place(tuple(range(len(characters))), (0.0, 0.0, 1.0, 1.0), is_comb), characters, SIDE)


@pytest.mark.parametrize("text", ["7", "12", "3,5", "-8", "12.75", "1/2", ""])
def test_number_with_its_signs(text: str) -> None:
    assert written(line(text)) == (text, 0.9 if text else 1.0, [])


@pytest.mark.parametrize(("characters", "text"), [(line("-"), ""), (line("-   5"), "5"), (line("/5"), "5")])
def test_signs_that_belong_to_no_number_are_left_out(characters: list[Character], text: str) -> None:
    assert written(characters)[0] == text


def test_two_numbers_are_doubtful() -> None:
    assert written(line("12    34")) == ("12 34", 0.9, ["2 numbers are in it"])
    assert written([*line("34", y=25), *line("12")])[0] == "12 34"


def test_a_bracket_alone_is_doubtful() -> None:
    assert written(line("8)")) == ("8)", 0.9, ["): could also be a 1"])
    assert written(line("(81)")) == ("(81)", 0.9, [])


def test_digit_that_was_not_read_is_a_question_mark() -> None:
    unsure = Character("1", (13.0, 0.0, 10.0, SIDE), 0.4, False, ("unsure: 1 or 7",))
    blot = Character("4", (26.0, 0.0, 10.0, SIDE), 0.2, False, ("probably not a digit, closest match 4",))
    text, confidence, notes = written([*line("5"), unsure, blot])
    assert (text, confidence) == ("5?", 0.9)
    assert notes == ["not read: unsure: 1 or 7", "not read: probably not a digit, closest match 4"]


def test_doubts_name_their_digit() -> None:
    doubted = Character("4", (0.0, 0.0, 10.0, SIDE), 0.7, True, ("could also be a 9",))
    assert written([doubted]) == ("4", 0.7, ["4: could also be a 9"])


def test_comb_is_one_number_without_signs() -> None:
    assert written(line("12/  345"), is_comb=True)[0] == "12345"
