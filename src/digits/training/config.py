"""The configuration of a training run: six frozen dataclasses, each for the part of the code that needs it.

Command-line flags, ``config.json``, the notebook and the report are derived from these fields. Each setting has a name
of its own across all sections, so that flags and `TrainConfig.replace` need no section.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from digits.doctor.flags import Mending
from digits.errors import UsageError
from digits.options import check, option, shorten, suggest, to_tuple

ACTIVATIONS = ("relu", "leaky-relu", "elu", "gelu", "silu", "tanh", "sigmoid")

MAX_HIDDEN_LAYERS = 100
"""Far more than can be trained; a file with more is broken, and building its network would take long."""

MAX_CNN_STAGES = 4
"""Widths of `ModelConfig.channels`: each stage halves the feature maps, and the fourth has 2×2 pixels."""

SEEDS = "[0, 9223372036854775808)"
"""The seeds that torch takes."""

SYNONYMS = {
    "learning_rate": "lr", "wd": "weight_decay", "bs": "batch_size", "hidden": "hidden_sizes",
    "layers": "hidden_sizes", "n_epochs": "epochs", "num_epochs": "epochs", "members": "ensemble_size",
    "ema": "ema_epochs", "seeds": "seed", "gpu": "device", "photos": "simulated_photos", "scheduler": "schedule",
    "criterion": "loss", "temperature": "distill_temperature",
}  # fmt: skip
"""Words that people type first for a setting of another name; errors answer with the right one."""


@dataclass(frozen=True)
class ModelConfig:
    """The network. Fine-tuning takes this section over from the initial model."""

    network: str = option(
        "mlp",
        "mlp (fully connected), cnn (convolutional), or your own: path/to/file.py:Name.",
        choices=("mlp", "cnn"),
        plugin=True,
    )
    hidden_sizes: tuple[int, ...] = option((256, 128), "Width of each hidden layer of the mlp.", "[1, inf)")
    channels: tuple[int, ...] = option(
        (16, 32, 64), "Channels of the cnn: of its first convolution, then of each pair of convolutions.", "[1, inf)"
    )
    activation: str = option("relu", "Activation between the layers.", choices=ACTIVATIONS)
    dropout: float = option(
        0.0, "Probability of dropping each hidden unit of the mlp, or of the last layer of the cnn.", "[0, 1)"
    )
    ensemble_size: int = option(
        1, "Number of networks, each trained with its own seed; their probabilities are averaged.", "[1, 100]"
    )
    cascade_threshold: float = option(
        1.0, "Query the other members only below this confidence of the first; 1 always queries all.", "(0, 1]"
    )

    def __post_init__(self) -> None:
        check(self)
        if len(self.hidden_sizes) > MAX_HIDDEN_LAYERS:
            raise UsageError(f"hidden_sizes must be at most {MAX_HIDDEN_LAYERS} widths, not {len(self.hidden_sizes)}")
        if not 1 <= len(self.channels) <= MAX_CNN_STAGES:
            raise UsageError(f"channels must be 1 to {MAX_CNN_STAGES} widths, not {len(self.channels)}")


@dataclass(frozen=True)
class OptimizationConfig:
    """Loss, optimizer, learning rate and stopping."""

    loss: str = option(
        "cross-entropy",
        "Loss function, or your own path/to/file.py:Name, called with logits and labels.",
        choices=("cross-entropy", "focal", "squared-error", "hinge"),
        plugin=True,
    )
    label_smoothing: float = option(0.0, "Share of the target that cross-entropy spreads over all classes.", "[0, 1)")
    teacher: str = option(
        "", "Distillation: learn from the predictions of this run folder, or of a recipe that is trained first."
    )
    distill_temperature: float = option(
        2.0, "Temperature of teacher and student; higher values weigh the less likely classes more.", "(0, inf)"
    )
    optimizer: str = option(
        "muon",
        "Optimizer, or your own path/to/file.py:Name.",
        choices=("adam", "adamw", "muon", "nadam", "radam", "adamax", "adagrad", "rmsprop", "sgd"),
        plugin=True,
    )
    lr: float = option(4e-3, "Peak learning rate; with muon, of the parameters that it leaves to adamw.", "(0, inf)")
    muon_lr: float = option(0.03, "Peak learning rate of muon, for the matrices of the hidden layers.", "(0, inf)")
    weight_decay: float = option(0.1, "Weight decay, as the optimizer defines it.", "[0, inf)")
    momentum: float = option(0.95, "Momentum of sgd, rmsprop and muon.", "[0, 1)")
    schedule: str = option(
        "one-cycle",
        "Learning-rate schedule; step divides by ten after 60 % and 80 % of the run.",
        choices=("constant", "linear", "cosine", "one-cycle", "step"),
    )
    warmup: float = option(0.2, "Share of the run in which one-cycle rises to the peak learning rate.", "[0, 1)")
    batch_size: int = option(500, "Digits per training step.", "[1, inf)", flags=("--batch-size", "--bs"))
    epochs: int = option(40, "Passes over the training digits.", "[1, inf)")
    ema_epochs: float = option(
        1.0,
        "Horizon of the moving average of the weights that replaces the last ones, in epochs; 0 is off.",
        "[0, inf)",
    )
    patience: int = option(
        0, "Stop after this many epochs without a lower validation loss, keep the best weights; 0 is off.", "[0, inf)"
    )

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class AugmentationConfig:
    """Random distortions and corruptions of the training digits; all zero is no augmentation."""

    rotation: float = option(8.0, "Largest rotation either way, in degrees.", "[0, inf)")
    scale: float = option(0.1, "Largest relative change of width and of height.", "[0, 1)")
    shear: float = option(0.1, "Largest slant, in pixels per pixel of height.", "[0, inf)")
    shift: float = option(1.5, "Largest shift along each axis, in pixels.", "[0, inf)")
    elastic: float = option(0.8, "Elastic distortion: root mean square of the displacement, in pixels.", "[0, inf)")
    corruption: float = option(
        0.0, "Share of the digits that are also corrupted: blur, noise, grey backgrounds, lines, stains.", "[0, 1]"
    )

    def __post_init__(self) -> None:
        check(self)

    @property
    def is_active(self) -> bool:
        """Whether any digit is distorted before it may be corrupted."""
        return any(value for name, value in vars(self).items() if name != "corruption")


@dataclass(frozen=True)
class DataConfig:
    """What is learned beside the data set, and what is held out of it."""

    synthetic: int = option(0, "Synthetic digits to add to the training set; writers differ by seed.", "[0, inf)")
    pen_strokes: int = option(
        0, "Digits of 30 people to add, written on a tablet and drawn with other pens.", "[0, inf)"
    )
    simulated_photos: int = option(0, "Simulated photographs of training digits to add.", "[0, inf)")
    simulated_captures: int = option(
        0,
        "Simulated captures of training digits to add: crops, tiny, binary, stretched, faint or cut pictures. If "
        "there are outliers, misreadings of these pictures, such as background taken for ink, join them.",
        "[0, inf)",
    )
    outliers: int = option(
        0,
        "Non-digits to learn as outliers: letters, signs, scribbles and blots; half are photographed.",
        "[0, inf)",
    )
    fraction: float = option(1.0, "Share of the training digits to learn from; the seed says which.", "(0, 1]")
    replay_size: int = option(
        0,
        "Fine-tuning: train on this many digits of the data set, balanced over the classes; 0 is all.",
        "[0, inf)",
    )
    personal_share: float = option(
        0.1, "Share of every epoch that the digits of --extra-data fill by repetition.", "[0, 1)"
    )
    validation_size: int = option(
        5000,
        "Digits held out for validation, balanced over the classes; at most a sixth of the set.",
        "[1, inf)",
    )
    split_seed: int = option(
        0, "Which digits are held out; separate from the seed, so that runs of different seeds compare.", SEEDS
    )

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class RunConfig:
    """Seed and hardware."""

    seed: int = option(0, "Seed of everything random: initial weights, order, augmentation, dropout.", SEEDS)
    device: str = option("auto", "auto (cuda, then mps, then cpu), or a torch device such as cpu or cuda:1.")
    threads: int = option(0, "Processor threads; 0: torch's number, or 1 if that is faster.", "[0, 1024]")
    precision: str = option(
        "auto",
        "Number format of matrix products in training; auto is bfloat16 where that is faster.",
        choices=("auto", "float32", "bfloat16"),
    )
    compile: bool = option(False, "Compile the network first: takes a minute, pays on GPUs.")

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class TrainConfig:
    """How to train. The defaults are the recipe ``standard``; docs/recipes.md has the measurements behind them.

    Build one with `from_settings`, or take a recipe and change it with `replace`; both know every setting by its own
    name: ``RECIPES["fast"].replace(epochs=3, hidden_sizes=(512,))``.

    Attributes
    ----------
    recipe
        Name of the recipe that the configuration started from.
    """

    recipe: str = "standard"
    model: ModelConfig = field(default_factory=ModelConfig)
    optimization: OptimizationConfig = field(default_factory=OptimizationConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    data: DataConfig = field(default_factory=DataConfig)
    mending: Mending = field(default_factory=Mending)
    run: RunConfig = field(default_factory=RunConfig)

    @classmethod
    def from_settings(cls, **settings: Any) -> TrainConfig:
        """Build the configuration that differs from the defaults by these settings."""
        return cls().replace(**settings)

    @property
    def settings(self) -> dict[str, Any]:
        """All settings by name, without their sections."""
        return {name: value for section in SECTIONS for name, value in vars(getattr(self, section)).items()}

    def replace(self, **settings: Any) -> TrainConfig:
        """Return the same configuration with some settings changed.

        Raises
        ------
        UsageError
            For an unknown setting, with the nearest names, or an impossible value.
        """
        changes: dict[str, dict[str, Any]] = {}
        for name, value in settings.items():
            if name != "recipe":
                is_tuple = isinstance(self.settings.get(name), tuple)
                changes.setdefault(_section_of(name), {})[name] = to_tuple(value) if is_tuple else value
        sections = {name: dataclasses.replace(getattr(self, name), **values) for name, values in changes.items()}
        return dataclasses.replace(self, recipe=settings.get("recipe", self.recipe), **sections)

    def member(self, index: int) -> TrainConfig:
        """Return the configuration of one member of the ensemble; no two ensembles share a member's seed."""
        return self.replace(ensemble_size=1, seed=(self.run.seed * self.model.ensemble_size + index) % 2**63)

    def to_dict(self) -> dict[str, Any]:
        """Return all settings by section, as ``config.json`` holds them."""
        values = dataclasses.asdict(self)
        values["model"] |= {name: list(values["model"][name]) for name in ("hidden_sizes", "channels")}
        values["mending"]["relabel"] = list(values["mending"]["relabel"])
        return values

    @classmethod
    def from_dict(cls, values: Any) -> TrainConfig:
        """Read what `to_dict` returned, from JSON that anybody may have written.

        Raises
        ------
        UsageError
            When it is anything else, naming what is wrong.
        """
        if not isinstance(values, dict) or not isinstance(recipe := values.get("recipe"), str):
            raise UsageError("it is not an object with the name of a recipe and sections of settings")
        sections = {name: section for name, section in values.items() if name != "recipe"}
        if wrong := next((name for name in sections if name not in SECTIONS), None):
            raise UsageError(f"there is no section {shorten(wrong)}{suggest(wrong, SECTIONS)}")
        for name, section in sections.items():
            if not isinstance(section, dict):
                raise UsageError(f"section {name!r} is not an object with settings, but {shorten(section)}")
            if stray := next((each for each in section if SECTION_OF.get(each, name) != name), None):
                raise UsageError(f"setting {stray!r} belongs to section {SECTION_OF[stray]!r}, not {name!r}")
        return cls(recipe).replace(**{name: value for section in sections.values() for name, value in section.items()})


SECTIONS = {
    "model": ModelConfig,
    "optimization": OptimizationConfig,
    "augmentation": AugmentationConfig,
    "data": DataConfig,
    "mending": Mending,
    "run": RunConfig,
}
"""The sections of `TrainConfig` by name, in the order of `--help`."""

SECTION_OF = {each.name: section for section, kind in SECTIONS.items() for each in dataclasses.fields(kind)}
"""The section of every setting."""


def _section_of(setting: str) -> str:
    if setting not in SECTION_OF:
        hint = f"; did you mean {SYNONYMS[setting]}?" if setting in SYNONYMS else suggest(setting, SECTION_OF)
        raise UsageError(f"there is no setting {shorten(setting)}{hint}")
    return SECTION_OF[setting]
