"""The teacher of a run that distils: a run folder, or a recipe that is trained first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import nn

from digits.errors import ModelError, ModelNotFoundError, UsageError
from digits.files import read_json_object
from digits.inference.metadata import COUNT, SHARE, check_entries
from digits.options import suggest
from digits.training.config import TrainConfig
from digits.training.recipes import RECIPES, get_recipe
from digits.training.run.export import load_trusted, weights_file
from digits.training.run.initial import adopt
from digits.training.run.stored import Trust
from digits.types import Dataset

RESULTS: dict[str, Any] = {
    "recipe": str, "seed": COUNT, "network": str, "validation": {"accuracy": SHARE},
    "seconds": {"training": (float, 0, 1e12)},
}  # fmt: skip
"""The entries of the teacher's ``results.json`` that its student repeats."""


@dataclass(frozen=True, eq=False)
class Teacher:
    """A trained teacher, its ``results.json``, and notices about figures that are too optimistic."""

    network: nn.Module
    results: dict[str, Any]
    notices: tuple[str, ...] = ()


def configure_teacher(config: TrainConfig) -> TrainConfig | None:
    """Return how to train the teacher: on the student's data, with its seed; None if no teacher has to be trained.

    Raises
    ------
    UsageError
        When the teacher is neither a run folder nor a recipe, or a recipe that fine-tunes.
    """
    teacher = config.optimization.teacher
    if not teacher or _is_run(teacher):
        return None
    if teacher not in RECIPES:
        raise UsageError(f"teacher {teacher!r} is neither a run folder nor a recipe{suggest(teacher, RECIPES)}")
    recipe, run = adopt(get_recipe(teacher), None), config.run
    run = replace(recipe.run, seed=run.seed, device=run.device, threads=run.threads)
    return replace(recipe, data=config.data, run=run)


def load_teacher(config: TrainConfig, dataset: Dataset, trust: Trust) -> Teacher | None:
    """Load the teacher that the configuration names as a run folder; None if it names none.

    Raises
    ------
    UntrustedCodeError
        When it names code that must not run.
    ModelError
        When the run is unfinished or broken.
    """
    if not _is_run(config.optimization.teacher):
        return None
    folder = Path(config.optimization.teacher)
    network, teacher_config, metadata = load_trusted(weights_file(folder), trust, ("data.sha256",))
    file = folder / "results.json"
    try:
        results = read_json_object(file)
        check_entries(results, RESULTS, ("recipe", "seed", "network", "validation.accuracy", "seconds.training"))
    except FileNotFoundError as error:
        raise ModelNotFoundError(
            f"{folder} is not a finished run: results.json is missing; `digits train --resume {folder}` finishes it"
        ) from error
    except ValueError as error:
        raise ModelError(f"{file} is broken: {error}; `digits train --resume {folder}` writes it again") from error
    splits = [(each.data.validation_size, each.data.split_seed) for each in (teacher_config, config)]
    is_same = metadata["data"]["sha256"] == dataset.sha256
    if is_same and dataset.validation is None and splits[0] != splits[1]:
        notice = (
            "The teacher was trained on some of these validation digits: the validation figures are too optimistic."
        )
        return Teacher(network, results, (notice,))
    return Teacher(network, results)


def _is_run(teacher: str) -> bool:
    return bool(teacher) and (Path(teacher) / "config.json").is_file()
