"""Lightning: 784-256-128-10 with dropout as a ``LightningModule``, a ``Trainer``, Adam, a ``DataLoader``.

Its log, checkpoints and progress bar are switched off, which spares it their time.
"""

from __future__ import annotations

import logging
import time
import warnings
from typing import Any

import lightning
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import digits

BATCH_SIZE = 128
EPOCHS = 10


class Classifier(lightning.LightningModule):
    """784-256-128-10 with ReLU and dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(784, 256),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(256, 128),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(128, 10),
        )

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        """Give the loss of a batch."""
        x, y = batch
        return F.cross_entropy(self.layers(x), y)

    def validation_step(self, batch: list[Tensor], batch_idx: int) -> None:
        """Log the accuracy of a batch."""
        x, y = batch
        self.log("val_acc", (self.layers(x).argmax(dim=1) == y).float().mean())

    def test_step(self, batch: list[Tensor], batch_idx: int) -> None:
        """Log the accuracy of a batch."""
        x, y = batch
        self.log("test_acc", (self.layers(x).argmax(dim=1) == y).float().mean())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Give the optimizer."""
        return torch.optim.Adam(self.parameters(), lr=1e-3)


class Clock(lightning.Callback):
    """Write down when each validation ended, and the accuracy that Lightning found."""

    def __init__(self) -> None:
        self.curve: list[dict[str, float]] = []
        self.start = time.perf_counter()

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Add a row."""
        row = {"validation_accuracy": float(trainer.callback_metrics["val_acc"])}
        self.curve.append({"seconds": time.perf_counter() - self.start, **row})


def train(dataset: digits.Dataset, seed: int) -> dict[str, Any]:
    """Train for ten epochs."""
    # it advises loader workers and says which accelerator it found, once a call
    warnings.filterwarnings("ignore", module="lightning")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    lightning.seed_everything(seed, verbose=False)
    learned, validation, test = (_tensors(part) for part in (*digits.split(dataset.train), dataset.test))
    train_loader = DataLoader(learned, batch_size=BATCH_SIZE, shuffle=True)
    validation_loader = DataLoader(validation, batch_size=1000)
    clock = Clock()
    model = Classifier()
    trainer = lightning.Trainer(
        max_epochs=EPOCHS,
        accelerator="cpu",
        callbacks=[clock],
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(model, train_loader, validation_loader)
    seconds = time.perf_counter() - clock.start
    (found,) = trainer.test(model, DataLoader(test, batch_size=1000), verbose=False)
    return {"seconds": seconds, "test_accuracy": found["test_acc"], "curve": clock.curve}


def _tensors(part: digits.LabelledDigits) -> TensorDataset:
    return TensorDataset(torch.from_numpy(part.images / 255).float(), torch.from_numpy(part.labels).long())
