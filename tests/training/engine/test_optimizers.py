"""Our own optimizers: Adam against torch's bit for bit, Muon against singular values and torch's momentum."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from digits.training.engine.optimizers import Adam, Muon, orthogonalize

SHAPES = [(3, 5), (7,), (4, 2, 3, 3), (6, 4, 3, 3), (9, 2)]
"""A matrix, a vector, convolutions of which the second lies channels-last, and a last matrix."""


def weights() -> list[Tensor]:
    torch.manual_seed(0)
    made = [torch.randn(shape) for shape in SHAPES]
    made[3] = made[3].contiguous(memory_format=torch.channels_last)
    assert not made[3].is_contiguous(), "else it would be no case of its own"
    return [weight.requires_grad_() for weight in made]


def give_gradients(to: list[Tensor], number: int) -> None:
    generator = torch.Generator().manual_seed(number)
    for weight in to:
        # as backward leaves it: lying in memory as the weight does
        weight.grad = torch.empty_like(weight).copy_(torch.randn(weight.shape, generator=generator))


def stepped(make: Callable[[list[Tensor]], Any], steps: int = 5) -> list[Tensor]:
    trained = weights()
    optimizer = make(trained)
    for number in range(steps):
        give_gradients(trained, number)
        optimizer.step()
    return trained


def same_bits(first: list[Tensor], second: list[Tensor]) -> bool:
    return all(torch.equal(one, other) for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_adam_equals_torchs_bit_for_bit(weight_decay: float) -> None:
    ours = stepped(lambda of: Adam(of, lr=0.01, weight_decay=weight_decay))
    assert same_bits(ours, stepped(lambda of: torch.optim.Adam(of, 0.01, weight_decay=weight_decay, fused=True)))
    assert not same_bits(ours, weights())


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_decoupled_adam_equals_torchs_adamw_bit_for_bit(weight_decay: float) -> None:
    ours = stepped(lambda of: Adam(of, lr=0.01, weight_decay=weight_decay, decoupled=True))
    assert same_bits(ours, stepped(lambda of: torch.optim.AdamW(of, 0.01, weight_decay=weight_decay, fused=True)))
    assert not same_bits(ours, weights())


def test_adam_reads_the_learning_rate_at_every_step() -> None:
    def falling(optimizer: Any, trained: list[Tensor]) -> list[Tensor]:
        for number in range(4):
            optimizer.param_groups[0]["lr"] = 0.1 / (number + 1)  # as the loop's schedule does
            give_gradients(trained, number)
            optimizer.step()
        return trained

    ours, theirs = weights(), weights()
    assert same_bits(falling(Adam(ours, lr=0.5), ours), falling(torch.optim.Adam(theirs, 0.5, fused=True), theirs))


OPTIMIZERS: dict[str, Callable[[list[Tensor]], Adam]] = {
    "adam": lambda of: Adam(of, lr=0.01, weight_decay=0.1),
    "adamw": lambda of: Adam(of, lr=0.01, weight_decay=0.1, decoupled=True),
    "muon": lambda of: Muon(of, lr=0.01, weight_decay=0.1),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("left_out", range(len(SHAPES)))
def test_weight_without_gradient_stays(name: str, left_out: int) -> None:
    trained = weights()
    optimizer = OPTIMIZERS[name](trained)
    for number in range(2):
        give_gradients(trained, number)
        trained[left_out].grad = None
        optimizer.step()
    changed = [not torch.equal(after, before) for after, before in zip(trained, weights(), strict=True)]
    assert changed == [number != left_out for number in range(len(SHAPES))]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_zero_grad_removes_gradients(name: str) -> None:
    trained = weights()
    give_gradients(trained, 0)
    OPTIMIZERS[name](trained).zero_grad()
    assert [weight.grad for weight in trained] == [None] * len(SHAPES)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_new_optimizer_continues_from_the_state_bit_for_bit(name: str) -> None:
    trained = weights()
    begun = OPTIMIZERS[name](trained)
    for number in range(3):
        give_gradients(trained, number)
        begun.step()
    going_on = [weight.detach().clone().requires_grad_() for weight in trained]
    fresh = OPTIMIZERS[name](going_on)
    # a copy, since two optimizers that shared their averages would move each other
    fresh.load_state_dict(copy.deepcopy(begun.state_dict()))
    for number in range(3, 5):
        for optimizer, of in ((begun, trained), (fresh, going_on)):
            give_gradients(of, number)
            optimizer.step()
    assert same_bits(going_on, trained)
    assert not same_bits(going_on, stepped(OPTIMIZERS[name], 2))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_state_restores_the_settings(name: str) -> None:
    begun = OPTIMIZERS[name](weights())
    for group in begun.param_groups:
        group["lr"] = 0.777
    fresh = OPTIMIZERS[name](weights())
    fresh.load_state_dict(begun.state_dict())
    assert [group["lr"] for group in fresh.param_groups] == [0.777] * len(fresh.param_groups)


def conditioned(rows: int, columns: int) -> tuple[Tensor, Tensor, Tensor]:
    """Give random singular vectors, and a matrix of them whose singular values lie between 1 and 3."""
    torch.manual_seed(rows)
    rank = min(rows, columns)
    left = torch.linalg.qr(torch.randn(rows, rank)).Q
    right = torch.linalg.qr(torch.randn(columns, rank)).Q
    return left, right, left @ torch.linspace(3, 1, rank).diag() @ right.T


@pytest.mark.parametrize(("dtype", "off"), [(torch.float32, 1e-4), (torch.bfloat16, 0.06)])
@pytest.mark.parametrize(("rows", "columns"), [(16, 64), (64, 16), (32, 32), (1, 9), (9, 1)])
def test_orthogonalize_brings_singular_values_near_1_and_keeps_the_vectors(
    rows: int, columns: int, dtype: torch.dtype, off: float
) -> None:
    left, right, matrix = conditioned(rows, columns)
    found = orthogonalize(matrix, dtype)
    assert (found.dtype, found.shape) == (torch.float32, (rows, columns))
    between = left.T @ found @ right
    values = between.diagonal()
    assert 0.6 < values.min() <= values.max() < 1.3
    # in its own singular vectors a matrix is diagonal, and nothing of it is outside of them
    assert (between - values.diag()).abs().max() < off
    assert (found - left @ between @ right.T).abs().max() < off


def test_orthogonalize_ignores_the_norm() -> None:
    *_, matrix = conditioned(8, 24)
    torch.testing.assert_close(orthogonalize(1e-3 * matrix), orthogonalize(matrix), rtol=1e-2, atol=1e-3)


def test_orthogonalize_keeps_zero() -> None:
    assert torch.equal(orthogonalize(torch.zeros(3, 5)), torch.zeros(3, 5))


def moved(rows: tuple[int, ...], **settings: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Give a matrix's gradient, the matrix before and the change of it that one step of Muon makes."""
    torch.manual_seed(0)
    weight, last = torch.randn(rows).requires_grad_(), torch.randn(2, 2).requires_grad_()
    before = weight.detach().clone()
    optimizer = Muon([weight, last], **{"lr": 0.02, **settings})
    weight.grad = torch.randn(rows)
    optimizer.step()
    return weight.grad, before, weight.detach() - before


