"""Finished runs: what their folders say, and what their networks predict."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from digits.data import split
from digits.doctor import load_mended, mend
from digits.errors import DataError, ModelError, ModelNotFoundError, UsageError
from digits.evaluation.report import read_run_file
from digits.shapes import UInt8
from digits.training.config import RunConfig, TrainConfig
from digits.training.recipes import write_command
from digits.types import Dataset, Images, LabelledDigits


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """A run folder whose training is complete.

    Attributes
    ----------
    folder
        The run folder.
    config
        How it was trained.
    results
        The content of ``results.json``.
    environment
        The content of ``environment.json``.
    """

    folder: Path
    config: TrainConfig
    results: dict[str, Any]
    environment: dict[str, Any]

    @property
    def seed(self) -> int:
        """The seed of the run."""
        return self.config.run.seed

    @property
    def seconds(self) -> float:
        """Seconds of training, members and teacher included."""
        return float(self.results["seconds"]["training"])

    @cached_property
    def history(self) -> list[dict[str, float]]:
        """The rows of ``metrics.csv``, one per epoch."""
        rows: list[dict[str, float]] = read_run_file(self.folder / "metrics.csv")
        return rows

    @property
    def name(self) -> str:
        """The recipe with the flags that differ from it, without seed and hardware: the words after `digits train`."""
        config = replace(self.config, run=RunConfig(precision=self.config.run.precision))
        initial = self.environment.get("initial_model")
        command = write_command(config, **{"from": Path(initial).name if initial else None})
        return command.removeprefix("digits train ")

    @property
    def identity(self) -> tuple[Any, ...]:
        """What runs have in common that differ by their seed alone: the settings, and the hashes of all inputs."""
        inputs = ("extra_data_sha256", "initial_model_sha256", "code_sha256")
        return (self.name, *(str(self.environment.get(name)) for name in inputs))

    def predict(self, images: Images, *, trust_code: bool = False) -> UInt8[np.ndarray, "n"]:
        """Return the predicted class of each digit; torch is needed only where there is no ``model.onnx``.

        Raises
        ------
        UntrustedCodeError
            When there are only the weights of a network of your own, and its code is not trusted.
        ModelError
            When the model is missing or broken.
        """
        if (self.folder / "model.onnx").exists():
            from digits.inference.model import load_model

            logits = load_model(self.folder).logits(images)
        else:
            from digits.training import load_network, predict_logits

            logits = predict_logits(load_network(self.folder, trust_code=trust_code)[0], images)
        predicted: UInt8[np.ndarray, "n"] = logits.argmax(1).astype(np.uint8)
        return predicted


def read_finished_run(folder: Path) -> FinishedRun:
    """Read a run folder.

    Raises
    ------
    ModelNotFoundError
        When it holds no run, or training is not finished.
    ModelError
        When a file in it is broken.
    """
    values, results, environment = (
        read_run_file(folder / f"{name}.json") for name in ("config", "results", "environment")
    )
    if values.get("kind") == "finder":
        raise ModelError(f"{folder} trained a finder, which reads pages; only networks that read digits are compared")
    if results.get("interrupted") is not False:
        raise ModelNotFoundError(f"{folder} was interrupted; `digits train --resume {folder}` finishes it")
    try:
        run = FinishedRun(folder, TrainConfig.from_dict(values), results, environment)
        _ = run.name, run.seconds, results["validation"]["n"] + 0, results["validation"]["accuracy"] + 0.0
        if not isinstance(environment["data"], str) or not isinstance(environment["data_sha256"], dict):
            raise ValueError("it does not say what it learned from")
    except (UsageError, LookupError, TypeError, ValueError) as error:
        raise ModelError(f"{folder} is broken: {error}; train this run again") from error
    return run


def read_runs(places: Iterable[str | os.PathLike[str]]) -> tuple[list[FinishedRun], list[str]]:
    """Read the runs that are named, and all that lie directly in a folder that is named; each once.

    Returns
    -------
    The runs, and a notice about each that was skipped, since it was not named itself and cannot be compared.

    Raises
    ------
    ModelNotFoundError
        When a place is no folder, or holds no finished run.
    ModelError
        When a run that is named is broken.
    """
    found: dict[Path, FinishedRun] = {}
    notices = []
    for place in map(Path, places):
        folders = find_run_folders(place)
        if folders == [place]:
            found.setdefault(place.resolve(), read_finished_run(place))
            continue
        n_found = len(found)
        for folder in folders:
            try:
                found.setdefault(folder.resolve(), read_finished_run(folder))
            except ModelError as error:
                notices.append(f"Skipped: {error}.")
        if len(found) == n_found:
            raise ModelNotFoundError(f"{place} holds no finished runs: name run folders, or a folder such as runs")
    return list(found.values()), notices


def find_run_folders(place: Path) -> list[Path]:
    """Return the run folders directly in a folder, by name, without the link to the latest; or itself, if it is one.

    Raises
    ------
    ModelNotFoundError
        When it is no folder.
    """
    if not place.is_dir():
        raise ModelNotFoundError(f"there is no folder {place}: name run folders, or a folder of them such as runs")
    if (place / "config.json").exists():
        return [place]
    return [path for path in sorted(place.iterdir()) if (path / "config.json").exists() and not path.is_symlink()]


def check_same_digits(runs: list[FinishedRun]) -> None:
    """Refuse runs that held out different digits, whose accuracies cannot be compared digit by digit.

    Raises
    ------
    UsageError
        Naming two such runs.
    """
    for run in runs[1:]:
        first = runs[0]
        if run.environment["data_sha256"] != first.environment["data_sha256"]:
            raise UsageError(
                f"{run.folder} was trained on {run.environment['data']}, and {first.folder} on "
                f"{first.environment['data']}, which are other digits: compare runs on the same data"
            )
        if _held_out(run) != _held_out(first):
            raise UsageError(
                f"{run.folder} and {first.folder} held out different validation digits: compare runs with the same "
                "--validation-size and --split-seed"
            )


def load_scored_digits(
    run: FinishedRun, data: str | os.PathLike[str] | Dataset | None, *, test: bool = False
) -> tuple[Dataset, LabelledDigits]:
    """Load the data set of a run and the digits to compare on: those it held out for validation, or the test digits.

    Parameters
    ----------
    run
        The run.
    data
        Where its data set is now, if it has moved; or the set itself.
    test
        Whether to return the test digits.

    Raises
    ------
    DataError
        When the data set is missing, broken, or not the one that the run learned from.
    """
    place = run.environment["data"] if data is None else data
    mending = run.config.mending
    if isinstance(place, Dataset):
        dataset = mend(place, mending)
    elif place == "synthetic":
        from digits.training import synthetic_dataset

        dataset = mend(synthetic_dataset(), mending)
    else:
        dataset = load_mended(place, mending)
    if dataset.sha256 != run.environment["data_sha256"]:
        raise DataError(
            f"{run.folder} was trained on other digits than those of {dataset.location}; its data was found in "
            f"{run.environment['data']}: name that with --data"
        )
    if test:
        return dataset, dataset.test
    if dataset.validation is not None:  # its files have such a part
        return dataset, dataset.validation
    n_validation, split_seed = _held_out(run)
    return dataset, split(dataset.train, n_validation, seed=split_seed)[1]


def _held_out(run: FinishedRun) -> tuple[int, int]:
    return int(run.results["validation"]["n"]), run.config.data.split_seed
