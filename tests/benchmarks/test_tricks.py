"""The ten tricks: one change each of the plain training, none of them twice, all of the same network."""

import pytest
from benchmarks.tricks import PLAIN, TRICKS, configure

from digits.training import make_network


def test_each_trick_changes_what_it_names_alone() -> None:
    configs = configure()
    assert len(TRICKS) == 10
    assert len({str(config.to_dict()) for config in configs.values()}) == 11, "no trick is that of another name"
    for name, changes in TRICKS.items():
        settings = configs[name].settings
        assert {key for key, value in PLAIN.settings.items() if settings[key] != value} == {*changes}, name


@pytest.mark.parametrize("name", ["plain", "dropout of a fifth", "GELU instead of ReLU"])
def test_network_stays_784_256_128_10(name: str) -> None:
    assert sum(weights.numel() for weights in make_network(configure()[name]).parameters()) == 235_146
