"""The training loop: everything that happens in an epoch, from top to bottom."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from digits.errors import TrainingError, UsageError
from digits.shapes import Int64, UInt8
from digits.training.config import TrainConfig
from digits.training.engine import distributed
from digits.training.engine.checkpoint import Epoch, State
from digits.training.engine.corruption import distort
from digits.training.engine.devices import choose_dtype
from digits.training.engine.losses import OUTLIER_WEIGHT, distillation_loss, make_loss, outlier_loss
from digits.training.engine.networks import predict
from digits.training.engine.optimizers import make_optimizer
from digits.training.engine.sampler import BatchSampler
from digits.training.engine.schedules import learning_rate_factor
from digits.types import SIDE, Images, LabelledDigits

Progress = Callable[[float, int, list[Epoch]], None]
"""Called after every step with the epochs completed, as a fraction, their planned number, and the finished epochs."""

NO_IMAGES: Images = np.empty((0, SIDE, SIDE), np.uint8)


def fit(
    network: nn.Module,
    train: LabelledDigits,
    validation: LabelledDigits,
    config: TrainConfig,
    *,
    outliers: Images = NO_IMAGES,
    teacher: nn.Module | None = None,
    checkpoint: Path | None = None,
    progress: Progress = lambda done, epochs, history: None,
) -> list[Epoch]:
    """Train a network in place and return one row per epoch.

    Ctrl-C ends the training early and keeps what is trained; the history is then shorter than configured.

    Parameters
    ----------
    network
        Maps ``uint8[n, 28, 28]`` to logits ``float32[n, 10]``; lies on the device to train on.
    train, validation
        Digits to learn from and to choose by; moved to the network's device as a whole.
    config
        How to train.
    outliers
        Non-digits, for which every class shall be equally likely (Hendrycks, Mazeika, Dietterich, "Deep anomaly
        detection with outlier exposure", 2019); spread evenly over the steps.
    teacher
        A trained network whose predictions replace the labels (distillation).
    checkpoint
        Written after every epoch; training continues from it if it exists.
    progress
        Called after every step.

    Raises
    ------
    UsageError
        For an ensemble: its members are trained one by one, as `digits.train` does.
    TrainingError
        When the loss is no longer a number.
    """
    if config.model.ensemble_size > 1:
        raise UsageError("fit trains one network: pass config.member(0), config.member(1), …, or call digits.train")
    optimization, epochs = config.optimization, config.optimization.epochs
    device = next(network.parameters()).device
    dtype = choose_dtype(config.run.precision, device)
    autocast = torch.autocast(device.type, dtype, enabled=dtype != torch.float32)

    # the whole data set lies on the device; a batch is an index into it
    train_images, train_labels = to_tensors(train, device)
    validation_images, validation_labels = to_tensors(validation, device)
    outlier_images = torch.from_numpy(outliers.copy()).to(device)
    sampler = BatchSampler(len(train), len(outliers), optimization.batch_size, config.run.seed, device)

    loss_function = make_loss(optimization)
    optimizer = make_optimizer(network, optimization, dtype)
    peak_rates = [float(group["lr"]) for group in optimizer.param_groups]
    state = State(network, optimizer)
    if optimization.ema_epochs:
        decay = math.exp(-1 / (optimization.ema_epochs * len(sampler)))
        state.averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)
    if checkpoint and checkpoint.exists():
        state.load(checkpoint)
    distributed.average_gradients(network)
    model = network
    if config.run.compile:
        model = cast(nn.Module, torch.compile(network, mode="reduce-overhead" if device.type == "cuda" else "default"))

    try:
        for epoch in range(len(state.history), epochs):
            if is_out_of_patience(state.history, optimization.patience):
                break
            start = time.perf_counter()
            losses, correct = [], []
            model.train()
            for step, batch in enumerate(sampler.epoch(epoch)):
                factor = learning_rate_factor(optimization, (epoch + (step + 0.5) / len(sampler)) / epochs)
                for group, peak in zip(optimizer.param_groups, peak_rates, strict=True):
                    group["lr"] = peak * factor

                n = len(batch.digits)
                images = distort(train_images[batch.digits.index], config.augmentation, batch.digits)
                labels = train_labels[batch.digits.index]
                if batch.outliers.size:
                    non_digits = distort(outlier_images[batch.outliers.index], config.augmentation, batch.outliers)
                    images = torch.cat((images, non_digits))

                with autocast:
                    logits = model(images).float()
                if teacher:
                    with torch.no_grad(), autocast:
                        teacher_logits = teacher(images).float()
                    loss = distillation_loss(logits, teacher_logits, optimization.distill_temperature)
                    loss = loss * batch.digits.weight
                else:
                    loss = loss_function(logits[:n], labels) * batch.digits.weight
                    if batch.outliers.size:
                        loss = loss + OUTLIER_WEIGHT * outlier_loss(logits[n:]) * batch.outliers.weight

                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                if state.averaged:
                    state.averaged.update_parameters(network)

                losses.append(loss.detach() * n)
                correct.append((logits[:n].detach().argmax(1) == labels).sum())
                progress(epoch + (step + 1) / len(sampler), epochs, state.history)

            # read once per epoch, since every read makes a GPU wait
            sums = torch.stack((torch.stack(losses).sum(), torch.stack(correct).sum())).double()
            train_loss, train_accuracy = (distributed.sum_over_processes(sums) / len(train)).tolist()
            validation_logits = predict(state.kept, validation_images)
            validation_loss = loss_function(validation_logits, validation_labels).item()
            validation_accuracy = int((validation_logits.argmax(1) == validation_labels).sum()) / len(validation)
            # the last step of an epoch shows in the validation loss alone
            if not math.isfinite(train_loss + validation_loss):
                raise TrainingError(_describe_divergence(config, epoch + 1))
            best_loss = min((row.validation_loss for row in state.history), default=math.inf)
            if optimization.patience and validation_loss < best_loss:
                state.best = {name: tensor.clone() for name, tensor in state.kept.state_dict().items()}
            state.history.append(
                Epoch(
                    epoch=epoch + 1,
                    train_loss=train_loss,
                    train_accuracy=train_accuracy,
                    validation_loss=validation_loss,
                    validation_accuracy=validation_accuracy,
                    learning_rate=optimization.lr * factor,
                    seconds=time.perf_counter() - start,
                )
            )
            if checkpoint and distributed.rank() == 0:
                state.save(checkpoint)
            progress(float(epoch + 1), epochs, state.history)
    except KeyboardInterrupt:
        pass  # the caller sees a shorter history; resuming continues after the last whole epoch
    network.load_state_dict(state.best or state.kept.state_dict())
    network.eval()
    return state.history


def is_out_of_patience(history: list[Epoch], patience: int) -> bool:
    """Whether the validation loss has not fallen for `patience` epochs; 0 never runs out."""
    losses = [row.validation_loss for row in history]
    return bool(patience and losses) and len(losses) - 1 - losses.index(min(losses)) >= patience


def to_tensors(digits: LabelledDigits, device: torch.device) -> tuple[UInt8[Tensor, "n 28 28"], Int64[Tensor, " n"]]:
    """Copy a whole set to the device."""
    # copied, since arrays that were read from files may not be writable, of which torch warns
    images = torch.from_numpy(digits.images.copy()).to(device)
    return images, torch.from_numpy(digits.labels.astype(np.int64)).to(device)


def _describe_divergence(config: TrainConfig, epoch: int) -> str:
    name = "muon_lr" if config.optimization.optimizer == "muon" else "lr"
    rate = getattr(config.optimization, name)
    return (
        f"the loss is no longer a number in epoch {epoch}: the learning rate is too high. Try "
        f"--{name.replace('_', '-')} {rate / 10:g} instead of {rate:g}, a longer --warmup, or another --optimizer"
    )
