"""Keras 3 on JAX: 784-256-128-10 with dropout as in its guides, and the convnet of its example "Simple MNIST convnet".

JAX's compilation counts.
"""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "jax"  # read when keras is imported

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

import digits
from benchmarks.peers import Curve, Trained, flat

BATCH_SIZE = 128


class Clock(keras.callbacks.Callback):
    """Notes when each epoch ended, and the validation accuracy that Keras found."""

    def __init__(self) -> None:
        super().__init__()
        self.curve = Curve()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Add an entry."""
        self.curve.add(logs["val_accuracy"])


def train_mlp(dataset: digits.Dataset, seed: int) -> Trained:
    """Train 784-256-128-10 for ten epochs."""
    keras.utils.set_random_seed(seed)
    hidden = (layers.Dense(width, activation="relu") for width in (256, 128))
    body = [layer for dense in hidden for layer in (dense, layers.Dropout(0.2))]
    return _train("sparse_categorical_crossentropy", (784,), body, list(flat(dataset)), epochs=10)


def train_convnet(dataset: digits.Dataset, seed: int) -> Trained:
    """Train the convnet for its fifteen epochs."""
    keras.utils.set_random_seed(seed)
    parts = [(pixels.reshape(-1, 28, 28, 1), keras.utils.to_categorical(y, 10)) for pixels, y in flat(dataset)]
    body = [
        layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Conv2D(64, kernel_size=(3, 3), activation="relu"),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Flatten(),
        layers.Dropout(0.5),
    ]
    return _train("categorical_crossentropy", (28, 28, 1), body, parts, epochs=15)


def _train(loss: str, shape: tuple[int, ...], body: Sequence[Any], parts: Sequence[Any], epochs: int) -> Trained:
    learned, validation, test = parts
    clock = Clock()
    model = keras.Sequential([keras.Input(shape=shape), *body, layers.Dense(10, activation="softmax")])
    model.compile(loss=loss, optimizer="adam", metrics=["accuracy"])
    settings = {"batch_size": BATCH_SIZE, "epochs": epochs, "validation_data": validation, "verbose": 0}
    model.fit(*learned, callbacks=[clock], **settings)
    seconds = clock.curve.clock()
    _, accuracy = model.evaluate(*test, verbose=0)
    return Trained(seconds, float(accuracy), clock.curve)
