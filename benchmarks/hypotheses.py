"""How the ways to see a picture of one digit are weighed: fitted on variants of MNIST's training digits.

A picture is read in the way whose odds are highest: a weighted sum of what the network says and of what the picture
says before. The weights make the right answers most probable, for both shipped networks at once; they are copied into
`digits.preprocessing.ink`, `digits.preprocessing.single` and `digits.inference.single_digit`.

    python -m benchmarks hypotheses
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import digits
from benchmarks.results import Row
from benchmarks.single_digits import MODELS
from benchmarks.variants import VARIANTS, draw_variant
from digits.preprocessing import find_digit_inks, normalize

PER_KIND, SEED = 200, 1
WEIGHTS = (
    "confidence",
    "skewness about the median",
    "skewness about the mean",
    "dark border",
    "dark picture",
    "one ground for all",
    "frame removed",
)
PENALTY = 1e-3  # on the squares of the weights
MAX_CONFIDENCE = 1 - 1e-4  # higher ones count as this
MIN_PROBABILITY = 1e-6  # lower ones count as this: no answer is infinitely wrong


def measure() -> Iterator[Row]:
    """Fit the weights, and give one row for each."""
    examples = [example for pictures, labels in _pictures() for example in _see(pictures, labels)]
    for name, value in zip(WEIGHTS, _fit(examples), strict=True):
        yield Row(case=name, metric="weight", value=round(value, 2), n=len(examples))


def _pictures() -> Iterator[tuple[list[Any], np.ndarray]]:
    from digits.data import split

    train, _ = split(digits.load_mnist().train)
    for number, kind in enumerate(VARIANTS):
        part = slice(number * PER_KIND, (number + 1) * PER_KIND)
        yield draw_variant(train.images[part], kind, SEED), train.labels[part]


def _see(pictures: list[Any], labels: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give, for every picture and model, the evidence of each way, and the probability of the right answer."""
    models = [digits.load_model(name) for name in MODELS]
    for picture, label in zip(pictures, labels, strict=True):
        ways = [(way, image) for way in find_digit_inks(picture) if (image := normalize(way.ink)).any()]
        if not ways:
            continue
        seen = [[*way.polarity_evidence, way.has_level_ground, way.is_unframed] for way, _ in ways]
        images = np.stack([image for _, image in ways])
        for model in models:
            probabilities = model.calibrate(model.logits(images))
            yield np.column_stack([confidence_odds(probabilities), seen]), probabilities[:, label].astype(np.float64)


def confidence_odds(probabilities: np.ndarray) -> np.ndarray:
    """Give the logarithm of the odds of each row's confidence, as the reader computes it."""
    confidence = np.minimum(probabilities.max(1).astype(np.float64), MAX_CONFIDENCE)
    return np.asarray(np.log(confidence / (1 - confidence)))


def _fit(examples: list[tuple[np.ndarray, np.ndarray]]) -> list[float]:
    """Maximize the probability of the right answers, averaged over the ways by their odds."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    evidence = pad_sequence([torch.tensor(seen) for seen, _ in examples], batch_first=True)
    right = pad_sequence([torch.tensor(each) for _, each in examples], batch_first=True)
    exists = pad_sequence([torch.ones(len(each), dtype=torch.bool) for _, each in examples], batch_first=True)
    weights = torch.zeros(len(WEIGHTS), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        shares = (evidence @ weights).masked_fill(~exists, -torch.inf).log_softmax(1)
        value = PENALTY * (weights**2).sum() - (shares + (right + MIN_PROBABILITY).log()).logsumexp(1).mean()
        value.backward()
        return value

    optimizer.step(loss)
    return [float(weight) for weight in weights.detach()]
