"""The recipes that have a name, each a `TrainConfig`; how they were found is in docs/recipes.md."""

from __future__ import annotations

import dataclasses
import shlex
from typing import Any

from digits.errors import UsageError
from digits.training.config import ARCHITECTURE, TrainConfig, nearest

_AS_THEY_ARE: dict[str, Any] = {"rotation": 0.0, "scale": 0.0, "shear": 0.0, "shift": 0.0, "elastic": 0.0}
"""No augmentation."""

_CNN = TrainConfig(
    recipe="cnn",
    network="cnn",
    learning_rate=1e-2,
    matrix_rate=0.1,
    momentum=0.8,
    weight_decay=0.0,
    batch_size=250,
    epochs=5,
    averaging=0.5,
    shift=1.0,
    elastic=0.5,
)

_BEST_CNN = TrainConfig(
    recipe="best-cnn",
    network="cnn",
    learning_rate=1e-2,
    matrix_rate=0.05,
    batch_size=250,
    epochs=24,
    shift=1.0,
)

_OF_ALL_KINDS: dict[str, Any] = {"synthetic": 12_000, "photographs": 20_000, "others": 12_000}
"""What is learned besides MNIST by those who read other people's handwriting."""

PERSONAL = "personal"
"""The recipe that goes on with a trained network, for digits of one's own."""

RECIPES = {
    config.recipe: config
    for config in (
        # the textbook's, what most people train first; but its learning rate falls, where most leave it as it is
        TrainConfig(
            recipe="classic",
            dropout=0.2,
            optimizer="adam",
            learning_rate=1e-3,
            weight_decay=0.0,
            schedule="linear",
            batch_size=64,
            epochs=10,
            averaging=0.0,
            precision="float32",
            **_AS_THEY_ARE,
        ),
        # the least time to what the textbook's reaches
        TrainConfig(
            recipe="fast",
            learning_rate=2e-2,
            matrix_rate=0.12,
            momentum=0.7,
            weight_decay=0.0,
            schedule="linear",
            batch_size=1000,
            epochs=2,
            averaging=0.0,
            **_AS_THEY_ARE,
        ),
        TrainConfig(recipe="standard"),
        TrainConfig(recipe="best-mlp", teacher="best-cnn", softening=4.0, batch_size=250, epochs=80),
        _CNN,
        _BEST_CNN,
        _CNN.replace(recipe="tiny", channels=(8, 12, 20), epochs=30, elastic=0.4),
        _BEST_CNN.replace(recipe="ensemble", members=5),
        # what reads other people's handwriting: all pens, papers and cameras, and knows what is no digit
        _CNN.replace(recipe="reader", members=5, sure=0.99, epochs=14, **_OF_ALL_KINDS),
        TrainConfig(recipe="reader-mlp", teacher="reader", softening=4.0, batch_size=250, epochs=40, **_OF_ALL_KINDS),
        # what a trained network learns of one person's digits in seconds, and of its own lest it forgets them
        TrainConfig(
            recipe=PERSONAL,
            optimizer="adamw",
            learning_rate=5e-4,
            weight_decay=0.0,
            schedule="linear",
            batch_size=250,
            epochs=1,
            averaging=0.0,
            shift=1.0,
            elastic=0.5,
            replay=10_000,
            extra_share=0.3,
            others=2000,
        ),
    )
}


def recipe(name: str) -> TrainConfig:
    """Give the configuration with this name.

    Raises
    ------
    UsageError
        When there is none, with the nearest names.
    """
    if name not in RECIPES:
        raise UsageError(f"there is no recipe {name!r}{nearest(name, RECIPES)}")
    return RECIPES[name]


def command(config: TrainConfig, data: str | None = None, *, extra: str | None = None, start: str | None = None) -> str:
    """Give the shell command that repeats a run: its recipe, the flags that differ from it, and where things are.

    Parameters
    ----------
    config
        How it was trained.
    data, extra, start
        Places of the set, of own digits, and of the network it started from; what that is needs no flags.
    """
    words = ["digits", "train", config.recipe]
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        taken_over = start is not None and field.name in ARCHITECTURE
        if field.name != "recipe" and value != getattr(recipe(config.recipe), field.name) and not taken_over:
            values = () if value is True else value if isinstance(value, tuple) else (value,)
            words += [f"--{field.name.replace('_', '-')}", *map(str, values)]
    for flag, place in (("--data", data), ("--extra", extra), ("--from", start)):
        words += [flag, place] if place else []
    return shlex.join(words)
