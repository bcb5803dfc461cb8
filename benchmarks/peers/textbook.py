"""The 784-256-128-10 network as tutorials train it: one picture at a time through PIL, a DataLoader, Adam, ten epochs.

Written as PyTorch's and torchvision's own examples are, and not slowed down: the `classic` recipe is compared with it.
torchvision's ``MNIST``, ``ToTensor`` and ``Normalize`` are spelt out, line for line what they do for a picture, so that
the measurement needs no torchvision.
"""

from __future__ import annotations

import numpy as np
import torch
import torch._dynamo  # torch's first optimizer would import it while the clock runs
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

import digits
from benchmarks.peers import Curve, Trained
from digits.data import split

BATCH_SIZE = 64
EPOCHS = 10


def to_tensor(picture: Image.Image) -> Tensor:
    """Turn a grey picture into ``float32[1, 28, 28]`` in 0–1, as ``torchvision.transforms.ToTensor`` does."""
    array = np.array(picture, np.uint8, copy=True)
    image = torch.from_numpy(array).view(picture.size[1], picture.size[0], len(picture.getbands()))
    return image.permute(2, 0, 1).contiguous().to(dtype=torch.float32).div(255)


def normalize(image: Tensor) -> Tensor:
    """Shift and scale as ``torchvision.transforms.Normalize((0.1307,), (0.3081,))`` does."""
    mean = torch.as_tensor((0.1307,), dtype=image.dtype)
    deviation = torch.as_tensor((0.3081,), dtype=image.dtype)
    return image.clone().sub_(mean.view(-1, 1, 1)).div_(deviation.view(-1, 1, 1))


class Pictures(Dataset[tuple[Tensor, int]]):
    """MNIST as torchvision serves it: ``transform(PIL image), label`` one at a time."""

    def __init__(self, part: digits.LabelledDigits) -> None:
        self.data = torch.from_numpy(part.images.copy())
        self.targets = torch.from_numpy(part.labels.astype(np.int64))

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return normalize(to_tensor(Image.fromarray(self.data[index].numpy()))), int(self.targets[index])

    def __len__(self) -> int:
        return len(self.data)


class Net(nn.Module):
    """784-256-128-10 with ReLU and dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(784, 256)
        self.fc2 = nn.Linear(256, 128)
        self.fc3 = nn.Linear(128, 10)
        self.dropout = nn.Dropout(0.2)

    def forward(self, x: Tensor) -> Tensor:
        """Give the logits of ``float32[n, 1, 28, 28]``."""
        x = x.view(-1, 784)
        x = self.dropout(F.relu(self.fc1(x)))
        x = self.dropout(F.relu(self.fc2(x)))
        return self.fc3(x)  # type: ignore[no-any-return]


def train(dataset: digits.Dataset, seed: int) -> Trained:
    """Train for ten epochs, validating after each; test once at the end."""
    torch.manual_seed(seed)
    learned, validation, test = (Pictures(part) for part in (*split(dataset.train), dataset.test))
    train_loader = DataLoader(learned, batch_size=BATCH_SIZE, shuffle=True)
    validation_loader = DataLoader(validation, batch_size=1000)
    curve = Curve()
    model = Net()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    for _ in range(EPOCHS):
        model.train()
        for data, target in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(data), target)
            loss.backward()
            optimizer.step()
        curve.add(accuracy(model, validation_loader))
    return Trained(curve.clock(), accuracy(model, DataLoader(test, batch_size=1000)), curve)


def accuracy(model: nn.Module, loader: DataLoader[tuple[Tensor, int]]) -> float:
    """Count the correct answers over a loader."""
    model.eval()
    with torch.no_grad():
        correct = sum(int((model(data).argmax(dim=1) == target).sum()) for data, target in loader)
    return correct / len(loader.dataset)  # type: ignore[arg-type]
