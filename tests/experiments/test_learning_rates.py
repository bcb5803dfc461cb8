"""The learning-rate range test: its steps are those of training, and what it suggests trains well."""

from __future__ import annotations

import inspect
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digits.cli import find_lr
from digits.errors import TrainingError, UsageError
from digits.experiments import find_learning_rate, write_range_test
from digits.experiments.range_test import RangeTest, describe_range_test, smooth, suggest_rate
from digits.training import fit, get_recipe, make_network
from digits.training.run.inputs import Inputs
from digits.training.run.training_set import build_training_set
from digits.types import Dataset

QUICK: dict[str, Any] = {
    "hidden_sizes": (32,), "epochs": 1, "batch_size": 50, "precision": "float32", "schedule": "constant",
}  # fmt: skip
RATES = np.geomspace(1e-5, 10.0, 200)


def valley(lowest: float) -> np.ndarray:
    """Draw a loss that stays, falls and rises, as those of range tests do."""
    x = np.log10(RATES / lowest)
    return 2.3 - 2.0 * np.exp(-(np.maximum(-x, 0) ** 2) / 2) * (x <= 0) + (x > 0) * (9 * x**2 - 2.0)


@pytest.mark.parametrize("optimizer", ["adam", "muon"])
def test_steps_at_one_rate_are_those_of_training(few: Dataset, optimizer: str) -> None:
    config = get_recipe("fast", **QUICK, optimizer=optimizer, outliers=40, rotation=8.0, lr=2e-3, muon_lr=0.02)
    rate = 0.02 if optimizer == "muon" else 2e-3
    found = find_learning_rate(config, data=few, lowest=rate, highest=rate * (1 + 1e-12), steps=20)
    learned = build_training_set(config, Inputs(few))
    [row] = fit(make_network(config), learned.train, learned.validation, config, outliers=learned.outliers)
    assert len(learned.train) == 50 * 20
    assert found.losses.mean() == pytest.approx(row.train_loss, rel=1e-5)


@pytest.mark.parametrize("lowest", [0.003, 0.1])
def test_rate_of_the_lowest_loss_is_suggested(lowest: float) -> None:
    losses = valley(lowest) + 0.05 * np.random.default_rng(0).standard_normal(200)
    assert suggest_rate(RATES, losses, smooth(RATES, losses)) == pytest.approx(lowest, rel=0.4)


def test_one_exploding_loss_does_not_hide_the_valley() -> None:
    losses = valley(0.1)
    losses[RATES > 1] = 1e6
    assert suggest_rate(RATES, losses, smooth(RATES, losses)) == pytest.approx(0.1, rel=0.4)


def test_nothing_is_suggested_where_nothing_is_learned() -> None:
    losses = 2.3 + 0.1 * np.random.default_rng(0).standard_normal(200)
    assert suggest_rate(RATES, losses, smooth(RATES, losses)) is None
    found = RangeTest(get_recipe("fast"), RATES, losses, smooth(RATES, losses))
    assert found.settings == {}
    assert "falls at none of the rates from 1e-05 to 10" in describe_range_test(found)


def test_suggested_rate_trains_better_than_far_lower_and_far_higher_ones(few: Dataset) -> None:
    config = get_recipe("classic", **QUICK).replace(dropout=0.0, lr=1.0)
    suggested = find_learning_rate(config, data=few).settings["lr"]
    learned = build_training_set(config, Inputs(few))
    accuracies = []
    for rate in (suggested / 100, suggested, suggested * 10):
        changed = config.replace(lr=rate, epochs=2)
        network = make_network(changed)
        accuracies.append(fit(network, learned.train, learned.validation, changed)[-1].validation_accuracy)
    assert accuracies[1] > max(accuracies[0], accuracies[2]) + 0.1


def test_rates_of_a_recipe_keep_their_proportion(few: Dataset, tmp_path: Path) -> None:
    config = get_recipe("fast", **QUICK)
    found = find_learning_rate(config, data=few, steps=100)
    assert found.settings["muon_lr"] / found.settings["lr"] == pytest.approx(0.12 / 0.02, rel=0.1)
    picture = write_range_test(found, tmp_path)
    rows = picture.with_suffix(".csv").read_text().splitlines()
    assert rows[0] == "rate,loss,smoothed"
    assert [float(row.split(",")[0]) for row in rows[1:]] == found.rates.tolist()
    said = describe_range_test(found)
    assert f"--lr {found.settings['lr']} --muon-lr {found.settings['muon_lr']}" in said


def test_ensembles_and_teachers_are_announced(few: Dataset) -> None:
    config = get_recipe("fast", **QUICK, ensemble_size=2, teacher="cnn")
    notices = find_learning_rate(config, data=few, steps=10).notices
    assert [notice[:11] for notice in notices] == ["Tested with", "Tested with"]
    assert "teacher, cnn, has not been trained yet" in notices[1]


def test_impossible_rates_are_refused(few: Dataset) -> None:
    config = get_recipe("fast", **QUICK)
    with pytest.raises(UsageError, match=r"must rise from above 0, not from 1 to 0\.1"):
        find_learning_rate(config, data=few, lowest=1.0, highest=0.1)
    with pytest.raises(UsageError, match="needs 10 steps or more"):
        find_learning_rate(config, data=few, steps=9)
    with pytest.raises(TrainingError, match=r"explodes after \d steps.* --lowest 1e\+02"):
        find_learning_rate(config.replace(optimizer="adam"), data=few, lowest=1e5, highest=1e9)


def test_command_has_the_defaults_of_the_function() -> None:
    parameters = inspect.signature(find_learning_rate).parameters
    for field in fields(find_lr._Arguments):
        if field.name in ("lowest", "highest", "steps"):
            assert field.default == parameters[field.name].default
