"""A whole run: digits in, a run folder with the trained network and its judgement out.

The run folder is the seam between training and everything after it: each file in it is written whole, and the report is
made from the folder alone.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from digits.data import split
from digits.errors import TrainingError, UsageError
from digits.evaluation.metrics import Score
from digits.files import write_atomically
from digits.training import distributed
from digits.training.checkpoint import Epoch
from digits.training.comparison import before_and_after, own_figures
from digits.training.config import TrainConfig
from digits.training.extra import with_extra
from digits.training.given import Given, begun_run, check_same, gather
from digits.training.judging import judge, write_results
from digits.training.loop import Progress, fit
from digits.training.network import Ensemble, make_network
from digits.training.optimization import make_loss, make_optimizer
from digits.training.preparation import device_of, held_out
from digits.training.recipes import PERSONAL, recipe
from digits.training.record import as_json, environment, epochs_csv, interrupted, new_folder
from digits.training.sources import enlarged, learned_as_none
from digits.training.start import begin
from digits.training.teams import further, inner_configs, mean_history, planned, teacher_config, trained_teacher
from digits.types import Dataset, LabelledDigits

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run.

    Attributes
    ----------
    folder
        Where everything about it lies.
    config
        How it was trained.
    network
        The trained network, in evaluation mode.
    dataset
        What it was trained on and judged by.
    history
        A row an epoch.
    everything
        The rows of all that was trained for it, its members and its teacher included.
    scores
        How good it is, by part: ``train``, ``validation``, ``test``; empty in all but the first process of torchrun.
    results
        The content of ``results.json``; likewise.
    """

    folder: Path
    config: TrainConfig
    network: nn.Module
    dataset: Dataset
    history: list[Epoch]
    everything: list[Epoch]
    scores: dict[str, Score]
    results: dict[str, Any]


def train(
    config: TrainConfig | str | None = None,
    *,
    data: str | os.PathLike[str] | Dataset | None = None,
    extra: str | os.PathLike[str] | None = None,
    start: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] | None = None,
    progress: Progress = lambda done, epochs, history: None,
    tell: Callable[[str], None] = log.warning,
    **changes: Any,
) -> Run:
    """Train a network, judge it and write the run folder.

    Parameters
    ----------
    config
        A recipe's name or a whole configuration; by default ``standard``, or ``personal`` where there is a `start`.
    data
        Where the digits are, or a loaded set; by default MNIST, wherever `digits.load_mnist` finds it, and where it is
        nowhere, digits of our own pen, which ``"synthetic"`` asks for.
    extra
        Where a person's own digits are, to be learned besides: any labelled set, such as a folder of pictures a digit.
    start
        A trained network to go on with instead of random weights: a run folder, a model file, or the name of a model
        that comes with the package, ``"cnn"`` or ``"mlp"``. What the network is comes from there.
    out
        The run folder to make; ``runs/<time>-<recipe>`` by default.
    progress
        Told how far training is.
    tell
        Told at once what nobody may miss, which is that the digits are of our own pen.
    changes
        Fields of `TrainConfig` to change, as in ``train("classic", epochs=3)``.

    Raises
    ------
    UsageError
        For a configuration that cannot work, or a run folder that already holds a run.
    DataError
        When the place that was named has no digits to train on.
    ModelError
        When the network to go on with is missing, or cannot be gone on with.
    TrainingError
        When the loss is no longer a number.
    """
    begun = time.perf_counter()
    if "recipe" in changes:
        raise UsageError(f"a recipe is named first: train({changes['recipe']!r}, …)")
    config = (PERSONAL if start is not None else "standard") if config is None else config
    config = (recipe(config) if isinstance(config, str) else config).replace(**changes)
    recipe(config.recipe)
    if config.teacher and Path(config.teacher).is_dir():
        config = config.replace(teacher=str(Path(config.teacher).resolve()))  # found again from any other folder
    given, config, device = gather(config, data, extra, start, tell)
    epochs = planned(config)
    for inner in (config, *inner_configs(config)):
        held_out(inner, given.dataset)
    # a user's own parts are tried before there is a folder, so that a mistake in them leaves none behind
    make_loss(config)
    make_optimizer(make_network(config), config)
    if config.teacher and not teacher_config(config):
        trained_teacher(config, given.dataset)
    made = new_folder(config, out) if distributed.rank() == 0 else ""
    folder = Path(distributed.agreed(str(made), device))
    return _go_on(folder, config, given, further(progress, [], epochs), begun)


def resume(
    run: str | os.PathLike[str],
    *,
    data: str | os.PathLike[str] | Dataset | None = None,
    progress: Progress = lambda done, epochs, history: None,
    tell: Callable[[str], None] = log.warning,
) -> Run:
    """Continue an interrupted run; the weights become the very ones that an uninterrupted run gives.

    Parameters
    ----------
    run
        Its run folder.
    data
        Where the digits are now, if no longer where the run found them; they must be the same digits.
    progress
        Told how far training is.
    tell
        Told at once what nobody may miss, as in `train`.

    Raises
    ------
    ModelError
        When the folder holds no run, or one that cannot be continued.
    DataError
        When the digits are missing or are not those the run began with.
    """
    begun = time.perf_counter()
    folder = Path(run)
    config, environment = begun_run(folder)
    places = (environment.get("extra"), environment.get("start"))
    given, config, _ = gather(config, data or environment["data"], *places, tell)
    check_same(folder, given, environment)
    # sums are split among threads: with another number of them, the last bits would differ
    torch.set_num_threads(int(environment["threads"]))
    return _go_on(folder, config, given, further(progress, [], planned(config)), begun)


