"""Ablations: which parts a recipe has, and what is said of each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from digits.errors import UsageError
from digits.experiments import ablate, describe_ablation, write_ablation
from digits.experiments.ablation import OFF, select_parts, to_json
from digits.experiments.repeats import _plan
from digits.training import RECIPES, get_recipe
from digits.types import Dataset

AUGMENTATION = {"rotation": 0.0, "scale": 0.0, "shear": 0.0, "shift": 0.0, "elastic": 0.0}


@pytest.mark.parametrize(
    ("patterns", "parts"),
    [
        (["augmentation.*"], {name: {name: off} for name, off in AUGMENTATION.items()}),
        (["augmentation"], {"augmentation": AUGMENTATION}),
        (["s*"], {name: {name: OFF[name]} for name in ("schedule", "scale", "shear", "shift")}),
        (["weight-decay", "optimization.warmup"], {"weight_decay": {"weight_decay": 0.0}, "warmup": {"warmup": 0.0}}),
        (["elastic", "augmentation.e*"], {"elastic": {"elastic": 0.0}}),
    ],
)  # fmt: skip
def test_patterns_name_what_the_recipe_has(patterns: list[str], parts: dict[str, Any]) -> None:
    assert select_parts(get_recipe("standard"), patterns) == parts


def test_section_with_one_active_part_is_that_part_alone() -> None:
    parts = select_parts(get_recipe("fast", rotation=5.0), ["rotation", "augmentation"])
    assert parts == {"rotation": {"rotation": 0.0}}


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("elastik", "no part 'elastik'; did you mean elastic"),
        ("lr", "lr has no value that leaves it out"),
        ("dropout", "the recipe standard has no dropout to leave out"),
    ],
)
def test_what_cannot_be_left_out_is_said(pattern: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        select_parts(get_recipe("standard"), [pattern])


def test_every_part_can_be_left_out_of_every_recipe() -> None:
    for config in RECIPES.values():
        assert config.replace(**OFF).settings.items() >= OFF.items()


def test_each_part_is_compared_with_the_whole(make_run: Callable[..., Path], few: Dataset, tmp_path: Path) -> None:
    config = get_recipe("fast", validation_size=200, dropout=0.1, shift=1.0)
    without = [{}, {"dropout": 0.0}, {"shift": 0.0}]
    shares = (0.95, 0.7, 0.95)
    for seed in range(4):
        for changes, share in zip(without, shares, strict=True):
            changed = config.replace(**changes)
            folder = next(place for each, place in _plan([changed], 4, tmp_path) if each.run.seed == seed)
            make_run(folder.name, share, seed=seed, dropout=changed.model.dropout, shift=changed.augmentation.shift)
    found = ablate(config, ["dropout", "shift"], tmp_path, seeds=4, data=few)
    pairs = found.comparison.pairs
    assert found.parts == ("dropout", "shift")
    assert [pair.first.runs[0].config.replace(seed=0) for pair in pairs] == [
        config.replace(**changes) for changes in without[1:]
    ]
    assert {pair.second for pair in pairs} == {found.comparison.groups[0]}
    assert pairs[0].difference < -0.15
    text = describe_ablation(found)
    points = f"{-100 * pairs[0].difference:.2f}"
    assert f"dropout helps: without it, {points} points less." in text
    assert "shift makes no difference as far as these" in text
    assert "on the 200 validation digits of few; the test digits stay sealed" in text
    rows = json.loads(json.dumps(to_json(found), allow_nan=False))["pairs"]
    assert [(row["part"], row["shown"]) for row in rows] == [("dropout", True), ("shift", False)]
    assert write_ablation(found, tmp_path).stat().st_size > 5000
