"""Keras 3 on JAX: 784-256-128-10 with dropout, ``compile`` and ``fit`` as its guides have them."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "jax"  # read when keras is imported

import time
from typing import Any

import keras
import numpy as np
from keras import layers

import digits

BATCH_SIZE = 128
EPOCHS = 10


class Clock(keras.callbacks.Callback):
    """Write down when each epoch ended, and the validation accuracy that Keras found."""

    def __init__(self) -> None:
        super().__init__()
        self.curve: list[dict[str, float]] = []
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Add a row."""
        row = {"seconds": time.perf_counter() - self.start, "validation_accuracy": float(logs["val_accuracy"])}
        self.curve.append(row)


def train(dataset: digits.Dataset, seed: int) -> dict[str, Any]:
    """Train for ten epochs; JAX's compilation is part of it."""
    keras.utils.set_random_seed(seed)
    learned, validation = digits.split(dataset.train)
    x_train, x_validation, x_test = (
        part.images.reshape(-1, 784).astype(np.float32) / 255 for part in (learned, validation, dataset.test)
    )
    clock = Clock()
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
    model.fit(
        x_train,
        learned.labels,
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        validation_data=(x_validation, validation.labels),
        callbacks=[clock],
        verbose=0,
    )
    seconds = time.perf_counter() - clock.start
    _, correct = model.evaluate(x_test, dataset.test.labels, verbose=0)
    return {"seconds": seconds, "test_accuracy": float(correct), "curve": clock.curve}
