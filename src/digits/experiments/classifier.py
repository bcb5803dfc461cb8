"""The scikit-learn estimator: recipes in pipelines, cross-validation and grid search."""

from __future__ import annotations

import inspect
import math
from dataclasses import fields
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from digits.errors import UsageError
from digits.evaluation.calibration import fit_temperature
from digits.options import suggest
from digits.pixels import find_scale
from digits.shapes import Float64, Shaped
from digits.training.config import SECTION_OF, SECTIONS, SYNONYMS, TrainConfig
from digits.training.engine.devices import choose_device
from digits.training.engine.loop import fit
from digits.training.engine.networks import Ensemble, make_network, predict_logits
from digits.training.recipes import get_recipe
from digits.training.run.inputs import Inputs
from digits.training.run.training_set import build_training_set
from digits.types import CLASSES, SIDE, Dataset, Images, LabelledDigits, log_softmax

MIN_DIGITS = 6
"""Fewest rows to fit: a sixth of them is held out for the temperature."""

PREDICTED_AT_ONCE = 256
"""Rows of every call of the network: with one size for all, the sums do not depend on how many rows are asked about."""

SETTINGS = tuple(
    each.name
    for name, section in SECTIONS.items()
    for each in fields(section)
    if name != "mending" and each.name != "seed"
)
"""The settings of `TrainConfig` that are parameters; `random_state` stands for the seed, and a pipeline can mend."""


class DigitsClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """A recipe as a scikit-learn classifier.

    Rows of 784 columns, and arrays ``[n, 28, 28]``, are pixels, 0–255 or 0–1, with ink bright. Any other table of up to
    784 columns is learned as a picture too: each column becomes a square whose brightness is its value, scaled to the
    range that the column has in training. There are 2–10 classes of any kind.

    Parameters
    ----------
    recipe
        Name of the recipe.
    random_state
        The seed, as scikit-learn takes it.
    min_steps
        Small sets are passed more often than the recipe says, until there have been so many training steps; 0 is off.
        A recipe counts passes over tens of thousands of digits.
    **settings
        Settings of `TrainConfig` to change, by name, such as ``epochs=3`` or ``hidden_sizes=(512,)``; None is as the
        recipe has it. Batches are never larger than the set.

    Attributes
    ----------
    classes_
        The classes, sorted.
    n_features_in_
        Number of columns.
    network_
        The trained network, in evaluation mode.
    temperature_
        What logits are divided by, fitted on rows held out.
    history_
        One row per epoch.
    config_
        How it was trained.
    """

    # scikit-learn checks parameters when they are used, and wants `__init__` to take anything
    def __init__(self, recipe: Any = "fast", *, random_state: Any = 0, min_steps: Any = 100, **settings: Any) -> None:
        self.recipe = recipe
        self.random_state = random_state
        self.min_steps = min_steps
        for name in SETTINGS:
            setattr(self, name, settings.pop(name, None))
        for name in settings:
            hint = f"; did you mean {SYNONYMS[name]}?" if name in SYNONYMS else suggest(name, SECTION_OF)
            raise TypeError(f"DigitsClassifier has no parameter {name!r}{hint}")

    # scikit-learn reads the names of the parameters from here
    __init__.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD),
            inspect.Parameter("recipe", inspect.Parameter.POSITIONAL_OR_KEYWORD, default="fast"),
            inspect.Parameter("random_state", inspect.Parameter.KEYWORD_ONLY, default=0),
            inspect.Parameter("min_steps", inspect.Parameter.KEYWORD_ONLY, default=100),
            *(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None) for name in SETTINGS),
        ]
    )

    def fit(self, X: Any, y: Any) -> DigitsClassifier:
        """Train a network.

        Parameters
        ----------
        X
            ``[n, 784]`` or ``[n, 28, 28]`` pixels, or any table of numbers with up to 784 columns.
        y
            The class of each row.

        Raises
        ------
        ValueError
            When rows and classes do not fit together, or are too few, or a setting is impossible.
        """
        X, y = validate_data(self, _flatten(X), y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        n = len(X)
        if n < MIN_DIGITS:
            raise ValueError(f"n_samples={n} is too few: DigitsClassifier needs {MIN_DIGITS} rows or more")
        if not 2 <= len(self.classes_) <= CLASSES:
            raise ValueError(f"DigitsClassifier needs 2–{CLASSES} classes, but y has {len(self.classes_)} class(es)")
        self._learn_scale(X)
        digits = LabelledDigits(self._draw(X), labels.astype(np.uint8))
        nothing = LabelledDigits(digits.images[:0], digits.labels[:0])
        dataset = Dataset("X", digits, nothing, "X", {}, tuple(map(str, self.classes_)))
        self.config_ = self._configure(n)
        inputs = Inputs(dataset, seed=self.config_.run.seed)
        learned = build_training_set(self.config_, inputs)
        device = choose_device(self.config_.run.device)
        threads = torch.get_num_threads()
        try:
            torch.set_num_threads(self.config_.run.threads or threads)
            networks, self.history_ = [], []
            for index in range(self.config_.model.ensemble_size):
                member = self.config_.member(index) if self.config_.model.ensemble_size > 1 else self.config_
                own = learned if member is self.config_ else build_training_set(member, inputs)
                network = make_network(member).to(device)
                self.history_ += fit(network, own.train, own.validation, member, outliers=own.outliers)
                networks.append(network)
        finally:
            torch.set_num_threads(threads)
        cascade = self.config_.model.cascade_threshold
        self.network_ = (networks[0] if len(networks) == 1 else Ensemble(networks, cascade)).eval()
        validation = predict_logits(self.network_, learned.validation)
        self.temperature_ = fit_temperature(self._without_unused(validation), learned.validation.labels)
        return self

    def predict_proba(self, X: Any) -> Float64[np.ndarray, "n classes"]:
        """Return the probability of each class, calibrated by the temperature; columns as in ``classes_``."""
        check_is_fitted(self)
        X = validate_data(self, _flatten(X), dtype=np.float64, reset=False)
        images = self._draw(X)
        blocks = -(-len(images) // PREDICTED_AT_ONCE)
        padded = np.zeros((blocks * PREDICTED_AT_ONCE, SIDE, SIDE), np.uint8)
        padded[: len(images)] = images
        logits = np.concatenate([predict_logits(self.network_, block) for block in np.split(padded, blocks)])
        exponent = log_softmax(self._without_unused(logits[: len(images)]), self.temperature_)
        probabilities: Float64[np.ndarray, "n classes"] = np.exp(exponent)[:, : len(self.classes_)]
        return probabilities

    def predict(self, X: Any) -> Shaped[np.ndarray, "n"]:
        """Return the most probable class of each row."""
        best = self.predict_proba(X).argmax(1)
        answers: Shaped[np.ndarray, "n"] = self.classes_[best]
        return answers

    def _configure(self, n: int) -> TrainConfig:
        """Return the recipe with the parameters that are set, adapted to a set of `n` rows."""
        given = {name: value for name in SETTINGS if (value := getattr(self, name)) is not None}
        is_seed = isinstance(self.random_state, int | np.integer)
        seed = self.random_state if is_seed else check_random_state(self.random_state).randint(2**31)
        config = get_recipe(self.recipe, **given).replace(seed=int(seed))
        if config.optimization.teacher:
            raise UsageError(
                f"the recipe {self.recipe} learns from a teacher, which DigitsClassifier does not train: use "
                "digits.train, or another recipe"
            )
        # a sixth of a small set is held out, and a batch takes no more than what remains
        n_train = max(1, n - min(config.data.validation_size, n // 6))
        batch_size = min(config.optimization.batch_size, n_train)
        epochs = max(config.optimization.epochs, math.ceil(self.min_steps / math.ceil(n_train / batch_size)))
        return config.replace(batch_size=batch_size, epochs=epochs)

    def _learn_scale(self, X: Float64[np.ndarray, "n columns"]) -> None:
        """Learn how values become pixels: as they are, if they are pixels; else from the range of each column."""
        if X.shape[1] > SIDE * SIDE:
            raise ValueError(f"X has {X.shape[1]} columns, and a picture has {SIDE * SIDE} pixels: reduce them first")
        scale = find_scale(X) if X.shape[1] == SIDE * SIDE else None
        if scale:
            self._low, self._factor = np.zeros(X.shape[1]), np.full(X.shape[1], float(scale))
            return
        self._low, high = X.min(0), X.max(0)
        span = high - self._low
        self._factor = np.divide(255.0, span, out=np.zeros_like(span), where=span > 0)

    def _draw(self, X: Float64[np.ndarray, "n columns"]) -> Images:
        """Draw each row as a picture: a square per column, line by line."""
        values = np.clip(np.rint((X - self._low) * self._factor), 0, 255).astype(np.uint8)
        side = math.ceil(math.sqrt(X.shape[1]))
        cell, grid = SIDE // side, np.zeros((len(X), side * side), np.uint8)
        grid[:, : X.shape[1]] = values
        drawn = grid.reshape(-1, side, side).repeat(cell, axis=1).repeat(cell, axis=2)
        images = np.zeros((len(X), SIDE, SIDE), np.uint8)
        start = (SIDE - side * cell) // 2
        images[:, start : start + side * cell, start : start + side * cell] = drawn
        return images

    def _without_unused(self, logits: Any) -> Any:
        """Leave no probability to logits that stand for no class."""
        logits = logits.copy()
        logits[:, len(self.classes_) :] = np.float32(-1e4)
        return logits


def _flatten(X: Any) -> Any:
    """Give pictures one row each, and leave anything else to scikit-learn's checks."""
    is_picture = getattr(X, "shape", ())[1:] == (SIDE, SIDE)
    return X.reshape(len(X), SIDE * SIDE) if is_picture else X
