"""The configuration and the recipes: what is rejected, and that JSON and commands give the same configuration back."""

from __future__ import annotations

import dataclasses
import json
import shlex
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digits import cli
from digits.errors import UsageError
from digits.training.config import SECTION_OF, SECTIONS, SYNONYMS, TrainConfig
from digits.training.recipes import RECIPES, get_recipe, write_command

OPTIONS = {
    field.name: field.metadata["option"] for section in SECTIONS.values() for field in dataclasses.fields(section)
}
INFINITE = (float("inf"), float("nan"))

REJECTED = [
    *[(name, value, "from 0 to below 1") for name in ("dropout", "scale", "momentum") for value in (-0.1, 1.0)],
    *[(name, value, "0 or more") for name in ("weight_decay", "ema_epochs", "shift") for value in (-0.1, *INFINITE)],
    *[(name, -1, "0 or more") for name in ("patience", "synthetic", "pen_strokes", "simulated_photos")],
    *[(name, -1, "0 or more") for name in ("simulated_captures", "outliers", "replay_size")],
    *[(name, value, "from 0 to below") for name in ("seed", "split_seed") for value in (-1, 2**63)],
    *[("threads", value, "from 0 to 1024") for value in (-1, 1025)],
    *[(name, 0, "1 or more") for name in ("batch_size", "epochs", "validation_size")],
    *[(name, value, "above 0") for name in ("lr", "muon_lr", "distill_temperature") for value in (0.0, *INFINITE)],
    ("hidden_sizes", (256, 0), "1 or more"),
    ("channels", (16, 0), "1 or more"),
    ("channels", (), "1 to 4 widths"),
    ("channels", (1, 2, 3, 4, 5), "1 to 4 widths"),
    *[("ensemble_size", value, "from 1 to 100") for value in (0, 101)],
    ("cascade_threshold", 1.5, "above 0 and at most 1"),
]


@pytest.mark.parametrize(("name", "value", "allowed"), REJECTED)
def test_impossible_value_is_rejected_with_what_is_allowed(name: str, value: Any, allowed: str) -> None:
    with pytest.raises(UsageError, match=f"^{name} must be .*{allowed}.*, not") as rejected:
        TrainConfig().replace(**{name: value})
    assert rejected.value.exit_code == 2


def test_bounds_themselves_are_allowed() -> None:
    values = {"dropout": 0.0, "seed": 2**63 - 1, "threads": 1024, "epochs": 1, "momentum": 0.999, "hidden_sizes": ()}
    assert TrainConfig.from_settings(**values).settings.items() >= values.items()


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("network", "mpl", r"did you mean mlp\?; your own is given as path/to/file\.py:Name"),
        ("optimizer", "adamm", "did you mean adam"),
        ("loss", "cross_entropy", r"did you mean cross-entropy\?"),
        ("activation", "rleu", "did you mean relu"),
        ("activation", "a.py:F", "choose from relu, leaky-relu"),
        ("precision", "float16", "did you mean bfloat16"),
        ("schedule", "zzz", "choose from constant, linear"),
    ],
)
def test_unknown_choice_is_answered_with_the_nearest(name: str, value: str, hint: str) -> None:
    with pytest.raises(UsageError, match=hint):
        TrainConfig().replace(**{name: value})


@pytest.mark.parametrize(("name", "hint"), [("epoch", "epochs"), *SYNONYMS.items()])
def test_unknown_setting_is_answered_with_the_right_one(name: str, hint: str) -> None:
    with pytest.raises(UsageError, match=rf"{name}.*did you mean {hint}\b"):
        TrainConfig().replace(**{name: 3})
    assert hint in SECTION_OF
    assert name not in SECTION_OF


def test_unknown_recipe_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no recipe 'clasic'; did you mean classic\?"):
        get_recipe("clasic")
    with pytest.raises(UsageError, match=f"choose from {', '.join(RECIPES)}"):
        get_recipe("qqq")


def test_every_setting_has_a_name_of_its_own_and_a_help_text() -> None:
    assert len(OPTIONS) == sum(len(dataclasses.fields(section)) for section in SECTIONS.values())
    assert [name for name, described in OPTIONS.items() if len(described.help.split()) < 3] == []


def test_no_two_ensembles_share_a_seed() -> None:
    ensembles = [TrainConfig.from_settings(ensemble_size=3, seed=seed) for seed in (0, 1, 2)]
    members = [ensemble.member(index) for ensemble in ensembles for index in range(3)]
    assert [member.run.seed for member in members] == list(range(9))
    assert {member.model.ensemble_size for member in members} == {1}


