"""Learning-rate schedules: functions of the position in the run alone, so that resuming needs no stored state."""

from __future__ import annotations

import math

from digits.training.config import OptimizationConfig


def learning_rate_factor(config: OptimizationConfig, progress: float) -> float:
    """Return the learning rate as a share of its peak, 0–1.

    Parameters
    ----------
    config
        Names the schedule; ``one-cycle`` rises linearly, then falls linearly to zero (Smith and Topin 2018).
    progress
        Share of all steps completed at the middle of the current one, above 0 and below 1.
    """
    match config.schedule:
        case "constant":
            return 1.0
        case "step":
            return 0.1 ** ((progress >= 0.6) + (progress >= 0.8))
        case "linear":
            return 1 - progress
        case "cosine":
            return (1 + math.cos(math.pi * progress)) / 2
        case _ if progress < config.warmup:
            return progress / config.warmup
        case _:
            return (1 - progress) / (1 - config.warmup)
