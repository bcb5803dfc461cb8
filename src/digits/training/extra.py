"""A person's own digits, learned besides the set's: loaded, held out in part, and made a share of every epoch."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from digits.data import idx_sha256, load_labelled, split
from digits.errors import DataError
from digits.training.config import TrainConfig
from digits.training.sources import joined, seed_for
from digits.types import Dataset, LabelledDigits

ENOUGH = 50
"""Own digits from which on some are held out: of fewer, every one is needed to learn from."""

HELD_OUT = 0.2
"""Share of them that is held out then."""


@dataclass(frozen=True, eq=False)
class Extra:
    """Own digits, each of them once.

    Attributes
    ----------
    location
        Where they were found.
    sha256
        SHA-256 of all their images and labels, so that a resumed run learns from the same.
    learned
        Those to learn from.
    held_out
        Those that only judge; none of a small set.
    """

    location: str
    sha256: dict[str, str]
    learned: LabelledDigits
    held_out: LabelledDigits


def load_extra(place: str | os.PathLike[str], config: TrainConfig) -> Extra:
    """Load own digits and hold out a stratified fifth of them, if there are enough.

    What is there twice counts once, lest a digit that is held out is learned all the same.

    Parameters
    ----------
    place
        Any labelled set of digits, such as the folder in which the page to draw on keeps corrections.
    config
        Its ``split_seed`` decides which are held out.

    Raises
    ------
    DataError
        When nothing is there, or no digits.
    """
    folder = Path(place)
    for name in ("train", "training"):
        part = folder / name
        if part.is_dir() and not any(file.is_file() for file in part.rglob("*")):
            raise DataError(
                f"{folder} holds no digits yet: correct some on the page of `digits serve`, or put pictures into "
                f"{part / '0'} to {part / '9'}"
            )
    every = load_labelled(folder, digits_only=True)
    rows = np.concatenate((every.images.reshape(len(every), -1), every.labels[:, None]), axis=1)
    _, once = np.unique(rows, axis=0, return_index=True)
    once.sort()
    distinct = LabelledDigits(every.images[once], every.labels[once])
    learned, held_out = split(distinct, HELD_OUT if len(distinct) >= ENOUGH else 0, seed=config.split_seed)
    sha256 = {"images": idx_sha256(distinct.images), "labels": idx_sha256(distinct.labels)}
    return Extra(str(folder.resolve()), sha256, learned, held_out)


def share_of(learned: int, extra: Extra, config: TrainConfig) -> int:
    """Count the own digits in an epoch beside so many others, repetitions included.

    They make up the configuration's ``extra_share`` of the epoch, but each of them is learned at least once.
    """
    return max(len(extra.learned), round(learned * config.extra_share / (1 - config.extra_share)))


def with_extra(learned: LabelledDigits, extra: Extra | None, config: TrainConfig) -> LabelledDigits:
    """Add own digits to those to learn from, each as often as any other, but for the last round.

    As for `digits.training.sources.enlarged`, each member of an ensemble has its own, and the whole adds none.

    Parameters
    ----------
    learned
        All others.
    extra
        Own digits, if there are any.
    config
        Its ``extra_share`` says how many, its ``seed`` which are in the last round.
    """
    if extra is None or config.members > 1:
        return learned
    n, own = share_of(len(learned), extra, config), extra.learned
    rng = np.random.default_rng(seed_for(config, 5))
    chosen = np.concatenate([rng.permutation(len(own)) for _ in range(-(-n // len(own)))])[:n]
    return joined(learned, LabelledDigits(own.images[chosen], own.labels[chosen]))


def seen_before(extra: Extra, dataset: Dataset, validation: LabelledDigits) -> list[str]:
    """Say which figures flatter because own digits are among those that judge."""
    own = {image.tobytes() for image in extra.learned.images}
    notices = []
    for name, part in {"test": dataset.test, "validation": validation}.items():
        if n := sum(image.tobytes() in own for image in part.images):
            notices.append(f"{n:,} of the {name} digits are among the digits of --extra: the {name} figure flatters.")
    return notices
