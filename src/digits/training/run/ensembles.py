"""Runs within a run: the members of an ensemble and the teacher of a student, as stages in the order of training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from torch import nn

from digits.doctor import Finding
from digits.training.config import TrainConfig
from digits.training.engine import distributed
from digits.training.engine.checkpoint import Epoch
from digits.training.engine.devices import choose_device
from digits.training.engine.loop import Progress, fit
from digits.training.engine.networks import Ensemble, make_network
from digits.training.linter.runs import RunLinter
from digits.training.run.artifacts import write_metrics
from digits.training.run.film import Film
from digits.training.run.inputs import Inputs
from digits.training.run.result import Run
from digits.training.run.teacher import configure_teacher
from digits.training.run.training_set import TrainingSet


@dataclass(frozen=True, eq=False)
class Stage:
    """One network of a run: the run itself, a member of its ensemble, or its teacher."""

    folder: Path  # its run folder; that of an inner stage lies within that of the whole run
    config: TrainConfig
    inputs: Inputs
    name: str = "the network"  # what error texts call it
    members: tuple[Stage, ...] = ()  # stages whose networks it averages
    teacher: Stage | None = None  # stage whose network it learns from; none if that is trained already
    film: Path | None = None  # the folder of the whole run, if a page may look on

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

    def filmed(self, folder: Path) -> Stage:
        """Return this stage, and those it needs, with the folder of their film."""
        members = tuple(each.filmed(folder) for each in self.members)
        return replace(self, film=folder, members=members, teacher=self.teacher and self.teacher.filmed(folder))


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
        teacher = plan_stages(
            folder / "teacher", teacher_config, Inputs(inputs.dataset, seed=inputs.seed), "the teacher"
        )
    return Stage(folder, config, inputs, name, teacher=teacher)


@dataclass(frozen=True, eq=False)
class Fitted:
    """A trained network, its history, notices about it, and entries for ``results.json``."""

    network: nn.Module
    history: list[Epoch]
    notices: list[str] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)  # what the linter found


def fit_stage(stage: Stage, needed: list[Run], learned: TrainingSet, progress: Progress) -> Fitted:
    """Train one network, from labels or from a teacher."""
    config, device = stage.config, stage.device
    teacher: nn.Module | None = None
    notices: Sequence[str] = ()
    results = dict[str, Any]()
    if needed:
        teacher, results = needed[0].network, needed[0].results
    elif trained := stage.inputs.teacher:
        teacher, results, notices = trained.network.to(device), trained.results, trained.notices
    about = {}
    if results:
        accuracy, seconds = results["validation"]["accuracy"], results["seconds"]["training"]
        facts = {name: results[name] for name in ("recipe", "seed", "network")}
        about = {"teacher": facts | {"validation": accuracy, "seconds": seconds}}
    network = make_network(config)
    if stage.inputs.initial:
        network.load_state_dict(stage.inputs.initial.network.state_dict())
    network.to(device)
    linter = RunLinter(network, config, learned.train, learned.validation, is_fresh=stage.inputs.initial is None)

    film = None
    if stage.film and distributed.rank() == 0:
        film = Film(stage.film, network, learned.validation, stage.name)

    def report(done: float, n_epochs: int, history: list[Epoch]) -> None:
        if done == len(history) and distributed.rank() == 0:
            write_metrics(stage.folder, history)
        progress(done, n_epochs, history)
        if film:
            film.look(done, n_epochs, history)
        if done == len(history):
            linter.look_after_epoch(network, history)

    history = fit(
        network, learned.train, learned.validation, config, outliers=learned.outliers, teacher=teacher,
        checkpoint=stage.folder / "checkpoint.safetensors", progress=report,
    )  # fmt: skip
    if film:
        film.look(float(len(history)), config.optimization.epochs, history, is_last=True)
    return Fitted(network, history, list(notices), about, linter.look_at_end(network, history))


def combine_members(stage: Stage, members: list[Run]) -> Fitted:
    """Average the members of an ensemble."""
    network = Ensemble((run.network for run in members), stage.config.model.cascade_threshold).eval()
    figures = [
        {name: run.results[name]["accuracy"] for name in ("validation", "test")} | {"seed": run.config.run.seed}
        for run in members
        if run.results
    ]
    findings = {each["kind"]: Finding(**each) for run in reversed(members) for each in run.results.get("findings", [])}
    history = average_histories([run.history for run in members])
    return Fitted(network, history, about={"members": figures}, findings=list(findings.values()))


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
