"""Lightning: 784-256-128-10 with dropout as a ``LightningModule``, a ``Trainer``, Adam, a ``DataLoader``.

Its log, checkpoints and progress bar are switched off, which spares it their time.
"""

from __future__ import annotations

import logging
import warnings
from typing import Any

import lightning
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

import digits
from benchmarks.peers import Curve, Trained, flat
from benchmarks.peers.textbook import Net


class Classifier(lightning.LightningModule):
    """The textbook's network."""

    def __init__(self) -> None:
        super().__init__()
        self.net = Net()

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        """Give the loss of a batch."""
        x, y = batch
        return F.cross_entropy(self.net(x), y)

    def validation_step(self, batch: list[Tensor], batch_idx: int) -> None:
        """Log the accuracy of a batch."""
        x, y = batch
        self.log("accuracy", (self.net(x).argmax(dim=1) == y).float().mean())

    test_step = validation_step

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Give the optimizer."""
        return torch.optim.Adam(self.parameters(), lr=1e-3)


class Clock(lightning.Callback):
    """Notes when each validation ended, and the accuracy that Lightning found."""

    def __init__(self) -> None:
        self.curve = Curve()

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Add an entry."""
        self.curve.add(trainer.callback_metrics["accuracy"])


def train(dataset: digits.Dataset, seed: int) -> Trained:
    """Train for ten epochs, batch 128."""
    # at each call it advises loader workers and names the accelerator it found
    warnings.filterwarnings("ignore", module="lightning")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    lightning.seed_everything(seed, verbose=False)
    learned, validation, test = (
        TensorDataset(torch.from_numpy(pixels), torch.from_numpy(labels).long()) for pixels, labels in flat(dataset)
    )
    clock = Clock()
    model = Classifier()
    silence = ("logger", "enable_checkpointing", "enable_model_summary", "enable_progress_bar", "num_sanity_val_steps")
    settings = {"max_epochs": 10, "accelerator": "cpu", **dict.fromkeys(silence, False)}
    trainer = lightning.Trainer(callbacks=[clock], **settings)
    train_loader = DataLoader(learned, batch_size=128, shuffle=True)
    trainer.fit(model, train_loader, DataLoader(validation, batch_size=1000))
    seconds = clock.curve.clock()
    (found,) = trainer.test(model, DataLoader(test, batch_size=1000), verbose=False)
    return Trained(seconds, found["accuracy"], clock.curve)
