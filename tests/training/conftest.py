"""A small part of MNIST, small configurations, and progress functions that record or interrupt."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from PIL import Image

from digits.training import Epoch, TrainConfig
from digits.types import Dataset, LabelledDigits

STILL: dict[str, Any] = {"rotation": 0.0, "scale": 0.0, "shear": 0.0, "shift": 0.0, "elastic": 0.0}
"""No augmentation."""

SMALL: dict[str, Any] = STILL | {
    "hidden_sizes": (32,), "epochs": 3, "batch_size": 50, "optimizer": "adam", "lr": 3e-3, "weight_decay": 0.0,
    "schedule": "constant", "ema_epochs": 0.0, "precision": "float32",
}  # fmt: skip


def small(recipe: str = "standard", **changes: Any) -> TrainConfig:
    return TrainConfig.from_settings(recipe=recipe, **SMALL | changes)


def first(digits: LabelledDigits, n: int) -> LabelledDigits:
    return LabelledDigits(digits.images[:n], digits.labels[:n])


@pytest.fixture(scope="module", autouse=True)
def no_doctor() -> Iterator[None]:
    """Train without examining the digits first, half a second each time; tests/doctor has the tests of that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("digits.training.run.inputs.warn", lambda dataset: [])
        yield


@pytest.fixture(scope="session")
def few(mnist: Dataset) -> Dataset:
    """2,000 training digits and 1,000 test digits of MNIST."""
    return Dataset("few", first(mnist.train, 2000), first(mnist.test, 1000), "few.npz", {"few": "0123"})


@pytest.fixture(scope="session")
def few_file(few: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same digits as a file that any process can load."""
    path = tmp_path_factory.mktemp("few") / "few.npz"
    arrays = (few.train.images, few.train.labels, few.test.images, few.test.labels)
    np.savez(path, **dict(zip(("x_train", "y_train", "x_test", "y_test"), arrays, strict=True)))
    return path


def write_corrections(folder: Path, digits: LabelledDigits) -> Path:
    """Write digits into a folder as the page of `digits serve` keeps corrections."""
    for number, (image, label) in enumerate(zip(digits.images, digits.labels, strict=True)):
        place = folder / "train" / str(label)
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / f"{number:03}.png")
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Callable[..., str]:
    """Write a user's file and give the reference to a name in it."""

    def write(code: str, name: str = "Own", file: str = "own.py") -> str:
        (tmp_path / file).write_text(dedent(code))
        return f"{tmp_path / file}:{name}"

    return write


def weights(folder: Path) -> bytes:
    """Return the bits of all weights, without the description in the file's header."""
    tensors = safetensors.numpy.load_file(folder / "model.safetensors")
    return b"".join(name.encode() + tensor.tobytes() for name, tensor in sorted(tensors.items()))


def copy_run(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to))


class Interrupt:
    """Press Ctrl-C after so many epochs, counted over all networks of the run."""

    def __init__(self, after: float) -> None:
        self.after = after

    def __call__(self, done: float, epochs: int, history: list[Epoch]) -> None:
        if done >= self.after:
            raise KeyboardInterrupt


class Recorder:
    """Record the calls of a progress function."""

    def __init__(self) -> None:
        self.calls: list[tuple[float, int, int]] = []

    def __call__(self, done: float, epochs: int, history: list[Epoch]) -> None:
        self.calls.append((done, epochs, len(history)))

    def counts_to(self, epochs: int) -> bool:
        """Whether epochs and rows rise to this number, which was announced from the start."""
        done, announced, rows = zip(*self.calls, strict=True)
        rising = list(done) == sorted(done) and list(rows) == sorted(rows)
        return rising and (done[-1], rows[-1]) == (epochs, epochs) and set(announced) == {epochs}
