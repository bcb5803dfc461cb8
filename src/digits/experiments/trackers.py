"""Trackers: the epochs of a run in TensorBoard, MLflow, Weights & Biases or Trackio, while it trains."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

from digits.errors import UsageError
from digits.options import suggest
from digits.training.config import TrainConfig
from digits.training.engine.checkpoint import Epoch
from digits.training.engine.loop import Progress

log = logging.getLogger(__name__)

PROJECT = "digits"
"""Name of the project or experiment under which trackers list the runs."""

Values = Mapping[str, float]
Settings = Mapping[str, str | int | float | bool]
Log = Callable[[Values, int], object]
Close = Callable[[], object]


class Tracker:
    """Pass every finished epoch of a run on to a tracker; `digits.train` takes it as `progress`.

    A failure of the tracker, such as a lost connection, ends the tracking and is logged; the run goes on.

    Parameters
    ----------
    name
        The name of the tracker, for error texts.
    write
        Called with the figures of each epoch and its number.
    close
        Called at the end.
    progress
        Called as well after every step, such as a `digits.training.ProgressBar`.
    """

    def __init__(self, name: str, write: Log, close: Close, progress: Progress | None = None) -> None:
        self.name, self.write, self.close, self.progress = name, write, close, progress
        self.epochs, self.has_failed = 0, False

    def __call__(self, done: float, epochs: int, history: list[Epoch]) -> None:
        """Pass on the epochs that were finished since the last call; a resumed run begins with its first epoch."""
        for row in history[self.epochs :]:
            self.epochs += 1  # counted over all networks of a run, as the progress bar does
            figures = {name: float(value) for name, value in vars(row).items() if name != "epoch"}
            self._try(lambda: self.write(figures, self.epochs))  # noqa: B023 # called at once
        if self.progress:
            self.progress(done, epochs, history)

    def finish(self, results: Mapping[str, Any]) -> None:
        """Pass on the final accuracies, from the content of ``results.json``."""
        parts = ("train", "validation", "test")
        figures = {f"final_{part}_accuracy": float(results[part]["accuracy"]) for part in parts if part in results}
        self._try(lambda: self.write(figures, self.epochs))

    def __enter__(self) -> Tracker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._try(self.close)

    def _try(self, call: Callable[[], object]) -> None:
        if self.has_failed:
            return
        try:
            call()
        except Exception as error:  # whatever the library raises
            self.has_failed = True
            log.warning("%s failed, and the run goes on without it: %s: %s", self.name, type(error).__name__, error)


def track(name: str, config: TrainConfig, progress: Progress | None = None) -> Tracker:
    """Open a run in a tracker, with the settings of a configuration.

    ::

        with track("tensorboard", config) as tracker:
            run = digits.train(config, progress=tracker)
            tracker.finish(run.results)

    Each tracker keeps its records where it always does: TensorBoard in ``tensorboard/``, MLflow where
    ``MLFLOW_TRACKING_URI`` says, Weights & Biases online, or with ``WANDB_MODE=offline`` in ``wandb/``, Trackio in its
    cache.

    Parameters
    ----------
    name
        ``tensorboard``, ``mlflow``, ``wandb`` or ``trackio``.
    config
        How the run trains.
    progress
        What else to call after every step.

    Raises
    ------
    UsageError
        When there is no such tracker, it is not installed, or it cannot start.
    """
    if name not in TRACKERS:
        raise UsageError(f"there is no tracker {name!r}{suggest(name, TRACKERS)}")
    open_run = TRACKERS[name]
    spec = find_spec(name)
    if spec is None or spec.origin is None:  # a folder of this name, such as trackers leave behind, is no package
        raise UsageError(f"--track {name} needs {name}, which is not installed: pip install {name}")
    settings = {
        key: value if isinstance(value, str | int | float) else str(value) for key, value in config.settings.items()
    }
    title = f"{datetime.now():%Y-%m-%d-%H%M%S}-{config.recipe}"
    try:
        return Tracker(name, *open_run(title, {"recipe": config.recipe, **settings}), progress)
    except Exception as error:  # whatever the library raises
        lines = str(error).strip().splitlines() or [""]
        raise UsageError(f"{name} cannot start: {type(error).__name__}: {lines[0]}") from error


def _open_tensorboard(title: str, settings: Settings) -> tuple[Log, Close]:
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(Path("tensorboard") / title))
    writer.add_text("settings", f"```\n{json.dumps(settings, indent=2)}\n```")

    def write(values: Values, epoch: int) -> None:
        for name, value in values.items():
            writer.add_scalar(name, value, epoch)
        writer.flush()  # so that it shows at once

    return write, writer.close


def _open_mlflow(title: str, settings: Settings) -> tuple[Log, Close]:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # nothing is sent that the user did not ask to
    import mlflow

    mlflow.set_experiment(PROJECT)
    mlflow.start_run(run_name=title)
    mlflow.log_params(dict(settings))
    return lambda values, epoch: mlflow.log_metrics(dict(values), step=epoch), mlflow.end_run


def _open_wandb(title: str, settings: Settings) -> tuple[Log, Close]:
    import wandb

    run = wandb.init(project=PROJECT, name=title, config=dict(settings))
    return lambda values, epoch: run.log(dict(values), step=epoch), run.finish


def _open_trackio(title: str, settings: Settings) -> tuple[Log, Close]:
    import trackio

    trackio.init(project=PROJECT, name=title, config=dict(settings))
    return lambda values, epoch: trackio.log(dict(values), step=epoch), trackio.finish


TRACKERS: dict[str, Callable[[str, Settings], tuple[Log, Close]]] = {
    "tensorboard": _open_tensorboard,
    "mlflow": _open_mlflow,
    "wandb": _open_wandb,
    "trackio": _open_trackio,
}
"""By name, which is also what pip installs: what opens a run."""
