"""Runs inside runs: the members of an ensemble, and the teacher that a network learns from."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean
from typing import Any

from torch import nn

from digits.errors import UsageError
from digits.training import distributed
from digits.training.checkpoint import Epoch
from digits.training.config import TrainConfig, nearest
from digits.training.export import load_network
from digits.training.loop import Progress
from digits.training.recipes import RECIPES, recipe
from digits.types import Dataset

SAME = (
    "synthetic", "photographs", "others", "replay", "extra_share", "validation", "split_seed", "seed", "device",
    "threads",
)  # fmt: skip
"""What a teacher that is trained first takes over from its student: the digits, the seed and the machine."""


def teacher_config(config: TrainConfig) -> TrainConfig | None:
    """Give how to train the teacher, or nothing if there is none or it is trained already.

    Raises
    ------
    UsageError
        When the teacher is neither a recipe nor the folder of a run.
    """
    if not config.teacher or (Path(config.teacher) / "config.json").is_file():
        return None
    if config.teacher not in RECIPES:
        raise UsageError(
            f"teacher {config.teacher!r} is neither the folder of a run nor a recipe{nearest(config.teacher, RECIPES)}"
        )
    return recipe(config.teacher).replace(**{field: getattr(config, field) for field in SAME})


def planned(config: TrainConfig) -> int:
    """Count the epochs of a run, those of its members and its teacher included."""
    if config.members > 1:
        return config.members * planned(config.member(0))
    teacher = teacher_config(config)
    return config.epochs + (planned(teacher) if teacher else 0)


def inner_configs(config: TrainConfig) -> list[TrainConfig]:
    """Give how to train all that is trained inside a run: a member, a teacher, and what is inside those."""
    inner = config.member(0) if config.members > 1 else teacher_config(config)
    return [inner, *inner_configs(inner)] if inner else []


def trained_teacher(config: TrainConfig, dataset: Dataset) -> tuple[nn.Module, dict[str, Any], list[str]]:
    """Load the teacher that `config` names as a run folder.

    Returns
    -------
    The network, its ``results.json``, and what has to be said of it.
    """
    network, results = load_network(config.teacher)
    theirs = TrainConfig.from_dict(json.loads((Path(config.teacher) / "config.json").read_text()))
    same = (theirs.validation, theirs.split_seed) == (config.validation, config.split_seed)
    if results["data"]["sha256"] == dataset.sha256 and not same:
        return (
            network,
            results,
            ["The teacher learned from some of the digits held out here: the validation figures flatter."],
        )
    return network, results, []


def further(progress: Progress, earlier: list[Epoch], epochs: int) -> Progress:
    """Give what a run inside a run reports to: its epochs count on from the earlier ones, and one process talks."""
    if distributed.rank() > 0:
        return lambda done, epochs, history: None
    return lambda done, _, history: progress(len(earlier) + done, epochs, earlier + history)


def mean_history(histories: list[list[Epoch]]) -> list[Epoch]:
    """Give the rows of an ensemble: the members' means, but the sums of their seconds."""
    return [
        Epoch(
            epoch=rows[0].epoch,
            seconds=sum(row.seconds for row in rows),
            **{name: mean(getattr(row, name) for row in rows) for name in _AVERAGED},
        )
        for rows in zip(*histories, strict=False)  # patience may have ended some earlier
    ]


_AVERAGED = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "learning_rate")
