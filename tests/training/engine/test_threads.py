"""The number of processor threads is chosen by time, and changes nothing else."""

from __future__ import annotations

import json
import time

import pytest
import torch
from tests.training.conftest import STILL
from torch import Tensor, nn

from digits.training import train
from digits.training.engine.threads import choose_threads, use_threads
from digits.types import Dataset

CPU = torch.device("cpu")


class Slow(nn.Module):
    """Linear, with dropout, and slow when it computes with a certain number of threads."""

    def __init__(self, slow_threads: int) -> None:
        super().__init__()
        self.linear, self.slow_threads = nn.Linear(784, 10), slow_threads

    def forward(self, images: Tensor) -> Tensor:
        if torch.get_num_threads() == self.slow_threads:
            time.sleep(0.2)
        return nn.functional.dropout(self.linear(images.flatten(1) / 255))


@pytest.mark.parametrize(("slow_threads", "expected"), [(2, 1), (1, 2)])
def test_one_thread_is_chosen_where_several_wait_for_each_other(slow_threads: int, expected: int) -> None:
    network, said = Slow(slow_threads), list[str]()
    weights, random = network.linear.weight.clone(), torch.random.get_rng_state()
    with use_threads(2):
        assert choose_threads(0, network, 50, CPU, said.append) == expected
        assert torch.get_num_threads() == 2
    assert len(said) == (expected == 1)
    assert all("--threads 2" in text for text in said)
    assert torch.equal(network.linear.weight, weights)
    assert network.linear.weight.grad is None
    assert torch.equal(torch.random.get_rng_state(), random)


@pytest.mark.parametrize(("configured", "usual"), [(3, 2), (0, 1)])
def test_nothing_is_timed_where_nothing_is_to_choose(configured: int, usual: int) -> None:
    with use_threads(usual):
        start = time.perf_counter()
        assert choose_threads(configured, Slow(usual), 50, CPU, pytest.fail) == (configured or usual)
        assert time.perf_counter() - start < 0.2


def test_a_run_says_how_many_threads_it_had_and_leaves_torch_as_it_was(few: Dataset, tmp_path: object) -> None:
    before = torch.get_num_threads()
    run = train("classic", data=few, out=f"{tmp_path}/run", epochs=1, hidden_sizes=(4,), threads=before + 1, **STILL)
    assert json.loads((run.folder / "environment.json").read_text())["threads"] == before + 1
    assert torch.get_num_threads() == before
