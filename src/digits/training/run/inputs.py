"""The inputs of a run: data set, personal data, initial model and teacher; and how a resumed run finds them again."""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from digits.data import DIGIT_NAMES, PictureFitter, RawDataset, idx_sha256, load_labelled, make_dataset, split
from digits.doctor import DigitFinder, Mending, load_mended, mend, mend_images, settle, warn, warn_of_pictures
from digits.errors import DataError, MissingMNISTError, ModelError, ModelNotFoundError, UsageError
from digits.files import read_json_object
from digits.inference.metadata import check_entries
from digits.training.config import TrainConfig
from digits.training.engine import distributed
from digits.training.engine.devices import choose_device
from digits.training.run.initial import InitialModel, adopt, check_initial, load_initial
from digits.training.run.stored import NO_TRUST, Trust, check_code
from digits.training.run.teacher import Teacher, load_teacher
from digits.types import Dataset, LabelledDigits

log = logging.getLogger(__name__)

Place = str | os.PathLike[str]

SYNTHETIC = "synthetic"
"""Name of the synthetic data set, in place of a path. A folder of this name is given as ./synthetic or as a `Path`."""

SYNTHETIC_SIZES = (60_000, 10_000)
"""Training and test digits of the synthetic data set; as many as MNIST has."""

SYNTHETIC_SEEDS = (0, 1)
"""Seeds of the two parts, so that they share no writer."""

SYNTHETIC_NOTICE = (
    "SYNTHETIC DIGITS: MNIST is missing, so this network learns from synthetic handwriting and is tested on it; its "
    "accuracy is not an MNIST accuracy. For MNIST, run `digits data` once online, or pass a copy's folder with --data "
    "or $DIGITS_DATA."
)
"""What everyone must know about a run on synthetic digits, in one line."""

MIN_PERSONAL_FOR_TEST = 50
"""Personal digits from which a share is held out; fewer are all needed to learn from."""

PERSONAL_TEST_SHARE = 0.2

MIN_SLOW_COUNT = 2000
"""Digits to write, photograph or draw from which on the work is logged, since it may take seconds."""


ENVIRONMENT: dict[str, Any] = {
    "data": str, "data_sha256": {...: str}, "threads": (int, 1, 1024), "extra_data": str,
    "extra_data_sha256": {...: str}, "initial_model": str, "initial_model_sha256": str, "code_sha256": {...: str},
}  # fmt: skip
"""The entries of ``environment.json`` that resuming uses."""


@dataclass(frozen=True, eq=False)
class PersonalData:
    """A person's own labelled digits, without duplicates."""

    location: str
    sha256: dict[str, str]  # of all images and labels, so that a resumed run learns from the same digits
    train: LabelledDigits
    held_out: LabelledDigits  # digits that only test; empty for a small set
    picture_side: int = 0  # as of a `Dataset`


@dataclass(frozen=True, eq=False)
class Inputs:
    """The inputs of a run; members of an ensemble and teachers get a part of them."""

    dataset: Dataset
    personal: PersonalData | None = None
    initial: InitialModel | None = None
    teacher: Teacher | None = None  # if it is trained already
    warnings: tuple[str, ...] = ()  # what is probably wrong with the data set
    seed: int = 0  # that of the whole run; its members and its teacher learn from one part of the digits

    def member(self, index: int) -> Inputs:
        """Return the inputs of a member of an ensemble."""
        return replace(self, initial=self.initial and self.initial.member(index))

    @property
    def places(self) -> dict[str, str | None]:
        """Where the inputs are, by flag of `digits train`."""
        return {
            "data": None if self.dataset.name == "MNIST" else self.dataset.location,
            "extra_data": self.personal.location if self.personal else None,
            "from": self.initial.location if self.initial else None,
        }

    @property
    def record(self) -> dict[str, Any]:
        """What ``environment.json`` says of the inputs: where they are, and their hashes."""
        record: dict[str, Any] = {"data": self.dataset.location, "data_sha256": self.dataset.sha256}
        if self.personal:
            record |= {"extra_data": self.personal.location, "extra_data_sha256": self.personal.sha256}
        if self.initial:
            record |= {"initial_model": self.initial.location, "initial_model_sha256": self.initial.sha256}
        return record


