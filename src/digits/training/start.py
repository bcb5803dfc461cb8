"""What a run starts from, if not from random weights: a trained network, as a run folder or a model file."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import nn

from digits.errors import ModelError, UsageError
from digits.inference.model import SHIPPED_MODELS, locate_model
from digits.training.config import ARCHITECTURE, TrainConfig
from digits.training.export import load_network
from digits.training.network import Ensemble
from digits.training.recipes import PERSONAL, recipe
from digits.training.recovery import measure_batches, recovered
from digits.types import Dataset, Images

SPLIT = ("validation", "split_seed")
"""Which digits were held out of what it learned."""


@dataclass(frozen=True, eq=False)
class Start:
    """A trained network to go on with.

    Attributes
    ----------
    place
        Where it was found, or what it is called if it comes with the package.
    network
        It, in evaluation mode.
    config
        How it was trained.
    described
        Its ``results.json``, or the metadata of its file.
    sha256
        Of the file of its weights.
    folded
        Whether it was a model file, in which batch normalisation is folded into the convolutions.
    """

    place: str
    network: nn.Module
    config: TrainConfig
    described: dict[str, Any]
    sha256: str
    folded: bool

    def member(self, index: int) -> Start:
        """Give the start of one network of an ensemble."""
        assert isinstance(self.network, Ensemble)
        return replace(self, network=self.network.members[index], config=self.config.member(index))


def load_start(place: str | os.PathLike[str]) -> Start:
    """Load a trained network to go on with.

    Parameters
    ----------
    place
        A run folder, a model file, or the name of a model that comes with the package.

    Raises
    ------
    ModelError
        When nothing is there, or nothing that can be gone on with.
    """
    path = locate_model(place)
    if not path.exists():
        raise ModelError(
            f"there is no model {os.fspath(place)} to start from: name a run folder, a model file, or one that comes "
            f"with digits: {', '.join(SHIPPED_MODELS)}"
        )
    named = os.fspath(place) if path != Path(place) else str(path.resolve())
    weights = path / "model.safetensors"
    folded = not (path.is_dir() and (weights.exists() or not (path / "model.onnx").exists()))
    if not folded:
        network, described = load_network(path)
        config = TrainConfig.from_dict(json.loads((path / "config.json").read_text()))
    else:
        if path.suffix == ".safetensors":
            raise ModelError(f"{path} holds weights alone: name its run folder, or the .onnx beside it")
        weights = path / "model.onnx" if path.is_dir() else path
        network, config, described = recovered(weights)
    return Start(named, network, config, described, hashlib.sha256(weights.read_bytes()).hexdigest(), folded)


def continued(config: TrainConfig, start: Start | None) -> TrainConfig:
    """Take over from a trained network what it is, which digits it was not shown, and whether it knows what is none.

    Raises
    ------
    UsageError
        For a configuration that wants another network, or to learn from a teacher too, and for the recipe that needs a
        network to start from where there is none.
    """
    named = recipe(config.recipe)
    if start is None:
        if PERSONAL in (config.recipe, config.teacher):
            raise UsageError(
                f"the recipe {PERSONAL} goes on with a trained network: name one with --from, as in --from cnn"
            )
        return config
    if config.teacher:
        raise UsageError("--from and --teacher exclude each other: a network learns from labels or from a teacher")
    changes = {}
    for field in (*ARCHITECTURE, *SPLIT):
        wanted, theirs = getattr(config, field), getattr(start.config, field)
        if wanted == getattr(named, field):
            changes[field] = theirs
        elif wanted != theirs and field in ARCHITECTURE:
            raise UsageError(
                f"{start.place} has {field} {_shown(theirs)}, not {_shown(wanted)}: what a network is cannot change "
                f"when it goes on learning; leave out --{field}"
            )
    if config.recipe == PERSONAL and config.others == named.others and not start.config.others:
        changes["others"] = 0  # what it never learned need not be kept
    return config.replace(**changes)


def begin(network: nn.Module, start: Start, images: Images) -> None:
    """Give a new network the weights to start with.

    Parameters
    ----------
    network
        Of the same kind; changed in place.
    start
        A single network, no ensemble.
    images
        Digits to learn from, by which batch normalisation is measured where the model file does not hold it.
    """
    network.load_state_dict(start.network.state_dict())
    if start.folded:
        measure_batches(network, images)


def check_start(start: Start, dataset: Dataset, config: TrainConfig) -> list[str]:
    """Refuse a network of other classes, and say what has to be said of one that held out other digits.

    Raises
    ------
    UsageError
        When what it reads is not what is to be learned.
    """
    theirs = start.described["data"]
    if tuple(theirs["classes"]) != dataset.classes:
        raise UsageError(
            f"{start.place} reads {', '.join(theirs['classes'])}, but {dataset.name} has the classes "
            f"{', '.join(dataset.classes)}: name its digits with --data, or another model with --from"
        )
    notices = []
    if theirs["sha256"] == dataset.sha256 and any(getattr(start.config, f) != getattr(config, f) for f in SPLIT):
        notices.append(
            "The network to start from has learned some of the digits held out here: the validation figures flatter."
        )
    if theirs.get("extra"):
        notices.append(
            "The network to start from has learned digits of one's own before: where those are held out here, the "
            "figure of own digits held out flatters."
        )
    return notices


def _shown(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
