"""The initial model of a run that fine-tunes, and what the run takes over from it."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from digits.errors import UsageError
from digits.files import expand_home
from digits.inference.model import SHIPPED_MODELS
from digits.training.config import DataConfig, ModelConfig, TrainConfig
from digits.training.engine.networks import Ensemble
from digits.training.recipes import get_recipe
from digits.training.run.export import load_trusted, weights_file
from digits.training.run.stored import NO_TRUST, Trust
from digits.types import Dataset

REQUIRED = ("recipe", "seed", "network", "temperature", "rejection_threshold", "data.classes", "data.sha256")
"""The metadata that fine-tuning uses."""


@dataclass(frozen=True, eq=False)
class InitialModel:
    """A trained network to start from."""

    location: str  # where it was found, or the name of a shipped model
    network: nn.Module
    config: TrainConfig
    metadata: dict[str, Any]  # what its file says of it
    sha256: str  # of its file

    def member(self, index: int) -> InitialModel:
        """Return one member of an ensemble."""
        assert isinstance(self.network, Ensemble)
        return replace(self, network=self.network.members[index], config=self.config.member(index))

    @property
    def rejection_threshold(self) -> float | None:
        """The threshold to keep, if the network has learned outliers."""
        return float(self.metadata["rejection_threshold"]) if self.config.data.outliers else None


def load_initial(place: str | os.PathLike[str], trust: Trust = NO_TRUST) -> InitialModel:
    """Load a trained network to start from.

    Parameters
    ----------
    place
        A run folder, a ``.safetensors`` file, or the name of a shipped model.
    trust
        Which code may run.

    Raises
    ------
    ModelError
        When it is missing or broken.
    """
    file = weights_file(place)
    network, config, metadata = load_trusted(file, trust, REQUIRED)
    name = os.fspath(place)
    location = name if name in SHIPPED_MODELS else str(expand_home(name).resolve())
    return InitialModel(location, network, config, metadata, hashlib.sha256(file.read_bytes()).hexdigest())


def adopt(config: TrainConfig, initial: InitialModel | None) -> TrainConfig:
    """Take over the network and the split from the initial model.

    Raises
    ------
    UsageError
        When the configuration wants another network, or a teacher as well, or fine-tunes without an initial model.
    """
    if initial is None:
        if config.data.replay_size:
            raise UsageError(
                f"the recipe {config.recipe} fine-tunes a trained network: name one with --from, as in --from cnn"
            )
        return config
    if config.optimization.teacher:
        raise UsageError("--from and --teacher cannot be combined: a network learns from labels or from a teacher")
    recipe = get_recipe(config.recipe)
    for field in dataclasses.fields(ModelConfig):
        wanted, existing = getattr(config.model, field.name), getattr(initial.config.model, field.name)
        if wanted not in (existing, getattr(recipe.model, field.name)):
            raise UsageError(
                f"{initial.location} has {field.name} {existing}, not {wanted}: fine-tuning cannot change the network; "
                f"leave out --{field.name.replace('_', '-')}"
            )
    data = _adopt_split(config.data, recipe.data, initial.config.data)
    if data.replay_size and data.outliers == recipe.data.outliers and not initial.config.data.outliers:
        data = replace(data, outliers=0)  # a network that never learned outliers has none to remember
    return replace(config, model=initial.config.model, data=data)


def check_initial(initial: InitialModel, dataset: Dataset, config: TrainConfig) -> list[str]:
    """Refuse an initial model of other classes; return notices about figures that are too optimistic.

    Raises
    ------
    UsageError
        When its classes are not those of the data set.
    """
    trained_on = initial.metadata["data"]
    if tuple(trained_on["classes"]) != dataset.classes:
        raise UsageError(
            f"{initial.location} reads {', '.join(trained_on['classes'])}, but {dataset.name} has the classes "
            f"{', '.join(dataset.classes)}: name matching data with --data, or another model with --from"
        )
    notices = []
    is_same = trained_on["sha256"] == dataset.sha256
    if is_same and dataset.validation is None and _split(initial.config.data) != _split(config.data):
        notices.append(
            "The initial model was trained on some of these validation digits: the validation figures are too "
            "optimistic."
        )
    if trained_on.get("personal"):
        notices.append(
            "The initial model was trained on personal data before: if these digits were among it, the figures of the "
            "held-out personal digits are too optimistic."
        )
    return notices


def _adopt_split(config: DataConfig, recipe: DataConfig, initial: DataConfig) -> DataConfig:
    """Hold out the digits that the initial run held out, unless the settings say otherwise."""
    if config.validation_size == recipe.validation_size:
        config = replace(config, validation_size=initial.validation_size)
    if config.split_seed == recipe.split_seed:
        config = replace(config, split_seed=initial.split_seed)
    return config


def _split(config: DataConfig) -> tuple[int, int]:
    return config.validation_size, config.split_seed
