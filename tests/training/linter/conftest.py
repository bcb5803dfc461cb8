"""Few digits, and a training that is examined without the rest of a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from digits.doctor import Finding
from digits.training import Epoch, get_recipe
from digits.training.run.ensembles import Fitted, Stage, fit_stage
from digits.training.run.inputs import Inputs
from digits.training.run.training_set import build_training_set
from digits.types import Dataset, LabelledDigits

Fit = Callable[..., Fitted]


def ignore(done: float, epochs: int, history: list[Epoch]) -> None:
    """Show no progress."""


@pytest.fixture(scope="session")
def fewer(mnist: Dataset) -> Dataset:
    """1,000 training digits and 100 test digits of MNIST."""
    parts = [LabelledDigits(part.images[:n], part.labels[:n]) for part, n in ((mnist.train, 1000), (mnist.test, 100))]
    return Dataset("fewer", *parts, "fewer.npz", {"fewer": "0123"})


@pytest.fixture
def fit_few(fewer: Dataset, tmp_path: Path) -> Fit:
    """Train a recipe for an epoch on few digits, as a run does, and give what the linter found."""

    def fit(recipe: str = "classic", folder: Path = tmp_path / "run", **settings: Any) -> Fitted:
        usual = {"epochs": 1, "batch_size": 50, "threads": 1, "validation_size": 160}
        config = get_recipe(recipe, **usual | settings)
        folder.mkdir()
        inputs = Inputs(fewer)
        return fit_stage(Stage(folder, config, inputs), [], build_training_set(config, inputs), ignore)

    return fit


def kinds(findings: list[Finding]) -> list[str]:
    return [finding.kind for finding in findings]
