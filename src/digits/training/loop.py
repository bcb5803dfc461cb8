"""The training loop: what happens in an epoch, from top to bottom."""

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
from digits.shapes import Float32, Int64, UInt8
from digits.training import distributed
from digits.training.augmentation import augment, augments
from digits.training.checkpoint import Epoch, State
from digits.training.config import TrainConfig
from digits.training.optimization import compute_dtype, distillation, make_loss, make_optimizer, schedule
from digits.types import SIDE, Images, LabelledDigits, Logits

OTHERS_COUNT = 0.5
"""What the loss of one that is no digit counts beside that of a digit; from the paper that `fit` names."""

Progress = Callable[[float, int, list[Epoch]], None]
"""Called after every step with the epochs done, as a fraction, how many there will be, and the finished ones."""


def fit(
    network: nn.Module,
    train: LabelledDigits,
    validation: LabelledDigits,
    config: TrainConfig,
    *,
    others: Images | None = None,
    teacher: nn.Module | None = None,
    checkpoint: Path | None = None,
    progress: Progress = lambda done, epochs, history: None,
) -> list[Epoch]:
    """Train a network in place.

    Ctrl-C ends the training early and keeps what is trained; the history is then shorter than the configuration says.

    Parameters
    ----------
    network
        From ``uint8[n, 28, 28]`` to logits ``float32[n, 10]``; on the device to train on.
    train, validation
        Digits to learn from and to choose by; moved whole to the network's device.
    config
        How to train.
    others
        What is no digit: learned, a share with every step, as equally unlike all classes (Hendrycks, Mazeika,
        Dietterich, "Deep anomaly detection with outlier exposure", 2019).
    teacher
        A trained network whose answers to the distorted digits are learned instead of the labels.
    checkpoint
        Written after every epoch; continued from if it is there.
    progress
        Told how far it is.

    Raises
    ------
    UsageError
        For an ensemble, whose members are trained one by one: `digits.train` does that.
    TrainingError
        When the loss is no longer a number.
    """
    if config.members > 1:
        raise UsageError("fit trains one network: give it config.member(0), config.member(1), … or call digits.train")
    loss_function = make_loss(config)
    optimizer = make_optimizer(network, config)
    highest = [float(group["lr"]) for group in optimizer.param_groups]
    device = next(network.parameters()).device
    dtype = compute_dtype(config.precision, device)
    lower_precision = torch.autocast(device.type, dtype, enabled=dtype != torch.float32)
    images, labels = to_tensors(train, device)
    validation_images, validation_labels = to_tensors(validation, device)
    strays = torch.from_numpy(others.copy() if others is not None else np.empty((0, SIDE, SIDE), np.uint8)).to(device)
    steps = len(_batches(torch.arange(len(images)), config.batch_size))
    state = State(network, optimizer)
    if config.averaging:
        decay = math.exp(-1 / (config.averaging * steps))
        state.averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)
    if checkpoint and checkpoint.exists():
        state.load(checkpoint)
    trained = distributed.wrapped(network)
    if config.compile:
        mode = "reduce-overhead" if device.type == "cuda" else "default"
        trained = cast(nn.Module, torch.compile(trained, mode=mode))

    try:
        for epoch in range(len(state.history), config.epochs):
            if out_of_patience(state.history, config.patience):
                break
            start = time.perf_counter()
            seed_everything(config.seed, epoch)
            order = torch.randperm(len(images)).to(device)
            strayed = torch.randperm(len(strays)).to(device).tensor_split(steps)
            losses, hits = [], []
            trained.train()
            for step, whole in enumerate(_batches(order, config.batch_size)):
                share = schedule(config, (epoch + (step + 0.5) / steps) / config.epochs)
                for group, lr in zip(optimizer.param_groups, highest, strict=True):
                    group["lr"] = lr * share
                part = distributed.share(len(whole))
                index = whole[part]
                batch, target = images.index_select(0, index), labels.index_select(0, index)
                besides = len(strayed[step])
                strange = distributed.share(besides)
                if augments(config):
                    batch = augment(batch, config, among=len(whole), start=part.start)
                if besides:
                    stray = strays.index_select(0, strayed[step][strange])
                    if augments(config):
                        stray = augment(stray, config, among=besides, start=strange.start)
                    batch = torch.cat((batch, stray))
                with lower_precision:
                    both = trained(batch).float()
                logits, unlike = both[: len(index)], both[len(index) :]
                if teacher:
                    with torch.no_grad(), lower_precision:
                        taught = teacher(batch).float()
                    loss = distillation(both, taught, config.softening)
                else:
                    loss = loss_function(logits, target)
                    if besides:
                        even = -unlike.log_softmax(1).mean(1).sum() / besides * (len(whole) / len(index))
                        loss = loss + OTHERS_COUNT * even
                optimizer.zero_grad()
                distributed.mean_loss(loss, len(index), len(whole)).backward()
                optimizer.step()
                if state.averaged:
                    state.averaged.update_parameters(network)
                losses.append(loss.detach() * len(index))
                hits.append((logits.detach().argmax(1) == target).sum())
                progress(epoch + (step + 1) / steps, config.epochs, state.history)

            # looked at once an epoch, since every look makes a GPU wait
            sums = torch.stack((torch.stack(losses).sum(), torch.stack(hits).sum())).double()
            train_loss, train_accuracy = (distributed.total(sums) / len(images)).tolist()
            validation_logits = predict(state.kept, validation_images)
            validation_loss = loss_function(validation_logits, validation_labels).item()
            # the last step of an epoch shows in the validation loss alone
            if not math.isfinite(train_loss + validation_loss):
                rate = "matrix_rate" if config.optimizer == "muon" else "learning_rate"
                raise TrainingError(
                    f"the loss became {train_loss + validation_loss} in epoch {epoch + 1}: the steps are too large. "
                    f"Try --{rate.replace('_', '-')} {getattr(config, rate) / 10:g} instead of "
                    f"{getattr(config, rate):g}, a longer --warmup, or another --optimizer"
                )
            right = int((validation_logits.argmax(1) == validation_labels).sum())
            lowest = min((row.validation_loss for row in state.history), default=math.inf)
            if config.patience and validation_loss < lowest:
                state.best = {name: tensor.clone() for name, tensor in state.kept.state_dict().items()}
            state.history.append(
                Epoch(
                    epoch=epoch + 1,
                    train_loss=train_loss,
                    train_accuracy=train_accuracy,
                    validation_loss=validation_loss,
                    validation_accuracy=right / len(validation_images),
                    learning_rate=config.learning_rate * share,
                    seconds=time.perf_counter() - start,
                )
            )
            if checkpoint and distributed.rank() == 0:
                state.save(checkpoint)
            progress(float(epoch + 1), config.epochs, state.history)
    except KeyboardInterrupt:
        pass  # the caller sees a history shorter than planned; resuming starts from the last whole epoch
    network.load_state_dict(state.best or state.kept.state_dict())
    network.eval()
    return state.history


