"""How many processor threads to train with: those of torch, or one where other programs keep the processors busy."""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn import functional

from digits.training.engine import distributed
from digits.types import SIDE

TIMED_STEPS = 3
"""Steps timed with each number of threads, after one that is not: a few hundredths of a training, if that."""

MAX_TIMED_DIGITS = 1000
"""Digits in a timed step at most: what happens between threads shows in any."""

MIN_GAIN = 1.5
"""How many times as fast one thread must be to be chosen: less may be chance, and the last bits would differ."""


@contextmanager
def use_threads(n: int) -> Iterator[None]:
    """Let torch compute with `n` processor threads, and with as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def choose_threads(
    configured: int, network: nn.Module, batch_size: int, device: torch.device, notify: Callable[[str], None]
) -> int:
    """Return the number of processor threads to train with.

    Where other programs keep the processors busy, threads that share a sum wait for the one that has to wait for a
    processor, many times in each step: there, one thread can be twenty times as fast as two. A few steps are timed.

    Parameters
    ----------
    configured
        The number in the configuration; 0 leaves the choice to this function.
    network
        Maps ``uint8[n, 28, 28]`` to logits ``float32[n, 10]``, on the processor; a copy of it is trained.
    batch_size
        Digits of each step.
    device
        Where the network is trained.
    notify
        Called with a sentence when fewer threads are chosen than torch would use.
    """
    usual = torch.get_num_threads()
    if configured:
        return configured
    if usual == 1 or device.type != "cpu" or distributed.process_count() > 1:
        return usual
    seconds = _time_steps(network, batch_size, (usual, 1))
    gain = seconds[usual] / seconds[1]
    if gain < MIN_GAIN:
        return usual
    notify(
        f"the processors are busy with other programs: training with 1 thread, here {gain:.1f} times as fast as with "
        f"{usual} (--threads {usual} uses these all the same)"
    )
    return 1


def _time_steps(network: nn.Module, batch_size: int, counts: tuple[int, ...]) -> dict[int, float]:
    """Time steps with each number of threads in turn; return the median seconds of each."""
    network = copy.deepcopy(network).train()
    seconds: dict[int, list[float]] = {n: [] for n in counts}
    with torch.random.fork_rng(devices=[]):  # dropout draws from it, and the training must draw the same as without
        n_digits = min(batch_size, MAX_TIMED_DIGITS)
        images = torch.randint(256, (n_digits, SIDE, SIDE), dtype=torch.uint8)
        labels = torch.randint(10, (n_digits,))
        for _ in range(TIMED_STEPS + 1):
            for n in counts:
                with use_threads(n):
                    start = time.perf_counter()
                    functional.cross_entropy(network(images), labels).backward()
                    seconds[n].append(time.perf_counter() - start)
    return {n: statistics.median(values[1:]) for n, values in seconds.items()}
