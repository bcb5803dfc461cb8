"""What both networks say is weighed as it was fitted."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.experts import CLASS_NAMES, TURN_NAMES
from benchmarks.results import read_rows

from digits.inference import mix
from digits.inference.finder.finder import MIN_SCORE
from digits.inference.odds import CLASS_WEIGHTS, MAX_ODDS, TURN_WEIGHTS, log_odds


def test_the_weights_are_those_that_were_fitted() -> None:
    fitted = {row.case: row.value for row in read_rows("experts")}
    for names, weights in ((CLASS_NAMES, CLASS_WEIGHTS), (TURN_NAMES, TURN_WEIGHTS)):
        assert [fitted[name] for name in names] == weights.tolist()
    assert fitted["score"] == MIN_SCORE


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
