"""The command line in this process or in one of its own, few digits, and a run made from them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from digits import cli
from digits.types import Dataset


class Said(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def few_file(mnist: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("digits") / "few.npz"
    train, test = mnist.train, mnist.test
    np.savez(
        path, x_train=train.images[:2000], y_train=train.labels[:2000], x_test=test.images[:500],
        y_test=test.labels[:500],
    )  # fmt: skip
    return path


@pytest.fixture
def digits(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Call the command line in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*words: object) -> Said:
        code: Any = 0
        try:
            cli.main([str(word) for word in words])
        except SystemExit as ended:
            code = ended.code or 0
        captured = capsys.readouterr()
        return Said(int(code), captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def process() -> Callable[..., Said]:
    """Call the command line in a process of its own."""

    def call(*words: object, code: str | None = None) -> Said:
        start = ["-c", code] if code else ["-m", "digits"]
        done = subprocess.run([sys.executable, *start, *map(str, words)], capture_output=True, text=True, check=False)
        return Said(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture(scope="session")
def trained(process: Any, few_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A run made by the command itself, and its output."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    return folder, process("train", "classic", "--epochs", 2, "--data", few_file, "--out", folder)


@pytest.fixture
def run(trained: tuple[Path, Any]) -> Path:
    return trained[0]


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No MNIST and no connection; and a small synthetic set, since a large one takes long."""
    monkeypatch.setenv("DIGITS_DATA", "")
    monkeypatch.setenv("DIGITS_MIRRORS", "http://127.0.0.1:9/mnist/")
    monkeypatch.setattr("digits.data.mnist.cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr("digits.training.run.inputs.SYNTHETIC_SIZES", (600, 100))
