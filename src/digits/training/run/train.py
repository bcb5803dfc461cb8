"""A whole run: digits in, a run folder with the trained network and its evaluation out.

Everything after training, such as the report, reads the run folder alone; each file in it is written atomically.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from digits.data import load_pen_strokes
from digits.errors import TrainingError, UsageError
from digits.training.config import TrainConfig
from digits.training.engine import distributed
from digits.training.engine.checkpoint import Epoch
from digits.training.engine.loop import Progress
from digits.training.engine.losses import make_loss
from digits.training.engine.networks import make_network
from digits.training.engine.optimizers import make_optimizer
from digits.training.engine.threads import choose_threads, use_threads
from digits.training.recipes import DEFAULT_RECIPE, FINE_TUNING_RECIPE, get_recipe, write_command
from digits.training.run.artifacts import (
    describe_limits,
    is_interrupted,
    write_examples,
    write_json,
    write_metrics,
    write_start,
)
from digits.training.run.ensembles import (
    Fitted,
    Stage,
    combine_members,
    fit_stage,
    plan_stages,
)
from digits.training.run.evaluate import Evaluation, evaluate_network
from digits.training.run.export import GOLDEN_DIGITS, ExportError, export_onnx, save_weights
from digits.training.run.finetune import check_overlap, evaluate_fine_tuning
from digits.training.run.folder import hold, new_folder
from digits.training.run.initial import check_initial
from digits.training.run.inputs import Inputs, Place, check_unchanged, examine, load_inputs, read_run
from digits.training.run.progress import ProgressBar, is_watched
from digits.training.run.result import Run
from digits.training.run.stored import Trust
from digits.training.run.training_set import TrainingSet, build_training_set, validation_size
from digits.types import Dataset

log = logging.getLogger(__name__)

CHECKED_DIGITS = 1000
"""Validation digits on which ONNX Runtime must agree with PyTorch before ``model.onnx`` is written."""


def train(
    config: TrainConfig | str | None = None,
    *,
    data: Place | Dataset | None = None,
    extra_data: Place | None = None,
    initial_model: Place | None = None,
    out: Place | None = None,
    trust_code: bool = False,
    progress: Progress | bool | None = None,
    notify: Callable[[str], None] = log.warning,
    film: bool = False,
    **settings: Any,
) -> Run:
    """Train a network, evaluate it and write the run folder.

    Parameters
    ----------
    config
        A recipe's name or a whole configuration; ``standard`` by default, ``personal`` with an initial model.
    data
        A data set or its place. By default MNIST, found or downloaded, and where that fails, synthetic digits, which
        ``"synthetic"`` asks for.
    extra_data
        Place of personal data to learn besides: labelled digits in any format, such as one folder per class.
    initial_model
        A trained network to start from instead of random weights: a run folder, a ``.safetensors`` file, or the name of
        a shipped model, ``"cnn"`` or ``"mlp"``. It determines the network.
    out
        The run folder to make; ``runs/<time>-<recipe>`` by default.
    trust_code
        Whether to run the code of a network of your own that an initial model or a teacher names, and that `settings`
        do not.
    progress
        Whether to show a progress bar, by default on a terminal and in a notebook; or a function to call after every
        step.
    notify
        Called at once with what no user may miss: that the digits are synthetic.
    film
        Whether to write ``live.json``, what a page shows of the network while it trains, at up to 2 % of the time.
    settings
        Settings of `TrainConfig` to change, as in ``train("classic", epochs=3)``.

    Raises
    ------
    UsageError
        For a configuration that cannot work, or a run folder that already holds something.
    UntrustedCodeError
        When an initial model or a teacher names code that is not trusted.
    DataError
        When the place that was named has no digits to train on.
    ModelError
        When the initial model is missing or broken.
    TrainingError
        When the loss is no longer a number.
    """
    started = time.perf_counter()
    if "recipe" in settings:
        raise UsageError(f"the recipe comes first: train({settings['recipe']!r}, …)")
    if config is None:
        config = DEFAULT_RECIPE if initial_model is None else FINE_TUNING_RECIPE
    config = (get_recipe(config) if isinstance(config, str) else config).replace(**settings)
    get_recipe(config.recipe)
    teacher = config.optimization.teacher
    if teacher and Path(teacher).is_dir():
        config = config.replace(teacher=str(Path(teacher).resolve()))  # found again from any other folder

    trust = Trust(trust_code).naming(config)
    inputs, config = load_inputs(config, data, extra_data, initial_model, notify, trust)
    plan = plan_stages(Path(), config, inputs)
    threads = choose_threads(config.run.threads, _check(plan), config.optimization.batch_size, plan.device, notify)
    with use_threads(threads), new_folder(config.recipe, out, plan.device) as folder:
        return _run_stages(_plan(folder, config, inputs, film), progress, started)


def resume(
    run: Place,
    *,
    data: Place | Dataset | None = None,
    trust_code: bool = False,
    progress: Progress | bool | None = None,
    notify: Callable[[str], None] = log.warning,
    film: bool = False,
) -> Run:
    """Continue an interrupted run; its weights become those of an uninterrupted run, bit for bit.

    Parameters
    ----------
    run
        Its run folder.
    data
        Where the digits are now, if they have moved; they must be the same digits.
    trust_code
        Whether to run the code that the run names: a network, loss or optimizer of your own.
    progress, notify, film
        As in `train`.

    Raises
    ------
    UntrustedCodeError
        When the run names code that is not trusted.
    ModelError
        When the folder holds no run, or one that cannot be continued.
    DataError
        When the digits are missing.
    UsageError
        When the inputs are not those the run started with, or another run is writing to the folder.
    """
    started = time.perf_counter()
    folder = Path(run)
    trust = Trust(trust_code)
    config, environment = read_run(folder, trust)
    extra_data, initial_model = environment.get("extra_data"), environment.get("initial_model")
    place = data or environment["data"]
    inputs, config = load_inputs(config, place, extra_data, initial_model, notify, trust)
    check_unchanged(folder, inputs, environment)
    # sums are split among threads: with another number of them, the last bits would differ
    with use_threads(int(environment["threads"])), hold(folder):
        return _run_stages(_plan(folder, config, inputs, film), progress, started)


def _plan(folder: Path, config: TrainConfig, inputs: Inputs, film: bool) -> Stage:
    plan = plan_stages(folder, config, examine(inputs))
    return plan.filmed(folder) if film else plan


def _check(plan: Stage) -> nn.Module:
    """Try everything that can fail before there is a folder, plug-ins included; return one network as it will be."""
    for stage in plan.in_order():
        validation_size(stage.config, stage.inputs.dataset)
        if stage.config.data.pen_strokes:
            load_pen_strokes()
    config = plan.config
    _ = plan.device  # an error if it cannot be used here
    make_loss(config.optimization)
    network = make_network(config.member(0))
    make_optimizer(network, config.optimization)
    return network


def _run_stages(plan: Stage, progress: Progress | bool | None, started: float) -> Run:
    """Train all stages of a run, one after the other."""
    if progress is None:
        progress = is_watched()
    if progress is True:
        with closing(ProgressBar()) as bar:
            return _run_stages(plan, bar, started)
    _write_start(plan)  # before those of its inner stages, since the whole run is what is resumed
    runs: dict[Path, Run] = {}
    n_epochs = sum(stage.config.optimization.epochs for stage in plan.in_order() if not stage.members)
    for stage in plan.in_order():
        earlier = [row for run in runs.values() if run.config.model.ensemble_size == 1 for row in run.history]
        shown = _offset(progress, earlier, n_epochs) if progress and distributed.rank() == 0 else lambda *_: None
        stage_start = started if stage is plan else time.perf_counter()
        runs[stage.folder] = _run_stage(stage, runs, shown, stage_start, is_whole=stage is plan)
        if stage is not plan and is_interrupted(stage.config, runs[stage.folder].history):
            raise TrainingError(
                f"interrupted while training {stage.name}; `digits train --resume` with the folder of the whole run "
                "continues it"
            )
    return runs[plan.folder]


def _run_stage(stage: Stage, runs: dict[Path, Run], progress: Progress, started: float, *, is_whole: bool) -> Run:
    """Prepare, fit, evaluate and export one network; `runs` are the finished stages that it needs."""
    config, inputs, folder = stage.config, stage.inputs, stage.folder
    _write_start(stage)
    learned = build_training_set(config, inputs)

    needed = [runs[each.folder] for each in stage.needed]
    fit_start = time.perf_counter()
    fitted = combine_members(stage, needed) if stage.members else fit_stage(stage, needed, learned, progress)
    fit_seconds = time.perf_counter() - fit_start
    all_epochs = [row for run in needed for row in run.all_epochs] + ([] if stage.members else fitted.history)
    if distributed.rank() > 0:
        return Run(folder, config, fitted.network, inputs.dataset, fitted.history, all_epochs, {}, {})

    evaluation = evaluate_network(fitted.network, config, inputs, learned, fitted.history)
    notices = _export(stage, fitted, learned, evaluation)
    results = evaluation.metadata | {
        **{name: score.to_dict() for name, score in evaluation.scores.items()},
        "data": evaluation.metadata["data"] | {"location": inputs.dataset.location},
        "interrupted": is_interrupted(config, fitted.history),
        "notices": notices,
        "findings": [finding.to_dict() for finding in fitted.findings],
        "command": write_command(config, **inputs.places),
        **fitted.about,
    }
    if is_whole:
        results |= evaluate_fine_tuning(fitted.network, config, inputs, learned.validation, evaluation.metadata)
    training = sum(row.seconds for row in all_epochs)
    # epochs that an earlier session trained count too
    earlier = max(0.0, sum(row.seconds for row in fitted.history) - fit_seconds) if not stage.members else 0.0
    total = time.perf_counter() - started + earlier
    results["seconds"] = {"training": training, "total": max(total, training)}
    write_json(folder / "results.json", results)
    scores = evaluation.scores
    return Run(folder, config, fitted.network, inputs.dataset, fitted.history, all_epochs, scores, results)


def _write_start(stage: Stage) -> None:
    if distributed.rank() == 0:
        write_start(stage.folder, stage.config, stage.inputs.record, stage.device)


def _export(stage: Stage, fitted: Fitted, learned: TrainingSet, evaluation: Evaluation) -> list[str]:
    """Write the files of the run folder but for ``results.json``; return the notices about the run."""
    from digits.synthesis import synthesize

    config, inputs, folder = stage.config, stage.inputs, stage.folder
    metadata = evaluation.metadata
    write_metrics(folder, fitted.history)
    write_examples(
        folder, fitted.network, config, learned.train, inputs.dataset.test, evaluation.test_logits,
        metadata["temperature"],
    )  # fmt: skip
    save_weights(fitted.network, folder / "model.safetensors", config, metadata)
    notices = describe_limits(config, inputs.dataset, fitted.history) + fitted.notices
    notices += [*inputs.warnings, *(finding.text for finding in fitted.findings)]
    if inputs.initial:
        notices += check_initial(inputs.initial, inputs.dataset, config)
    if inputs.personal:
        notices += check_overlap(inputs.personal, inputs.dataset, learned.validation)
    # the golden digits are synthetic, since the file is passed on
    checked = np.concatenate((synthesize(GOLDEN_DIGITS).images, learned.validation.images[:CHECKED_DIGITS]))
    try:
        export_onnx(fitted.network, folder / "model.onnx", checked, metadata)
    except ExportError as error:
        notices.append(str(error))
    return notices


def _offset(progress: Progress, earlier: list[Epoch], n_epochs: int) -> Progress:
    """Count the epochs of a stage on from those of earlier stages."""
    return lambda done, _, history: progress(len(earlier) + done, n_epochs, earlier + history)
