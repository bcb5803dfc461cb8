"""What `digits train` looks at: before the first step, after the first epoch, and at the end of a run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from digits.doctor import Finding
from digits.training.config import OptimizationConfig, TrainConfig
from digits.training.engine import distributed
from digits.training.engine.checkpoint import Epoch
from digits.training.engine.losses import make_loss
from digits.training.engine.optimizers import Muon, Optimizer, make_optimizer
from digits.training.linter.gradients import check_gradients
from digits.training.linter.learning import (
    FACTORS,
    MEMORIZING_STEPS,
    Memorizing,
    check_first_loss,
    describe_guessing,
    memorize,
)
from digits.training.linter.losses import FAULTS_OF_LOSSES, check_loss
from digits.training.linter.networks import check_answers, check_flips
from digits.training.linter.probes import PROBED_DIGITS, duplicate, undisturbed
from digits.training.linter.settings import check_augmentation
from digits.training.recipes import get_recipe
from digits.types import CLASSES, LabelledDigits

log = logging.getLogger(__name__)


class RunLinter:
    """Look at one training of a run, and log what is probably wrong with it.

    A healthy run costs a few calls with 64 digits. Learning rates are only tried when a network is guessing. Nothing
    that a training computes changes: copies are called, and random generators are put back.

    Parameters
    ----------
    network
        The network before the first step, on its device.
    config
        How it is trained.
    train, validation
        Digits to learn from and to choose by.
    is_fresh
        Whether it starts from random weights.
    """

    def __init__(
        self,
        network: nn.Module,
        config: TrainConfig,
        train: LabelledDigits,
        validation: LabelledDigits,
        *,
        is_fresh: bool = True,
    ) -> None:
        self.config, self.n_train, self.validation = config, len(train), validation
        self.findings: list[Finding] = []
        self.is_looking = distributed.rank() == 0
        self.is_alone = distributed.process_count() == 1  # training mode may wait for the other processes
        self.has_seen_epoch = False
        device = next(network.parameters()).device
        chosen = np.random.default_rng(0).permutation(len(train))[:PROBED_DIGITS]
        self.images = torch.from_numpy(train.images[chosen]).to(device)
        self.labels = torch.from_numpy(train.labels[chosen].astype(np.int64)).to(device)
        self._collect(network, lambda each: self._prepare(each, is_fresh=is_fresh))

    def look_after_epoch(self, network: nn.Module, history: list[Epoch]) -> None:
        """Look at a network after the first epoch of this session."""
        if not self.has_seen_epoch and history:
            self.has_seen_epoch = True
            self._collect(network, lambda each: self._check_epoch(each, history))
            self._report(self.findings)

    def look_at_end(self, network: nn.Module, history: list[Epoch]) -> list[Finding]:
        """Look at what a finished network has learned, and return all findings."""
        self.look_after_epoch(network, history)
        known = len(self.findings)
        if history and not any(finding.kind in GUESSING for finding in self.findings):
            self._collect(network, lambda each: self._check_learning(history, is_over=True))
        self._report(self.findings[known:])
        return self.findings

    def _prepare(self, network: nn.Module, *, is_fresh: bool) -> Iterator[Finding]:
        """Keep what training starts from, since a user's file may be edited while it runs."""
        self.loss = make_loss(self.config.optimization)
        start = duplicate(network)
        self.start = start, make_optimizer(start, self.config.optimization)
        if is_fresh and self.is_alone:
            yield from check_first_loss(duplicate(start), duplicate(self.loss), self.images, self.labels)

    def _check_epoch(self, network: nn.Module, history: list[Epoch]) -> Iterator[Finding]:
        yield from check_augmentation(self.config.augmentation)
        yield from check_loss(duplicate(self.loss), self.images.device)
        yield from check_answers(duplicate(network), self.images)
        if self.is_alone:
            yield from check_flips(duplicate(network), self.images)
        gradients = {finding.kind: finding for finding in check_gradients(network)}
        if missing := gradients.get("no-gradient"):
            yield missing
        learning = list(self._check_learning(history, is_over=False))
        yield from learning
        if "zero-gradient" in gradients and not learning:  # a learning rate that is too high explains it
            yield gradients["zero-gradient"]

    def _check_learning(self, history: list[Epoch], *, is_over: bool) -> Iterator[Finding]:
        """Find guessing, and why: by memorizing one batch at several learning rates."""
        last = history[-1]
        guess = describe_guessing(last.validation_accuracy, self.validation.labels)
        if not guess or last.train_accuracy > 2 * GUESSED or self._is_explained:
            return
        sentence = f"This is guessing: after epoch {last.epoch}, {guess}."
        count, total = round(last.validation_accuracy * len(self.validation)), len(self.validation)
        names = _rates(self.config)
        rates = [(name, getattr(self.config.optimization, name)) for name in names]
        if not self.is_alone:
            yield Finding("guessing", sentence, count, total, advice=f"Try {_flags(rates, 0.1)}.")
            return
        tried = memorize(self._start_again, duplicate(self.loss), self.images, self.labels)
        first, best = tried[0], tried[-1]
        steps = last.epoch * -(-self.n_train // self.config.optimization.batch_size)
        if first.is_done and not is_over:
            return  # it can learn, and may still do so
        if first.is_done:
            yield Finding(
                "guessing",
                f"{sentence} Yet it memorizes {first.right} of {first.total} digits at its learning rate, without a "
                f"schedule or augmentation; it was trained for {steps:,} {'step' if steps == 1 else 'steps'}.",
                count, total,
                advice="If that is few, train for more --epochs; otherwise lower the learning rate, or augment less.",
            )  # fmt: skip
        elif best.is_done:
            flags = _flags(rates, best.factor)
            yield Finding(
                "learning-rate",
                f"{sentence} The learning rate is too {'high' if best.factor < 1 else 'low'}: with "
                f"{_flags(rates, 1.0)} it memorizes {first.right} of {first.total} digits, with {flags} {best.right}.",
                count, total, mend=flags, advice=f"Try {flags}.",
            )  # fmt: skip
        else:
            yield _describe_failure(sentence, tried, rates)

    @property
    def _is_explained(self) -> bool:
        """Whether something else is at fault, whatever the learning rate."""
        return any(finding.kind in (*FAULTS_OF_LOSSES, "no-gradient") for finding in self.findings)

    def _start_again(self, factor: float) -> tuple[nn.Module, Optimizer]:
        """Copy what training starts from, with other learning rates."""
        network, optimizer = duplicate(self.start)
        for index, group in enumerate(optimizer.param_groups):
            name = "muon_lr" if isinstance(optimizer, Muon) and index == 0 else "lr"
            if name in _rates(self.config):
                group["lr"] *= factor
        return network, optimizer

    def _collect(self, network: nn.Module, check: Callable[[nn.Module], Iterable[Finding]]) -> None:
        """Run a check; code of the user's own that fails in it must not end the training."""
        if not self.is_looking:
            return
        try:
            with undisturbed(self.images.device):
                for finding in check(network):
                    if finding.kind not in {each.kind for each in self.findings}:
                        self.findings.append(finding)
        except Exception as error:
            self.is_looking = False
            log.warning("the linter stopped looking at this run, which continues: %s: %s", type(error).__name__, error)

    def _report(self, findings: list[Finding]) -> None:
        with tqdm.external_write_mode():  # a line of its own beside the progress bar
            for finding in findings:
                log.warning("%s", finding.text)


GUESSING = ("guessing", "learning-rate", "cannot-memorize")
"""Kinds of findings that say that a network is guessing."""

GUESSED = 1 / CLASSES
"""Share that guessing reads. A network that reads twice as many of its training digits is learning, even if the moving
average of its weights, which the validation digits judge, lags behind."""


def _rates(config: TrainConfig) -> list[str]:
    """List the learning rates that the optimizer uses: those that differ from the recipe's, or else all of them."""
    used = ["lr", "muon_lr"] if config.optimization.optimizer == "muon" else ["lr"]
    usual: OptimizationConfig = get_recipe(config.recipe).optimization
    changed = [name for name in used if getattr(config.optimization, name) != getattr(usual, name)]
    return changed or used


def _flags(rates: list[tuple[str, float]], factor: float) -> str:
    return " ".join(f"--{name.replace('_', '-')} {rate * factor:.3g}" for name, rate in rates)


def _describe_failure(sentence: str, tried: list[Memorizing], rates: list[tuple[str, float]]) -> Finding:
    best = max(tried, key=lambda each: each.right)
    return Finding(
        "cannot-memorize",
        f"{sentence} It cannot memorize one batch either: of {best.total} digits it reads {best.right} after "
        f"{MEMORIZING_STEPS} steps, at the best of {len(tried)} learning rates from {_flags(rates, min(FACTORS))} to "
        f"{_flags(rates, max(FACTORS))}.",
        best.right, best.total,
        advice="The learning rate is not at fault: look at what forward returns, at the loss and at the optimizer.",
    )  # fmt: skip
