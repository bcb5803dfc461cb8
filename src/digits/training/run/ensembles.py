"""Runs within a run: the members of an ensemble and the teacher of a student, as stages in the order of training."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from torch import nn

from digits.errors import ModelNotFoundError, UsageError
from digits.options import suggest
from digits.training.config import TrainConfig
from digits.training.engine import distributed
from digits.training.engine.checkpoint import Epoch
from digits.training.engine.devices import choose_device
from digits.training.engine.loop import Progress, fit
from digits.training.engine.networks import Ensemble, make_network
from digits.training.recipes import RECIPES, get_recipe
from digits.training.run.artifacts import write_metrics
from digits.training.run.export import load_network
from digits.training.run.initial import adopt
from digits.training.run.inputs import Inputs
from digits.training.run.result import Run
from digits.training.run.training_set import TrainingSet
from digits.types import Dataset


@dataclass(frozen=True, eq=False)
class Stage:
    """One network of a run: the run itself, a member of its ensemble, or its teacher."""

    folder: Path  # its run folder; that of an inner stage lies within that of the whole run
    config: TrainConfig
    inputs: Inputs
    name: str = "the network"  # what error texts call it
    members: tuple[Stage, ...] = ()  # stages whose networks it averages
    teacher: Stage | None = None  # stage whose network it learns from; none if that is trained already

    @property
    def device(self) -> torch.device:
        """The device to train on."""
        return choose_device(self.config.run.device)

    @property
    def needed(self) -> tuple[Stage, ...]:
        """The stages that come directly before it."""
        return (*self.members, *((self.teacher,) if self.teacher else ()))

    def in_order(self) -> Iterator[Stage]:
        """Yield all stages that have to be trained, each after those it needs, itself last."""
        for stage in self.needed:
            yield from stage.in_order()
        yield self


def plan_stages(folder: Path, config: TrainConfig, inputs: Inputs, name: str = "the network") -> Stage:
    """Plan a run with its members and its teacher.

    Raises
    ------
    UsageError
        When the teacher is neither a run folder nor a recipe.
    """
    size = config.model.ensemble_size
    if size > 1:
        members = tuple(
            plan_stages(
                folder / "members" / str(index + 1), config.member(index), inputs.member(index),
                f"member {index + 1} of {size}",
            )
            for index in range(size)
        )  # fmt: skip
        return Stage(folder, config, inputs, name, members=members)
    teacher = None
    if teacher_config := configure_teacher(config):
        teacher = plan_stages(folder / "teacher", teacher_config, Inputs(inputs.dataset), "the teacher")
    return Stage(folder, config, inputs, name, teacher=teacher)


def configure_teacher(config: TrainConfig) -> TrainConfig | None:
    """Return how to train the teacher: on the student's data, by its seed; None if there is none left to train.

    Raises
    ------
    UsageError
        When the teacher is neither a run folder nor a recipe, or a recipe that fine-tunes.
    """
    teacher = config.optimization.teacher
    if not teacher or (Path(teacher) / "config.json").is_file():
        return None
    if teacher not in RECIPES:
        raise UsageError(f"teacher {teacher!r} is neither a run folder nor a recipe{suggest(teacher, RECIPES)}")
    recipe, run = adopt(get_recipe(teacher), None), config.run
    run = replace(recipe.run, seed=run.seed, device=run.device, threads=run.threads)
    return replace(recipe, data=config.data, run=run)


def load_teacher(config: TrainConfig, dataset: Dataset) -> tuple[nn.Module, dict[str, Any], list[str]]:
    """Load the teacher that the configuration names as a run folder.

    Returns
    -------
    The network, its ``results.json``, and notices about figures that are too optimistic.

    Raises
    ------
    ModelError
        When the run is unfinished or broken.
    """
    folder = Path(config.optimization.teacher)
    network, teacher_config, metadata = load_network(folder)
    try:
        results = json.loads((folder / "results.json").read_text())
    except FileNotFoundError as error:
        raise ModelNotFoundError(
            f"{folder} is not a finished run: results.json is missing; `digits train --resume {folder}` finishes it"
        ) from error
    splits = [(each.data.validation_size, each.data.split_seed) for each in (teacher_config, config)]
    if metadata["data"]["sha256"] == dataset.sha256 and splits[0] != splits[1]:
        notice = (
            "The teacher was trained on some of these validation digits: the validation figures are too optimistic."
        )
        return network, results, [notice]
    return network, results, []


@dataclass(frozen=True, eq=False)
class Fitted:
    """A trained network, its history, notices about it, and entries for ``results.json``."""

    network: nn.Module
    history: list[Epoch]
    notices: list[str] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)


def fit_stage(stage: Stage, needed: list[Run], learned: TrainingSet, progress: Progress) -> Fitted:
    """Train one network, from labels or from a teacher."""
    config, device = stage.config, stage.device
    teacher: nn.Module | None = None
    notices, results = list[str](), dict[str, Any]()
    if needed:
        teacher, results = needed[0].network, needed[0].results
    elif config.optimization.teacher:
        teacher, results, notices = load_teacher(config, stage.inputs.dataset)
        teacher.to(device)
    about = {}
    if results:
        accuracy, seconds = results["validation"]["accuracy"], results["seconds"]["training"]
        facts = {name: results[name] for name in ("recipe", "seed", "network")}
        about = {"teacher": facts | {"validation": accuracy, "seconds": seconds}}
    network = make_network(config)
    if stage.inputs.initial:
        network.load_state_dict(stage.inputs.initial.network.state_dict())
    network.to(device)

    def report(done: float, n_epochs: int, history: list[Epoch]) -> None:
        if done == len(history) and distributed.rank() == 0:
            write_metrics(stage.folder, history)
        progress(done, n_epochs, history)

    history = fit(
        network, learned.train, learned.validation, config, outliers=learned.outliers, teacher=teacher,
        checkpoint=stage.folder / "checkpoint.safetensors", progress=report,
    )  # fmt: skip
    return Fitted(network, history, notices, about)


def combine_members(stage: Stage, members: list[Run]) -> Fitted:
    """Average the members of an ensemble."""
    network = Ensemble((run.network for run in members), stage.config.model.cascade_threshold).eval()
    figures = [
        {name: run.results[name]["accuracy"] for name in ("validation", "test")} | {"seed": run.config.run.seed}
        for run in members
        if run.results
    ]
    return Fitted(network, average_histories([run.history for run in members]), about={"members": figures})


def average_histories(histories: list[list[Epoch]]) -> list[Epoch]:
    """Return the rows of an ensemble: means over its members, but the sums of their seconds."""
    names = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "learning_rate")
    return [
        Epoch(
            epoch=rows[0].epoch,
            seconds=sum(row.seconds for row in rows),
            **{name: mean(getattr(row, name) for row in rows) for name in names},
        )
        for rows in zip(*histories, strict=False)  # patience may have ended some earlier
    ]
