"""Keras 3 on JAX: the convolutional network of Keras' own example "Simple MNIST convnet", its 15 epochs included."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "jax"  # read when keras is imported

import time
from typing import Any

import keras
import numpy as np
from keras import layers

import digits
from benchmarks.peers.keras_mlp import Clock

BATCH_SIZE = 128
EPOCHS = 15


def train(dataset: digits.Dataset, seed: int) -> dict[str, Any]:
    """Train for fifteen epochs; JAX's compilation is part of it."""
    keras.utils.set_random_seed(seed)
    learned, validation = digits.split(dataset.train)
    x_train, x_validation, x_test = (
        np.expand_dims(part.images.astype(np.float32) / 255, -1) for part in (learned, validation, dataset.test)
    )
    y_train, y_validation, y_test = (
        keras.utils.to_categorical(part.labels, 10) for part in (learned, validation, dataset.test)
    )
    clock = Clock()
    model = keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Conv2D(64, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    model.fit(
        x_train,
        y_train,
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        validation_data=(x_validation, y_validation),
        callbacks=[clock],
        verbose=0,
    )
    seconds = time.perf_counter() - clock.start
    _, correct = model.evaluate(x_test, y_test, verbose=0)
    return {"seconds": seconds, "test_accuracy": float(correct), "curve": clock.curve}
