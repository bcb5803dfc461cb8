"""The configuration: what it refuses and in which words, and that every form of it says the same."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import io
import json
import re
import shlex
import sys
from typing import Any
from unittest import mock

import pytest
import tyro
from hypothesis import given, settings
from hypothesis import strategies as st

from digits import cli
from digits.errors import UsageError
from digits.training import config as config_module
from digits.training.config import ACTIVATIONS, LOSSES, OPTIMIZERS, PRECISIONS, SCHEDULES, TrainConfig
from digits.training.recipes import RECIPES, command, recipe

SHARE = "from 0 to below 1"
REFUSED = [
    *[
        (field, value, SHARE)
        for field in ("dropout", "label_smoothing", "scale", "warmup", "extra_share")
        for value in (-0.1, 1.0)
    ],
    *[
        (field, value, "0 or more")
        for field in ("weight_decay", "averaging", "rotation", "shear", "shift", "elastic")
        for value in (-0.1, float("inf"), float("nan"))
    ],
    ("momentum", 1.0, SHARE),
    ("momentum", -0.5, SHARE),
    *[(field, -1, "0 or more") for field in ("patience", "synthetic", "photographs", "others", "replay")],
    *[(field, value, "from 0 to below 2^63") for field in ("seed", "split_seed") for value in (-1, 2**63)],
    ("threads", -1, "from 0 to 1024"),
    ("threads", 1025, "from 0 to 1024"),
    *[(field, 0, "1 or more") for field in ("batch_size", "epochs", "validation")],
    *[
        (field, value, "more than 0")
        for field in ("learning_rate", "matrix_rate", "softening")
        for value in (0.0, -1.0, float("inf"), float("nan"))
    ],
    ("hidden", (256, 0), "widths of 1 or more"),
    ("channels", (), "one or more widths of 1 or more"),
    ("channels", (16, 0), "one or more widths of 1 or more"),
    *[("members", value, "from 1 to 100") for value in (0, 101)],
]


@pytest.mark.parametrize(("field", "value", "bounds"), REFUSED)
def test_impossible_values_are_refused_by_name_and_bounds(field: str, value: Any, bounds: str) -> None:
    with pytest.raises(UsageError) as refused:
        TrainConfig().replace(**{field: value})
    shown = list(value) if isinstance(value, tuple) else value
    assert str(refused.value) == f"{field} must be {bounds}, not {shown}"
    assert refused.value.exit_code == 2


def unchecked() -> Any:
    """Give the configuration as users have it, without the checks of types that tests add to `digits`."""
    specification = importlib.util.spec_from_file_location("unchecked_config", config_module.__file__)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    with mock.patch.dict(sys.modules, {"unchecked_config": module}):
        specification.loader.exec_module(module)
    return module.TrainConfig()


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("epochs", 2.5, "a whole number"),
        ("epochs", "3", "a whole number"),
        ("seed", True, "a whole number"),
        ("learning_rate", "fast", "a number"),
        ("optimizer", 3, "a text"),
        ("hidden", 256, "a tuple of whole numbers"),
        ("hidden", (256, 1.5), "a tuple of whole numbers"),
    ],
)
def test_values_of_another_type_are_refused(field: str, value: Any, kind: str) -> None:
    with pytest.raises(UsageError) as refused:
        unchecked().replace(**{field: value})
    assert str(refused.value) == f"{field} must be {kind}, not {value!r}"


@pytest.mark.parametrize("width", [1, 0])
def test_the_bounds_themselves_are_right(width: int) -> None:
    config = TrainConfig(dropout=0.0, seed=2**63 - 1, threads=1024, epochs=1, momentum=0.999, hidden=(1,) * width)
    assert config.seed == 2**63 - 1


OWN = "; your own is given as path/to/file.py:Name"


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("network", "mpl", f"network 'mpl' is not known; did you mean mlp?{OWN}"),
        ("optimizer", "adamm", f"optimizer 'adamm' is not known; did you mean adam or radam or nadam?{OWN}"),
        ("loss", "cross_entropy", f"loss 'cross_entropy' is not known; did you mean cross-entropy?{OWN}"),
        ("activation", "rleu", "activation 'rleu' is not known; did you mean relu or elu or silu?"),
        ("activation", "a.py:F", f"activation 'a.py:F' is not known; there are: {', '.join(ACTIVATIONS)}"),
        ("precision", "float16", "precision 'float16' is not known; did you mean bfloat16 or float32?"),
        ("schedule", "zzz", f"schedule 'zzz' is not known; there are: {', '.join(SCHEDULES)}"),
    ],
)
def test_unknown_names_are_answered_with_the_nearest(field: str, value: str, sentence: str) -> None:
    with pytest.raises(UsageError) as refused:
        TrainConfig().replace(**{field: value})
    assert str(refused.value) == sentence


def test_a_cnn_has_at_most_four_widths() -> None:
    with pytest.raises(UsageError, match=r"^channels must be at most 4 widths, not 5$"):
        TrainConfig(channels=(1, 2, 3, 4, 5))


def test_no_two_ensembles_share_a_seed() -> None:
    members = [TrainConfig(members=3, seed=seed).member(index) for seed in (0, 1, 2) for index in range(3)]
    assert [member.seed for member in members] == list(range(9))
    assert {member.members for member in members} == {1}


def test_unknown_fields_and_recipes_are_answered_with_the_nearest() -> None:
    with pytest.raises(
        UsageError, match=r"^there is no field 'epoch' in TrainConfig; did you mean epochs or teacher\?$"
    ):
        TrainConfig().replace(epoch=3)
    with pytest.raises(UsageError, match=r"^there is no recipe 'clasic'; did you mean classic\?$"):
        recipe("clasic")
    with pytest.raises(UsageError, match=rf"^there is no recipe 'qqq'; there are: {', '.join(RECIPES)}$"):
        recipe("qqq")


def test_a_list_of_widths_is_the_tuple() -> None:
    assert unchecked().replace(hidden=[64, 32]).hidden == (64, 32)
    assert unchecked().replace(channels=[8, 16]).channels == (8, 16)


@pytest.fixture(scope="module")
def helps() -> dict[str, str]:
    """What `--help` says of every flag."""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), pytest.raises(SystemExit):
        tyro.cli(TrainConfig, args=["--help"])
    text = " ".join(shown.getvalue().split())
    kinds = r" STR| FLOAT| \[INT \[INT \.\.\.\]\]| INT \[INT \.\.\.\]| INT|, --no-[a-z-]+"
    found = re.findall(rf"--([a-z-]+)(?:{kinds}) (.*?) \(default:", text)
    return {name.replace("-", "_"): said for name, said in found}


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("activation", ACTIVATIONS),
        ("loss", LOSSES),
        ("optimizer", OPTIMIZERS),
        ("schedule", SCHEDULES),
        ("precision", PRECISIONS),
    ],
)
def test_the_help_tells_all_names_that_are_known(helps: dict[str, str], field: str, names: tuple[str, ...]) -> None:
    assert [name for name in names if not re.search(rf"(?<![\w-]){name}(?![\w-])", helps[field])] == []


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(TrainConfig)])
def test_every_flag_tells_what_it_does(helps: dict[str, str], field: str) -> None:
    assert len(helps[field].split()) >= 3


share = st.floats(0, 1, exclude_max=True)
number = st.floats(0, 1e6)
count = st.integers(1, 10**6)
natural = st.integers(0, 2**63 - 1)
configurations = st.fixed_dictionaries(
    {
        "recipe": st.sampled_from(sorted(RECIPES)),
        "network": st.sampled_from(["mlp", "cnn", "my nets/own.py:Net", "a'b.py:Net"]),
        "hidden": st.lists(count, max_size=4).map(tuple),
        "channels": st.lists(count, min_size=1, max_size=4).map(tuple),
        "activation": st.sampled_from(ACTIVATIONS),
        "dropout": share,
        "members": st.integers(1, 100),
        "teacher": st.sampled_from(["", "cnn", "runs/my teacher"]),
        "softening": st.floats(0, 1e6, exclude_min=True),
        "loss": st.sampled_from([*LOSSES, "own.py:Loss"]),
        "label_smoothing": share,
        "optimizer": st.sampled_from([*OPTIMIZERS, "$HOME/own.py:Optimizer"]),
        "learning_rate": st.floats(0, 1e6, exclude_min=True),
        "weight_decay": number,
        "momentum": share,
        "matrix_rate": st.floats(0, 1e6, exclude_min=True),
        "schedule": st.sampled_from(SCHEDULES),
        "warmup": share,
        "batch_size": count,
        "epochs": count,
        "averaging": number,
        "patience": natural,
        "rotation": number,
        "scale": share,
        "shear": number,
        "shift": number,
        "elastic": number,
        "synthetic": natural,
        "photographs": natural,
        "others": natural,
        "replay": natural,
        "extra_share": share,
        "validation": count,
        "split_seed": natural,
        "seed": natural,
        "device": st.sampled_from(["auto", "cpu", "cuda:1"]),
        "threads": st.integers(0, 1024),
        "precision": st.sampled_from(PRECISIONS),
        "compile": st.booleans(),
    }
)


@given(configurations)
def test_json_gives_the_same_configuration_back(values: dict[str, Any]) -> None:
    config = TrainConfig(**values)
    assert TrainConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_json_holds_every_field() -> None:
    assert set(TrainConfig().to_dict()) == {field.name for field in dataclasses.fields(TrainConfig)}


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_recipe_unchanged_needs_no_flags(name: str) -> None:
    assert command(recipe(name)) == f"digits train {name}"


def test_the_command_names_what_was_changed_and_quotes_it() -> None:
    config = recipe("classic").replace(hidden=(64,), network="my nets/own.py:Net")
    assert shlex.split(command(config, "my digits")) == [
        "digits", "train", "classic", "--network", "my nets/own.py:Net", "--hidden", "64", "--data", "my digits",
    ]  # fmt: skip


def test_the_command_names_places_and_leaves_out_what_a_network_is() -> None:
    config = recipe("personal").replace(hidden=(64,), members=2, epochs=3)
    places = {"data": "my digits", "extra": "my own", "start": "cnn"}
    assert shlex.split(command(config, **places)) == [
        "digits", "train", "personal", "--epochs", "3", "--data", "my digits", "--extra", "my own", "--from", "cnn",
    ]  # fmt: skip


class Parsed(Exception):  # noqa: N818, it is no error
    """Carries what would be trained out of the command line."""


def parsed(words: list[str]) -> tuple[TrainConfig, Any]:
    """Give the configuration and the data that these words would train with."""

    def stop(config: TrainConfig, *, data: Any, **_: Any) -> None:
        raise Parsed(config, data)

    with mock.patch("digits.training.run.train", stop), pytest.raises(Parsed) as stopped:
        cli.COMMANDS["train"](words)
    return stopped.value.args  # type: ignore[return-value]


@settings(max_examples=40)
@given(configurations, st.one_of(st.none(), st.just("my digits")))
def test_the_command_is_read_back_as_the_same_configuration(values: dict[str, Any], data: str | None) -> None:
    config = TrainConfig(**values)
    words = shlex.split(command(config, data))
    assert words[:2] == ["digits", "train"]
    assert parsed(words[2:]) == (config, data)


def test_a_folder_that_is_called_as_our_own_pen_keeps_its_path() -> None:
    assert [parsed(["--data", place])[1] for place in ("synthetic", "./synthetic")] == ["synthetic", "./synthetic"]


@pytest.mark.parametrize(
    "words",
    [
        ["classic"],
        ["--recipe", "classic"],
        ["--recipe=classic"],
    ],
)
@pytest.mark.parametrize("changed", [[], ["--epochs", "3"]])
def test_a_recipe_may_come_first_or_behind_its_flag(words: list[str], changed: list[str]) -> None:
    expected = recipe("classic").replace(epochs=3 if changed else 10)
    assert parsed([*words, *changed])[0] == expected
    if len(words) == 2 or words[0].startswith("--recipe="):
        assert parsed([*changed, *words])[0] == expected


@pytest.mark.parametrize("words", [["--from", "cnn"], ["--from=cnn"]])
def test_without_a_recipe_a_network_goes_on_by_the_personal_one(words: list[str]) -> None:
    assert parsed(words)[0] == recipe("personal")
    assert parsed(["classic", *words])[0] == recipe("classic")


def test_without_a_recipe_it_is_the_standard_one() -> None:
    assert parsed([])[0] == TrainConfig() == recipe("standard")