def load_inputs(
    config: TrainConfig,
    data: Place | Dataset | None,
    extra_data: Place | None,
    initial_model: Place | None,
    notify: Callable[[str], None],
    trust: Trust = NO_TRUST,
) -> tuple[Inputs, TrainConfig]:
    """Load all inputs of a run.

    The arguments are those of `digits.train`; `trust` says which code an initial model or a teacher may run.

    Returns
    -------
    The inputs, and the configuration with what it takes over from the initial model.

    Raises
    ------
    UsageError
        When the configuration, the data and the initial model do not fit together.
    DataError
        When digits are missing or broken.
    ModelError
        When the initial model is missing or broken.
    """
    initial = load_initial(initial_model, trust) if initial_model is not None else None
    config = adopt(config, initial)
    dataset = _load_dataset(data, config, notify)
    if initial:
        check_initial(initial, dataset, config)
    if extra_data is not None and dataset.classes != DIGIT_NAMES:
        raise UsageError(
            f"the classes of {dataset.name} are {', '.join(dataset.classes)}, so digits cannot be learned besides: "
            "leave out --extra-data, or name a set of digits with --data"
        )
    personal = None
    if extra_data is not None:
        personal = load_personal(extra_data, config.data.split_seed, from_pictures=config.mending.from_pictures)
    return Inputs(dataset, personal, initial, load_teacher(config, dataset, trust), seed=config.run.seed), config


def examine(inputs: Inputs) -> Inputs:
    """Add, and log, what is probably wrong with the digits; synthetic digits are known to be right."""
    if distributed.rank() > 0:
        return inputs
    warnings = [] if inputs.dataset.location == SYNTHETIC else warn(inputs.dataset)
    if personal := inputs.personal:
        n = len(personal.train) + len(personal.held_out)
        warnings += warn_of_pictures(personal.location, personal.picture_side, n)
    return replace(inputs, warnings=tuple(warnings))


def load_personal(place: Place, split_seed: int, *, from_pictures: bool = False) -> PersonalData:
    """Load personal data and hold out a stratified fifth of it, if there are enough digits.

    Duplicates are dropped, since a held-out digit must not be learned as well. With `from_pictures`, the digit of each
    picture is found at full size; without, it is fitted into 28 × 28.

    Raises
    ------
    DataError
        When nothing is there, or no digits.
    """
    folder = Path(place)
    for part in (folder / "train", folder / "training"):
        if part.is_dir() and not any(file.is_file() for file in part.rglob("*")):
            raise DataError(
                f"{folder} holds no digits yet: correct some on the page of `digits serve`, or put pictures into "
                f"{part / '0'} to {part / '9'}"
            )
    fitter, finder = PictureFitter(), DigitFinder() if from_pictures else None
    every = load_labelled(folder, digits_only=True, decode=finder or fitter)
    left = settle(Mending(from_pictures=from_pictures), finder)
    every = LabelledDigits(mend_images(every.images, left), every.labels)
    rows = np.concatenate((every.images.reshape(len(every), -1), every.labels[:, None]), axis=1)
    _, first = np.unique(rows, axis=0, return_index=True)
    first.sort()
    distinct = LabelledDigits(every.images[first], every.labels[first])
    held_out_share = PERSONAL_TEST_SHARE if len(distinct) >= MIN_PERSONAL_FOR_TEST else 0
    train, held_out = split(distinct, held_out_share, seed=split_seed)
    sha256 = {"images": idx_sha256(distinct.images), "labels": idx_sha256(distinct.labels)}
    return PersonalData(str(folder.resolve()), sha256, train, held_out, fitter.side)


