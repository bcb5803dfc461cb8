"""How to look without leaving a trace: copies are called, and random generators are put back."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from digits.shapes import Float32, Shaped

PROBED_DIGITS = 64
"""Digits of a probe: ten classes with six of each, in a millisecond."""

Part = TypeVar("Part")


@contextmanager
def undisturbed(device: torch.device) -> Iterator[None]:
    """Put the generators of torch, NumPy and Python back, since code of a user's own may draw from any of them."""
    numbers, arrays, tensors = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    on_cuda = torch.cuda.get_rng_state(device) if device.type == "cuda" else None
    on_mps = torch.mps.get_rng_state() if device.type == "mps" else None
    try:
        yield
    finally:
        random.setstate(numbers)
        np.random.set_state(arrays)  # noqa: NPY002
        torch.set_rng_state(tensors)
        if on_cuda is not None:
            torch.cuda.set_rng_state(on_cuda, device)
        if on_mps is not None:
            torch.mps.set_rng_state(on_mps)


def duplicate(part: Part) -> Part:
    """Copy a network or a loss, so that a call changes nothing in it: buffers, counters, gradients."""
    return copy.deepcopy(part)


def answer(network: nn.Module, images: Shaped[Tensor, "n ..."]) -> Float32[Tensor, "n 10"]:
    """Compute the logits in whatever mode the network is, without gradients."""
    with torch.no_grad():
        logits: Tensor = network(images)
    return logits.float()
