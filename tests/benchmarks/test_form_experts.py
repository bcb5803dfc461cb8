"""Fitting what is seen in boxes: the share of certain errors is found again."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.form_experts import fit_slips


def test_the_share_of_certain_errors_is_found() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 40_000)
    answers = np.where(rng.random(len(labels)) < 0.005, rng.integers(0, 10, len(labels)), labels)
    probabilities = np.full((len(labels), 10), 1e-7)
    probabilities[np.arange(len(labels)), answers] = 1
    assert fit_slips(probabilities, labels) == pytest.approx(0.005, abs=0.001)
