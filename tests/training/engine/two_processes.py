"""The program that the tests of distributed training run in each of two processes, or in one."""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
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
    distributed.average_gradients(network.train())
    for _ in range(2):
        network.zero_grad()
        loss = nn.functional.cross_entropy(network(images[part]), labels[part])
        (loss * Shard(torch.arange(DIGITS)[part], part.start, DIGITS).weight).backward()
    found = {name: weight.grad for name, weight in network.named_parameters()}
    return {name: tensor.double() for name, tensor in (found | dict(network.named_buffers())).items()}


def measure(folder: Path, few_file: str, words: list[str]) -> None:
    """Write down all that one process can say of the two, then train together, which saves starting others."""
    atexit.register(write_threads, folder / f"threads-{os.environ['RANK']}.json")  # runs once the group was left
    distributed.join("cpu")
    rank = distributed.rank()
    said = {
        "workers": distributed.process_count(),
        "shares": [[distributed.own_part(n).start, distributed.own_part(n).stop] for n in BATCHES],
        "agreed": distributed.broadcast_text(f"what {rank} says: ½ × ß", torch.device("cpu")),
        "total": distributed.sum_over_processes(torch.tensor([1.0, 10.0 * rank])).tolist(),
        "found": find(folder),
        "refused": refuse(["train", "--data", few_file, "--batch-size", "1", "--out", str(folder / "refused")]),
    }
    (folder / f"{rank}.json").write_text(json.dumps(said))
    safetensors.torch.save_file(gradients(), folder / f"{rank}.safetensors")
    cli.main(words)


def write_threads(path: Path) -> None:
    """Write the names of all threads of this process."""
    names = []
    for each in Path("/proc/self/task").glob("*/comm"):
        with contextlib.suppress(OSError):  # it may end meanwhile
            names.append(each.read_text().strip())
    path.write_text(json.dumps(names))


def train_and_die(words: list[str]) -> None:
    """Train as the command line does, but let the first process drop dead within the second epoch."""

    class Deadly(progress.ProgressBar):
        def __call__(self, done: float, *_: object) -> None:
            if done > 1.3:
                os._exit(7)

    progress.ProgressBar = Deadly
    cli.main(words)


def find(folder: Path) -> dict[str, Any]:
    """Look for MNIST where there is none; the second process would find some."""
    notices = list[str]()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("DIGITS_DATA", "")
        patch.setenv("DIGITS_MIRRORS", "http://127.0.0.1:9/")
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patch.setattr(inputs, "SYNTHETIC_SIZES", (60, 20))
        if distributed.rank():
            few = inputs.synthetic_dataset()
            found = Dataset("MNIST", few.test, few.test, "elsewhere", {})
            patch.setattr(inputs, "load_mended", lambda data, mending: found)
        loaded, _ = inputs.load_inputs(TrainConfig.from_settings(device="cpu"), None, None, None, notices.append)
    return {"location": loaded.dataset.location, "sha256": loaded.dataset.sha256, "notices": notices}


def refuse(words: list[str]) -> list[Any]:
    """Run a command that fails; return its exit code and what it prints to stderr."""
    printed = io.StringIO()
    with contextlib.redirect_stderr(printed), pytest.raises(SystemExit) as stopped:
        cli.main(words)
    return [stopped.value.code, printed.getvalue()]


if __name__ == "__main__":
    if sys.argv[1] == "measure":
        measure(Path(sys.argv[2]), sys.argv[3], sys.argv[4:])
    else:
        train_and_die(sys.argv[2:])
