"""The configuration of a finder's training."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from digits.errors import UsageError
from digits.options import check, option, shorten, suggest, to_tuple
from digits.synthesis.documents.stream import CROPS_PER_PAGE
from digits.training.config import SEEDS, OptimizationConfig, RunConfig

MAX_CHANNELS, MAX_BLOCKS = 1024, 32
"""Far more than can be trained; a file with more is broken."""


@dataclass(frozen=True)
class FinderConfig:
    """How to train the network that finds digits on a page. The defaults are a beginning: nothing is tuned yet."""

    epochs: int = option(26, "Epochs; the figures, and what a run continues from, are written after each.", "[1, inf)")
    steps_per_epoch: int = option(250, "Training steps per epoch, all with new documents.", "[1, inf)")
    batch_size: int = option(
        16, "Crops per training step, a multiple of 4.", "[4, inf)", flags=("--batch-size", "--bs")
    )
    crop_size: int = option(256, "Height and width of a crop in pixels, a multiple of 32.", "[64, 2048]")
    lr: float = option(5e-3, "Peak learning rate of what muon leaves to adamw.", "(0, inf)")
    muon_lr: float = option(0.02, "Peak learning rate of muon, for the convolutions.", "(0, inf)")
    weight_decay: float = option(0.02, "Weight decay.", "[0, inf)")
    warmup: float = option(0.05, "Share of the run in which the learning rate rises to its peak.", "[0, 1)")
    ema_epochs: float = option(
        1.0, "Horizon of the moving average of the weights that replaces the last ones, in epochs; 0 is off.",
        "[0, inf)",
    )  # fmt: skip
    keep: float = option(
        0.0, "With --from: share of the initial finder in the result, whose weights are an average.", "[0, 1)"
    )
    channels: tuple[int, ...] = option(
        (16, 24, 64, 96, 128), "Channels at strides 2, 4, 8, 16 and 32.", f"[1, {MAX_CHANNELS}]"
    )
    blocks: tuple[int, ...] = option((1, 2, 2, 1), "Residual blocks at strides 4, 8, 16 and 32.", f"[0, {MAX_BLOCKS}]")
    width: int = option(32, "Channels on the way back up to stride 4.", f"[2, {MAX_CHANNELS}]")
    validation_crops: int = option(256, "Crops that every epoch is validated on, a multiple of 4.", "[4, inf)")
    seed: int = option(0, "Seed of everything random: initial weights and documents.", SEEDS)
    workers: int = option(
        1, "Processes that make documents while the network learns; 0 makes them in between.", "[0, 64]"
    )
    device: str = option("auto", "auto (cuda, then mps, then cpu), or a torch device such as cpu or cuda:1.")
    threads: int = option(0, "Processor threads of the network; 0 leaves the choice to torch.", "[0, 1024]")
    precision: str = option(
        "auto",
        "Number format of convolutions in training; auto is bfloat16 where that is faster.",
        choices=("auto", "float32", "bfloat16"),
    )

    def __post_init__(self) -> None:
        check(self)
        for name, divisor in (
            ("batch_size", CROPS_PER_PAGE), ("validation_crops", CROPS_PER_PAGE), ("crop_size", 32)
        ):  # fmt: skip
            if getattr(self, name) % divisor:
                raise UsageError(f"{name} must be a multiple of {divisor}, not {getattr(self, name)}")
        if len(self.channels) != len(self.blocks) + 1 or len(self.blocks) < 2:
            raise UsageError("channels must have one number more than blocks, and blocks at least two")

    @property
    def optimization(self) -> OptimizationConfig:
        """What the engine's optimizer and schedule take."""
        return OptimizationConfig(
            optimizer="muon", lr=self.lr, muon_lr=self.muon_lr, weight_decay=self.weight_decay, warmup=self.warmup,
            batch_size=self.batch_size, epochs=self.epochs, ema_epochs=self.ema_epochs,
        )  # fmt: skip

    @property
    def run(self) -> RunConfig:
        """What says where a run computes."""
        return RunConfig(seed=self.seed, device=self.device, threads=self.threads, precision=self.precision)

    def to_dict(self) -> dict[str, Any]:
        """Return all settings as ``config.json`` holds them."""
        return dataclasses.asdict(self) | {"channels": list(self.channels), "blocks": list(self.blocks)}

    @classmethod
    def from_dict(cls, values: Any) -> FinderConfig:
        """Read what `to_dict` returned, from JSON that anybody may have written.

        Raises
        ------
        UsageError
            When it is anything else, naming what is wrong.
        """
        if not isinstance(values, dict):
            raise UsageError("it is not an object with settings")
        names = [field.name for field in dataclasses.fields(cls)]
        if stray := next((name for name in values if name not in names), None):
            raise UsageError(f"there is no setting {shorten(stray)}{suggest(stray, names)}")
        return cls(**{
            name: to_tuple(value) if name in ("channels", "blocks") else value for name, value in values.items()
        })  # fmt: skip
