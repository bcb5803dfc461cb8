"""Few real digits, as a set in memory and as a file, and a way to write a user's own Python file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
from PIL import Image

from digits.types import Dataset, LabelledDigits


def first(digits: LabelledDigits, n: int) -> LabelledDigits:
    return LabelledDigits(digits.images[:n], digits.labels[:n])


@pytest.fixture(scope="session")
def few(mnist: Dataset) -> Dataset:
    """2,000 real digits to learn from and 1,000 to be judged by."""
    return Dataset("few", first(mnist.train, 2000), first(mnist.test, 1000), "few.npz", {"few": "0123"})


@pytest.fixture(scope="session")
def few_file(few: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same digits as a file that any process can load."""
    path = tmp_path_factory.mktemp("few") / "few.npz"
    arrays = (few.train.images, few.train.labels, few.test.images, few.test.labels)
    np.savez(path, **dict(zip(("x_train", "y_train", "x_test", "y_test"), arrays, strict=True)))
    return path


@pytest.fixture(scope="session")
def kept() -> Callable[[Path, LabelledDigits], Path]:
    """Write digits into a folder as the page to draw on keeps corrections."""

    def write(folder: Path, digits: LabelledDigits) -> Path:
        for number, (image, label) in enumerate(zip(digits.images, digits.labels, strict=True)):
            place = folder / "train" / str(label)
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(place / f"{number:03}.png")
        return folder

    return write


@pytest.fixture
def own(tmp_path: Path) -> Callable[..., str]:
    """Write a user's file and give the reference to a name in it."""

    def write(code: str, name: str = "Own", file: str = "own.py") -> str:
        (tmp_path / file).write_text(dedent(code))
        return f"{tmp_path / file}:{name}"

    return write
