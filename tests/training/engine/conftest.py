"""Some training digits, as tensors."""

from __future__ import annotations

import pytest
import torch

from digits.types import Dataset


@pytest.fixture(scope="module")
def digits(mnist: Dataset) -> torch.Tensor:
    return torch.from_numpy(mnist.train.images[:200].copy())
