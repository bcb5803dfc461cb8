"""Sweeps: trials of a recipe with other values of some settings, chosen by Optuna, run by any number of processes.

The values are proposed by the tree-structured Parzen estimator (Bergstra et al., "Algorithms for hyper-parameter
optimization", 2011). A trial that is worse after an epoch than half of the others were is given up (the median rule of
Golovin et al., "Google Vizier", 2017). Validation digits decide; test digits are never used.
"""

from __future__ import annotations

import hashlib
import json
import logging
import multiprocessing
import os
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState

from digits.errors import StorageError, UsageError
from digits.experiments.search_space import Search, from_settings, parse_searches
from digits.experiments.sweep_results import Sweep, collect, describe_trial
from digits.experiments.sweep_sampler import TrialSampler, to_distribution
from digits.experiments.sweep_storage import close_storage, open_storage, reaching
from digits.experiments.sweep_trial import run_trial
from digits.experiments.sweep_workers import claim, retry_abandoned, working
from digits.files import read_json_object, storing, write_atomically
from digits.training.config import TrainConfig
from digits.training.engine.devices import choose_device
from digits.training.engine.networks import make_network
from digits.training.engine.threads import choose_threads, use_threads
from digits.training.run.inputs import Inputs, Place, load_inputs
from digits.training.run.stored import Trust
from digits.training.run.training_set import TrainingSet, validation_size
from digits.types import Dataset

log = logging.getLogger(__name__)

STARTUP_TRIALS = 10
"""Trials with random values before values are proposed from them, and before any is given up; Optuna's own number."""

POLL = 0.3
"""Seconds between looks at what other processes do."""

COUNTED = (TrialState.RUNNING, TrialState.COMPLETE, TrialState.PRUNED)


@dataclass(frozen=True, eq=False)
class _Task:
    """What every process of a sweep needs to know; it is sent to those that this one starts."""

    config: TrainConfig
    searches: tuple[Search, ...]
    folder: Path
    trials: int
    storage: str | None
    data: Place | Dataset | None
    trust_code: bool
    prune: bool
    threads: int
    notify: Callable[[str], None]


