"""Our own Adam and Muon, and what turns a configuration into an optimizer.

Why our own Adam: building the first `torch.optim.Optimizer` imports torch's compiler, 1.6 s, which is longer than the
recipe ``fast`` trains. Muon is missing in some supported versions of torch. Both have torch's interface where training
uses it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.optim.adam import adam

from digits.errors import UsageError
from digits.training.config import OptimizationConfig
from digits.training.engine.plugins import load_plugin

NEWTON_SCHULZ_STEPS = 3
"""Iterations in each step of Muon; more cost time and gained nothing (docs/recipes.md)."""

NEWTON_SCHULZ_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Coefficients of the polynomial that drives singular values towards 1 (Jordan et al. 2024)."""


def make_optimizer(network: nn.Module, config: OptimizationConfig, dtype: torch.dtype = torch.float32) -> Optimizer:
    """Return the configured optimizer over all trainable weights of the network; `dtype` is what Muon multiplies in.

    Raises
    ------
    UsageError
        When an optimizer of your own fails.
    """
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    common: dict[str, Any] = {"lr": config.lr, "weight_decay": config.weight_decay}
    match config.optimizer:
        case "adam" | "adamw":
            return Adam(weights, **common, decoupled=config.optimizer == "adamw")
        case "muon":
            rates = {"lr": config.muon_lr, "vector_lr": config.lr}
            return Muon(weights, **common | rates, momentum=config.momentum, dtype=dtype)
        case "adagrad":
            return torch.optim.Adagrad(weights, **common)
        case "nadam":
            return torch.optim.NAdam(weights, **common)
        case "radam":
            return torch.optim.RAdam(weights, **common)
        case "adamax":
            return torch.optim.Adamax(weights, **common)
        case "rmsprop":
            return torch.optim.RMSprop(weights, **common, momentum=config.momentum)
        case "sgd":
            nesterov = config.momentum > 0
            return torch.optim.SGD(weights, **common, momentum=config.momentum, nesterov=nesterov, fused=True)
        case plugin:
            make = load_plugin(plugin, "optimizer")
            try:
                optimizer = make(weights, **common)
            except Exception as error:
                raise UsageError(
                    f"optimizer {plugin} failed with {type(error).__name__}: {error}; "
                    "it is called with the weights, lr and weight_decay"
                ) from error
            if not isinstance(optimizer, torch.optim.Optimizer):
                raise UsageError(
                    f"optimizer {plugin} returned a {type(optimizer).__name__}, not a torch.optim.Optimizer"
                )
            return optimizer


class Adam:
    """Adam (Kingma and Ba 2015), one fused pass over the weights per step.

    Parameters
    ----------
    weights
        The weights to train.
    lr
        Learning rate.
    weight_decay
        Added to the gradient, or, if `decoupled`, subtracted from the weights directly (Loshchilov and Hutter 2019).
    betas
        Decay rates of the moving averages of the gradient and of its square.
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
        """Discard the gradients."""
        for group in self.param_groups:
            for weight in group["params"]:
                weight.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Update the weights from their gradients."""
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
        """Return the state by index of the weight."""
        numbers = {weight: number for number, weight in enumerate(self._weights())}
        groups = [{**group, "params": [numbers[weight] for weight in group["params"]]} for group in self.param_groups]
        return {"state": {numbers[weight]: state for weight, state in self.state.items()}, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load what `state_dict` returned; anything else is a `ValueError`."""
        weights = self._weights()
        for number, state in state_dict["state"].items():
            names = {"momentum"} if "momentum" in state else {"step", "exp_avg", "exp_avg_sq"}
            shapes = {name: torch.Size() if name == "step" else weights[number].shape for name in names}
            if shapes != {name: tensor.shape for name, tensor in state.items()}:
                raise ValueError("its moving averages do not fit the network")
            self.state[weights[number]] = {name: tensor.to(weights[number].device) for name, tensor in state.items()}
        for group, stored in zip(self.param_groups, state_dict["param_groups"], strict=True):
            group.update({name: value for name, value in stored.items() if name != "params"})

    def _weights(self) -> list[Tensor]:
        return [weight for group in self.param_groups for weight in group["params"]]


class Muon(Adam):
    """Muon (Jordan et al. 2024): orthogonalizes the steps of matrices, so that every direction is learned at once.

    Convolutions count as matrices with one row per channel. Vectors, and the last matrix, which computes the logits,
    are left to AdamW.

    Parameters
    ----------
    weights
        The weights to train, in the network's order.
    lr
        Step size of the matrices: the largest singular value of the change, for matrices not taller than wide.
    weight_decay
        Subtracted from the matrices directly, times `lr`.
    momentum
        Nesterov momentum of the matrices.
    vector_lr
        AdamW's learning rate for the rest.
    dtype
        Number format of the orthogonalization; bfloat16 is precise enough.
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
        """Update the weights from their gradients."""
        matrices, rest = self.param_groups
        for weight in matrices["params"]:
            if weight.grad is None:
                continue
            if weight not in self.state:
                self.state[weight] = {"momentum": torch.zeros_like(weight)}
            average = self.state[weight]["momentum"]
            average.lerp_(weight.grad, 1 - matrices["momentum"])
            ahead = weight.grad.lerp(average, matrices["momentum"])
            change = orthogonalize(ahead.flatten(1), self.dtype)
            # the rows of a tall matrix share its singular values
            size = matrices["lr"] * max(1, change.shape[0] / change.shape[1]) ** 0.5
            weight.mul_(1 - matrices["lr"] * matrices["weight_decay"])
            weight.add_(change.view(weight.shape), alpha=-size)
        self._adam(rest)


Optimizer: TypeAlias = Adam | torch.optim.Optimizer


def orthogonalize(matrix: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Approximate the nearest matrix whose singular values are all 1, by Newton–Schulz iteration.

    Parameters
    ----------
    matrix
        ``float32[m, n]``.
    dtype
        Number format of the products.

    Returns
    -------
    ``float32[m, n]`` with the singular vectors of `matrix`; its larger singular values lie between 0.7 and 1.2.
    """
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if tall else matrix).to(dtype)
    x = x / (x.norm() + 1e-7)
    a, b, c = NEWTON_SCHULZ_COEFFICIENTS
    for _ in range(NEWTON_SCHULZ_STEPS):
        square = x @ x.T
        x = torch.addmm(x, torch.addmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return (x.T if tall else x).to(matrix.dtype)
