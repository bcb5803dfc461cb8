"""skorch: 784-256-128-10 with dropout in a ``NeuralNetClassifier``, Adam, batch 128, as its quick start calls it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch._dynamo  # torch's first optimizer would import it while the clock runs
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback
from skorch.dataset import Dataset
from skorch.helper import predefined_split
from torch import nn

import digits
from benchmarks.peers import Curve, Trained, flat
from benchmarks.peers.textbook import Net


class Clock(Callback):
    """Notes when each epoch ended, and the validation accuracy that skorch found."""

    def __init__(self, curve: Curve) -> None:
        self.curve = curve

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Add an entry."""
        self.curve.add(net.history[-1, "valid_acc"])


def train(dataset: digits.Dataset, seed: int) -> Trained:
    """Train for ten epochs."""
    torch.manual_seed(seed)
    learned, validation, test = ((pixels, labels.astype(np.int64)) for pixels, labels in flat(dataset))
    curve = Curve()
    net = NeuralNetClassifier(
        Net,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        batch_size=128,
        max_epochs=10,
        iterator_train__shuffle=True,
        train_split=predefined_split(Dataset(*validation)),
        callbacks=[("clock", Clock(curve))],
        verbose=0,
    )
    net.fit(*learned)
    return Trained(curve.clock(), float(net.score(*test)), curve)
