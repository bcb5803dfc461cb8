"""Train the classic network on MNIST in seconds, see what happened, change anything, read real handwriting.

::

    digits.load_mnist()              labelled digits, found or downloaded, checked          digits.data
    digits.train("standard")         a trained network in a run folder, with its evaluation digits.training
    digits.evaluate("cnn")           accuracy with its interval, likelihood, calibration    digits.evaluation
    digits.write_report(run.folder)  all of it as one page                                  digits.evaluation
    digits.read("note.jpg")          the digits in any picture, without torch               digits.inference
    digits.read_table("marks.jpg")   a photographed table as rows of cells                  digits.documents
    digits.read_fields(…, "id:9")    one number per page, matched with a class list         digits.documents
    digits.Form("exam.toml")         a form of your own, printed and read when filled in    digits.documents
    digits.load_model("cnn")         a model file, run without torch                        digits.inference
    digits.synthesize(1000, seed=0)  synthetic handwriting with known labels                digits.synthesis

Everything else is imported from its package, as in ``from digits.preprocessing import extract_digit``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from digits.lazy import load
from digits.version import __version__ as __version__

if TYPE_CHECKING:
    from digits.data import load_dataset, load_mnist
    from digits.documents import Form, Table, read_fields, read_table, read_tables
    from digits.errors import DigitsError
    from digits.evaluation import evaluate, write_report
    from digits.inference import Digit, Model, Reader, Reading, load_model, read, read_pages
    from digits.synthesis import synthesize
    from digits.training import RECIPES, Run, TrainConfig, fit, resume, train
    from digits.types import Dataset, LabelledDigits

_MODULES = {
    "data": ("load_dataset", "load_mnist"),
    "documents": ("Form", "Table", "read_fields", "read_table", "read_tables"),
    "errors": ("DigitsError",),
    "evaluation": ("evaluate", "write_report"),
    "inference": ("Digit", "Model", "Reader", "Reading", "load_model", "read", "read_pages"),
    "synthesis": ("synthesize",),
    "training": ("RECIPES", "Run", "TrainConfig", "fit", "resume", "train"),
    "types": ("Dataset", "LabelledDigits"),
}

__all__ = [
    "RECIPES",
    "Dataset",
    "Digit",
    "DigitsError",
    "Form",
    "LabelledDigits",
    "Model",
    "Reader",
    "Reading",
    "Run",
    "Table",
    "TrainConfig",
    "evaluate",
    "fit",
    "load_dataset",
    "load_mnist",
    "load_model",
    "read",
    "read_fields",
    "read_pages",
    "read_table",
    "read_tables",
    "resume",
    "synthesize",
    "train",
    "write_report",
]


def __getattr__(name: str) -> Any:
    return load(__name__, _MODULES, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
