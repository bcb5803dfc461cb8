"""Several processes that train one network, as ``torchrun --nproc-per-node N -m digits train`` starts them.

Every process holds all digits and the same weights, and trains on its own part of every batch. Gradients and the
statistics of batch normalization are averaged over the whole batch, so that the weights equal those of one process, up
to the order of sums. Only the first process downloads, writes and prints.
"""

from __future__ import annotations

import atexit
import os
from typing import Any, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn

from digits.errors import UsageError


def process_count() -> int:
    """Return the number of processes that train together; 1 without torchrun."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Return the number of this process, from 0."""
    return dist.get_rank() if process_count() > 1 else 0


def local_rank() -> int:
    """Return the number of this process on its machine, which is that of its GPU."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def join(device: str) -> None:
    """Join the other processes that torchrun has started, if any.

    Raises
    ------
    UsageError
        When this build of torch cannot train across processes.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2 or process_count() > 1:
        return
    if not dist.is_available():
        raise UsageError("this build of torch cannot train across processes: start digits without torchrun")
    dist.init_process_group("nccl" if device == "cuda" else "gloo")
    atexit.register(dist.destroy_process_group)


def own_part(n: int) -> slice:
    """Return this process's part of a batch of `n` digits."""
    return slice(n * rank() // process_count(), n * (rank() + 1) // process_count())


def broadcast_text(text: str, device: torch.device) -> str:
    """Return the first process's text in all processes."""
    if process_count() == 1:
        return text
    encoded = torch.frombuffer(bytearray(text.encode().ljust(4096)), dtype=torch.uint8).to(device)
    dist.broadcast(encoded, 0)
    return bytes(encoded.cpu().tolist()).decode().rstrip()


def sum_over_processes(values: Tensor) -> Tensor:
    """Sum over the processes, without a gradient."""
    if process_count() > 1:
        dist.all_reduce(values)
    return values


class _Sum(torch.autograd.Function):
    """`sum_over_processes` with a gradient: the sum over the gradients of all processes."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        return sum_over_processes(values.clone())

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return sum_over_processes(gradients[0].clone())


class BatchNorm(nn.BatchNorm2d):
    """`torch.nn.BatchNorm2d` with the statistics of the whole batch, over all processes and on any device."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002, torch's name
        """Normalize a batch of maps by the batch in training, by the running statistics otherwise."""
        if not self.training or process_count() == 1:
            return super().forward(input)
        values = input if input.dtype == torch.float64 else input.float()
        count = torch.full((1,), values.numel() / values.shape[1], device=values.device)
        sums = torch.cat((values.sum((0, 2, 3)), values.square().sum((0, 2, 3)), count))
        sums = cast(Tensor, _Sum.apply(sums))  # type: ignore[no-untyped-call]
        mean, square = (sums[:-1] / sums[-1]).chunk(2)
        variance = square - mean.square()
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        with torch.no_grad():
            momentum, n = self.momentum or 0.0, sums[-1]
            self.num_batches_tracked.add_(1)
            self.running_mean.lerp_(mean, momentum)
            self.running_var.lerp_(variance * (n / (n - 1)), momentum)
        scale = self.weight * (variance + self.eps).rsqrt()
        shape = (1, -1, 1, 1)
        normalized = values * scale.view(shape) + (self.bias - mean * scale).view(shape)
        return normalized.to(input.dtype)


def average_gradients(network: nn.Module) -> None:
    """Give all processes the first one's weights, and let every gradient be averaged over them once it is computed.

    `DistributedDataParallel` would do the same, but never lets go of the process group (torch 2.13): its threads then
    still run while the interpreter ends, which now and then aborts the process.
    """
    if process_count() == 1:
        return
    for tensor in network.state_dict().values():
        dist.broadcast(tensor, 0)
    for weight in network.parameters():
        if weight.requires_grad:
            weight.register_post_accumulate_grad_hook(_average)


def _average(weight: Tensor) -> None:
    assert weight.grad is not None
    dist.all_reduce(weight.grad)
    weight.grad /= process_count()