def _go_on(folder: Path, config: TrainConfig, given: Given, progress: Progress, begun: float) -> Run:
    """Train what is not trained yet of a run, and judge it."""
    if config.threads:
        torch.set_num_threads(config.threads)
    first = distributed.rank() == 0
    if first and not (folder / "config.json").exists():
        write_atomically(folder / "environment.json", as_json(environment(config, given, device_of(config))))
        write_atomically(folder / "config.json", as_json(config.to_dict()))
    if first:
        for leftover in folder.glob(".*.part"):
            leftover.unlink()  # what a killed process was writing
    dataset = given.dataset
    learned, validation = split(dataset.train, held_out(config, dataset), seed=config.split_seed)
    learned = with_extra(enlarged(learned, config), given.extra, config)
    prepared = time.perf_counter()
    if config.members > 1:
        network, history, everything, notices, more = _train_members(folder, config, given, progress)
    else:
        parts = (learned, validation)
        network, history, everything, notices, more = _train_one(folder, config, given, parts, progress)
    trained = time.perf_counter()
    if not first:
        return Run(folder, config, network, dataset, history, everything, {}, {})
    notices += given.notices(config, validation)
    scores, results = judge(folder, network, config, given, learned, validation, history, notices)
    if given.whole and given.extra:
        more["own"] = own_figures(network, given.extra)
    if given.whole and given.start:
        given.start.network.to(device_of(config))
        more["before"] = before_and_after(given.start, network, results, validation, given.extra, config)
    training = sum(row.seconds for row in everything)
    # of a resumed run, the epochs made before count too
    total = max(training, trained - prepared) + (prepared - begun) + (time.perf_counter() - trained)
    results |= more | {"seconds": {"training": training, "total": total}}
    write_results(folder, results)
    return Run(folder, config, network, dataset, history, everything, scores, results)


Trained = tuple[nn.Module, list[Epoch], list[Epoch], list[str], dict[str, Any]]
"""A network, its epochs, the epochs of all that was trained for it, what has to be said, and more for the results."""


def _train_one(
    folder: Path,
    config: TrainConfig,
    given: Given,
    parts: tuple[LabelledDigits, LabelledDigits],
    progress: Progress,
) -> Trained:
    teacher: nn.Module | None = None
    notices, earlier, more = list[str](), list[Epoch](), dict[str, Any]()
    if taught_by := teacher_config(config):
        run = _inner(folder / "teacher", taught_by, given.teacher(), progress, "its teacher")
        teacher, earlier, results = run.network, run.everything, run.results
    elif config.teacher:
        with distributed.first_alone():
            teacher, results, notices = trained_teacher(config, given.dataset)
        teacher.to(device_of(config))
    if config.teacher and results:
        about = {name: results[name] for name in ("recipe", "seed", "network")}
        accuracy, training = results["validation"]["accuracy"], results["seconds"]["training"]
        more = {"teacher": about | {"validation": accuracy, "seconds": training}}
    network = make_network(config)
    if given.start:
        begin(network, given.start, parts[0].images)
    network.to(device_of(config))
    on = further(progress, earlier, len(earlier) + config.epochs)

    def record(done: float, epochs: int, history: list[Epoch]) -> None:
        if done == len(history) and distributed.rank() == 0:
            write_atomically(folder / "metrics.csv", epochs_csv(history))
        on(done, epochs, history)

    checkpoint = folder / "checkpoint.safetensors"
    history = fit(
        network, *parts, config,
        others=learned_as_none(config), teacher=teacher, checkpoint=checkpoint, progress=record,
    )  # fmt: skip
    return network, history, earlier + history, notices, more


def _train_members(folder: Path, config: TrainConfig, given: Given, progress: Progress) -> Trained:
    runs, epochs = list[Run](), planned(config)
    for index in range(config.members):
        earlier = [row for run in runs for row in run.everything]
        where, what = folder / "members" / str(index + 1), f"member {index + 1} of {config.members}"
        runs.append(_inner(where, config.member(index), given.member(index), further(progress, earlier, epochs), what))
    network = Ensemble((run.network for run in runs), config.sure).eval()
    history = mean_history([run.history for run in runs])
    members = [
        {name: run.results[name]["accuracy"] for name in ("validation", "test")} | {"seed": run.config.seed}
        for run in runs
        if run.results
    ]
    return network, history, [row for run in runs for row in run.everything], [], {"members": members}


def _inner(folder: Path, config: TrainConfig, given: Given, progress: Progress, what: str) -> Run:
    run = _go_on(folder, config, given, progress, time.perf_counter())
    if interrupted(config, run.history):
        raise TrainingError(
            f"stopped while {what} was trained; `digits train --resume` with the folder of the whole run goes on"
        )
    return run
