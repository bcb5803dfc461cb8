"""Which digits make up each batch, and which of them fall to this process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from digits.shapes import Int64
from digits.training.engine import distributed


@dataclass(frozen=True)
class Shard:
    """The part of a batch that falls to this process; all of it, unless torchrun started several.

    Attributes
    ----------
    index
        Rows of the training set, on its device.
    start
        Position of the first of them in the whole batch.
    size
        Number of digits in the whole batch.
    """

    index: Int64[Tensor, " n"]
    start: int
    size: int

    def __len__(self) -> int:
        return len(self.index)

    @property
    def weight(self) -> float:
        """Factor that makes the mean over the processes' mean losses that of the whole batch; 1 for one process."""
        return len(self) * distributed.process_count() / max(self.size, 1)


@dataclass(frozen=True)
class Batch:
    """What one training step learns from: digits, and outliers where the run has some."""

    digits: Shard
    outliers: Shard


class BatchSampler:
    """Shuffles the training set anew for every epoch; each digit and each outlier is drawn once per epoch.

    Parameters
    ----------
    digits, outliers
        How many there are.
    batch_size
        Digits per step, over all processes; the outliers are spread evenly over the steps.
    seed
        Seed of the run.
    device
        Device of the training set.
    """

    def __init__(self, digits: int, outliers: int, batch_size: int, seed: int, device: torch.device) -> None:
        self.digits, self.outliers, self.seed, self.device = digits, outliers, seed, device
        self.sizes = [len(batch) for batch in torch.arange(digits).split(batch_size)]
        # batch normalization needs two digits for a variance, and every process needs one
        if len(self.sizes) > 1 and self.sizes[-1] < max(2, distributed.process_count()):
            self.sizes[-2:] = [sum(self.sizes[-2:])]

    def __len__(self) -> int:
        """Return the number of steps per epoch."""
        return len(self.sizes)

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """Seed torch for this epoch and yield its batches."""
        seed_epoch(self.seed, epoch)
        digits = torch.randperm(self.digits).to(self.device).split(self.sizes)
        outliers = torch.randperm(self.outliers).to(self.device).tensor_split(len(self))
        for each, others in zip(digits, outliers, strict=True):
            yield Batch(_own_shard(each), _own_shard(others))


def seed_epoch(seed: int, epoch: int) -> None:
    """Seed torch's generators from the run's seed and the epoch, well mixed; so no generator state must be stored."""
    torch.manual_seed(int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0]) >> 1)


def _own_shard(batch: Int64[Tensor, " n"]) -> Shard:
    part = distributed.own_part(len(batch))
    return Shard(batch[part], part.start, len(batch))
