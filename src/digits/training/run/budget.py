"""How many epochs fit into a time: the steps of a run are timed before it starts."""

from __future__ import annotations

import time

import numpy as np

from digits.errors import UsageError
from digits.training.config import TrainConfig
from digits.training.engine.devices import choose_device
from digits.training.engine.loop import fit
from digits.training.engine.networks import make_network
from digits.types import CLASSES, SIDE, LabelledDigits

TRAINING_DIGITS = 55_000
"""Digits of an epoch that is timed: MNIST's without validation."""

TIMED_STEPS = 10
"""Steps that are timed, after as many that are not: the first ones load what later ones have."""


def fit_epochs(config: TrainConfig, seconds: float) -> TrainConfig:
    """Set the epochs of a run so that it trains for about so many seconds on MNIST; one or more.

    What is timed is the loop itself, with random pixels: they take as long as digits do.

    Raises
    ------
    UsageError
        When the run trains several networks.
    """
    if config.model.ensemble_size > 1 or config.optimization.teacher:
        raise UsageError("--seconds is for runs that train one network, without --teacher: name --epochs instead")
    size = TIMED_STEPS * config.optimization.batch_size
    rng = np.random.default_rng(0)
    shown = LabelledDigits(
        rng.integers(0, 256, (size, SIDE, SIDE), np.uint8), rng.integers(0, CLASSES, size).astype(np.uint8)
    )
    # validation takes its share of an epoch, as in the run
    part = slice(0, max(round(size * config.data.validation_size / TRAINING_DIGITS), 1))
    validation = LabelledDigits(shown.images[part], shown.labels[part])
    once = config.replace(epochs=1, patience=0)
    took = 0.0
    for _ in range(2):
        network = make_network(config).to(choose_device(config.run.device))
        start = time.perf_counter()
        fit(network, shown, validation, once)
        took = time.perf_counter() - start
    per_epoch = took * TRAINING_DIGITS * config.data.fraction / size
    return config.replace(epochs=max(int(seconds / per_epoch), 1))