def values_of(name: str) -> st.SearchStrategy[Any]:
    """All values of a setting that its declaration allows."""
    described, kind = OPTIONS[name], str(SECTIONS[SECTION_OF[name]].__annotations__[name])
    bounds = described.bounds or "[0, inf)"
    low, high = map(float, bounds[1:-1].split(", "))
    above, below = bounds[0] == "(", bounds[-1] == ")" and high < 2
    low, high = max(low, 0), min(high, 10**6)
    whole = st.integers(int(low), int(high))
    if kind == "bool":
        return st.booleans()
    if kind == "int":
        return whole
    if kind == "float":
        return st.floats(low, high, exclude_min=above, exclude_max=below)
    if kind == "tuple[int, ...]":
        return st.lists(whole, min_size=name == "channels", max_size=4).map(tuple)
    plugins = ["my nets/own.py:Net", "a'b.py:Net", "$HOME/own.py:X"] if described.plugin else []
    return st.sampled_from([*described.choices, *plugins] or ["", "cnn", "runs/my teacher"])


settings_of_all_kinds = st.fixed_dictionaries({name: values_of(name) for name in OPTIONS})
names = st.sampled_from(sorted(RECIPES))


@given(names, settings_of_all_kinds)
def test_json_gives_the_same_configuration_back(recipe: str, values: dict[str, Any]) -> None:
    config = get_recipe(recipe, **values)
    assert TrainConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_unchanged_recipe_needs_no_flags(name: str) -> None:
    assert write_command(get_recipe(name)) == f"digits train {name}"


def test_command_names_changed_settings_and_inputs() -> None:
    config = get_recipe("classic", hidden_sizes=(64,), network="my nets/own.py:Net")
    assert shlex.split(write_command(config, data="my digits")) == [
        "digits", "train", "classic", "--network", "my nets/own.py:Net", "--hidden-sizes", "64", "--data", "my digits",
    ]  # fmt: skip


def test_command_leaves_out_the_network_of_the_initial_model() -> None:
    config = get_recipe("personal", hidden_sizes=(64,), ensemble_size=2, epochs=3)
    assert shlex.split(write_command(config, extra_data="my own", **{"from": "cnn"})) == [
        "digits", "train", "personal", "--epochs", "3", "--extra-data", "my own", "--from", "cnn",
    ]  # fmt: skip


class Parsed(Exception):  # noqa: N818, it is no error
    """Carries what would be trained out of the command line."""


def parse(words: list[str]) -> tuple[TrainConfig, Any]:
    """Return the configuration and the data that these words would train with."""

    def stop(config: TrainConfig, *, data: Any, **_: Any) -> None:
        raise Parsed(config, data)

    with mock.patch("digits.training.train", stop, create=True), pytest.raises(Parsed) as stopped:
        cli.COMMANDS["train"](words)
    return stopped.value.args  # type: ignore[return-value]


@settings(max_examples=40)
@given(names, settings_of_all_kinds, st.one_of(st.none(), st.just("my digits")))
def test_command_gives_the_same_configuration_back(recipe: str, values: dict[str, Any], data: str | None) -> None:
    config = get_recipe(recipe, **values)
    words = shlex.split(write_command(config, data=data))
    assert words[:2] == ["digits", "train"]
    assert parse(words[2:]) == (config, data)


def test_folder_named_synthetic_keeps_its_path() -> None:
    assert [parse(["--data", place])[1] for place in ("synthetic", "./synthetic")] == ["synthetic", "./synthetic"]


@pytest.mark.parametrize("words", [["classic"], ["--recipe", "classic"], ["--recipe=classic"]])
@pytest.mark.parametrize("changes", [[], ["--epochs", "3"], ["--lr", "0.001", "--epochs", "3"]])
def test_recipe_may_stand_anywhere(words: list[str], changes: list[str]) -> None:
    expected = get_recipe("classic", epochs=3 if changes else 10)
    assert parse([*words, *changes])[0] == expected
    assert parse([*changes, *words])[0] == expected


@pytest.mark.parametrize("words", [["--from", "cnn"], ["--from=cnn"]])
def test_initial_model_selects_the_recipe_personal(words: list[str]) -> None:
    assert parse(words)[0] == get_recipe("personal")
    assert parse(["classic", *words])[0] == get_recipe("classic")


def test_default_recipe_is_standard() -> None:
    assert parse([])[0] == TrainConfig() == get_recipe("standard")
