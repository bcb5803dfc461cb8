"""What both networks say is weighed as it was fitted, and neighbours are heard."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.experts import CLASS_NAMES, DIGIT_NAMES, HAND_NAMES, TURN_NAMES
from benchmarks.results import read_rows
from tests.inference.finder.marks_of import marks_of

from digits.inference import digit_evidence, hand_evidence, mix
from digits.inference.finder.finder import MIN_SCORE
from digits.inference.odds import (
    CLASS_WEIGHTS,
    DIGIT_WEIGHTS,
    HAND_WEIGHTS,
    MAX_ODDS,
    MIN_SIGN_SCORE,
    TURN_WEIGHTS,
    log_odds,
)

BOXES = [(0, 0, 20, 30), (26, 0, 20, 30), (52, 0, 20, 30), (78, 0, 20, 30), (104, 0, 200, 300)]


def test_the_weights_are_those_that_were_fitted() -> None:
    fitted = {row.case: row.value for row in read_rows("experts")}
    for names, weights in (
        (CLASS_NAMES, CLASS_WEIGHTS), (DIGIT_NAMES, DIGIT_WEIGHTS), (HAND_NAMES, HAND_WEIGHTS),
        (TURN_NAMES, TURN_WEIGHTS),
    ):  # fmt: skip
        assert [fitted[name] for name in names] == weights.tolist()
    assert (fitted["score"], fitted["score of signs"]) == (MIN_SCORE, MIN_SIGN_SCORE)


def test_odds_are_bounded() -> None:
    odds = log_odds(np.array([0, 1e-9, 0.5, 0.9, 1], np.float32))
    assert odds == pytest.approx([-MAX_ODDS, -MAX_ODDS, 0, np.log(9), MAX_ODDS], abs=1e-5)


def test_both_networks_are_heard() -> None:
    by_model, by_finder = (np.full((1, 10), -4.0, np.float32) for _ in range(2))
    by_model[0, 1], by_finder[0, 7] = 0, 0
    mixed = mix(by_model, by_finder)
    assert mixed.sum() == pytest.approx(1)
    assert {int(each) for each in mixed[0].argsort()[-2:]} == {1, 7}
    by_finder[0, 1] = 0
    assert mix(by_model, by_finder)[0, 1] > mixed[0, 1]
    assert mix(by_model[:0], by_finder[:0]).shape == (0, 10)


def test_marks_of_like_size_nearby_say_whose_a_mark_is() -> None:
    hands = np.array([0.4, 0.9, 0.9, 0.9, 0.1], np.float32)
    evidence = hand_evidence(replace(marks_of(BOXES, "12345"), handwritten=hands))
    assert evidence[:, 0].tolist() == [1] * 5
    assert evidence[0, 1] < 0 < evidence[0, 2]
    assert evidence[0, 2] == pytest.approx(np.log(9), abs=1e-4)
    assert evidence[4, 2] == 0  # the large one has no neighbours
    assert hand_evidence(marks_of([])).shape == (0, 3)


def test_signs_have_no_evidence_of_being_digits() -> None:
    marks = marks_of(BOXES, "12,45")
    probabilities = np.full((4, 10), 0.1, np.float32)
    evidence = digit_evidence(marks, probabilities)
    assert evidence.shape == (4, 4)
    assert evidence[:, 1] == pytest.approx(np.log(9), abs=1e-4)
    assert evidence[:, 2] == pytest.approx(np.log(1 / 9), abs=1e-4)
