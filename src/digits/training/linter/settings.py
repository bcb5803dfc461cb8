"""Settings that make other digits of digits."""

from __future__ import annotations

from collections.abc import Iterator

from digits.doctor import Finding
from digits.training.config import AugmentationConfig

AMBIGUOUS = 90.0
"""Rotation either way, in degrees, from which on a 6 and a 9 may become the same picture."""


def check_augmentation(config: AugmentationConfig) -> Iterator[Finding]:
    """Find rotations that turn a 6 into a 9."""
    if config.rotation >= AMBIGUOUS:
        turn = f"{config.rotation:g}"
        yield Finding(
            "turned-digits",
            f"--rotation {turn} turns digits by up to {turn} degrees either way: from {AMBIGUOUS:g} on, a 6 and a 9 "
            "become the same picture with two labels.",
            1, 1, mend="--rotation 15", advice="Try --rotation 15.",
        )  # fmt: skip
