"""From a model and labelled digits to a score."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from digits.evaluation.metrics import Score, score
from digits.types import Dataset, LabelledDigits


def evaluate(model: Any, data: str | os.PathLike[str] | Dataset | LabelledDigits | None = None) -> Score:
    """Score a model on labelled digits.

    Parameters
    ----------
    model
        The name of a shipped model, ``"cnn"`` or ``"mlp"``; a model file or run folder; a `Model` or `Run`; or any
        object with ``logits(images)`` and ``metadata``, of which ``temperature`` and ``data`` are used.
    data
        A path to any labelled set, a loaded set, or labelled digits; by default MNIST. Of a set, the test digits are
        scored. A set without test digits is scored whole, unless the model was trained on it: then the digits that
        training held out are scored. What is probably wrong with a set is logged.

    Raises
    ------
    ModelError
        When the model is missing, broken or not written by digits.
    DataError
        When the digits are missing or broken.
    """
    from digits.data import load_dataset
    from digits.doctor import warn
    from digits.inference import load_model

    if not hasattr(model, "logits"):
        model = load_model(getattr(model, "folder", model))
    if data is None or isinstance(data, str | os.PathLike):
        data = load_dataset(data)
    if isinstance(data, Dataset):
        warn(data)
    digits = _test_digits(data, model.metadata) if isinstance(data, Dataset) else data
    return score(model.logits(digits.images), digits.labels, float(model.metadata.get("temperature", 1)))


def _test_digits(dataset: Dataset, metadata: dict[str, Any]) -> LabelledDigits:
    if not dataset.held_out or dataset.sha256 == metadata.get("data", {}).get("sha256"):
        return dataset.test
    parts = [part for part in (dataset.train, dataset.validation, dataset.test) if part is not None]
    return LabelledDigits(
        np.concatenate([part.images for part in parts]), np.concatenate([part.labels for part in parts])
    )
