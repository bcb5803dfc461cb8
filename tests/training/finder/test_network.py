"""The network: its shapes, its size, what it begins with; its losses against plain formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from tests.finder_documents import describe

from digits.inference.finder.outputs import outputs
from digits.synthesis.documents.truth import CHARACTERS
from digits.training.finder.losses import USUAL, WEIGHTS, count_right, finder_losses, weigh
from digits.training.finder.network import FinderNetwork
from digits.training.finder.targets import encode

CLASSES = len(CHARACTERS)


def test_it_has_a_million_weights_at_most() -> None:
    assert 500_000 < sum(weight.numel() for weight in FinderNetwork(CLASSES).parameters()) <= 1_050_000


@pytest.mark.parametrize("size", [(32, 32), (64, 160)])
def test_it_answers_at_every_fourth_pixel(size: tuple[int, int]) -> None:
    maps = FinderNetwork(CLASSES, (4, 4, 4, 4, 4), (1, 1, 1, 1), 4)(torch.zeros(2, *size, dtype=torch.uint8))
    wanted = {name: (2, channels, size[0] // 4, size[1] // 4) for name, channels in outputs(CLASSES).items()}
    assert {name: tuple(values.shape) for name, values in maps.items()} == wanted


def test_it_begins_with_nothing_found() -> None:
    torch.manual_seed(0)
    with torch.inference_mode():
        maps = FinderNetwork(CLASSES)(torch.randint(0, 256, (2, 128, 128), dtype=torch.uint8))
    assert maps["centres"].sigmoid().mean() < 0.1
    assert maps["boxes"][:, 2:].exp().median() == pytest.approx(20, rel=0.5)


def perfect() -> tuple[dict[str, torch.Tensor], object]:
    """Raw outputs that are exactly right for a document, and its targets."""
    row = {"lines": np.zeros(2, np.int64), "orders": np.array([0, 1])}
    targets = encode([describe((128, 128), [(20, 40, 20, 30), (50, 40, 20, 30)], [4, 7], **row)])
    n, _, height, width = targets.heat.shape
    maps = {name: torch.zeros(n, channels, height, width) for name, channels in outputs(CLASSES).items()}
    maps["centres"] = torch.where(targets.heat == 1, 30.0, -30.0)
    maps["small"] = torch.full_like(maps["small"], -30)
    rows, columns = targets.cells // width, targets.cells % width
    maps["classes"][0, targets.labels, rows, columns] = 40
    maps["boxes"][0, :, rows, columns] = targets.boxes.T
    maps["links"][0, :, rows, columns] = torch.cat((60 * targets.links[:, :1] - 30, targets.links[:, 1:]), 1).T
    maps["directions"][0, :, rows, columns] = targets.directions.T
    maps["struck"][:] = -30
    return maps, targets


def test_right_answers_cost_nothing() -> None:
    maps, targets = perfect()
    assert sum(finder_losses(maps, targets).values()) == pytest.approx(0, abs=1e-5)
    assert count_right(maps, targets, 0.3).tolist() == [2, 2]


@pytest.mark.parametrize("name", WEIGHTS)
def test_each_output_has_its_own_loss(name: str) -> None:
    maps, targets = perfect()
    maps[name] = maps[name] + 70 * torch.randn(maps[name].shape, generator=torch.Generator().manual_seed(0))
    wrong = finder_losses(maps, targets)
    assert wrong.pop(name) > 1
    assert sum(wrong.values()) == pytest.approx(0, abs=1e-5)


def test_losses_are_those_of_the_formulas() -> None:
    maps, targets = perfect()
    maps["boxes"] = maps["boxes"] + 0.5
    maps["classes"][:] = 0
    maps["links"][:, 1:] += 0.25
    losses = finder_losses(maps, targets)
    assert losses["boxes"] == pytest.approx(WEIGHTS["boxes"] * 4 * 0.5)
    assert losses["classes"] == pytest.approx(WEIGHTS["classes"] * math.log(CLASSES))
    assert losses["links"] == pytest.approx(WEIGHTS["links"] * 2 * 0.25 / 2), "one of two characters has a successor"


def test_the_centres_loss_is_that_of_the_paper() -> None:
    _, targets = perfect()
    logits = torch.randn(targets.heat.shape, generator=torch.Generator().manual_seed(1))
    maps = perfect()[0] | {"centres": logits}
    p, y = logits.sigmoid().double(), targets.heat.double()
    wanted = -torch.where(y == 1, (1 - p) ** 2 * p.log(), (1 - y) ** 4 * p**2 * (1 - p).log()).sum() / 2
    assert finder_losses(maps, targets)["centres"].item() == pytest.approx(wanted.item(), rel=1e-5)


def test_a_step_with_few_characters_weighs_less() -> None:
    """Of n characters, independent gradients add up to the root of n: so should the weighted loss of a step."""
    one = [describe((128, 128), [(20, 40, 20, 30)], [4])]
    nine = [describe((128, 128), [(4 + 12 * row, 40, 10, 30) for row in range(9)], [7] * 9)]
    assert weigh(encode(nine), 1) == pytest.approx(3 * weigh(encode(one), 1).item())
    assert weigh(encode(nine), 9) == pytest.approx(weigh(encode(one), 1).item()), "one character a crop"
    assert weigh(encode(one), 1) == pytest.approx(USUAL**-0.5)
    assert weigh(encode([describe((128, 128), [], [])]), 1) > 0, "what is not there is learned, too"


def test_a_wrong_class_or_a_low_score_is_not_right() -> None:
    maps, targets = perfect()
    maps["classes"] = maps["classes"].roll(1, 1)
    assert count_right(maps, targets, 0.3).tolist() == [0, 2]
    maps, targets = perfect()
    maps["centres"][:] = -5
    assert count_right(maps, targets, 0.3).tolist() == [0, 2]
