"""Settings declared with `option`: their types and bounds; choices are tested with the configuration of training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from digits.errors import UsageError
from digits.options import check, describe_bounds, option


@dataclass(frozen=True)
class Settings:
    count: int = option(1, "A number.", "[0, inf)")
    rate: float = option(0.1, "A rate.", "(0, inf)")
    is_on: bool = option(False, "A switch.")
    name: str = option("", "A text.")
    widths: tuple[int, ...] = option((2, 3), "Several numbers.", "[1, inf)")

    def __post_init__(self) -> None:
        check(self)


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("count", 2.5, "a whole number"),
        ("count", "3", "a whole number"),
        ("count", True, "a whole number"),
        ("rate", "fast", "a number"),
        ("rate", False, "a number"),
        ("is_on", 1, "true or false"),
        ("name", 3, "a text"),
        ("name", None, "a text"),
        ("widths", (256, 1.5), "a tuple of whole numbers"),
        ("widths", None, "a tuple of whole numbers"),
        ("widths", (256, 0), "1 or more"),
        ("rate", 0, "above 0"),
        ("rate", float("nan"), "above 0"),
    ],
)
def test_wrong_type_or_value_is_named_with_what_is_allowed(name: str, value: Any, kind: str) -> None:
    with pytest.raises(UsageError, match=f"^{name} must be {kind}, not"):
        Settings(**{name: value})


@pytest.mark.parametrize(("value", "stored"), [([64, 32], (64, 32)), (256, (256,)), ((), ())])
def test_tuple_may_be_given_as_a_list_or_a_number(value: Any, stored: tuple[int, ...]) -> None:
    assert Settings(widths=value).widths == stored


@pytest.mark.parametrize(
    ("bounds", "text"),
    [
        ("[0, inf)", "0 or more"),
        ("(0, inf)", "above 0"),
        ("[0, 1)", "from 0 to below 1"),
        ("(0, 1]", "above 0 and at most 1"),
        ("[1, 100]", "from 1 to 100"),
        ("", "a finite number"),
    ],
)
def test_bounds_are_described(bounds: str, text: str) -> None:
    assert describe_bounds(bounds) == text
