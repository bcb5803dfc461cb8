"""The state of an unfinished run, as one safetensors file that any later process continues from bit for bit.

No random state is stored: every epoch seeds the generators from (seed, epoch), so the number of epochs is enough.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from digits.errors import ModelError
from digits.files import MAX_JSON_BYTES, open_file, parse_json_object, write_atomically
from digits.training.engine.optimizers import Optimizer

Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Epoch:
    """Figures of one pass over the training digits; a row of ``metrics.csv``.

    Attributes
    ----------
    epoch
        Counted from 1.
    train_loss, train_accuracy
        Means over the training batches: augmented, with dropout, while the weights changed.
    validation_loss, validation_accuracy
        On the validation digits after the epoch, with the weights that would be kept.
    learning_rate
        At the end of the epoch.
    seconds
        Spent in this epoch, validation included.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float
    seconds: float


_FIRST = Epoch(1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass
class State:
    """Everything that changes while a run trains.

    Attributes
    ----------
    network, optimizer
        Trained in place.
    averaged
        Copy of the network with a moving average of its weights, if the configuration asks for one.
    best
        Weights of the epoch with the lowest validation loss, if the configuration has patience.
    history
        One row per finished epoch.
    """

    network: nn.Module
    optimizer: Optimizer
    averaged: AveragedModel | None = None
    best: Weights = field(default_factory=dict)
    history: list[Epoch] = field(default_factory=list)

    @property
    def kept(self) -> nn.Module:
        """The network that would be kept if the run ended now."""
        return self.averaged.module if self.averaged else self.network

    def save(self, path: Path) -> None:
        """Write the state atomically."""
        tensors = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
        if self.averaged:
            tensors |= {f"averaged.{name}": tensor for name, tensor in self.averaged.state_dict().items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self.best.items()}
        scalars: dict[str, dict[str, Any]] = {}
        stored = self.optimizer.state_dict()
        for index, values in stored["state"].items():
            for name, value in values.items():
                if isinstance(value, Tensor):
                    tensors[f"optimizer.{index}.{name}"] = value
                else:
                    scalars.setdefault(str(index), {})[name] = value
        groups = [{k: v for k, v in group.items() if k != "lr"} for group in stored["param_groups"]]
        position = {"history": [asdict(epoch) for epoch in self.history], "scalars": scalars, "groups": groups}
        tensors, described = copy_apart(tensors), json.dumps(position)
        metadata = {"digits": described, "sha256": _hash(described, tensors)}
        write_atomically(path, safetensors.torch.save(tensors, metadata=metadata))

    def load(self, path: Path) -> None:
        """Load the state that `save` wrote.

        Raises
        ------
        ModelError
            When the file is broken or belongs to another network or optimizer.
        """
        try:
            with open_tensors(path) as file:
                metadata = file.metadata() or {}
                position = parse_json_object(metadata["digits"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, not a dict
            if metadata.get("sha256") != _hash(metadata["digits"], tensors):
                raise ValueError("it was changed or damaged")
            self.network.load_state_dict(_below("network", tensors))
            device = next(self.network.parameters()).device
            if self.averaged:
                self.averaged.load_state_dict(_below("averaged", tensors))
            self.best = {name: tensor.to(device) for name, tensor in _below("best", tensors).items()}
            state: dict[int, dict[str, Any]] = {int(index): dict(v) for index, v in position["scalars"].items()}
            weights = [weight for group in self.optimizer.param_groups for weight in group["params"]]
            for name, tensor in _below("optimizer", tensors).items():
                index, _, key = name.partition(".")
                weight = weights[int(index)]
                # fused steps walk through memory in order, so the state must have the memory layout of its weight
                same = tensor.shape == weight.shape
                state.setdefault(int(index), {})[key] = torch.empty_like(weight).copy_(tensor) if same else tensor
            groups = [
                stored | {"lr": group["lr"]}
                for stored, group in zip(position["groups"], self.optimizer.param_groups, strict=True)
            ]
            if not _is_alike(groups, self.optimizer.state_dict()["param_groups"]):
                raise ValueError("it belongs to another optimizer")
            self.optimizer.load_state_dict({"state": state, "param_groups": groups})
            self.history = [Epoch(**row) for row in position["history"]]
            if not all(_is_alike(asdict(row), asdict(_FIRST)) for row in self.history):
                raise ValueError("its history holds something else than numbers")
        except (AttributeError, LookupError, TypeError, ValueError, OSError, RuntimeError, OverflowError) as error:
            raise ModelError(
                f"{path} cannot be continued: {error}; delete it to train this run from the start"
            ) from error


@contextmanager
def open_tensors(path: Path) -> Iterator[Any]:
    """Open a safetensors file that anybody may have written.

    Raises
    ------
    ValueError
        When it is damaged, or its header is larger than that of any network.
    """
    with open_file(path) as file:
        header = int.from_bytes(file.read(8), "little")
    if header > MAX_JSON_BYTES:
        raise ValueError(f"its header claims {header:,} bytes")
    try:
        with safetensors.safe_open(path, framework="pt") as opened:
            yield opened
    except safetensors.SafetensorError as error:
        raise ValueError(str(error)) from error


def copy_apart(tensors: Weights) -> Weights:
    """Copy tensors so that none share memory, as a network's tied weights do and safetensors does not allow."""
    cpu = {name: tensor.detach().cpu() for name, tensor in tensors.items()}
    return {name: tensor.clone(memory_format=torch.contiguous_format) for name, tensor in cpu.items()}


def _hash(described: str, tensors: Weights) -> str:
    """Return the SHA-256 of all that a checkpoint holds, by which damage is found."""
    found = hashlib.sha256(described.encode())
    for name, tensor in sorted(tensors.items()):
        found.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        if tensor.numel():
            found.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()


def _is_alike(stored: object, expected: object) -> bool:
    """Whether a stored value may stand for another: of the same kind, and so on within dictionaries and lists."""
    if isinstance(expected, dict) and isinstance(stored, dict):
        return stored.keys() == expected.keys() and all(_is_alike(stored[name], expected[name]) for name in expected)
    if isinstance(expected, list | tuple) and isinstance(stored, list | tuple):
        return len(stored) == len(expected) and all(map(_is_alike, stored, expected))
    is_number = isinstance(expected, int | float) and not isinstance(expected, bool)
    kinds = (int, float) if is_number else (object,) if expected is None else type(expected)
    return isinstance(stored, kinds) and isinstance(stored, bool) == isinstance(expected, bool)


def _below(prefix: str, tensors: Weights) -> Weights:
    return {
        name.removeprefix(f"{prefix}."): tensor for name, tensor in tensors.items() if name.startswith(f"{prefix}.")
    }
