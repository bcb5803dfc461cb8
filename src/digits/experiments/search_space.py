"""What a sweep searches: the settings, and the values that each may take, as one writes them on the command line."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import Field, dataclass
from typing import Any, TypeAlias

from digits.errors import UsageError
from digits.options import suggest
from digits.training.config import SECTION_OF, SECTIONS, SYNONYMS, TrainConfig

Value: TypeAlias = "float | int | str | bool"
"""A value as Optuna stores it; the numbers of a tuple are text, such as ``256-128``."""

SECTIONS_SEARCHED = ("model", "optimization", "augmentation", "data")

NOT_SEARCHED = {
    "ensemble_size": "a sweep trains one network per trial",
    "cascade_threshold": "a sweep trains one network per trial",
    "teacher": "a teacher would have to be trained first; name a finished run with --teacher for all trials",
    "validation_size": "all trials must be compared on the same validation digits",
    "split_seed": "all trials must be compared on the same validation digits",
    "replay_size": "it is for fine-tuning alone",
    "personal_share": "it is for fine-tuning alone",
}
"""Settings that cannot be searched, and why."""

HOW = "as in muon_lr=log:0.005:0.1, epochs=1:5, optimizer=adamw,muon or hidden_sizes=256-128,512"


@dataclass(frozen=True)
class Search:
    """The values that one setting may take.

    Attributes
    ----------
    name
        The setting.
    low, high
        The range, both ends included; None where there are choices.
    is_log
        Whether each factor in the range is as probable as any other, instead of each difference.
    is_whole
        Whether the range has whole numbers only.
    choices
        The values to choose from, instead of a range.
    """

    name: str
    low: int | float | None = None
    high: int | float | None = None
    is_log: bool = False
    is_whole: bool = False
    choices: tuple[Value, ...] = ()

    def __str__(self) -> str:
        if self.choices:
            return f"{self.name}={','.join(map(str, self.choices))}"
        return f"{self.name}={'log:' * self.is_log}{self.low:g}:{self.high:g}"

    def contains(self, value: Value) -> bool:
        """Say whether the setting may take this value."""
        if self.choices:
            return value in self.choices
        assert isinstance(self.low, int | float), "a search has a range or choices"
        assert isinstance(self.high, int | float), "a search has a range or choices"
        return isinstance(value, int | float) and self.low <= value <= self.high


def parse_searches(texts: Sequence[str], config: TrainConfig) -> tuple[Search, ...]:
    """Read searches such as ``muon_lr=log:0.005:0.1``, and make sure that the recipe allows every value by itself.

    Raises
    ------
    UsageError
        For an unknown setting, values that cannot be read or are not allowed, or a setting that is named twice.
    """
    if not texts:
        raise UsageError(f"name what to search with --search, {HOW}")
    searches = tuple(_parse(text, config) for text in texts)
    names = [search.name for search in searches]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{name} is searched twice: name all its values at once")
    return searches


def to_settings(values: dict[str, Value]) -> dict[str, Any]:
    """Return the values of a trial as `TrainConfig.replace` takes them."""
    return {name: _tuple(value) if _is_tuple(name) else value for name, value in values.items()}


def from_settings(settings: dict[str, Any], searches: Sequence[Search]) -> dict[str, Value]:
    """Return the values that a recipe has for the settings that are searched, as `Search` writes them."""
    chosen = {search.name: settings[search.name] for search in searches}
    return {name: "-".join(map(str, value)) if isinstance(value, tuple) else value for name, value in chosen.items()}


def _parse(text: str, config: TrainConfig) -> Search:
    name, equals, values = text.partition("=")
    name = name.strip().replace("-", "_").rpartition(".")[2]
    if not equals or not values:
        raise UsageError(f"--search {text!r} names no values: write it {HOW}")
    if name not in SECTION_OF:
        meant = f"; did you mean {SYNONYMS[name]}?" if name in SYNONYMS else suggest(name, _searchable())
        raise UsageError(f"--search: there is no setting {name!r}{meant}")
    if name not in _searchable():
        reason = NOT_SEARCHED.get(name, "it does not say how a network learns")
        raise UsageError(f"--search: {name} cannot be searched: {reason}")
    kind = _field(name).type
    is_range = kind in ("int", "float") and ":" in values
    search = _parse_range(name, values) if is_range else _parse_choices(name, values)
    for value in search.choices or (search.low, search.high):
        assert value is not None, "a search has a range or choices"
        try:
            config.replace(**to_settings({name: value}))
        except UsageError as error:
            raise UsageError(f"--search {text!r}: {error}") from None
    return search


def _parse_range(name: str, text: str) -> Search:
    *log, low_text, high_text = text.split(":")
    is_whole = _field(name).type == "int"
    try:
        if log not in ([], ["log"]):
            raise ValueError
        low, high = (_number(part, is_whole) for part in (low_text, high_text))
    except ValueError:
        numbers = "whole numbers" if is_whole else "numbers"
        raise UsageError(f"--search '{name}={text}' is no range of {numbers}: write LOW:HIGH or log:LOW:HIGH") from None
    if low >= high:
        raise UsageError(f"--search '{name}={text}': the range must rise, but {low:g} is not below {high:g}")
    if log and low <= 0:
        raise UsageError(f"--search '{name}={text}': a logarithmic range must begin above 0")
    return Search(name, low, high, bool(log), is_whole)


def _parse_choices(name: str, text: str) -> Search:
    kind = str(_field(name).type)
    try:
        choices = tuple(_value(part.strip(), kind) for part in text.split(","))
    except ValueError:
        what = {"bool": "true or false", "int": "whole numbers", "float": "numbers"}.get(kind, "numbers joined by -")
        raise UsageError(f"--search '{name}={text}': {name} takes {what}, {HOW}") from None
    if len(choices) < 2 or len({*choices}) < len(choices):
        raise UsageError(f"--search '{name}={text}' needs two different values or more, or a range LOW:HIGH")
    return Search(name, choices=choices)


def _value(text: str, kind: str) -> Value:
    if kind == "bool":
        return {"true": True, "false": False}[text.lower()] if text.lower() in ("true", "false") else _fail(text)
    if kind.startswith("tuple"):
        return "-".join(map(str, _tuple(text)))
    return text if kind == "str" else _number(text, kind == "int")


def _fail(text: str) -> bool:
    raise ValueError(text)


def _number(text: str, is_whole: bool) -> int | float:
    number = int(text) if is_whole else float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _tuple(text: Value) -> tuple[int, ...]:
    return tuple(map(int, str(text).split("-")))


def _field(name: str) -> Field[Any]:
    return next(field for field in dataclasses.fields(SECTIONS[SECTION_OF[name]]) if field.name == name)


def _is_tuple(name: str) -> bool:
    return str(_field(name).type).startswith("tuple")


def _searchable() -> list[str]:
    return [
        name for name, section in SECTION_OF.items() if section in SECTIONS_SEARCHED and name not in NOT_SEARCHED
    ]  # fmt: skip
