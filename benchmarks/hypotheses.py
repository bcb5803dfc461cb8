"""How the ways to see a picture of one digit are weighed: fitted on variants of MNIST's training digits and non-digits.

A picture is read in the way whose odds are highest: a weighted sum of what the network says and of what the picture
says before. The weights make the right answers most probable, and confident ones about non-digits improbable, for both
shipped networks at once; they are copied into `digits.preprocessing.single` and `digits.inference.single_digit`.

The evidence of the polarity keeps the weights in `digits.preprocessing.ink`, which were fitted with the others until
2026-11-28: every simulated picture depends on them.

    python -m benchmarks hypotheses
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import digits
from benchmarks.results import Row
from benchmarks.single_digits import MODELS, draw_outlier_pictures
from benchmarks.variants import VARIANTS, draw_variant
from digits.preprocessing import find_digit_inks, normalize

PER_KIND, SEED = 200, 1
OUTLIERS, OUTLIER_SEED = 400, 20_000
"""Non-digits to fit with, by writers that neither a training nor a benchmark has."""
CONFIDENCE = "confidence"
OTHERS = "one ground for all", "frame removed", "overlooked"
WEIGHTS = (CONFIDENCE, *OTHERS)
NO_DIGIT = -1
"""Label of non-digits, of which every answer is wrong by its confidence."""
PENALTY = 1e-4  # on the squares of the weights; at 1e-3 the rim of a blot is still read as 0
MAX_CONFIDENCE = 1 - 1e-4  # higher ones count as this
MIN_PROBABILITY = 1e-6  # lower ones count as this: no answer is infinitely wrong


def measure() -> Iterator[Row]:
    """Fit the weights, and give one row for each."""
    examples = [example for pictures, labels in _pictures() for example in _see(pictures, labels)]
    confidence, polarity, *others = _fit(examples)
    yield Row(case=CONFIDENCE, metric="weight", value=round(confidence / polarity, 2), n=len(examples))
    for name, value in zip(OTHERS, others, strict=True):
        yield Row(case=name, metric="weight", value=round(value / polarity, 2), n=len(examples))


def _pictures() -> Iterator[tuple[list[Any], np.ndarray]]:
    from digits.data import split

    train, _ = split(digits.load_mnist().train)
    for number, kind in enumerate(VARIANTS):
        part = slice(number * PER_KIND, (number + 1) * PER_KIND)
        yield draw_variant(train.images[part], kind, SEED), train.labels[part]
    yield draw_outlier_pictures(OUTLIERS, OUTLIER_SEED), np.full(OUTLIERS, NO_DIGIT)


def _see(pictures: list[Any], labels: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give, for every picture and model, the evidence of each way, and the probability of the right answer."""
    models = [digits.load_model(name) for name in MODELS]
    for picture, label in zip(pictures, labels, strict=True):
        ways = [(way, image) for way in find_digit_inks(picture) if (image := normalize(way.ink)).any()]
        if not ways:
            continue
        seen = [[way.polarity_odds, way.has_level_ground, way.is_unframed, way.overlooked] for way, _ in ways]
        images = np.stack([image for _, image in ways])
        for model in models:
            probabilities = model.calibrate(model.logits(images))
            right = 1 - probabilities.max(1) if label == NO_DIGIT else probabilities[:, label]
            yield np.column_stack([confidence_odds(probabilities), seen]), right.astype(np.float64)


def confidence_odds(probabilities: np.ndarray) -> np.ndarray:
    """Give the logarithm of the odds of each row's confidence, as the reader computes it."""
    confidence = np.minimum(probabilities.max(1).astype(np.float64), MAX_CONFIDENCE)
    return np.asarray(np.log(confidence / (1 - confidence)))


def _fit(examples: list[tuple[np.ndarray, np.ndarray]]) -> list[float]:
    """Maximize the probability of the right answers, averaged over the ways by their odds.

    Returns the weights of the confidence, of the polarity, and of `OTHERS`.
    """
    import torch
    from torch.nn.utils.rnn import pad_sequence

    evidence = pad_sequence([torch.tensor(seen) for seen, _ in examples], batch_first=True)
    right = pad_sequence([torch.tensor(each) for _, each in examples], batch_first=True)
    exists = pad_sequence([torch.ones(len(each), dtype=torch.bool) for _, each in examples], batch_first=True)
    weights = torch.zeros(2 + len(OTHERS), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        shares = (evidence @ weights).masked_fill(~exists, -torch.inf).log_softmax(1)
        value = PENALTY * (weights**2).sum() - (shares + (right + MIN_PROBABILITY).log()).logsumexp(1).mean()
        value.backward()
        return value

    optimizer.step(loss)
    return [float(weight) for weight in weights.detach()]
