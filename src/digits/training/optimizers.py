"""Adam and Muon, each a page: what `torch.optim` offers but starts a second later, and what it does not offer.

`torch.optim.Optimizer` imports torch's compiler when the first one is built, which takes longer than training the
`fast` recipe. These have its interface where training uses it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.optim.adam import adam

ITERATIONS = 3
"""Newton–Schulz steps of Muon; more of them cost time and gained nothing (docs/recipes.md)."""

QUINTIC = (3.4445, -4.7750, 2.0315)
"""Coefficients of the polynomial that drives singular values towards 1 (Jordan et al. 2024)."""


@runtime_checkable
class Optimizer(Protocol):
    """What the loop and the checkpoint need of an optimizer; `torch.optim.Optimizer` has it too."""

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """Weights, as ``params``, with what applies to them, such as ``lr``."""

    def zero_grad(self) -> None:
        """Forget the gradients."""

    def step(self) -> Any:
        """Change the weights by their gradients."""

    def state_dict(self) -> dict[str, Any]:
        """Give all that changes, by number of the weight."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what `state_dict` gave."""


class Adam:
    """Adam (Kingma and Ba 2015), one fused pass over the weights a step.

    Parameters
    ----------
    weights
        What to train.
    lr
        Learning rate.
    weight_decay
        Added to the gradient, or, `decoupled`, taken from the weights directly (Loshchilov and Hutter 2019).
    betas
        Decay of the averages of the gradient and of its square.
    decoupled
        Whether this is AdamW.
    """

    def __init__(
        self,
        weights: Sequence[Tensor],
        *,
        lr: float,
        weight_decay: float = 0.0,
        betas: tuple[float, float] = (0.9, 0.999),
        decoupled: bool = False,
    ) -> None:
        settings = {"lr": lr, "weight_decay": weight_decay, "betas": list(betas), "decoupled": decoupled}
        self.param_groups: list[dict[str, Any]] = [{"params": list(weights), **settings}]
        self.state: dict[Tensor, dict[str, Tensor]] = {}

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for group in self.param_groups:
            for weight in group["params"]:
                weight.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Change the weights by their gradients."""
        for group in self.param_groups:
            self._adam(group)

    def _adam(self, group: dict[str, Any]) -> None:
        weights = [weight for weight in group["params"] if weight.grad is not None]
        for weight in weights:
            if weight not in self.state:
                step = torch.zeros((), device=weight.device)
                averages = {"exp_avg": torch.zeros_like(weight), "exp_avg_sq": torch.zeros_like(weight)}
                self.state[weight] = {"step": step, **averages}
        states = [self.state[weight] for weight in weights]
        beta1, beta2 = group["betas"]
        adam(
            weights,
            [weight.grad for weight in weights],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            [state["step"] for state in states],
            fused=True,
            decoupled_weight_decay=group["decoupled"],
            amsgrad=False,
            beta1=beta1,
            beta2=beta2,
            lr=group["lr"],
            weight_decay=group["weight_decay"],
            eps=1e-8,
            maximize=False,
        )

    def state_dict(self) -> dict[str, Any]:
        """Give all that changes, by number of the weight."""
        numbers = {weight: number for number, weight in enumerate(self._weights())}
        groups = [{**group, "params": [numbers[weight] for weight in group["params"]]} for group in self.param_groups]
        return {"state": {numbers[weight]: state for weight, state in self.state.items()}, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what `state_dict` gave."""
        weights = self._weights()
        for number, state in state_dict["state"].items():
            self.state[weights[number]] = {name: tensor.to(weights[number].device) for name, tensor in state.items()}
        for group, stored in zip(self.param_groups, state_dict["param_groups"], strict=True):
            group.update({name: value for name, value in stored.items() if name != "params"})

    def _weights(self) -> list[Tensor]:
        return [weight for group in self.param_groups for weight in group["params"]]


class Muon(Adam):
    """Muon (Jordan et al. 2024): steps of matrices are made orthogonal, so that every direction is learned at once.

    Convolutions count as matrices of one row a channel. Vectors, and the last matrix, which gives the logits, are left
    to AdamW.

    Parameters
    ----------
    weights
        What to train, in the network's order.
    lr
        Size of a step of the matrices: the largest singular value of the change, for those not taller than wide.
    weight_decay
        Taken from the matrices directly, times `lr`.
    momentum
        Of the matrices, as Nesterov's.
    vector_lr
        AdamW's learning rate for the rest.
    dtype
        What the orthogonalisation multiplies in; bfloat16 is precise enough.
    """

    def __init__(
        self,
        weights: Sequence[Tensor],
        *,
        lr: float,
        weight_decay: float = 0.0,
        momentum: float = 0.9,
        vector_lr: float = 5e-3,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        matrices = [weight for weight in weights if weight.ndim > 1][:-1]
        known = {id(weight) for weight in matrices}
        rest = [weight for weight in weights if id(weight) not in known]
        super().__init__(rest, lr=vector_lr, betas=(0.9, 0.99), decoupled=True)
        settings = {"lr": lr, "weight_decay": weight_decay, "momentum": momentum}
        self.param_groups.insert(0, {"params": matrices, **settings})
        self.dtype = dtype

    @torch.no_grad()
    def step(self) -> None:
        """Change the weights by their gradients."""
        matrices, rest = self.param_groups
        for weight in matrices["params"]:
            if weight.grad is None:
                continue
            if weight not in self.state:
                self.state[weight] = {"momentum": torch.zeros_like(weight)}
            average = self.state[weight]["momentum"]
            average.lerp_(weight.grad, 1 - matrices["momentum"])
            ahead = weight.grad.lerp(average, matrices["momentum"])
            change = orthogonal(ahead.flatten(1), self.dtype)
            # a tall matrix has less to give in each of its rows
            size = matrices["lr"] * max(1, change.shape[0] / change.shape[1]) ** 0.5
            weight.mul_(1 - matrices["lr"] * matrices["weight_decay"])
            weight.add_(change.view(weight.shape), alpha=-size)
        self._adam(rest)


def orthogonal(matrix: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Give roughly the nearest matrix whose singular values are all 1, by Newton–Schulz iteration.

    Parameters
    ----------
    matrix
        ``float32[m, n]``.
    dtype
        What to multiply in.

    Returns
    -------
    ``float32[m, n]`` with the singular vectors of `matrix`; its larger singular values end between 0.7 and 1.2.
    """
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if tall else matrix).to(dtype)
    x = x / (x.norm() + 1e-7)
    a, b, c = QUINTIC
    for _ in range(ITERATIONS):
        square = x @ x.T
        x = torch.addmm(x, torch.addmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return (x.T if tall else x).to(matrix.dtype)
