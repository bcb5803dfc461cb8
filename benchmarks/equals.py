"""How often `digits compare` finds a difference between equals: 200 pairs of one recipe, which differ by seeds alone.

Each pair takes seeds of its own, so that the pairs are independent given the digits. Networks are trained by the loop
alone, since a comparison needs nothing but their predictions of the validation digits.

    python -m benchmarks equals
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from tqdm import tqdm

import digits
from benchmarks.results import Row
from digits.data import split
from digits.evaluation import wilson_interval
from digits.experiments import mcnemar, welch
from digits.training import get_recipe, make_network, predict_logits

PAIRS, SEEDS, RECIPE = 200, 3, "fast"
LEVEL = 0.05  # below it, `digits compare` says that two recipes differ


def measure() -> Iterator[Row]:
    """Train all pairs, and give how many of them each test takes for different."""
    train, validation = split(digits.load_mnist().train)
    found = dict.fromkeys(("other digits alone", "other seeds alone", "both, as digits compare"), 0)
    for pair in tqdm(range(PAIRS), desc="pairs"):
        seeds = range(2 * SEEDS * pair, 2 * SEEDS * (pair + 1))
        correct = np.stack([_train(seed, train, validation) for seed in seeds])
        first, second = correct[:SEEDS], correct[SEEDS:]
        by_digits, by_seeds = mcnemar(first, second) < LEVEL, welch(first, second) < LEVEL
        for name, is_found in zip(found, (by_digits, by_seeds, by_digits and by_seeds), strict=True):
            found[name] += is_found
    for name, count in found.items():
        low, high = wilson_interval(count, PAIRS)
        yield Row(
            case=name, variant=f"{RECIPE}, {SEEDS} seeds each", metric="differences found between equals",
            value=count / PAIRS, unit="share", n=PAIRS, low=low, high=high,
        )  # fmt: skip


def missed(rows: list[Row]) -> list[str]:
    """Give the claim that the rows do not bear out: at most one pair of equals in twenty is taken for different."""
    return [
        f"{row.value:.1%} of {row.n} pairs of equals are taken for different, more than {LEVEL:.0%}"
        for row in rows
        if row.case == "both, as digits compare" and row.value is not None and row.value > LEVEL
    ]


def _train(seed: int, train: digits.LabelledDigits, validation: digits.LabelledDigits) -> np.ndarray:
    """Train one network, and return which validation digits it reads correctly."""
    config = get_recipe(RECIPE, seed=seed)
    network = make_network(config)
    digits.fit(network, train, validation, config)
    correct: np.ndarray = predict_logits(network, validation).argmax(1) == validation.labels
    return correct
