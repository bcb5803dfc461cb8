"""Train the classic network on MNIST in seconds, see what happened, change anything.

The way of the data:

    digits.load_mnist()          labelled digits, found or downloaded, checked            digits.data
    digits.split(...)            digits to learn from, digits to choose by                digits.data
    digits.train("standard")     a trained network, judged, in a run folder               digits.training
    digits.score(logits, labels) accuracy with its interval, likelihood, calibration      digits.evaluation
    digits.figures               pictures of what happened                                digits.evaluation
    digits.write_report(run)     all of it as one page                                    digits.evaluation
    digits.read("note.jpg")      the digits in any picture, without torch                 digits.inference
    digits.load_model(path)      a model file, run without torch                          digits.inference
    digits.extract_digit(picture)     a picture of one digit as MNIST would have it            digits.preprocessing
    digits.synthesize(n, seed)   digits of our own pen, and pages with known answers      digits.synthesis

Names are loaded when they are first used, so that ``import digits`` costs nothing and reading needs no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from digits.data import load_dataset, load_labelled, load_mnist, split
    from digits.errors import DataError, DigitsError, MissingMNISTError, ModelError, TrainingError, UsageError
    from digits.evaluation import figures
    from digits.evaluation.metrics import score
    from digits.evaluation.report import write_report
    from digits.inference import Digit, Model, Reader, Reading, explain, load_model, read
    from digits.preprocessing import extract_digit, normalize
    from digits.synthesis import (
        Page,
        draw_strokes,
        simulate_photos,
        synthesize,
        synthesize_outliers,
        synthesize_page,
    )
    from digits.training.augmentation import augment
    from digits.training.config import TrainConfig
    from digits.training.export import load_network
    from digits.training.loop import fit, predict, predict_logits
    from digits.training.network import MLP, make_network
    from digits.training.progress import ProgressBar
    from digits.training.recipes import RECIPES
    from digits.training.run import Run, resume, train
    from digits.types import Dataset, LabelledDigits, softmax

__version__ = "0.1.0"

_HOMES = {
    "digits.data": ("load_dataset", "load_labelled", "load_mnist", "split"),
    "digits.evaluation.figures": ("figures",),
    "digits.evaluation.metrics": ("score",),
    "digits.evaluation.report": ("write_report",),
    "digits.inference": ("Digit", "Model", "Reader", "Reading", "explain", "load_model", "read"),
    "digits.preprocessing": ("extract_digit", "normalize"),
    "digits.errors": (
        "DataError",
        "DigitsError",
        "MissingMNISTError",
        "ModelError",
        "TrainingError",
        "UsageError",
    ),
    "digits.types": ("Dataset", "LabelledDigits", "softmax"),
    "digits.synthesis": (
        "Page",
        "draw_strokes",
        "simulate_photos",
        "synthesize",
        "synthesize_outliers",
        "synthesize_page",
    ),
    "digits.training.augmentation": ("augment",),
    "digits.training.config": ("TrainConfig",),
    "digits.training.export": ("load_network",),
    "digits.training.loop": ("fit", "predict_logits", "predict"),
    "digits.training.network": ("MLP", "make_network"),
    "digits.training.progress": ("ProgressBar",),
    "digits.training.recipes": ("RECIPES",),
    "digits.training.run": ("Run", "resume", "train"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "MLP",
    "RECIPES",
    "DataError",
    "Dataset",
    "Digit",
    "DigitsError",
    "LabelledDigits",
    "MissingMNISTError",
    "Model",
    "ModelError",
    "Page",
    "ProgressBar",
    "Reader",
    "Reading",
    "Run",
    "TrainConfig",
    "TrainingError",
    "UsageError",
    "augment",
    "draw_strokes",
    "explain",
    "extract_digit",
    "figures",
    "fit",
    "load_dataset",
    "load_labelled",
    "load_mnist",
    "load_model",
    "load_network",
    "make_network",
    "normalize",
    "predict",
    "predict_logits",
    "read",
    "resume",
    "score",
    "simulate_photos",
    "softmax",
    "split",
    "synthesize",
    "synthesize_outliers",
    "synthesize_page",
    "train",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'digits' has no attribute {name!r}")
    try:
        module = importlib.import_module(_HOME[name])
    except ModuleNotFoundError as error:
        if error.name not in ("torch", "safetensors", "onnx", "matplotlib", "jinja2"):
            raise
        raise ModuleNotFoundError(
            f"digits.{name} needs {error.name}: pip install 'digits[train]'", name=error.name
        ) from error
    value = module if _HOME[name].endswith(f".{name}") else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