def predict(network: nn.Module, images: UInt8[Tensor, "n 28 28"], batch_size: int = 1000) -> Float32[Tensor, "n 10"]:
    """Give the logits of any number of digits, with dropout off."""
    network.eval()
    # not inference_mode: what a network keeps of a call, and losses with weights of their own, must work afterwards
    with torch.no_grad():
        return torch.cat([network(batch) for batch in images.split(batch_size)])


def predict_logits(network: nn.Module, digits: LabelledDigits) -> Logits:
    """Give a network's logits of any digits."""
    device = next(network.parameters()).device
    return predict(network, torch.from_numpy(digits.images.copy()).to(device)).cpu().numpy()


def to_tensors(digits: LabelledDigits, device: torch.device) -> tuple[UInt8[Tensor, "n 28 28"], Int64[Tensor, " n"]]:
    """Put the whole set on the device, once."""
    # a copy, since arrays read from files may not be writable and torch warns of those
    images = torch.from_numpy(digits.images.copy()).to(device)
    return images, torch.from_numpy(digits.labels.astype(np.int64)).to(device)


def seed_everything(seed: int, epoch: int) -> None:
    """Seed torch's generators from the run's seed and the position, well mixed, so that nothing has to be stored."""
    torch.manual_seed(int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0]) >> 1)


def _batches(order: Int64[Tensor, " n"], batch_size: int) -> list[Tensor]:
    batches = list(order.split(batch_size))
    # a digit alone has no variance, which batch normalisation needs, and every process needs a digit
    if len(batches) > 1 and len(batches[-1]) < max(2, distributed.workers()):
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches


def out_of_patience(history: list[Epoch], patience: int) -> bool:
    """Whether the validation loss has not fallen for so many epochs."""
    losses = [row.validation_loss for row in history]
    return bool(patience and losses) and len(losses) - 1 - losses.index(min(losses)) >= patience
