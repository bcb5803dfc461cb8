"""What has to be settled before a run begins: on which device, and how many digits are held out."""

from __future__ import annotations

import torch

from digits.data import DIGIT_NAMES
from digits.errors import UsageError
from digits.training import distributed
from digits.training.config import TrainConfig
from digits.types import Dataset


def device_of(config: TrainConfig) -> torch.device:
    """Give the device to train on: the one named, or CUDA, then MPS, then the processor.

    Raises
    ------
    UsageError
        When it cannot be used here.
    """
    if config.device in ("auto", "cuda") and torch.cuda.is_available():
        return torch.device("cuda", distributed.local_rank())  # of torchrun's processes, each has a GPU of its own
    if config.device == "auto":
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(config.device)
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise UsageError(f"device {config.device!r} cannot be used here: {str(error).splitlines()[0]}") from error
    return device


def held_out(config: TrainConfig, dataset: Dataset) -> int:
    """Give the number of validation digits: what the configuration says, but never more than a sixth of a small set.

    Raises
    ------
    UsageError
        When too few are left to learn from, a batch is too small for the processes that share it, or digits of our own
        pen would be added to what are no digits.
    """
    validation = min(config.validation, len(dataset.train) // 6)
    rest = learned_an_epoch(config, dataset, validation)
    if validation < 1:
        raise UsageError(f"{dataset.name} has {len(dataset.train)} digits to learn from: too few to hold any out")
    if config.batch_size > rest:
        raise UsageError(
            f"batch_size {config.batch_size} is more than the {rest} digits to learn from; "
            f"try --batch-size {max(1, rest // 10)}"
        )
    if config.batch_size < distributed.workers():
        raise UsageError(
            f"batch_size {config.batch_size} leaves some of the {distributed.workers()} processes without a digit"
        )
    if (config.synthetic or config.photographs or config.others) and dataset.classes != DIGIT_NAMES:
        raise UsageError(
            f"the classes of {dataset.name} are {', '.join(dataset.classes)}: our own pen writes digits only, "
            "so that --synthetic, --photographs and --others must be 0"
        )
    return validation


def learned_an_epoch(config: TrainConfig, dataset: Dataset, validation: int) -> int:
    """Count the digits of an epoch, but for a person's own, when so many are held out."""
    rest = len(dataset.train) - validation
    return min(config.replay or rest, rest) + config.synthetic + config.photographs
