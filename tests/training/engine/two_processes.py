"""The program that the tests of distributed training run in each of two processes, or in one."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

from digits import cli
from digits.training.config import TrainConfig
from digits.training.engine import distributed
from digits.training.engine.sampler import Shard
from digits.training.run import inputs, progress
from digits.types import Dataset

BATCHES = (2, 7, 101)
DIGITS = 7
"""An odd batch, so that the processes' shares differ in size and a mean of their means would be wrong."""


def gradients() -> dict[str, Tensor]:
    """Run one batch as the loop does; return gradients and buffers, in float64 so that rounding hides no mistake."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 3, 3, stride=2, bias=False), distributed.BatchNorm(3), nn.Tanh(),
        nn.Conv2d(3, 4, 3, bias=False), distributed.BatchNorm(4), nn.Tanh(), nn.Flatten(), nn.Linear(4 * 9, 10),
    ).double()  # fmt: skip
    images, labels = torch.randn(DIGITS, 1, 12, 12, dtype=torch.float64), torch.arange(DIGITS)
    part = distributed.own_part(DIGITS)
    trained = distributed.wrap(network).train()
    for _ in range(2):
        loss = nn.functional.cross_entropy(trained(images[part]), labels[part])
        (loss * Shard(torch.arange(DIGITS)[part], part.start, DIGITS).weight).backward()
    found = {name: weight.grad for name, weight in network.named_parameters()}
    return {name: tensor.double() for name, tensor in (found | dict(network.named_buffers())).items()}


def measure(folder: Path, words: list[str]) -> None:
    """Write down all that one process can say of the two, then train together, which saves starting two more."""
    distributed.join("cpu")
    rank = distributed.rank()
    said = {
        "workers": distributed.process_count(),
        "shares": [[distributed.own_part(n).start, distributed.own_part(n).stop] for n in BATCHES],
        "agreed": distributed.broadcast_text(f"what {rank} says: ½ × ß", torch.device("cpu")),
        "total": distributed.sum_over_processes(torch.tensor([1.0, 10.0 * rank])).tolist(),
    }
    (folder / f"{rank}.json").write_text(json.dumps(said))
    safetensors.torch.save_file(gradients(), folder / f"{rank}.safetensors")
    cli.main(words)


def train_and_die(words: list[str]) -> None:
    """Train as the command line does, but let the first process drop dead within the second epoch."""

    class Deadly(progress.ProgressBar):
        def __call__(self, done: float, *_: object) -> None:
            if done > 1.3:
                os._exit(7)

    progress.ProgressBar = Deadly
    cli.main(words)


def find(folder: Path) -> None:
    """Look for MNIST where there is none; the second process would find some."""
    told = list[str]()
    inputs.SYNTHETIC_SIZES = (60, 20)
    distributed.join("cpu")
    rank = distributed.rank()
    if rank:
        few = inputs.synthetic_dataset()
        inputs.load_dataset = lambda data: Dataset("MNIST", few.test, few.test, "elsewhere", {})
    loaded, _ = inputs.load_inputs(TrainConfig.from_settings(device="cpu"), None, None, None, told.append)
    dataset = loaded.dataset
    said = {"location": dataset.location, "sha256": dataset.sha256, "told": told}
    (folder / f"{rank}.json").write_text(json.dumps(said))


if __name__ == "__main__":
    if sys.argv[1] == "measure":
        measure(Path(sys.argv[2]), sys.argv[3:])
    elif sys.argv[1] == "find":
        find(Path(sys.argv[2]))
    else:
        train_and_die(sys.argv[2:])
