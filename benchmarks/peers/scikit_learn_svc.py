"""scikit-learn's ``SVC`` with an RBF kernel, C = 10 and gamma "scale", on all 55,000 digits."""

from __future__ import annotations

from sklearn.svm import SVC

import digits
from benchmarks.peers import Curve, Trained
from digits.data import split


def train(dataset: digits.Dataset, seed: int) -> Trained:
    """Train once; a support vector machine has no epochs."""
    learned, validation, test = (
        (part.images.reshape(-1, 784) / 255, part.labels) for part in (*split(dataset.train), dataset.test)
    )
    curve = Curve()
    # its user guide advises a larger cache than the default of 200 MB
    model = SVC(C=10, kernel="rbf", gamma="scale", cache_size=1000, random_state=seed)
    model.fit(*learned)
    curve.add(model.score(*validation))
    return Trained(curve.clock(), model.score(*test), curve)
