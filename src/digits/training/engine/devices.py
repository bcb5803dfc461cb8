"""The device to train on, and the number format of its matrix products."""

from __future__ import annotations

from typing import Any

import torch

from digits.errors import UsageError
from digits.training.engine import distributed


def choose_device(name: str) -> torch.device:
    """Return the device of this name; for ``auto``, CUDA, then MPS, then the processor.

    Raises
    ------
    UsageError
        When it cannot be used here.
    """
    if name in ("auto", "cuda") and torch.cuda.is_available():
        return torch.device("cuda", distributed.local_rank())  # each process of torchrun has its own GPU
    if name == "auto":
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise UsageError(f"device {name!r} cannot be used here: {str(error).splitlines()[0]}") from error
    return device


def choose_dtype(precision: str, device: torch.device) -> torch.dtype:
    """Return the number format in which training multiplies.

    ``auto`` is bfloat16 where the device has instructions for it: CUDA devices from compute capability 8, and
    processors with AVX-512 BF16 or AMX. Weights, sums and everything after training are always float32.
    """
    if precision != "auto":
        return torch.float32 if precision == "float32" else torch.bfloat16
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.get_device_capability(device) >= (8, 0) else torch.float32
    # looked up by name, since older versions of torch lack it
    able: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)() if device.type == "cpu" else {}
    return torch.bfloat16 if able.get("avx512_bf16") or able.get("amx_bf16") else torch.float32
