"""What a sweep found: its trials, the best of them, and which settings mattered; as text, table and pictures."""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from digits.evaluation import figures
from digits.evaluation.metrics import align
from digits.experiments.search_space import Search, Value, to_settings
from digits.files import write_atomically
from digits.training.config import TrainConfig
from digits.training.recipes import write_command
from digits.training.run.inputs import Inputs
from digits.training.run.training_set import validation_size

SHOWN = 10
"""Trials in the table on the terminal."""

MIN_FOR_IMPORTANCE = 20
"""Finished trials from which the importance of settings is said: it compares the best tenth with all others."""

STATES = {
    TrialState.COMPLETE: "finished", TrialState.PRUNED: "given up", TrialState.FAIL: "interrupted",
    TrialState.RUNNING: "running", TrialState.WAITING: "waiting",
}  # fmt: skip


@dataclass(frozen=True)
class Trial:
    """One training with other values.

    Attributes
    ----------
    number
        Its place in the order in which trials began, from 0.
    state
        ``finished``; ``given up`` (worse than half of the others); ``failed`` (the values do not work, for a reason);
        ``interrupted`` (its process died, and its values were tried again); ``running`` or ``waiting``.
    values
        The values of the settings that are searched.
    accuracy
        On the validation digits, 0–1: at the end, or of a trial that was given up, after its last epoch; None of the
        others.
    seconds
        From its beginning to its end; 0 where it did not end.
    reason
        Why it failed.
    """

    number: int
    state: str
    values: dict[str, Value]
    accuracy: float | None
    seconds: float
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Sweep:
    """What `sweep` found.

    Attributes
    ----------
    config
        The recipe.
    searches
        What was searched.
    trials
        In the order in which they began.
    best
        The trial with the highest accuracy, of equals the first; None where no trial finished.
    recipe
        The trial with the values that the recipe has; None where those are not among the values searched.
    importance
        By setting, its share in what makes a trial one of the best tenth (PED-ANOVA: Watanabe, Bansal, Hutter,
        "PED-ANOVA: efficiently quantifying hyperparameter importance in arbitrary subspaces", 2023); empty where too
        few trials have finished.
    digits
        How many validation digits decide.
    places
        The inputs that a command which trains must name.
    notices
        What to know about it.
    """

    config: TrainConfig
    searches: tuple[Search, ...]
    trials: tuple[Trial, ...]
    best: Trial | None
    recipe: Trial | None
    importance: dict[str, float]
    digits: int
    places: dict[str, str | None]
    notices: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The command that trains with the best values."""
        values = self.best.values if self.best else {}
        return write_command(self.config.replace(**to_settings(values)), **self.places)


def collect(
    study: optuna.Study, config: TrainConfig, searches: tuple[Search, ...], inputs: Inputs, notices: tuple[str, ...]
) -> Sweep:
    """Gather what a study holds."""
    trials = tuple(map(_read, study.get_trials(deepcopy=False)))
    finished = [trial for trial in trials if trial.state == "finished" and trial.accuracy is not None]
    best = max(finished, key=lambda trial: (trial.accuracy or 0.0, -trial.number), default=None)
    own = {number for number, each in enumerate(study.get_trials(deepcopy=False)) if "recipe" in _queued(each)}
    recipe = next((trial for trial in finished if trial.number in own), None)
    importance = {}
    if len(finished) >= MIN_FOR_IMPORTANCE and len(searches) > 1:
        importance = dict(optuna.importance.get_param_importances(study))
    return Sweep(
        config, searches, trials, best, recipe, importance, validation_size(config, inputs.dataset), inputs.places,
        notices,
    )  # fmt: skip


def describe_trial(study: optuna.Study, number: int, n: int) -> str:
    """Write a line about a trial that has just ended."""
    trial = _read(study.get_trials(deepcopy=False)[number])
    values = ", ".join(f"{name} {_format(value)}" for name, value in trial.values.items())
    found = trial.reason.partition(":")[0] if trial.reason else f"{100 * (trial.accuracy or 0):.2f} %"
    given_up = ", given up" if trial.state == "given up" else ""
    return f"trial {number + 1} of {n}: {found}{given_up}, with {values}"


def describe_sweep(found: Sweep) -> str:
    """Write the best trials and what to do next, for the terminal."""
    counted = [trial for trial in found.trials if trial.state not in ("interrupted", "waiting")]
    numbers = {state: sum(trial.state == state for trial in counted) for state in ("finished", "given up", "failed")}
    said = ", ".join(f"{number} {state}" for state, number in numbers.items() if number)
    lines = [f"{len(counted)} trials: {said}; on {found.digits:,} validation digits, the test digits stay sealed", ""]
    if found.best is None:
        reasons = sorted({trial.reason for trial in counted if trial.reason})
        return "\n".join([*lines, "No trial finished, so there is nothing to choose.", *reasons])
    names = [search.name for search in found.searches]
    ranked = sorted((trial for trial in counted if trial.state == "finished"), key=_rank)
    rows: list[Sequence[str]] = [("trial", "accuracy", "seconds", *names)]
    for trial in ranked[:SHOWN]:
        shown = [_format(trial.values[name]) for name in names]
        rows.append((str(trial.number + 1), f"{100 * (trial.accuracy or 0):.2f} %", f"{trial.seconds:.1f}", *shown))
    lines += [align(rows), ""]
    if found.importance:
        shares = ", ".join(f"{name} {100 * share:.0f} %" for name, share in found.importance.items())
        lines += [f"What makes a trial one of the best tenth: {shares}.", ""]
    lines += [*_judge(found), "", f"train with the best values\n  {found.command}"]
    if check := compare_command(found):
        lines.append(f"see whether they are better, over seeds\n  {check}")
    return "\n".join(lines)


def compare_command(found: Sweep) -> str:
    """Return the command that compares the recipe with the best values; empty where they are the same."""
    if found.best is None or found.best is found.recipe:
        return ""
    before = write_command(found.config).removeprefix("digits train ")
    after = write_command(found.config.replace(**to_settings(found.best.values))).removeprefix("digits train ")
    data = ["--data", found.places["data"]] if found.places.get("data") else []
    return shlex.join(["digits", "compare", "--recipes", before, after, *map(str, data)])


def to_json(found: Sweep) -> dict[str, Any]:
    """Return what `digits sweep --json` prints."""
    return {
        "recipe": found.config.recipe,
        "searches": [str(search) for search in found.searches],
        "digits": found.digits,
        "best": None if found.best is None else vars(found.best),
        "recipe_itself": None if found.recipe is None else vars(found.recipe),
        "importance": found.importance,
        "trials": [vars(trial) for trial in found.trials],
        "command": found.command,
        "notices": list(found.notices),
    }


def write_sweep(found: Sweep, folder: Path) -> list[Path]:
    """Write ``trials.csv``, and where trials finished, ``history.png``, ``settings.png`` and ``importance.png``.

    Returns
    -------
    The paths of the pictures.

    Raises
    ------
    StorageError
        When the folder cannot be written to.
    """
    names = [search.name for search in found.searches]
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["trial", "state", "accuracy", "seconds", "reason", *names])
    for trial in found.trials:
        accuracy = "" if trial.accuracy is None else f"{trial.accuracy:.6f}"
        row = [trial.number + 1, trial.state, accuracy, f"{trial.seconds:.2f}", trial.reason]
        writer.writerow([*row, *(trial.values.get(name, "") for name in names)])
    write_atomically(folder / "trials.csv", table.getvalue().encode())
    measured = [trial for trial in found.trials if trial.accuracy is not None]
    if found.best is None:
        return []
    numbers = [trial.number + 1 for trial in measured]
    accuracies = [trial.accuracy or 0.0 for trial in measured]
    is_finished = [trial.state == "finished" for trial in measured]
    own = None if found.recipe is None else found.recipe.accuracy
    drawn = {"history": figures.sweep_history(numbers, accuracies, is_finished, own)}
    values = {name: [trial.values[name] for trial in measured] for name in names}
    logarithmic = [search.name for search in found.searches if search.is_log]
    drawn["settings"] = figures.sweep_settings(values, accuracies, is_finished, logarithmic)
    if found.importance:
        drawn["importance"] = figures.importance(found.importance)
    for name, figure in drawn.items():
        figures.save(figure, folder / f"{name}.png")
    return [folder / f"{name}.png" for name in drawn]


def _judge(found: Sweep) -> list[str]:
    assert found.best, "called with a best trial only"
    best = f"best: trial {found.best.number + 1}, {100 * (found.best.accuracy or 0):.2f} %"
    if found.recipe is None or found.recipe.accuracy is None:
        own = ""
    elif found.recipe is found.best:
        return [f"{best}: the recipe as it is. No other values read more of the validation digits."]
    else:
        own = f"; the recipe as it is, {100 * found.recipe.accuracy:.2f} %"
    return [f"{best}{own}. The best of many is partly luck: on other digits, expect less."]


def _read(trial: FrozenTrial) -> Trial:
    attributes, state = trial.user_attrs, STATES[trial.state]
    accuracy = trial.value if trial.state == TrialState.COMPLETE else None
    reason = str(attributes.get("reason", ""))
    if reason:
        state = "failed"
    elif trial.state == TrialState.PRUNED and trial.intermediate_values:
        accuracy = trial.intermediate_values[max(trial.intermediate_values)]
    return Trial(trial.number, state, dict(trial.params), accuracy, float(attributes.get("seconds", 0.0)), reason)


def _queued(trial: FrozenTrial) -> str:
    return str(trial.user_attrs.get("queued", ""))


def _rank(trial: Trial) -> tuple[float, int]:
    return -(trial.accuracy or 0.0), trial.number


def _format(value: Value) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