def read_run(folder: Path, trust: Trust = NO_TRUST) -> tuple[TrainConfig, dict[str, Any]]:
    """Read the configuration of an unfinished run, and its ``environment.json``.

    Raises
    ------
    UntrustedCodeError
        When it names code that must not run.
    ModelError
        When the folder holds no run, or a broken one.
    """
    try:
        config = TrainConfig.from_dict(read_json_object(folder / "config.json"))
        environment = read_json_object(folder / "environment.json")
        check_entries(environment, ENVIRONMENT, ("data", "data_sha256", "threads"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ModelNotFoundError(
            f"{folder} is not a run that can be resumed: {error.filename} is missing; `digits train` starts a new run"
        ) from error
    except (ValueError, OSError) as error:
        raise ModelError(f"{folder} cannot be resumed: its configuration is broken: {error}") from error
    check_code(config, folder / "config.json", environment.get("code_sha256"), trust)
    return config, environment


def check_unchanged(folder: Path, inputs: Inputs, environment: dict[str, Any]) -> None:
    """Refuse to resume a run with other inputs than it started with.

    Raises
    ------
    UsageError
        Naming what changed.
    """
    record = inputs.record
    if environment["data_sha256"] != record["data_sha256"]:
        raise UsageError(
            f"{folder} was trained on different data from {record['data']}; "
            f"its data was found in {environment['data']}: name that with --data"
        )
    for name, what in (("extra_data", "personal data"), ("initial_model", "initial model")):
        if environment.get(f"{name}_sha256") != record.get(f"{name}_sha256"):
            raise UsageError(
                f"the {what} of {folder} has changed since the run started: {record[name]}; "
                "`digits train` starts a new run"
            )


def synthetic_dataset() -> Dataset:
    """Write the synthetic data set: always the same digits, and no test writer writes for training."""
    report_slow("writing", sum(SYNTHETIC_SIZES), "synthetic digits")
    from digits.synthesis import synthesize

    train, test = (synthesize(n, seed) for n, seed in zip(SYNTHETIC_SIZES, SYNTHETIC_SEEDS, strict=True))
    parts = RawDataset("synthetic handwriting", Path(SYNTHETIC), train, test)
    return dataclasses.replace(make_dataset(parts), location=SYNTHETIC)


def report_slow(action: str, n: int, things: str) -> None:
    """Log work that takes seconds, once among all processes."""
    if n >= MIN_SLOW_COUNT and distributed.rank() == 0:
        log.info("%s %s %s …", action, f"{n:,}", things)


def _load_dataset(data: Place | Dataset | None, config: TrainConfig, notify: Callable[[str], None]) -> Dataset:
    """Load and mend the data set, after joining the other processes of torchrun, of which only the first downloads."""
    device, mending = config.run.device, config.mending
    distributed.join("cuda" if device in ("auto", "cuda") and torch.cuda.is_available() else "cpu")
    if isinstance(data, Dataset):
        dataset: Dataset | None = mend(data, mending)
    elif data == SYNTHETIC:
        if Path(SYNTHETIC).exists():
            log.warning("%s names the synthetic data set; the folder of this name is ./%s", SYNTHETIC, SYNTHETIC)
        dataset = None
    else:
        dataset = _find_dataset(data, choose_device(device), mending)
    if distributed.rank() == 0 and (dataset is None or dataset.location == SYNTHETIC):
        notify(SYNTHETIC_NOTICE)
    return dataset or mend(synthetic_dataset(), mending)


def _find_dataset(data: Place | None, device: torch.device, mending: Mending) -> Dataset | None:
    """Load and mend a data set from disk or by download; None in all processes when the first finds none."""
    dataset, missing = None, ""
    if distributed.rank() == 0:
        try:
            dataset = load_mended(data, mending)
        except MissingMNISTError as error:
            log.warning("%s", error)
            missing = "missing"
    if distributed.broadcast_text(missing, device):
        return None
    return dataset or load_mended(data, mending)
