"""Evaluation of a trained network: scores on every part of its data, temperature, and rejection threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from digits.evaluation.calibration import fit_temperature
from digits.evaluation.metrics import Score, score
from digits.training.config import TrainConfig
from digits.training.engine.checkpoint import Epoch
from digits.training.engine.networks import describe_network, predict_logits
from digits.training.run.inputs import Inputs
from digits.training.run.training_set import (
    TrainingSet,
    derive_seed,
    digits_per_epoch,
    draw_outliers,
    personal_per_epoch,
)
from digits.types import Images, LabelledDigits, Logits, softmax

ACCEPTED_SHARE = 0.99
"""Share of the validation digits whose confidence reaches the rejection threshold."""

REJECTED_SHARE = 0.95
"""Share of the non-digits whose confidence stays below it, if that still accepts so many digits."""

THRESHOLD_IMAGES = 4000
"""Non-digits, and as many simulated photographs of digits, that determine the threshold."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How good a trained network is: its scores by part, and the metadata of its model files."""

    scores: dict[str, Score]
    metadata: dict[str, Any]
    test_logits: Logits


def evaluate_network(
    network: nn.Module, config: TrainConfig, inputs: Inputs, learned: TrainingSet, history: list[Epoch]
) -> Evaluation:
    """Score a trained network.

    The temperature is fitted on the validation digits. The test digits are used here, once, and nothing is chosen by
    them.
    """
    dataset = inputs.dataset
    parts = {"train": learned.train, "validation": learned.validation, "test": dataset.test}
    logits = {name: predict_logits(network, part) for name, part in parts.items()}
    temperature = fit_temperature(logits["validation"], learned.validation.labels)
    scores = {name: score(logits[name], part.labels, temperature) for name, part in parts.items()}
    # a few replayed digits are no reason to fit it anew
    threshold = inputs.initial.rejection_threshold if inputs.initial and config.data.replay_size else None
    if threshold is None:
        threshold = _fit_threshold(network, config, learned.validation, temperature)
    counts: dict[str, int] = {
        **{name: len(part) for name, part in parts.items()},
        "synthetic": config.data.synthetic,
        "pen_strokes": config.data.pen_strokes,
        "simulated_photos": config.data.simulated_photos,
        "simulated_captures": config.data.simulated_captures,
        "outliers": config.data.outliers,
    }
    if inputs.personal:
        n_others = digits_per_epoch(config, dataset, len(learned.validation))
        counts["personal"] = personal_per_epoch(n_others, len(inputs.personal.train), config.data.personal_share)
    metadata = {
        "recipe": config.recipe,
        "seed": config.run.seed,
        "network": describe_network(network),
        "parameters": sum(weight.numel() for weight in network.parameters()),
        "epochs": len(history),
        "temperature": temperature,
        "rejection_threshold": threshold,
        # no location: model files are passed on, and paths are private
        "data": {"name": dataset.name, "sha256": dataset.sha256, "classes": list(dataset.classes), **counts},
        **{
            name: {"accuracy": part.accuracy, "n": part.n, "nll": part.nll, "ece": part.ece}
            for name, part in scores.items()
        },
    }
    return Evaluation(scores, metadata, logits["test"])


def _fit_threshold(network: nn.Module, config: TrainConfig, validation: LabelledDigits, temperature: float) -> float:
    """Return the lowest confidence at which `REJECTED_SHARE` of the non-digits are rejected.

    Their writers are not among those of training. The threshold never rejects more than 1 − `ACCEPTED_SHARE` of the
    photographed validation digits. A network that has learned no outliers gets its threshold from the validation
    digits alone.
    """

    def confidence(images: Images) -> np.ndarray:
        highest: np.ndarray = softmax(predict_logits(network, images), temperature).max(1)
        return highest

    if not config.data.outliers:
        return float(np.quantile(confidence(validation.images), 1 - ACCEPTED_SHARE))
    from digits.synthesis import simulate_photos

    seed = derive_seed(config, 4)
    upper = np.quantile(confidence(simulate_photos(validation.images[:THRESHOLD_IMAGES], seed)), 1 - ACCEPTED_SHARE)
    return float(min(np.quantile(confidence(draw_outliers(THRESHOLD_IMAGES, seed)), REJECTED_SHARE), upper))
