"""Mistakes in a user's own parts and settings, each planted in a run and found; what is right stays silent."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from tests.training.linter.conftest import Fit, kinds

from digits.training import RECIPES

PARTS = """
    import torch
    import torch.nn.functional as F
    from torch import nn

    class Right(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.ReLU())
            self.dropout, self.last = nn.Dropout(0.2), nn.Linear(32, 10)
        def forward(self, images):
            return self.last(self.dropout(self.features(images.float() / 255)))

    class Normalized(Right):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm1d(784)
        def forward(self, images): return self.last(self.features(self.norm(images.float().flatten(1))))

    class LogSoftmax(Right):
        def forward(self, images): return super().forward(images).log_softmax(1)

    class Softmax(Right):
        def forward(self, images): return super().forward(images).softmax(1)

    class Sigmoid(Right):
        def forward(self, images): return super().forward(images).sigmoid()

    class Relu(Right):
        def forward(self, images): return super().forward(images).relu()

    class Dropout(Right):
        def forward(self, images): return self.last(F.dropout(self.features(images.float() / 255), 0.3))

    class Pixels(Right):
        def forward(self, images): return self.last(self.features(images.float()))

    class Flips(Right):
        def forward(self, images):
            if self.training:
                swapped = torch.rand(len(images), device=images.device) < 0.5
                images = torch.where(swapped[:, None, None], images.flip(-1), images)
            return super().forward(images)

    class Detached(Right):
        def forward(self, images): return self.last(self.features(images.float() / 255).detach())

    class Batchwise(Right):
        def forward(self, images):
            features = self.features(images.float() / 255)
            return self.last(features - features.mean(0))

    def softmax(logits, labels): return F.cross_entropy(logits.softmax(1), labels)
    def probabilities(logits, labels): return F.nll_loss(logits.softmax(1), labels)
    def logits(logits, labels): return F.nll_loss(logits, labels)
    def zeros(logits, labels): return F.cross_entropy(logits, torch.zeros_like(labels))
    def shifted(logits, labels): return F.cross_entropy(logits, (labels + 1) % 10)
    def negative(logits, labels): return -F.cross_entropy(logits, labels)
    def summed(logits, labels): return F.cross_entropy(logits, labels, reduction="sum")
    def right(logits, labels): return 0.5 * F.cross_entropy(logits, labels, label_smoothing=0.1)
    def margin(logits, labels): return F.multi_margin_loss(logits, labels)
    def squares(logits, labels): return F.mse_loss(logits.sigmoid(), F.one_hot(labels, 10).float())

    class Idle(torch.optim.SGD):
        def step(self, closure=None): pass
"""

SEEN = {
    "network Softmax": ("softmax-before-loss", r"ends in softmax: for 64 of 64 digits .* below 1\.46"),
    "network Sigmoid": ("sigmoid-before-loss", r"ends in sigmoid: for 64 of 64 digits"),
    "network Relu": ("relu-before-loss", r"ends in ReLU: \d+ of its 640 outputs"),
    "network Dropout": ("random-evaluation", r"left on in evaluation: read twice, the same 64 digits"),
    "network Pixels": ("first-loss", r"first loss is \d.*has 2\.3, which is ln 10.*Divide pixels by 255"),
    "network Flips": ("flips", r"swaps left and right of digits in training: \d+ of 96 answers"),
    "network Detached": ("no-gradient", r"2 of 4 parameters get no gradient.*features\.1\.weight"),
    "network Batchwise": ("batch-dependent", r"depends on the digits beside it"),
    "loss softmax": ("softmax-before-loss", r"applies softmax before cross-entropy.*it is 1\.46"),
    "loss probabilities": ("log-missing", r"passes probabilities to nll_loss"),
    "loss logits": ("log-missing", r"passes logits to nll_loss"),
    "loss zeros": ("ignored-target", r"ignores its target: .* in 3 of 3 trials"),
    "loss shifted": ("shifted-labels", r"shifted in the loss: for 10 of 10 labels .* 1 for the label 0, 2 for the"),
    "loss negative": ("reversed-loss", r"rewards wrong answers: for 10 of 10"),
    "loss summed": ("summed-loss", r"sums over the batch"),
    "optimizer Idle": ("cannot-memorize", r"guessing.*cannot memorize one batch either: of 64 digits"),
}
"""What is planted: the kind that is found, and what its sentence says."""


@pytest.mark.parametrize("planted", SEEN)
def test_planted_part_is_found(planted: str, fit_few: Fit, own: Callable[..., str]) -> None:
    setting, name = planted.split()
    findings = fit_few(lr=3e-3, hidden_sizes=(32,), **{setting: own(PARTS, name)}).findings
    kind, words = SEEN[planted]
    (finding,) = [each for each in findings if each.kind == kind]
    assert re.search(words, finding.text)
    assert finding.advice


def test_too_high_learning_rate_is_found_with_one_to_try(fit_few: Fit) -> None:
    (finding,) = fit_few(lr=100.0).findings
    assert finding.kind == "learning-rate"
    assert re.search(r"guessing.*of the 160 validation digits.*too high: with --lr 100 it.*Try --lr 0\.", finding.text)
    name, rate = finding.mend.split()
    assert name == "--lr"
    assert 1e-4 < float(rate) < 0.2


def test_rotation_that_makes_other_digits_is_found(fit_few: Fit) -> None:
    assert kinds(fit_few(lr=3e-3, rotation=180.0).findings) == ["turned-digits"]


@pytest.mark.parametrize(
    "part",
    [
        "network Right", "network Normalized", "network LogSoftmax", "loss right", "loss margin", "loss squares",
    ],
)  # fmt: skip
def test_right_part_is_silent(part: str, fit_few: Fit, own: Callable[..., str]) -> None:
    setting, name = part.split()
    assert kinds(fit_few(lr=3e-3, hidden_sizes=(32,), **{setting: own(PARTS, name)}).findings) == []


@pytest.mark.parametrize("loss", ["focal", "squared-error", "hinge"])
def test_shipped_loss_is_silent(loss: str, fit_few: Fit) -> None:
    assert kinds(fit_few(lr=3e-3, hidden_sizes=(32,), loss=loss).findings) == []


SMALLER = {
    "synthetic": 0, "pen_strokes": 0, "simulated_photos": 0, "simulated_captures": 0, "outliers": 0, "teacher": "",
    "ensemble_size": 1, "replay_size": 0,
}  # fmt: skip
"""What takes long to make, or is trained by itself: members and teachers are trained as any other recipe."""


@pytest.mark.parametrize("recipe", RECIPES)
def test_shipped_recipe_is_silent(recipe: str, fit_few: Fit) -> None:
    assert kinds(fit_few(recipe, **SMALLER).findings) == []
