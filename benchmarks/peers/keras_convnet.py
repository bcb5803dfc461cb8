"""Keras 3 on JAX: the convolutional network of Keras' own example "Simple MNIST convnet", its 15 epochs included."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "jax"  # read when keras is imported

import keras
from keras import layers

import digits
from benchmarks.peers import Curve, Trained, flat
from benchmarks.peers.keras_mlp import fit

EPOCHS = 15


def train(dataset: digits.Dataset, seed: int) -> Trained:
    """Train for fifteen epochs; JAX's compilation counts."""
    keras.utils.set_random_seed(seed)
    learned, validation, test = (
        (pixels.reshape(-1, 28, 28, 1), keras.utils.to_categorical(labels, 10)) for pixels, labels in flat(dataset)
    )
    curve = Curve()
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
    return fit(model, curve, learned, validation, test, EPOCHS)
