"""Keras 3 on JAX: 784-256-128-10 with dropout, ``compile`` and ``fit`` as its guides have them."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "jax"  # read when keras is imported

from typing import Any

import keras
from keras import layers

import digits
from benchmarks.peers import Curve, Trained, flat

BATCH_SIZE = 128
EPOCHS = 10


class Clock(keras.callbacks.Callback):
    """Notes when each epoch ended, and the validation accuracy that Keras found."""

    def __init__(self, curve: Curve) -> None:
        super().__init__()
        self.curve = curve

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Add an entry."""
        self.curve.add(logs["val_accuracy"])


def train(dataset: digits.Dataset, seed: int) -> Trained:
    """Train for ten epochs; JAX's compilation counts."""
    keras.utils.set_random_seed(seed)
    learned, validation, test = flat(dataset)
    curve = Curve()
    model = keras.Sequential(
        [
            keras.Input(shape=(784,)),
            layers.Dense(256, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return fit(model, curve, learned, validation, test, EPOCHS)


def fit(model: Any, curve: Curve, learned: Any, validation: Any, test: Any, epochs: int) -> Trained:
    """Fit a compiled model and score it."""
    model.fit(
        *learned,
        batch_size=BATCH_SIZE,
        epochs=epochs,
        validation_data=validation,
        callbacks=[Clock(curve)],
        verbose=0,
    )
    seconds = curve.clock()
    _, accuracy = model.evaluate(*test, verbose=0)
    return Trained(seconds, float(accuracy), curve)