def sweep(
    config: TrainConfig,
    searches: Sequence[str],
    folder: Path,
    *,
    trials: int = 30,
    processes: int = 1,
    storage: str | None = None,
    data: Place | Dataset | None = None,
    trust_code: bool = False,
    prune: bool = True,
    notify: Callable[[str], None] = log.warning,
) -> Sweep:
    """Search the values of settings with which a recipe reads the most validation digits.

    The first trial is the recipe itself, if its values are among those searched. Called again with the same recipe,
    searches and digits, in this process or others, on this machine or others, it continues the same trials until
    there are `trials` of them; trials whose process has died are tried again.

    Parameters
    ----------
    config
        The recipe. All trials have its seed, which also decides which values are tried.
    searches
        What to search, as in ``muon_lr=log:0.005:0.1``, ``epochs=1:5`` or ``optimizer=adamw,muon``.
    folder
        Where the journal of the trials is kept; one sweep per folder.
    trials
        How many trials there shall be, of all processes together.
    processes
        How many processes work here, each with its share of the processor's cores.
    storage
        The address of a database that keeps the trials instead, such as ``postgresql://USER@HOST/DATABASE`` or
        ``redis://HOST:PORT/NUMBER``.
    data, trust_code
        As in `digits.train`.
    prune
        Whether to give up trials that are worse than half of the others after the same epoch. Trials are never given
        up where the number of epochs is searched, since half-way through they cannot be compared.
    notify
        Called with a sentence per trial.

    Raises
    ------
    UsageError
        When a search cannot be read, the folder holds another sweep, or the recipe cannot be swept.
    StorageError
        When the journal cannot be written, or the database cannot be reached.
    DataError, ModelError
        As `digits.train`.
    """
    parsed = parse_searches(searches, config)
    if trials < 1 or processes < 1:
        raise UsageError(f"a sweep needs a trial and a process at least, not {trials} and {processes}")
    config, notices = _single(config)
    threads = config.run.threads or (max(1, (os.cpu_count() or 1) // processes) if processes > 1 else 0)
    task = _Task(config, parsed, Path(folder), trials, storage, data, trust_code, prune, threads, notify)
    inputs = _load(task)
    others = [
        multiprocessing.get_context("spawn").Process(target=_help, args=(replace(task, data=_address(task, inputs)),))
        for _ in range(processes - 1)
    ]
    with reaching(storage):
        study, opened = _open(task, inputs)
        for process in others:
            process.start()
        try:
            _work(task, inputs, study, opened)
            return collect(study, config, parsed, inputs, notices)
        finally:
            for process in others:
                process.join()
            close_storage(opened)


def _single(config: TrainConfig) -> tuple[TrainConfig, tuple[str, ...]]:
    """Return what one trial trains: of an ensemble, its first member."""
    if config.model.ensemble_size == 1:
        return config, ()
    member = config.replace(ensemble_size=1)
    return member, (f"Each trial trains one network, not all {config.model.ensemble_size} of the ensemble.",)


def _load(task: _Task) -> Inputs:
    """Load the digits, and make sure that the recipe can be trained with them."""
    config = task.config
    inputs, _ = load_inputs(config, task.data, None, None, task.notify, Trust(task.trust_code).naming(config))
    if config.optimization.teacher and not inputs.teacher:
        raise UsageError(
            f"its teacher, {config.optimization.teacher}, has to be trained first: name a finished run with --teacher, "
            "or leave it out with --teacher ''"
        )
    validation_size(config, inputs.dataset)
    return inputs


def _address(task: _Task, inputs: Inputs) -> Place | Dataset | None:
    """Return what another process loads the same digits from; those found or downloaded are at a place by now."""
    return task.data if isinstance(task.data, Dataset) or task.data else inputs.dataset.location


def _open(task: _Task, inputs: Inputs) -> tuple[optuna.Study, Any]:
    """Open the study in its storage, or create it with the recipe as its first trial."""
    about = {
        "config": task.config.replace(threads=0, device="auto").to_dict(),
        "searches": [str(search) for search in task.searches],
        "data_sha256": inputs.dataset.sha256,
    }
    described = json.dumps(about, sort_keys=True)
    with storing(task.folder):
        task.folder.mkdir(parents=True, exist_ok=True)
    file = task.folder / "sweep.json"
    if file.exists() and json.dumps(read_json_object(file), sort_keys=True) != described:
        raise UsageError(f"{task.folder} holds a sweep of another recipe, search or data set: name another --out")
    write_atomically(file, (json.dumps(about, indent=2) + "\n").encode())
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = open_storage(task.storage, task.folder)
    name = f"digits-{task.config.recipe}-{hashlib.sha256(described.encode()).hexdigest()[:12]}"
    sampler = TrialSampler(task.config.run.seed, STARTUP_TRIALS)
    pruner: optuna.pruners.BasePruner = optuna.pruners.NopPruner()
    if task.prune and "epochs" not in [search.name for search in task.searches]:
        pruner = optuna.pruners.MedianPruner(STARTUP_TRIALS)
    try:
        study = optuna.create_study(
            direction="maximize", study_name=name, storage=storage, sampler=sampler, pruner=pruner
        )  # fmt: skip
    except optuna.exceptions.DuplicatedStudyError:
        return optuna.load_study(study_name=name, storage=storage, sampler=sampler, pruner=pruner), storage
    values = from_settings(task.config.settings, task.searches)
    if all(search.contains(values[search.name]) for search in task.searches):
        study.enqueue_trial(values, user_attrs={"queued": "the recipe itself"})
    return study, storage


def _help(task: _Task) -> None:
    """Work on a sweep in a process that another one started."""
    logging.getLogger("digits").setLevel(logging.ERROR)  # the first process has said it
    inputs = _load(replace(task, notify=lambda sentence: None))
    with suppress(StorageError), reaching(task.storage):  # the first process says so
        study, storage = _open(task, inputs)
        try:
            _work(task, inputs, study, storage)
        finally:
            close_storage(storage)


def _work(task: _Task, inputs: Inputs, study: optuna.Study, storage: Any) -> None:
    """Run trials until there are enough, and wait for those that other processes still run."""
    device = choose_device(task.config.run.device)
    network = make_network(task.config).to(device)
    threads = choose_threads(task.threads, network, task.config.optimization.batch_size, device, task.notify)
    distributions = {search.name: to_distribution(search) for search in task.searches}
    learned: dict[str, TrainingSet] = {}
    is_waiting = False
    with use_threads(threads), working(storage, task.folder) as worker:
        while True:
            retry_abandoned(storage, study, task.folder)
            known = study.get_trials(deepcopy=False)
            if sum(trial.state in COUNTED for trial in known) >= task.trials:
                running = sum(trial.state == TrialState.RUNNING for trial in known)
                if not running:
                    return
                if not is_waiting:
                    task.notify(f"waiting for {running} trial{'s' * (running > 1)} of other processes …")
                is_waiting = True
                time.sleep(POLL)
                continue
            with warnings.catch_warnings():  # the signs of life in a database are ours to give, and we do
                warnings.filterwarnings("ignore", "Heartbeat of storage")
                trial = study.ask(distributions)
            with claim(storage, study, trial, worker):
                if _is_beyond(study, trial, task.trials):
                    study.tell(trial, state=TrialState.FAIL)
                    continue
                run_trial(task.config, inputs, study, trial, learned)
            task.notify(describe_trial(study, trial.number, task.trials))


def _is_beyond(study: optuna.Study, trial: optuna.Trial, n: int) -> bool:
    """Say whether other processes have begun enough trials in the moment before this one."""
    states = (*COUNTED, TrialState.WAITING)
    earlier = [each for each in study.get_trials(deepcopy=False, states=states) if each.number < trial.number]
    return len(earlier) >= n and "queued" not in trial.user_attrs
