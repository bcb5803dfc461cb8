"""The finder's training loop. It is not the engine's, which passes over a set of labelled digits: documents never end.

Optimizer, schedule, number formats and checkpoints are the engine's; so is the order in which things happen.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from digits.errors import TrainingError
from digits.inference.finder.finder import MIN_SCORE
from digits.synthesis.documents import RealDigits
from digits.training.engine.checkpoint import Epoch, State
from digits.training.engine.devices import choose_dtype
from digits.training.engine.loop import Progress
from digits.training.engine.optimizers import make_optimizer
from digits.training.engine.schedules import learning_rate_factor
from digits.training.finder.batches import Batch, load_batches
from digits.training.finder.config import FinderConfig
from digits.training.finder.losses import count_right, finder_losses, weigh


def fit_finder(
    network: nn.Module,
    config: FinderConfig,
    real: RealDigits,
    validation: Sequence[Batch],
    *,
    layouts: str = "",
    checkpoint: Path | None = None,
    progress: Progress = lambda done, epochs, history: None,
) -> list[Epoch]:
    """Train a finder's network in place and return one row per epoch.

    The accuracy in a row is the share of characters that are found at their centre with the right class. Ctrl-C ends
    the training early and keeps what is trained.

    Parameters
    ----------
    network
        Maps ``uint8[b, h, w]`` to the raw outputs; lies on the device to train on.
    config
        How to train.
    real
        Digits of real people to write documents with.
    validation
        Batches to validate on.
    layouts
        Layouts of your own to learn from as well, as `digits.training.finder.batches.load_layouts` takes them.
    checkpoint
        Written after every epoch; training continues from it if it exists.
    progress
        Called after every step.

    Raises
    ------
    TrainingError
        When the loss is no longer a number.
    """
    optimization, steps = config.optimization, config.steps_per_epoch
    device = next(network.parameters()).device
    dtype = choose_dtype(config.precision, device)
    autocast = torch.autocast(device.type, dtype, enabled=dtype != torch.float32)

    optimizer = make_optimizer(network, optimization, dtype)
    peak_rates = [float(group["lr"]) for group in optimizer.param_groups]
    state = State(network, optimizer)
    if config.ema_epochs:
        decay = math.exp(-1 / (config.ema_epochs * steps))
        state.averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)
    if checkpoint and checkpoint.exists():
        state.load(checkpoint)

    try:
        batches: Iterator[Batch] = load_batches(config, real, len(state.history) * steps, layouts)
        for epoch in range(len(state.history), config.epochs):
            start = time.perf_counter()
            losses, right = [], []
            network.train()
            for step in range(steps):
                factor = learning_rate_factor(optimization, (epoch + (step + 0.5) / steps) / config.epochs)
                for group, peak in zip(optimizer.param_groups, peak_rates, strict=True):
                    group["lr"] = peak * factor

                batch = next(batches)
                targets = batch.targets.to(device)
                with autocast:
                    maps = network(batch.pictures.to(device))
                loss = torch.stack([*finder_losses(maps, targets).values()]).sum()

                optimizer.zero_grad()
                (loss * weigh(targets, len(batch.pictures))).backward()
                optimizer.step()
                if state.averaged:
                    state.averaged.update_parameters(network)

                losses.append(loss.detach())
                right.append(count_right(maps, targets, MIN_SCORE))
                progress(epoch + (step + 1) / steps, config.epochs, state.history)

            train_loss = torch.stack(losses).mean().item()
            found, n = torch.stack(right).sum(0).tolist()
            validation_loss, validation_accuracy = validate(state.kept, validation)
            if not math.isfinite(train_loss + validation_loss):
                raise TrainingError(
                    f"the loss is no longer a number in epoch {epoch + 1}: the learning rate is too high. Try "
                    f"--muon-lr {config.muon_lr / 10:g} instead of {config.muon_lr:g}, or a longer --warmup"
                )
            state.history.append(
                Epoch(
                    epoch=epoch + 1,
                    train_loss=train_loss,
                    train_accuracy=found / max(n, 1),
                    validation_loss=validation_loss,
                    validation_accuracy=validation_accuracy,
                    learning_rate=config.lr * factor,
                    seconds=time.perf_counter() - start,
                )
            )
            if checkpoint:
                state.save(checkpoint)
            progress(float(epoch + 1), config.epochs, state.history)
    except KeyboardInterrupt:
        pass  # the caller sees a shorter history; resuming continues after the last whole epoch
    network.load_state_dict(state.kept.state_dict())
    network.eval()
    return state.history


@torch.inference_mode()
def validate(network: nn.Module, batches: Sequence[Batch]) -> tuple[float, float]:
    """Compute the mean loss over batches, and the share of characters that are found with the right class."""
    network.eval()
    device = next(network.parameters()).device
    losses, right = [], []
    for batch in batches:
        targets = batch.targets.to(device)
        maps = network(batch.pictures.to(device))
        losses.append(torch.stack([*finder_losses(maps, targets).values()]).sum())
        right.append(count_right(maps, targets, MIN_SCORE))
    found, n = torch.stack(right).sum(0).tolist()
    return torch.stack(losses).mean().item(), found / max(n, 1)