# a tall matrix's step is longer by the square root of how much taller than wide it is
@pytest.mark.parametrize(
    ("shape", "longer"), [((4, 64), 1.0), ((16, 16), 1.0), ((64, 4), 4.0), ((4, 3, 3, 3), 1.0), ((72, 2, 2, 2), 3.0)]
)
def test_muon_step_has_the_learning_rate_as_largest_singular_value(shape: tuple[int, ...], longer: float) -> None:
    gradient, _, change = moved(shape)
    largest = torch.linalg.matrix_norm(change.flatten(1), 2).item()
    assert 0.6 < largest / (0.02 * longer) < 1.3
    assert (gradient * change).sum() < 0, "downhill"


def test_muon_weight_decay_is_decoupled() -> None:
    _, before, plain = moved((4, 9))
    *_, decayed = moved((4, 9), weight_decay=0.5)
    torch.testing.assert_close(decayed - plain, -0.02 * 0.5 * before)


def test_muon_multiplies_in_the_configured_dtype() -> None:
    *_, exact = moved((16, 32))
    *_, rounded = moved((16, 32), dtype=torch.bfloat16)
    assert not torch.equal(rounded, exact)
    assert (rounded - exact).norm() < 0.05 * exact.norm()


def test_muon_leaves_last_matrix_and_vectors_to_adamw() -> None:
    ours = stepped(lambda of: Muon(of, lr=0.3, weight_decay=0.1, vector_lr=0.007))

    def by_adamw(of: list[Tensor]) -> torch.optim.AdamW:
        # no decay: it is for the matrices
        return torch.optim.AdamW([of[1], of[4]], 0.007, betas=(0.9, 0.99), weight_decay=0.0, fused=True)

    theirs = stepped(by_adamw)
    assert same_bits([ours[1], ours[4]], [theirs[1], theirs[4]])


def test_muon_momentum_equals_nesterovs_of_torchs_sgd() -> None:
    trained, last = torch.zeros(6, 10, requires_grad=True), torch.zeros(2, 2, requires_grad=True)
    watched = torch.zeros(6, 10, requires_grad=True)
    muon = Muon([trained, last], lr=1.0, momentum=0.8)
    sgd = torch.optim.SGD([watched], 1.0, momentum=0.8, nesterov=True)
    for number in range(3):
        for of, optimizer in ((trained, muon), (watched, sgd)):
            with torch.no_grad():
                of.zero_()
            give_gradients([of], number)
            optimizer.step()
    # the direction is all that counts: ours is an average where SGD's is a sum
    torch.testing.assert_close(trained.detach(), orthogonalize(watched.detach()), rtol=1e-4, atol=1e-5)


BUILD = """
import sys, torch
from digits.training.config import OptimizationConfig
from digits.training.engine.networks import MLP
from digits.training.engine.optimizers import make_optimizer
for name in sys.argv[1:]:
    network = MLP((8,))
    optimizer = make_optimizer(network, OptimizationConfig(optimizer=name))
    network(torch.zeros(2, 28, 28, dtype=torch.uint8)).sum().backward()
    optimizer.step()
    print(name * ("torch._dynamo" in sys.modules), end="")
"""


@pytest.mark.slow
def test_building_and_stepping_does_not_import_torchs_compiler() -> None:
    # why these exist: importing the compiler takes longer than the recipe fast trains
    done = subprocess.run([sys.executable, "-c", BUILD, *OPTIMIZERS], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("", "")
