"""The scikit-learn estimator: scikit-learn's own checks, pipelines, grid search, and the accuracy of the recipe."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from digits.sklearn import DigitsClassifier
from digits.types import Dataset

pytestmark = pytest.mark.slow


CHECKS = """
from sklearn.utils.estimator_checks import check_estimator
from digits.sklearn import DigitsClassifier
done = check_estimator(DigitsClassifier(hidden_sizes=(16,), min_steps=20), on_skip=None)
print(*sorted({each["status"] for each in done}), len(done))
"""


def test_scikit_learn_accepts_it() -> None:
    """In a process of its own: checking the shapes of every step would take longer than the steps."""
    done = subprocess.run([sys.executable, "-c", CHECKS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *states, n = done.stdout.split()
    assert set(states) <= {"passed", "skipped"}, "nothing is expected to fail"
    assert int(n) > 40


def test_digits_are_learned(mnist: Dataset) -> None:
    train, test = mnist.train, mnist.test
    learned = DigitsClassifier(epochs=1, batch_size=500).fit(train.images[:6000], train.labels[:6000])
    accuracy = learned.score(test.images[:2000], test.labels[:2000])
    assert 0.88 < accuracy < 0.97
    flat = test.images[:50].reshape(50, -1)
    assert np.array_equal(learned.predict(flat), learned.predict(test.images[:50]))
    as_floats = DigitsClassifier(epochs=1, batch_size=500).fit(train.images[:6000] / 255, train.labels[:6000])
    assert np.allclose(as_floats.predict_proba(flat / 255), learned.predict_proba(flat))


def test_pipeline_grid_search_and_clone() -> None:
    X, y = load_digits(return_X_y=True)
    names = np.array([f"digit {label}" for label in y])
    search = GridSearchCV(
        make_pipeline(StandardScaler(), DigitsClassifier(hidden_sizes=(32,))),
        {"digitsclassifier__lr": [1e-6, 0.02], "digitsclassifier__muon_lr": [1e-4, 0.1]}, cv=2,
    )  # fmt: skip
    search.fit(X[:600], names[:600])
    assert search.best_params_["digitsclassifier__muon_lr"] == 0.1
    assert search.score(X[600:1000], names[600:1000]) > 0.85
    copy = clone(search.best_estimator_[-1])
    assert copy.get_params() == search.best_estimator_[-1].get_params()
    assert repr(DigitsClassifier("standard", epochs=3)) == "DigitsClassifier(epochs=3, recipe='standard')"


def test_seed_decides() -> None:
    X, y = load_digits(return_X_y=True)
    first, same, other = (
        DigitsClassifier(hidden_sizes=(16,), random_state=seed, min_steps=5).fit(X[:200], y[:200]).predict_proba(X[:9])
        for seed in (0, 0, 1)
    )
    assert np.array_equal(first, same)
    assert not np.allclose(first, other)


def test_ensemble_is_the_mean_of_its_members() -> None:
    X, y = load_digits(return_X_y=True)
    ensemble = DigitsClassifier(hidden_sizes=(8,), ensemble_size=2, min_steps=5).fit(X[:200], y[:200])
    assert len(ensemble.network_.members) == 2
    assert np.allclose(ensemble.predict_proba(X[:9]).sum(1), 1)


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"recipe": "fats"}, "no recipe 'fats'; did you mean fast?"),
        ({"recipe": "best-mlp"}, "learns from a teacher"),
        ({"dropout": 1.5}, "dropout must be from 0 to below 1"),
    ],
)
def test_impossible_parameter_is_named(parameters: dict[str, Any], says: str) -> None:
    X, y = load_digits(return_X_y=True)
    with pytest.raises(ValueError, match=says.replace("?", r"\?")):
        DigitsClassifier(**parameters).fit(X[:60], y[:60])


def test_unknown_parameter_is_answered_with_the_right_one() -> None:
    with pytest.raises(TypeError, match="no parameter 'learning_rate'; did you mean lr"):
        DigitsClassifier(learning_rate=0.1)


def test_too_many_columns_or_classes_are_an_error() -> None:
    with pytest.raises(ValueError, match="785 columns, and a picture has 784 pixels"):
        DigitsClassifier().fit(np.zeros((20, 785)), np.arange(20) % 2)
    with pytest.raises(ValueError, match="y has 11 class"):
        DigitsClassifier().fit(np.zeros((44, 5)), np.arange(44) % 11)
