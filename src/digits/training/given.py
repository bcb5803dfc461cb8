"""All that a run is given: the set, digits of one's own, and the network to go on with; and how it finds them again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from digits.data import DIGIT_NAMES
from digits.errors import ModelError, UsageError
from digits.training.config import TrainConfig
from digits.training.extra import Extra, load_extra, seen_before
from digits.training.sources import loaded
from digits.training.start import Start, check_start, continued, load_start
from digits.types import Dataset, LabelledDigits


@dataclass(frozen=True, eq=False)
class Given:
    """What a run is given.

    Attributes
    ----------
    dataset
        The set to learn from and to be judged by.
    extra
        Own digits to learn besides.
    start
        The network to go on with.
    whole
        Whether this is the run that was asked for, not one inside it.
    """

    dataset: Dataset
    extra: Extra | None = None
    start: Start | None = None
    whole: bool = True

    def member(self, index: int) -> Given:
        """Give what a member of an ensemble is given."""
        return replace(self, start=self.start and self.start.member(index), whole=False)

    def teacher(self) -> Given:
        """Give what a teacher that is trained first is given."""
        return replace(self, start=None, whole=False)

    @property
    def kept_threshold(self) -> float | None:
        """The rejection threshold of a network that knows what is no digit, which is kept when it goes on."""
        if self.start is None or not self.start.config.others:
            return None
        return float(self.start.described["rejection_threshold"])

    @property
    def places(self) -> dict[str, str | None]:
        """Where everything is, as arguments of the command that repeats the run."""
        return {
            "data": None if self.dataset.name == "MNIST" else self.dataset.location,
            "extra": self.extra.location if self.extra else None,
            "start": self.start.place if self.start else None,
        }

    def notices(self, config: TrainConfig, validation: LabelledDigits) -> list[str]:
        """Say which figures flatter."""
        of_start = check_start(self.start, self.dataset, config) if self.start else []
        return of_start + (seen_before(self.extra, self.dataset, validation) if self.extra else [])


def gather(
    config: TrainConfig,
    data: str | os.PathLike[str] | Dataset | None,
    extra: str | os.PathLike[str] | None,
    start: str | os.PathLike[str] | None,
    tell: Callable[[str], None],
) -> tuple[Given, TrainConfig, torch.device]:
    """Load all that a run is given.

    Parameters
    ----------
    config
        How to train.
    data
        A set, or its place, as for `digits.training.sources.loaded`.
    extra
        Where own digits are.
    start
        The network to go on with.
    tell
        Told at once what nobody may miss.

    Returns
    -------
    What the run is given, its configuration with what it takes over from the network, and the device to train on.

    Raises
    ------
    UsageError
        For a configuration or digits that do not go with the network or with each other.
    DataError
        When digits are missing or broken.
    ModelError
        When the network is missing or broken.
    """
    begun = load_start(start) if start is not None else None
    config = continued(config, begun)
    dataset, device = loaded(data, config, tell)
    if begun:
        check_start(begun, dataset, config)
    if extra is not None and dataset.classes != DIGIT_NAMES:
        raise UsageError(
            f"the classes of {dataset.name} are {', '.join(dataset.classes)}: digits of one's own cannot be learned "
            "besides; leave out --extra, or name digits with --data"
        )
    own = load_extra(extra, config) if extra is not None else None
    return Given(dataset, own, begun), config, device


def recorded(given: Given) -> dict[str, Any]:
    """Give what ``environment.json`` tells, so that a resumed run finds all of it again and knows it."""
    told: dict[str, Any] = {"data": given.dataset.location, "data_sha256": given.dataset.sha256}
    if given.extra:
        told |= {"extra": given.extra.location, "extra_sha256": given.extra.sha256}
    if given.start:
        told |= {"start": given.start.place, "start_sha256": given.start.sha256}
    return told


def begun_run(folder: Path) -> tuple[TrainConfig, dict[str, Any]]:
    """Read how a run is configured, and its ``environment.json``.

    Raises
    ------
    ModelError
        When the folder holds no run, or a broken one.
    """
    try:
        config = TrainConfig.from_dict(json.loads((folder / "config.json").read_text()))
        environment = dict(json.loads((folder / "environment.json").read_text()))
        environment["data"], environment["data_sha256"], int(environment["threads"])
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ModelError(
            f"{folder} is not a run that can be resumed: there is no {error.filename}; `digits train` starts a new one"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder} cannot be resumed: its configuration is broken: {error}") from error
    return config, environment


def check_same(folder: Path, given: Given, environment: dict[str, Any]) -> None:
    """Refuse to go on with a run on other digits, or from another network, than it began with.

    Raises
    ------
    UsageError
        Naming what changed.
    """
    found, now = environment, recorded(given)
    if found["data_sha256"] != now["data_sha256"]:
        raise UsageError(
            f"{folder} was begun on other digits than those of {now['data']}; "
            f"it found its own in {found['data']}: name them with --data"
        )
    for name, what in (("extra", "other digits of one's own"), ("start", "another network to start from")):
        if found.get(f"{name}_sha256") != now.get(f"{name}_sha256"):
            raise UsageError(
                f"{folder} was begun with {what} than now in {now[name]}: what was there has changed; "
                "`digits train` starts a new run"
            )
