"""The program of a trial: it loads a model within the limits, and computes with it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from digits.errors import ModelError
from digits.inference import trial
from digits.inference.finder.finder import open_finder
from digits.inference.model import open_model
from digits.shapes import UInt8
from digits.types import SIDE

TRIED_DIGITS = 30
"""Digits per batch of a trial, blank, white and random: enough to show what a digit costs."""

TRIED_PICTURE = (330, 470)
"""Height and width of the pictures of a finder's trial, in pixels: it sees them at four scales."""


def main() -> None:
    """Load the model from standard input within the limits; print why it is refused and end with 1, or end with 0."""
    content, file = sys.stdin.buffer.read(), Path(sys.argv[2])
    _limit(trial.MAX_MEMORY + trial.COPIES * len(content))
    try:
        TRIALS[sys.argv[3]](content, file)
    except ModelError as error:
        _refuse(str(error))
    except MemoryError:
        _refuse(trial.describe_limits(file))
    except Exception as error:  # ONNX Runtime has no common base for what a graph raises while it runs
        _refuse(f"{file} fails on some pictures: {str(error).splitlines()[0]}")


def _try_model(content: bytes, file: Path) -> None:
    model = open_model(content, file, threads=1, is_trusted=True)
    for images in _sample((TRIED_DIGITS, SIDE, SIDE)):
        model.logits(images)


def _try_finder(content: bytes, file: Path) -> None:
    finder = open_finder(content, file, threads=1, is_trusted=True)
    for pictures in _sample((1, *TRIED_PICTURE)):
        finder.find(pictures[0])


def _sample(shape: tuple[int, int, int]) -> list[UInt8[np.ndarray, "_n _h _w"]]:
    random = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    return [random, np.zeros_like(random), np.full_like(random, 255)]


TRIALS: dict[str, Callable[[bytes, Path], None]] = {"model": _try_model, "finder": _try_finder}
"""What is tried of each kind of model."""


def _refuse(message: str) -> None:
    sys.stdout.buffer.write(message.encode("utf-8", "replace"))
    sys.stdout.flush()
    os._exit(1)


def _limit(memory: int) -> None:
    """Limit this process, where the system can."""
    try:
        import resource
    except ImportError:  # on Windows, where the time that the caller waits is the only limit
        return
    resource.setrlimit(resource.RLIMIT_CPU, (trial.MAX_CPU_SECONDS, trial.MAX_CPU_SECONDS))
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    memory = memory if most == resource.RLIM_INFINITY else min(memory, most)
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
