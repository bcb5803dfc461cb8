"""The recipes: each is a name for a `TrainConfig`, pure data. docs/recipes.md tells how they were found."""

from __future__ import annotations

import shlex
from typing import Any

from digits.errors import UsageError
from digits.options import suggest
from digits.training.config import SECTION_OF, TrainConfig

DEFAULT_RECIPE = "standard"
FINE_TUNING_RECIPE = "personal"
"""What is trained when no recipe is named: from random weights, and from an initial model."""

_NO_AUGMENTATION: dict[str, Any] = {"rotation": 0.0, "scale": 0.0, "shear": 0.0, "shift": 0.0, "elastic": 0.0}
_REAL_HANDWRITING: dict[str, Any] = {
    "synthetic": 12_000, "pen_strokes": 12_000, "simulated_photos": 20_000, "simulated_captures": 24_000,
    "outliers": 12_000, "corruption": 0.1,
}  # fmt: skip
_CNN: dict[str, Any] = {"network": "cnn", "lr": 1e-2, "batch_size": 250, "shift": 1.0}
_SMALL_CNN = _CNN | {
    "muon_lr": 0.1, "momentum": 0.8, "weight_decay": 0.0, "epochs": 5, "ema_epochs": 0.5, "elastic": 0.5
}  # fmt: skip
_LARGE_CNN = _CNN | {"muon_lr": 0.05, "epochs": 24}
_DISTILLED: dict[str, Any] = {"distill_temperature": 4.0, "batch_size": 250}

_SETTINGS: dict[str, dict[str, Any]] = {
    # the textbook recipe most people train first, except that its learning rate falls to zero
    "classic": {
        "dropout": 0.2, "optimizer": "adam", "lr": 1e-3, "weight_decay": 0.0, "schedule": "linear", "batch_size": 64,
        "epochs": 10, "ema_epochs": 0.0, "precision": "float32", **_NO_AUGMENTATION,
    },
    # the accuracy of the textbook recipe in the least time
    "fast": {
        "lr": 2e-2, "muon_lr": 0.12, "momentum": 0.7, "weight_decay": 0.0, "schedule": "linear", "batch_size": 1000,
        "epochs": 2, "ema_epochs": 0.0, **_NO_AUGMENTATION,
    },
    "standard": {},
    "best-mlp": {"teacher": "best-cnn", "epochs": 80, **_DISTILLED},
    "cnn": _SMALL_CNN,
    "best-cnn": _LARGE_CNN,
    "tiny": _SMALL_CNN | {"channels": (8, 12, 20), "epochs": 30, "elastic": 0.4},
    "ensemble": _LARGE_CNN | {"ensemble_size": 5},
    # the shipped models: other people's handwriting, photographs, and non-digits to reject
    "reader": _SMALL_CNN | _REAL_HANDWRITING | {
        "channels": (24, 48, 96), "ensemble_size": 3, "cascade_threshold": 0.99, "epochs": 24,
    },
    "reader-mlp": {"teacher": "reader", **_DISTILLED, **_REAL_HANDWRITING, "epochs": 60, "corruption": 0.05},
    # fine-tuning on one person's digits in seconds; the replayed digits and outliers limit what is forgotten
    "personal": {
        "optimizer": "adamw", "lr": 5e-4, "weight_decay": 0.0, "schedule": "linear",
        "batch_size": 250, "epochs": 1, "ema_epochs": 0.0, "shift": 1.0, "elastic": 0.5, "replay_size": 10_000,
        "personal_share": 0.3, "outliers": 2000,
    },
}  # fmt: skip

RECIPES = {name: TrainConfig.from_settings(recipe=name, **settings) for name, settings in _SETTINGS.items()}


def get_recipe(name: str, **settings: Any) -> TrainConfig:
    """Return the recipe with this name, with some settings changed.

    Raises
    ------
    UsageError
        For an unknown recipe or setting, with the nearest names.
    """
    if name not in RECIPES:
        raise UsageError(f"there is no recipe {name!r}{suggest(name, RECIPES)}")
    return RECIPES[name].replace(**settings)


def write_command(config: TrainConfig, **places: str | None) -> str:
    """Write the shell command that repeats a run: its recipe, the flags that differ from it, and its inputs.

    Parameters
    ----------
    config
        How it was trained.
    places
        By flag, with underscores: paths of the data set (``data``), of personal data (``extra_data``) and of the
        initial model (``from``), which determines the network without further flags.
    """
    words = ["digits", "train", config.recipe]
    defaults = get_recipe(config.recipe).settings
    for name, value in config.settings.items():
        is_inherited = places.get("from") and SECTION_OF[name] == "model"
        if value != defaults[name] and not is_inherited:
            values = () if value is True else value if isinstance(value, tuple) else (value,)
            words += [f"--{name.replace('_', '-')}", *map(str, values)]
    for name, place in places.items():
        words += [f"--{name.replace('_', '-')}", place] if place else []
    return shlex.join(words)
