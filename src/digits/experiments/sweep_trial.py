"""One trial of a sweep: a training with other values of some settings, and what it adds to the study."""

from __future__ import annotations

import time

import optuna
from optuna.trial import TrialState

from digits.errors import TrainingError, UsageError
from digits.experiments.search_space import Value, to_settings
from digits.experiments.sweep_storage import retry
from digits.training.config import TrainConfig
from digits.training.engine.checkpoint import Epoch
from digits.training.engine.devices import choose_device
from digits.training.engine.loop import fit, is_out_of_patience
from digits.training.engine.networks import make_network
from digits.training.run.inputs import Inputs
from digits.training.run.training_set import TrainingSet, build_training_set, validation_size


def run_trial(
    base: TrainConfig, inputs: Inputs, study: optuna.Study, trial: optuna.Trial, learned: dict[str, TrainingSet]
) -> None:
    """Train with the values of a trial, and report to the study how many validation digits were read.

    Parameters
    ----------
    base
        The recipe.
    inputs
        The data set.
    study, trial
        The sweep, and the trial that has begun.
    learned
        What was learned from in the trial before; the same is used again if the settings of the data are the same.
    """
    values: dict[str, Value] = trial.params
    started = time.perf_counter()
    history: list[Epoch] = []
    try:
        config = base.replace(**to_settings(values))
        history = _train(config, inputs, learned, trial)
        if len(history) < config.optimization.epochs and not is_out_of_patience(
            history, config.optimization.patience
        ):  # fmt: skip
            raise KeyboardInterrupt  # which `fit` takes as the end of training
        kept = min(history, key=lambda row: row.validation_loss) if config.optimization.patience else history[-1]
        trial.set_user_attr("loss", kept.validation_loss)
        trial.set_user_attr("epochs", len(history))
        trial.set_user_attr("seconds", time.perf_counter() - started)
        study.tell(trial, kept.validation_accuracy)
    except optuna.TrialPruned:
        trial.set_user_attr("seconds", time.perf_counter() - started)
        study.tell(trial, state=TrialState.PRUNED)
    except (UsageError, TrainingError) as error:  # values that do not work are a result, too
        trial.set_user_attr("reason", str(error))
        trial.set_user_attr("seconds", time.perf_counter() - started)
        study.tell(trial, state=TrialState.PRUNED)
    except KeyboardInterrupt:
        study.tell(trial, state=TrialState.FAIL)
        retry(study, trial)
        raise
    except BaseException:
        study.tell(trial, state=TrialState.FAIL)
        raise


def _train(
    config: TrainConfig, inputs: Inputs, learned: dict[str, TrainingSet], trial: optuna.Trial
) -> list[Epoch]:  # fmt: skip
    """Train one network; `learned` keeps the digits from one trial to the next of the same data settings."""
    validation_size(config, inputs.dataset)
    key = repr(config.data)
    if key not in learned:
        learned.clear()
        learned[key] = build_training_set(config, inputs)
    digits, device = learned[key], choose_device(config.run.device)

    def report(done: float, epochs: int, history: list[Epoch]) -> None:
        if done == len(history) and done < epochs:
            trial.report(history[-1].validation_accuracy, len(history))
            if trial.should_prune():
                raise optuna.TrialPruned

    return fit(
        make_network(config).to(device), digits.train, digits.validation, config, outliers=digits.outliers,
        teacher=inputs.teacher.network.to(device) if inputs.teacher else None, progress=report,
    )  # fmt: skip
