"""The recipes that have a name, each a `TrainConfig`; how they were found is in docs/recipes.md."""

from __future__ import annotations

import dataclasses
import shlex

from digits.spec import UsageError
from digits.training.config import TrainConfig, nearest

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
            rotation=0.0,
            scale=0.0,
            shear=0.0,
            shift=0.0,
            elastic=0.0,
        ),
        TrainConfig(recipe="standard"),
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


def command(config: TrainConfig, data: str | None = None) -> str:
    """Give the shell command that repeats a run: its recipe, and the flags that differ from it."""
    words = ["digits", "train", config.recipe]
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if field.name != "recipe" and value != getattr(recipe(config.recipe), field.name):
            values = value if isinstance(value, tuple) else (value,)
            words += [f"--{field.name.replace('_', '-')}", *map(str, values)]
    return shlex.join(words + (["--data", data] if data else []))
