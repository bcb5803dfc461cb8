"""scikit-learn's ``SVC`` with an RBF kernel, C = 10 and gamma "scale", on all 55,000 digits."""

from __future__ import annotations

import time
from typing import Any

from sklearn.svm import SVC

import digits


def train(dataset: digits.Dataset, seed: int) -> dict[str, Any]:
    """Train once; a support vector machine knows no epochs."""
    learned, validation = digits.split(dataset.train)
    x_train, x_validation, x_test = (part.images.reshape(-1, 784) / 255 for part in (learned, validation, dataset.test))
    start = time.perf_counter()
    # its user guide advises a larger cache than the default of 200 MB
    model = SVC(C=10, kernel="rbf", gamma="scale", cache_size=1000, random_state=seed)
    model.fit(x_train, learned.labels)
    correct = model.score(x_validation, validation.labels)
    seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "test_accuracy": model.score(x_test, dataset.test.labels),
        "curve": [{"seconds": seconds, "validation_accuracy": correct}],
    }
