"""The learning-rate range test: a short training whose learning rate rises until the loss does.

The method is that of Smith, "Cyclical learning rates for training neural networks", 2017, section 3.3. The rate grows
by the same factor at every step, as in Gugger, "How do you find a good learning rate", 2018.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from digits.errors import TrainingError, UsageError
from digits.experiments.range_test import MIN_STEPS, Curve, RangeTest, smooth
from digits.training.config import TrainConfig
from digits.training.engine.corruption import distort
from digits.training.engine.devices import choose_device, choose_dtype
from digits.training.engine.loop import to_tensors
from digits.training.engine.losses import OUTLIER_WEIGHT, distillation_loss, make_loss, outlier_loss
from digits.training.engine.networks import make_network
from digits.training.engine.optimizers import make_optimizer
from digits.training.engine.sampler import Batch, BatchSampler
from digits.training.run.inputs import Inputs, Place, load_inputs
from digits.training.run.stored import Trust
from digits.training.run.training_set import TrainingSet, build_training_set
from digits.types import Dataset

LOWEST, HIGHEST = 1e-6, 10.0
"""Rates that are tested. All optimizers learn somewhere between: Adam near 0.001, Muon near 0.05, SGD near 0.2."""

STEPS = 200
"""Steps of the test, 29 per factor of ten. With half as many, rates that are too high look good (docs/recipes.md)."""

DIVERGED = 10.0
"""The test ends once a loss is so many times the first one, or 1: higher rates have nothing more to show."""


def find_learning_rate(
    config: TrainConfig,
    *,
    data: Place | Dataset | None = None,
    extra_data: Place | None = None,
    initial_model: Place | None = None,
    trust_code: bool = False,
    lowest: float = LOWEST,
    highest: float = HIGHEST,
    steps: int = STEPS,
    notify: Callable[[str], None] = lambda sentence: None,
) -> RangeTest:
    """Train a network for a few steps at a rising learning rate, and record the loss of each.

    The batches, their augmentation, the loss and the optimizer are those of the recipe; schedule and moving average are
    left out. Nothing is written, and neither validation nor test digits are used.

    Parameters
    ----------
    config
        The recipe.
    data, extra_data, initial_model, trust_code
        As in `digits.train`.
    lowest, highest
        The first and the last rate; with muon, those of ``muon_lr``.
    steps
        How many steps there are between them; 10 or more.
    notify
        As in `digits.train`.

    Raises
    ------
    UsageError
        When the rates do not rise, there are too few steps, or the configuration cannot work.
    DataError, ModelError
        As `digits.train`.
    """
    if not 0 < lowest < highest < math.inf:
        raise UsageError(f"the learning rates must rise from above 0, not from {lowest:g} to {highest:g}")
    if steps < MIN_STEPS:
        raise UsageError(f"the test needs {MIN_STEPS} steps or more to show a curve, not {steps}")
    trust = Trust(trust_code).naming(config)
    inputs, config = load_inputs(config, data, extra_data, initial_model, notify, trust)
    tested, notices = config, list[str]()
    if config.model.ensemble_size > 1:
        notices.append("Tested with the first member of the ensemble; the others learn in the same way.")
        tested, inputs = config.member(0), inputs.member(0)
    if config.optimization.teacher and not inputs.teacher:
        notices.append(
            f"Tested with labels, since its teacher, {config.optimization.teacher}, has not been trained yet; "
            "--teacher with the folder of a run tests with its predictions."
        )
    learned = build_training_set(tested, inputs)
    rates = np.geomspace(lowest, highest, steps)
    losses = np.array([*_raise_rate(tested, inputs, learned, rates)])
    if len(losses) < MIN_STEPS:
        raise TrainingError(
            f"the loss explodes after {len(losses)} steps, at a learning rate of {rates[len(losses)]:.1g}: there is "
            f"nothing to see; try --lowest {lowest / 1000:.0e}"
        )
    rates = rates[: len(losses)]
    return RangeTest(config, rates, losses, smooth(rates, losses), inputs.places, tuple(notices))


def _raise_rate(config: TrainConfig, inputs: Inputs, learned: TrainingSet, rates: Curve) -> Iterator[float]:
    """Take one training step per rate, as `digits.fit` does, and yield its loss; end early where the loss explodes."""
    optimization = config.optimization
    if config.run.threads:
        torch.set_num_threads(config.run.threads)
    device = choose_device(config.run.device)
    dtype = choose_dtype(config.run.precision, device)
    autocast = torch.autocast(device.type, dtype, enabled=dtype != torch.float32)
    network = make_network(config)
    if inputs.initial:
        network.load_state_dict(inputs.initial.network.state_dict())
    network.to(device).train()
    teacher: nn.Module | None = inputs.teacher.network.to(device) if inputs.teacher else None
    images, labels = to_tensors(learned.train, device)
    outliers = torch.from_numpy(learned.outliers.copy()).to(device)
    sampler = BatchSampler(len(learned.train), len(outliers), optimization.batch_size, config.run.seed, device)
    loss_function = make_loss(optimization)
    optimizer = make_optimizer(network, optimization, dtype)
    configured = [float(group["lr"]) for group in optimizer.param_groups]
    named = optimization.muon_lr if optimization.optimizer == "muon" else optimization.lr

    batches: Iterator[Batch] = itertools.chain.from_iterable(map(sampler.epoch, itertools.count()))
    limit = math.inf
    for rate, batch in zip(tqdm(rates, desc="learning rates", leave=False, disable=None), batches, strict=False):
        for group, start in zip(optimizer.param_groups, configured, strict=True):
            group["lr"] = start * rate / named
        n = len(batch.digits)
        seen = distort(images[batch.digits.index], config.augmentation, batch.digits)
        if batch.outliers.size:
            non_digits = distort(outliers[batch.outliers.index], config.augmentation, batch.outliers)
            seen = torch.cat((seen, non_digits))
        with autocast:
            logits = network(seen).float()
        if teacher:
            with torch.no_grad(), autocast:
                teacher_logits = teacher(seen).float()
            loss = distillation_loss(logits, teacher_logits, optimization.distill_temperature)
        else:
            loss = loss_function(logits[:n], labels[batch.digits.index])
            if batch.outliers.size:
                loss = loss + OUTLIER_WEIGHT * outlier_loss(logits[n:])
        value = float(loss.detach())
        if not math.isfinite(value):
            return
        yield value
        if abs(value) > limit:
            return
        if math.isinf(limit):
            limit = DIVERGED * max(1.0, abs(value))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
