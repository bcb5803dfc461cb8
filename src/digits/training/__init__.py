"""Training: `config` and `recipes` say how, `engine` is how one network learns, `run` is how a run is done.

- `config`: `TrainConfig`, six sections of settings
- `recipes`: named configurations
- `engine`: networks, losses, optimizers, augmentation and the training loop
- `run`: from the inputs to a run folder: training set, training, evaluation, export
- `linter`: mistakes in a network, a loss, batches or settings, found while they are used
- `finder`: how the network learns that finds digits on a page
- `walls`: how the one learns that finds the walls of tables and boxes

Names are loaded on first use, since the configuration needs no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from digits.lazy import load

if TYPE_CHECKING:
    from digits.training.config import TrainConfig
    from digits.training.engine.augmentation import augment
    from digits.training.engine.checkpoint import Epoch
    from digits.training.engine.loop import fit
    from digits.training.engine.networks import CNN, MLP, Ensemble, describe_network, make_network, predict_logits
    from digits.training.finder.config import FinderConfig
    from digits.training.finder.run import FinderRun, resume_finder, train_finder
    from digits.training.linter.lint import lint_loop
    from digits.training.recipes import RECIPES, get_recipe
    from digits.training.run.export import export_onnx, load_network
    from digits.training.run.inputs import synthetic_dataset
    from digits.training.run.progress import ProgressBar
    from digits.training.run.result import Run
    from digits.training.run.train import resume, train
    from digits.training.walls import WallBatches, export_walls, fit_walls, make_wall_network

_MODULES = {
    "config": ("TrainConfig",),
    "linter.lint": ("lint_loop",),
    "recipes": ("RECIPES", "get_recipe"),
    "engine.augmentation": ("augment",),
    "engine.checkpoint": ("Epoch",),
    "engine.loop": ("fit",),
    "engine.networks": ("CNN", "MLP", "Ensemble", "describe_network", "make_network", "predict_logits"),
    "finder.config": ("FinderConfig",),
    "finder.run": ("FinderRun", "resume_finder", "train_finder"),
    "run.export": ("export_onnx", "load_network"),
    "run.inputs": ("synthetic_dataset",),
    "run.progress": ("ProgressBar",),
    "run.result": ("Run",),
    "run.train": ("resume", "train"),
    "walls": ("WallBatches", "export_walls", "fit_walls", "make_wall_network"),
}

__all__ = [
    "CNN",
    "MLP",
    "RECIPES",
    "Ensemble",
    "Epoch",
    "FinderConfig",
    "FinderRun",
    "ProgressBar",
    "Run",
    "TrainConfig",
    "WallBatches",
    "augment",
    "describe_network",
    "export_onnx",
    "export_walls",
    "fit",
    "fit_walls",
    "get_recipe",
    "lint_loop",
    "load_network",
    "make_network",
    "make_wall_network",
    "predict_logits",
    "resume",
    "resume_finder",
    "synthetic_dataset",
    "train",
    "train_finder",
]


def __getattr__(name: str) -> Any:
    return load(__name__, _MODULES, name)
