"""XGBoost: ``XGBClassifier`` with histograms, 200 rounds, and its own look at the validation digits after each."""

from __future__ import annotations

import time
from typing import Any

import xgboost

import digits

ROUNDS = 200


class Clock(xgboost.callback.TrainingCallback):
    """Write down when each round ended, and the validation accuracy that XGBoost found."""

    def __init__(self) -> None:
        super().__init__()
        self.curve: list[dict[str, float]] = []
        self.start = time.perf_counter()

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Add a row, and go on."""
        row = {"validation_accuracy": 1 - float(evals_log["validation_0"]["merror"][-1])}
        self.curve.append({"seconds": time.perf_counter() - self.start, **row})
        return False


def train(dataset: digits.Dataset, seed: int) -> dict[str, Any]:
    """Train for two hundred rounds."""
    learned, validation = digits.split(dataset.train)
    x_train, x_validation, x_test = (part.images.reshape(-1, 784) for part in (learned, validation, dataset.test))
    clock = Clock()
    model = xgboost.XGBClassifier(
        n_estimators=ROUNDS, tree_method="hist", eval_metric="merror", callbacks=[clock], random_state=seed
    )
    model.fit(x_train, learned.labels, eval_set=[(x_validation, validation.labels)], verbose=False)
    seconds = time.perf_counter() - clock.start
    return {"seconds": seconds, "test_accuracy": model.score(x_test, dataset.test.labels), "curve": clock.curve}
