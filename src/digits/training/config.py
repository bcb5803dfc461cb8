"""Everything a training run can be told.

One frozen dataclass is the whole configuration: command-line flags, ``config.json``, the notebook and the report are
derived from it.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from digits.errors import UsageError

NETWORKS = ("mlp", "cnn")
ACTIVATIONS = ("relu", "leaky-relu", "elu", "gelu", "silu", "tanh", "sigmoid")
LOSSES = ("cross-entropy", "focal", "squared-error", "hinge")
OPTIMIZERS = ("adam", "adamw", "muon", "nadam", "radam", "adamax", "adagrad", "rmsprop", "sgd")
SCHEDULES = ("constant", "linear", "cosine", "one-cycle", "step")
PRECISIONS = ("auto", "float32", "bfloat16")

ARCHITECTURE = ("network", "hidden", "channels", "activation", "dropout", "members", "sure")
"""Fields of `TrainConfig` that say what a network is: going on with a trained one cannot change them."""

MOST_STAGES = 4
"""Widths of `TrainConfig.channels`: the maps get half as large with each, and the last has 2×2 pixels."""


@dataclass(frozen=True)
class TrainConfig:
    """How to train. The defaults are the `standard` recipe; where its numbers were tuned is in docs/recipes.md."""

    recipe: str = "standard"
    """Name of the recipe to start from; its flag may be left out when it comes first."""

    network: str = "mlp"
    """mlp, fully connected; cnn, convolutional; or your own: path/to/file.py:Name, a torch module or what makes one."""
    hidden: tuple[int, ...] = (256, 128)
    """Width of each hidden layer of the mlp."""
    channels: tuple[int, ...] = (16, 32, 64)
    """Channels of the cnn: of its first convolution, then of each pair of convolutions."""
    activation: str = "relu"
    """Between the layers: relu, leaky-relu, elu, gelu, silu, tanh or sigmoid."""
    dropout: float = 0.0
    """Share of what each hidden layer of the mlp, or the last of the cnn, gives, switched off at random in training."""
    members: int = 1
    """Networks trained one after the other, each with a seed of its own, whose probabilities are averaged."""

    sure: float = 1.0
    """Ask the further members only about digits of which the first is less sure than this; 1: about all."""

    teacher: str = ""
    """Learn from another network's answers: a run folder, or a recipe that is trained first; empty: from the labels."""
    softening: float = 2.0
    """Temperature at which the teacher's answers are learned; above 1, what it takes for possible counts more."""

    loss: str = "cross-entropy"
    """cross-entropy, focal, squared-error, hinge, or your own: path/to/file.py:Name, called with logits and labels."""
    label_smoothing: float = 0.0
    """Share of the target that cross-entropy spreads evenly over all classes, 0 to below 1."""
    optimizer: str = "muon"
    """adam, adamw, muon, nadam, radam, adamax, adagrad, rmsprop, sgd, or your own: path/to/file.py:Name."""
    learning_rate: float = 4e-3
    """Highest learning rate of the run; with muon, of what it leaves to adamw: all but the hidden layers' matrices."""
    matrix_rate: float = 0.03
    """Highest learning rate of the hidden layers' matrices, for muon only."""
    weight_decay: float = 0.1
    """Weight decay, as the optimizer understands it."""
    momentum: float = 0.95
    """Momentum, for sgd, rmsprop and muon only."""
    schedule: str = "one-cycle"
    """Course of the learning rate: constant, linear, cosine, one-cycle, or step (a tenth after 60 and 80 %)."""
    warmup: float = 0.2
    """Share of the run over which one-cycle rises to the highest learning rate, before it falls to nothing."""
    batch_size: int = 500
    """Digits in a training step."""
    epochs: int = 40
    """Passes over the training digits."""
    averaging: float = 1.0
    """Horizon, in epochs, of the exponential moving average of the weights that is kept instead of the last; 0: off."""
    patience: int = 0
    """Stop after so many epochs without a lower validation loss, and keep the best; 0: always run to the end."""

    rotation: float = 8.0
    """Augmentation: turn digits by up to so many degrees either way."""
    scale: float = 0.1
    """Augmentation: stretch or shrink each axis by up to this share, 0 to below 1."""
    shear: float = 0.1
    """Augmentation: slant digits by up to so many pixels per pixel of height."""
    shift: float = 1.5
    """Augmentation: move digits by up to so many pixels along each axis."""
    elastic: float = 0.8
    """Augmentation: bend digits; root mean square of the smooth displacement, in pixels."""

    synthetic: int = 0
    """Digits of our own pen learned besides the set's own, by other writers for every seed."""
    photographs: int = 0
    """Digits learned once more as a photograph of them on paper gives them, drawn from all those learned."""
    others: int = 0
    """Letters, signs, scribbles and blots learned besides, as none of the classes; half of them photographed."""

    replay: int = 0
    """Of the set's own digits, learn only so many, evenly over the classes: those a trained network saw; 0: all."""
    extra_share: float = 0.1
    """Share of every epoch that the digits of --extra make up, each of them repeated as often as that takes."""

    validation: int = 5000
    """Digits held out of the training set, evenly over the classes, to choose by; at most a sixth of the set."""
    split_seed: int = 0
    """Which digits those are; not tied to the seed, so that runs with different seeds can be compared."""
    seed: int = 0
    """Everything random in the run: first weights, order, augmentation, dropout."""
    device: str = "auto"
    """auto (cuda, then mps, then cpu), or a torch device such as cpu or cuda:1."""
    threads: int = 0
    """Threads of the processor to use; 0: what torch finds."""
    precision: str = "auto"
    """Numbers that training multiplies: float32, bfloat16, or auto (bfloat16 where the device is faster with it)."""
    compile: bool = False
    """Compile the network before training it: a minute that pays on GPUs, where its steps become CUDA graphs."""

    def __post_init__(self) -> None:
        """Refuse what cannot work before anything is done, naming the field."""
        for field in ("hidden", "channels"):
            if isinstance(getattr(self, field), list):
                object.__setattr__(self, field, tuple(getattr(self, field)))  # as notebooks and JSON give it
        for declared in dataclasses.fields(self):
            _of_type(declared.name, getattr(self, declared.name), str(declared.type))
        _known("network", self.network, NETWORKS)
        _known("activation", self.activation, ACTIVATIONS, own=False)
        _known("loss", self.loss, LOSSES)
        _known("optimizer", self.optimizer, OPTIMIZERS)
        _known("schedule", self.schedule, SCHEDULES, own=False)
        _known("precision", self.precision, PRECISIONS, own=False)
        for field in ("dropout", "label_smoothing", "scale", "warmup", "extra_share"):
            _within(field, getattr(self, field), 0 <= getattr(self, field) < 1, "from 0 to below 1")
        for field in ("weight_decay", "averaging", "rotation", "shear", "shift", "elastic"):
            _within(field, getattr(self, field), 0 <= getattr(self, field) < float("inf"), "0 or more")
        for field in ("split_seed", "seed"):
            _within(field, getattr(self, field), 0 <= getattr(self, field) < 2**63, "from 0 to below 2^63")
        for field in ("patience", "synthetic", "photographs", "others", "replay"):
            _within(field, getattr(self, field), getattr(self, field) >= 0, "0 or more")
        _within("threads", self.threads, 0 <= self.threads <= 1024, "from 0 to 1024")
        for field in ("batch_size", "epochs", "validation"):
            _within(field, getattr(self, field), getattr(self, field) >= 1, "1 or more")
        _within("members", self.members, 1 <= self.members <= 100, "from 1 to 100")
        for field in ("learning_rate", "matrix_rate", "softening"):
            _within(field, getattr(self, field), 0 < getattr(self, field) < float("inf"), "more than 0")
        _within("sure", self.sure, 0 < self.sure <= 1, "more than 0, at most 1")
        _within("momentum", self.momentum, 0 <= self.momentum < 1, "from 0 to below 1")
        _within("hidden", list(self.hidden), all(width >= 1 for width in self.hidden), "widths of 1 or more")
        channels = self.channels
        _within("channels", list(channels), bool(channels) and min(channels) >= 1, "one or more widths of 1 or more")
        if len(channels) > MOST_STAGES:
            raise UsageError(f"channels must be at most {MOST_STAGES} widths, not {len(channels)}")

    def replace(self, **changes: Any) -> TrainConfig:
        """Give the same configuration with some fields changed.

        Raises
        ------
        UsageError
            For a field that does not exist, with the nearest names.
        """
        names = [field.name for field in dataclasses.fields(self)]
        for name in changes:
            if name not in names:
                raise UsageError(f"there is no field {name!r} in TrainConfig{nearest(name, names)}")
        return dataclasses.replace(self, **changes)

    def member(self, index: int) -> TrainConfig:
        """Give the configuration of one network of the ensemble; no two ensembles share a member's seed."""
        return dataclasses.replace(self, members=1, seed=(self.seed * self.members + index) % 2**63)

    def to_dict(self) -> dict[str, Any]:
        """All fields with plain values."""
        return dataclasses.asdict(self) | {"hidden": list(self.hidden), "channels": list(self.channels)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TrainConfig:
        """Read what `as_json` gave."""
        return cls().replace(**{name: tuple(v) if isinstance(v, list) else v for name, v in values.items()})


def _known(field: str, value: str, names: Iterable[str], *, own: bool = True) -> None:
    if value in names or (own and ":" in value):
        return
    or_own = "; your own is given as path/to/file.py:Name" if own else ""
    raise UsageError(f"{field} {value!r} is not known{nearest(value, names)}{or_own}")


def nearest(name: str, names: Iterable[str]) -> str:
    """End a sentence about an unknown name with the names it may have meant."""
    names = list(names)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(close)}?" if close else f"; there are: {', '.join(names)}"


def _of_type(field: str, value: object, declared: str) -> None:
    kinds: dict[str, tuple[tuple[type, ...], str]] = {
        "str": ((str,), "a text"),
        "int": ((int,), "a whole number"),
        "float": ((int, float), "a number"),
        "bool": ((bool,), "true or false"),
        "tuple[int, ...]": ((tuple,), "a tuple of whole numbers"),
    }
    kind, described = kinds[declared]
    parts = value if isinstance(value, tuple) else ()
    wrong_parts = not all(type(part) is int for part in parts)
    if not isinstance(value, kind) or (isinstance(value, bool) and bool not in kind) or wrong_parts:
        raise UsageError(f"{field} must be {described}, not {value!r}")


def _within(field: str, value: object, fits: bool, bounds: str) -> None:
    if not fits:
        raise UsageError(f"{field} must be {bounds}, not {value}")
