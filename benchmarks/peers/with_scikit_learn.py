"""scikit-learn: ``MLPClassifier``, 784-256-128-10 without dropout, and ``SVC`` with an RBF kernel."""

from __future__ import annotations

import numpy as np
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

import digits
from benchmarks.peers import Curve, Trained, flat


def train_mlp(dataset: digits.Dataset, seed: int) -> Trained:
    """Train for twelve passes with its own Adam and its default batches of 200.

    ``partial_fit`` is one pass with the same state as ``fit`` keeps, so that each can be validated. float32 takes half
    the time of the float64 of ``fetch_openml``.
    """
    learned, validation, test = flat(dataset)
    curve = Curve()
    model = MLPClassifier(hidden_layer_sizes=(256, 128), random_state=seed)
    for _ in range(12):
        model.partial_fit(*learned, classes=np.arange(10))
        curve.add(model.score(*validation))
    return Trained(curve.clock(), model.score(*test), curve)


def train_svc(dataset: digits.Dataset, seed: int) -> Trained:
    """Train once, with C = 10 and gamma "scale"; a support vector machine has no epochs."""
    learned, validation, test = flat(dataset, "float64")
    curve = Curve()
    # its user guide advises a larger cache than the default of 200 MB
    model = SVC(C=10, kernel="rbf", gamma="scale", cache_size=1000, random_state=seed)
    model.fit(*learned)
    curve.add(model.score(*validation))
    return Trained(curve.clock(), model.score(*test), curve)
