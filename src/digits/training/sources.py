"""What a run learns from: the set that is named or found, our own pen where there is none, and what is added to it."""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from digits.data import RawDataset, load_dataset, make_dataset, split
from digits.errors import MissingMNISTError
from digits.training import distributed
from digits.training.config import TrainConfig
from digits.training.preparation import device_of
from digits.types import SIDE, Dataset, Images, LabelledDigits

log = logging.getLogger(__name__)

SYNTHETIC = "synthetic"
"""Where a set of our own pen lies, so to speak. A folder of this name is called ./synthetic, or is a `Path`."""

SIZES = (60_000, 10_000)
"""Digits of a synthetic set to learn from, and to be judged by: as many as MNIST has."""

WRITERS = (0, 1)
"""Seeds of the two parts, so that nobody who wrote for the one wrote for the other."""

NOTICE = (
    "SYNTHETIC DIGITS: without MNIST, this network learns from our own pen and is judged by it; its accuracy is not an "
    "MNIST accuracy. For MNIST, run `digits data` once online, or name a copy's folder with --data or $DIGITS_DATA."
)
"""What everybody must know of a run on a synthetic set, in one line."""

SLOW = {"writing": 10_000, "photographing": 2_000, "drawing": 4_000}
"""Digits from which on it takes seconds, which people are told."""


def loaded(
    data: str | os.PathLike[str] | Dataset | None, config: TrainConfig, tell: Callable[[str], None]
) -> tuple[Dataset, torch.device]:
    """Load the digits, after meeting the other processes of torchrun, of which the first alone may have to download.

    Where nothing was named and MNIST is nowhere and cannot be downloaded, all of them take a synthetic set.

    Parameters
    ----------
    data
        A set, its place, or `SYNTHETIC`; None is wherever MNIST is found.
    config
        Names the device.
    tell
        Told `NOTICE` by the first process when it holds, before the digits are written.

    Returns
    -------
    The digits, and the device to train on.
    """
    distributed.join("cuda" if config.device in ("auto", "cuda") and torch.cuda.is_available() else "cpu")
    device = device_of(config)
    if isinstance(data, Dataset):
        dataset: Dataset | None = data
    else:
        dataset = None if _ours(data) else _found(data, device)
    if distributed.rank() == 0 and (dataset is None or dataset.location == SYNTHETIC):
        tell(NOTICE)
    return dataset or synthetic_dataset(), device


def _ours(data: str | os.PathLike[str] | None) -> bool:
    if data == SYNTHETIC and Path(SYNTHETIC).exists():
        log.warning("%s is our own pen; what lies here under this name is ./%s", SYNTHETIC, SYNTHETIC)
    return data == SYNTHETIC


def _found(data: str | os.PathLike[str] | None, device: torch.device) -> Dataset | None:
    """Load a set that lies somewhere; None when there is none, for the first process and so for all."""
    dataset, missing = None, ""
    if distributed.rank() == 0:
        try:
            dataset = load_dataset(data)
        except MissingMNISTError as error:
            log.warning("%s", error)
            missing = "missing"
    if distributed.agreed(missing, device):
        return None
    return dataset or load_dataset(data)


def synthetic_dataset() -> Dataset:
    """Write a set with our own pen: always the same digits, those of the test by other writers than those to learn."""
    _say("writing", sum(SIZES))
    from digits.synthesis import synthesize

    train, test = (synthesize(n, seed) for n, seed in zip(SIZES, WRITERS, strict=True))
    named = make_dataset(RawDataset("synthetic handwriting", Path(SYNTHETIC), train, test))
    return dataclasses.replace(named, location=SYNTHETIC)


def enlarged(learned: LabelledDigits, config: TrainConfig) -> LabelledDigits:
    """Add to the digits to learn from what our own pen writes, and photographs of some of all these.

    The seed of the run decides which. Of an ensemble each member has its own; its configuration as a whole adds none.
    Where the set's own are only to be learned again, so many of them are drawn first: as the split, evenly over the
    classes and whatever the seed, so that all members learn the same.

    Parameters
    ----------
    learned
        The set's own, without those held out.
    config
        Its ``synthetic`` and ``photographs`` say how many to add, its ``replay`` how many of the set's own are kept.
    """
    if 0 < config.replay < len(learned):
        _, learned = split(learned, config.replay, seed=config.split_seed)
    if config.members > 1:
        return learned
    if n := config.synthetic:
        _say("writing", n)
        from digits.synthesis import synthesize

        learned = joined(learned, synthesize(n, seed_for(config, 0)))
    if n := config.photographs:
        _say("photographing", n)
        from digits.synthesis import simulate_photos

        chosen = np.random.default_rng(seed_for(config, 1)).integers(len(learned), size=n)
        images = simulate_photos(learned.images[chosen], seed_for(config, 2))
        learned = joined(learned, LabelledDigits(images, learned.labels[chosen]))
    return learned


def no_digits(n: int, seed: int) -> Images:
    """Draw what is no digit, every second one as a photograph gives it.

    Parameters
    ----------
    n
        How many; none for 0.
    seed
        0 or more; every seed has other writers, pens and cameras.
    """
    if not n:
        return np.empty((0, SIDE, SIDE), np.uint8)
    _say("drawing", n)
    from digits.synthesis import simulate_photos, synthesize_outliers

    images = synthesize_outliers(n, seed)
    images[::2] = simulate_photos(images[::2], seed)
    return images


def learned_as_none(config: TrainConfig) -> Images:
    """Draw the ``others`` of a run, which it learns to give to no class; its seed decides which.

    Where the set's own digits are learned again, it is the same whatever the seed, and drawn once for all members.
    """
    n = 0 if config.members > 1 else config.others
    if config.replay:
        return _drawn(n, seed_for(config.replace(seed=config.split_seed), 3))
    return no_digits(n, seed_for(config, 3))


_drawn = lru_cache(maxsize=1)(no_digits)


def joined(first: LabelledDigits, second: LabelledDigits) -> LabelledDigits:
    """Put digits behind others."""
    images, labels = ((first.images, second.images), (first.labels, second.labels))
    return LabelledDigits(np.concatenate(images), np.concatenate(labels))


def seed_for(config: TrainConfig, purpose: int) -> int:
    """Derive a seed, lest run 0 learns by heart the digits that `synthetic_dataset` writes with seed 0."""
    return int(np.random.SeedSequence((config.seed, purpose)).generate_state(1)[0])


def _say(doing: str, n: int) -> None:
    if n >= SLOW[doing] and distributed.rank() == 0:
        log.info("%s %s %s …", doing, f"{n:,}", "other things" if doing == "drawing" else "digits")
