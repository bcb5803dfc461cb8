"""What a network learns from: the data set without its validation digits, and everything that is added to it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from digits.data import DIGIT_NAMES, load_pen_strokes, split
from digits.errors import UsageError
from digits.training.config import TrainConfig
from digits.training.engine import distributed
from digits.training.engine.loop import NO_IMAGES
from digits.training.run.inputs import Inputs, report_slow
from digits.types import Dataset, Images, LabelledDigits

MISREADINGS_SHARE = 1 / 3
"""Misreadings of simulated captures that are learned as outliers, at most: a share of the number of other outliers."""


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Digits to learn from, digits held out of the data set to choose by, and non-digits to learn as outliers."""

    train: LabelledDigits
    validation: LabelledDigits
    outliers: Images


def build_training_set(config: TrainConfig, inputs: Inputs) -> TrainingSet:
    """Split the data set and add what the configuration asks for; the seed of the run decides which digits.

    Of an ensemble, each member has additions of its own; the ensemble as a whole has none.
    """
    data = config.data
    train, validation = inputs.dataset.train, inputs.dataset.validation
    n = validation_size(config, inputs.dataset)
    if validation is None:
        train, validation = split(train, n, seed=data.split_seed)
    n_learned = count_learned(data.fraction, len(train))
    if n_learned < len(train):
        _, train = split(train, n_learned, seed=derive_seed(config.replace(seed=inputs.seed), 10))
    if 0 < data.replay_size < len(train):
        # like the validation digits, the same for every seed, so that all members learn the same
        _, train = split(train, data.replay_size, seed=data.split_seed)
    if config.model.ensemble_size > 1:
        return TrainingSet(train, validation, NO_IMAGES)
    from digits.synthesis import simulate_captures, simulate_photos

    if data.synthetic:
        report_slow("writing", data.synthetic, "synthetic digits")
        train = concatenate(train, write_synthetic_digits(data.synthetic, derive_seed(config, 0)))
    if data.pen_strokes:
        report_slow("drawing", data.pen_strokes, "digits of real pens")
        train = concatenate(train, draw_pen_digits(data.pen_strokes, derive_seed(config, 7)))
    n_clean = len(train)
    if data.simulated_photos:
        report_slow("photographing", data.simulated_photos, "digits")
        rng = np.random.default_rng(derive_seed(config, 1))
        chosen = rng.integers(len(train), size=data.simulated_photos)
        images = simulate_photos(train.images[chosen], derive_seed(config, 2))
        train = concatenate(train, LabelledDigits(images, train.labels[chosen]))
    misreadings = NO_IMAGES
    if data.simulated_captures:
        report_slow("capturing", data.simulated_captures, "digits")
        rng = np.random.default_rng(derive_seed(config, 8))
        chosen = rng.integers(n_clean, size=data.simulated_captures)
        captures = simulate_captures(train.images[chosen], derive_seed(config, 9))
        train = concatenate(train, LabelledDigits(captures.images, train.labels[chosen]))
        misreadings = captures.misreadings[: round(MISREADINGS_SHARE * data.outliers)]
    if inputs.personal:
        personal = inputs.personal.train
        n = personal_per_epoch(len(train), len(personal), data.personal_share)
        rng = np.random.default_rng(derive_seed(config, 5))
        chosen = np.concatenate([rng.permutation(len(personal)) for _ in range(-(-n // len(personal)))])[:n]
        train = concatenate(train, LabelledDigits(personal.images[chosen], personal.labels[chosen]))
    return TrainingSet(train, validation, np.concatenate((_training_outliers(config), misreadings)))


def validation_size(config: TrainConfig, dataset: Dataset) -> int:
    """Return the number of validation digits: those of the data set, if its files have such a part.

    Otherwise, it is as configured, but at most a sixth of a small data set.

    Raises
    ------
    UsageError
        When too few digits remain to learn from, a batch is too small for the processes that share it, or synthetic
        digits would be added to classes that are not digits.
    """
    data, batch_size = config.data, config.optimization.batch_size
    n = min(data.validation_size, len(dataset.train) // 6) if dataset.validation is None else len(dataset.validation)
    remaining = digits_per_epoch(config, dataset, n)
    if n < 1:
        raise UsageError(f"{dataset.name} has {len(dataset.train)} training digits: too few to hold any out")
    if batch_size > remaining:
        raise UsageError(
            f"batch_size {batch_size} is more than the {remaining} digits to learn from; "
            f"try --batch-size {max(1, remaining // 10)}"
        )
    if batch_size < distributed.process_count():
        raise UsageError(
            f"batch_size {batch_size} leaves some of the {distributed.process_count()} processes without a digit"
        )
    added = ("synthetic", "pen_strokes", "simulated_photos", "simulated_captures", "outliers")
    if any(getattr(data, name) for name in added) and dataset.classes != DIGIT_NAMES:
        raise UsageError(
            f"the classes of {dataset.name} are {', '.join(dataset.classes)}, but only digits can be synthesized: "
            f"{', '.join('--' + name.replace('_', '-') for name in added)} must be 0"
        )
    return n


def digits_per_epoch(config: TrainConfig, dataset: Dataset, n_validation: int) -> int:
    """Count the digits of an epoch without personal data."""
    data = config.data
    held_out = n_validation if dataset.validation is None else 0
    remaining = count_learned(data.fraction, len(dataset.train) - held_out)
    added = data.synthetic + data.pen_strokes + data.simulated_photos + data.simulated_captures
    return min(data.replay_size or remaining, remaining) + added


def count_learned(fraction: float, n: int) -> int:
    """Count the digits that a share of `n` is, at least one."""
    return max(1, round(fraction * n))


def personal_per_epoch(n_others: int, n_personal: int, share: float) -> int:
    """Count the personal digits of an epoch, repetitions included: a share of the epoch, but each at least once."""
    return max(n_personal, round(n_others * share / (1 - share)))


def write_synthetic_digits(n: int, seed: int) -> LabelledDigits:
    """Write digits by hand, about half of them in rare ways as often as in usual ones."""
    from digits.synthesis import synthesize, synthesize_evenly

    n_even = n // (2 * len(DIGIT_NAMES)) * len(DIGIT_NAMES)  # so that the classes stay even
    usual = synthesize(n - n_even, seed)
    return concatenate(usual, synthesize_evenly(n_even, seed)) if n_even else usual


def draw_pen_digits(n: int, seed: int) -> LabelledDigits:
    """Draw digits that 30 people wrote on a tablet, each with a random pen; errors as `load_pen_strokes`."""
    from digits.synthesis import draw_pen_strokes

    written = load_pen_strokes()
    chosen = [written[index] for index in np.random.default_rng(seed).integers(len(written), size=n)]
    labels = np.array([digit.label for digit in chosen], np.uint8)
    return LabelledDigits(draw_pen_strokes([digit.strokes for digit in chosen], seed), labels)


def draw_outliers(n: int, seed: int) -> Images:
    """Draw non-digits, of four two as simulated photographs and one as a simulated capture.

    Every seed has other writers, pens and cameras.
    """
    if not n:
        return NO_IMAGES
    report_slow("drawing", n, "non-digits")
    from digits.synthesis import simulate_captures, simulate_photos, synthesize_outliers

    images = synthesize_outliers(n, seed)
    images[::2] = simulate_photos(images[::2], seed)
    images[1::4] = simulate_captures(images[1::4], seed).images
    return images


def derive_seed(config: TrainConfig, purpose: int) -> int:
    """Derive the seed of one purpose, so that no run learns the digits of the synthetic data set by heart.

    Purposes: 0 synthetic digits, 1 and 2 simulated photographs, 3 outliers, 4 the rejection threshold, 5 personal
    data, 6 the comparison before and after fine-tuning, 7 pen strokes, 8 and 9 simulated captures, 10 which part of the
    digits is learned.
    """
    return int(np.random.SeedSequence((config.run.seed, purpose)).generate_state(1)[0])


def concatenate(first: LabelledDigits, second: LabelledDigits) -> LabelledDigits:
    """Join two sets of labelled digits."""
    return LabelledDigits(np.concatenate((first.images, second.images)), np.concatenate((first.labels, second.labels)))


def _training_outliers(config: TrainConfig) -> Images:
    if config.data.replay_size:
        # fine-tuning draws the same outliers for every seed, and so only once for all members
        return _draw_outliers_once(config.data.outliers, derive_seed(config.replace(seed=config.data.split_seed), 3))
    return draw_outliers(config.data.outliers, derive_seed(config, 3))


_draw_outliers_once = lru_cache(maxsize=1)(draw_outliers)
