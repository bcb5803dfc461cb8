"""Scoring forms: numbers that are right, flagged, silently wrong or invented, and boxes that were found."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.forms import Filled, judge, make_layout, sample_number, score, weigh_risk

from digits.documents import FieldAnswer, FieldRow, parse_fields
from digits.synthesis import Document, FilledForm, Truth

TRUE = ("12", "3", "45", "", "67")
ANSWERS = (
    FieldAnswer("a", "12", "12", 1.0, box=(0, 0, 100, 20)),
    FieldAnswer("b", "8", "8", 1.0, box=(0, 20, 100, 20)),
    FieldAnswer("c", "4?", "", notices=("not certain",), box=(0, 0, 100, 20)),
    FieldAnswer("d", "1", "1", 1.0, box=(0, 60, 100, 20)),
    FieldAnswer("e", "99", "99", 1.0, box=(0, 80, 100, 20)),
)


def make_picture() -> FilledForm:
    """Put the digits of line n at y = 20 n."""
    lines = np.array([line for line, number in enumerate(TRUE) for _ in number])
    n = len(lines)
    boxes = np.stack((10 * np.arange(n), 20 * lines + 2, np.full(n, 8), np.full(n, 16)), axis=1)
    truth = Truth(
        labels=np.array([int(digit) for number in TRUE for digit in number], np.uint8),
        boxes=boxes.astype(np.int64),
        lines=lines,
        orders=np.zeros(n, np.int64),
        directions=np.zeros(n, np.float32),
        printed=np.zeros(n, bool),
        struck=np.zeros(n, bool),
        visible=np.ones(n, np.float32),
        mask=np.zeros((100, 100), np.uint16),
    )
    return FilledForm(Document(np.zeros((100, 100), np.uint8), truth), "scan", np.array([True] * 4 + [False]))


def test_answers_are_right_flagged_silent_or_invented() -> None:
    layout = make_layout(np.random.default_rng(0))
    counts = score("x", Filled(layout, TRUE, TRUE), make_picture(), FieldRow("page", ANSWERS))
    expected = {"n": 3, "right": 1, "found": 2, "flagged": 1, "wrong without a flag": 1, "empty": 1, "invented": 1}
    assert counts == {f"x, {key}": value for key, value in expected.items()}


def test_sampled_numbers_satisfy_their_rules() -> None:
    rng = np.random.default_rng(0)
    for field in parse_fields(["account:8:mod10", "mark:1-3:0-100", "half:2-3:0-20:decimals=1"]):
        for _ in range(20):
            text, number = sample_number(field, rng)
            assert len(text) == field.high
            assert number.replace(".", "") == text.strip()
            assert not number or field.constraints.find_fault(number) == ""


def test_flags_are_weighed_against_silent_errors() -> None:
    layout = make_layout(np.random.default_rng(0))
    pairs = judge(Filled(layout, TRUE, TRUE), make_picture(), FieldRow("page", ANSWERS))
    assert pairs == [(1.0, True), (1.0, False), (0.0, False)]
    # of two hundred numbers, the least confident is wrong, and one in the middle
    answers = [(1 - place / 200, place not in (99, 199)) for place in range(200)]
    assert weigh_risk(answers) == pytest.approx(
        {
            "flagged, so that 1 % are silently wrong": 0.0,
            "flagged, so that 0.1 % are silently wrong": 101 / 200,
            "silently wrong, if 5 % are flagged": 1 / 200,
        }
    )
