"""tinygrad: 784-256-128-10 with dropout as its MNIST tutorial has it: ``TinyJit``, batches drawn on the device, Adam.

It compiles its kernels, which counts, with clang or libLLVM (no Python packages); without either it is absent.
"""

from __future__ import annotations

from tinygrad import Context, Tensor, TinyJit, nn

import digits
from benchmarks.peers import Curve, Trained, flat

BATCH_SIZE = 128


class Model:
    """784-256-128-10 with ReLU and dropout."""

    def __init__(self) -> None:
        self.l1 = nn.Linear(784, 256)
        self.l2 = nn.Linear(256, 128)
        self.l3 = nn.Linear(128, 10)

    def __call__(self, x: Tensor) -> Tensor:
        """Give the logits of ``float32[n, 784]``."""
        x = self.l1(x).relu().dropout(0.2)
        x = self.l2(x).relu().dropout(0.2)
        return self.l3(x)


def train(dataset: digits.Dataset, seed: int) -> Trained:
    """Train for ten epochs."""
    Tensor.manual_seed(seed)
    (x_train, y_train), validation, test = (
        (Tensor(pixels).realize(), Tensor(labels).realize()) for pixels, labels in flat(dataset)
    )
    curve = Curve()
    model = Model()
    optimizer = nn.optim.Adam(nn.state.get_parameters(model), lr=1e-3)

    @TinyJit
    def step() -> Tensor:
        with Context(TRAINING=1):
            optimizer.zero_grad()
            samples = Tensor.randint(BATCH_SIZE, high=x_train.shape[0])
            loss = model(x_train[samples]).sparse_categorical_crossentropy(y_train[samples]).backward()
            return loss.realize(*optimizer.schedule_step())

    def accuracy(x: Tensor, y: Tensor) -> Tensor:
        return (model(x).argmax(axis=1) == y).mean()

    validate = TinyJit(lambda: accuracy(*validation).realize())
    for _ in range(10):
        for _ in range(x_train.shape[0] // BATCH_SIZE):
            step()
        curve.add(validate().item())
    return Trained(curve.clock(), float(accuracy(*test).item()), curve)
