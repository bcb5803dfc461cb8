"""XGBoost: ``XGBClassifier`` with histograms, 200 rounds, and its own validation after each."""

from __future__ import annotations

from typing import Any

import xgboost

import digits
from benchmarks.peers import Curve, Trained, flat


class Clock(xgboost.callback.TrainingCallback):
    """Notes when each round ended, and the validation accuracy that XGBoost found."""

    def __init__(self) -> None:
        super().__init__()
        self.curve = Curve()

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Add an entry; False continues."""
        self.curve.add(1 - evals_log["validation_0"]["merror"][-1])
        return False


def train(dataset: digits.Dataset, seed: int) -> Trained:
    """Train for two hundred rounds."""
    learned, validation, test = flat(dataset, "uint8")
    clock = Clock()
    settings = {"n_estimators": 200, "tree_method": "hist", "eval_metric": "merror", "random_state": seed}
    model = xgboost.XGBClassifier(callbacks=[clock], **settings)
    model.fit(*learned, eval_set=[validation], verbose=False)
    return Trained(clock.curve.clock(), model.score(*test), clock.curve)
