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
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import digits
from benchmarks.peers import Curve, Trained, flat

BATCH_SIZE = 128
EPOCHS = 10


class Classifier(lightning.LightningModule):
    """784-256-128-10 with ReLU and dropout."""

    def __init__(self) -> None:
        super().__init__()
        hidden = (nn.Linear(784, 256), nn.ReLU(), nn.Dropout(0.2), nn.Linear(256, 128), nn.ReLU(), nn.Dropout(0.2))
        self.layers = nn.Sequential(*hidden, nn.Linear(128, 10))

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        """Give the loss of a batch."""
        x, y = batch
        return F.cross_entropy(self.layers(x), y)

    def validation_step(self, batch: list[Tensor], batch_idx: int) -> None:
        """Log the accuracy of a batch."""
        x, y = batch
        self.log("accuracy", (self.layers(x).argmax(dim=1) == y).float().mean())

    test_step = validation_step

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Give the optimizer."""
        return torch.optim.Adam(self.parameters(), lr=1e-3)


class Clock(lightning.Callback):
    """Notes when each validation ended, and the accuracy that Lightning found."""

    def __init__(self, curve: Curve) -> None:
        self.curve = curve

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Add an entry."""
        self.curve.add(trainer.callback_metrics["accuracy"])


def train(dataset: digits.Dataset, seed: int) -> Trained:
    """Train for ten epochs."""
    # at each call it advises loader workers and names the accelerator it found
    warnings.filterwarnings("ignore", module="lightning")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    lightning.seed_everything(seed, verbose=False)
    learned, validation, test = (
        TensorDataset(torch.from_numpy(pixels), torch.from_numpy(labels).long()) for pixels, labels in flat(dataset)
    )
    curve = Curve()
    model = Classifier()
    trainer = lightning.Trainer(
        max_epochs=EPOCHS,
        accelerator="cpu",
        callbacks=[Clock(curve)],
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        num_sanity_val_steps=0,
    )
    train_loader = DataLoader(learned, batch_size=BATCH_SIZE, shuffle=True)
    trainer.fit(model, train_loader, DataLoader(validation, batch_size=1000))
    seconds = curve.clock()
    (found,) = trainer.test(model, DataLoader(test, batch_size=1000), verbose=False)
    return Trained(seconds, found["accuracy"], curve)
