"""Settings as dataclass fields: each states its default, its help text and its bounds once.

Command-line flags, error texts and the tables in the documentation are all generated from these fields.
"""

from __future__ import annotations

import dataclasses
import reprlib
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from digits.errors import UsageError

MAX_SHOWN = 80
"""Characters of a wrong value that an error text shows."""


@dataclass(frozen=True)
class Option:
    """What is known about a setting beside its type and default.

    Attributes
    ----------
    help
        One or two sentences for `--help` and the documentation.
    bounds
        The interval of allowed numbers, such as ``[0, 1)`` or ``(0, inf)``; for a tuple, of each of its elements.
    choices
        The names that are allowed; none means any.
    plugin
        Whether ``path/to/file.py:Name`` is allowed beside the choices.
    flags
        Flags of the command line, where they differ from the field's name: ``("-o", "--out")``.
    metavar
        What stands for the value in `--help`.
    positional
        Whether the command line takes it as a word without a flag.
    repeated
        Whether the flag takes one value and may be given several times; other flags of tuples take several at once.
    """

    help: str
    bounds: str = ""
    choices: tuple[str, ...] = ()
    plugin: bool = False
    flags: tuple[str, ...] = ()
    metavar: str = ""
    positional: bool = False
    repeated: bool = False


def option(default: Any, help: str, bounds: str = "", **more: Any) -> Any:  # noqa: A002 # every command line's word
    """Declare a dataclass field; `help`, `bounds` and `more` are the attributes of `Option`."""
    return dataclasses.field(default=default, metadata={"option": Option(help, bounds, **more)})


def check(settings: Any) -> None:
    """Check every field of a frozen dataclass against its type, choices and bounds; `__post_init__` calls this.

    A tuple may be given as a list, as JSON and notebooks do, or as a single number.

    Raises
    ------
    UsageError
        Naming the field, the value and what is allowed.
    """
    for field in dataclasses.fields(settings):
        if "option" not in field.metadata:
            continue
        value = getattr(settings, field.name)
        if str(field.type).startswith("tuple"):
            value = to_tuple(value)
            object.__setattr__(settings, field.name, value)
        check_value(field.name, value, field)


def check_value(name: str, value: Any, field: dataclasses.Field[Any]) -> None:
    """Check one value against the type, choices and bounds of a field; an error calls it `name`.

    Raises
    ------
    UsageError
        Saying what is allowed.
    """
    described: Option = field.metadata["option"]
    declared, optional, _ = str(field.type).partition(" | None")
    if optional and value is None:
        return
    _check_type(name, value, declared)
    if described.choices and value not in described.choices and not (described.plugin and ":" in value):
        hint = "; your own is given as path/to/file.py:Name" if described.plugin else ""
        raise UsageError(f"{name} {shorten(value)} is unknown{suggest(value, described.choices)}{hint}")
    for number in value if isinstance(value, tuple) else (value,):
        if isinstance(number, int | float) and not _within(number, described.bounds or "(-inf, inf)"):
            raise UsageError(f"{name} must be {describe_bounds(described.bounds)}, not {shorten(number)}")


def to_tuple(value: Any) -> Any:
    """Return a list or a single number as a tuple, which JSON and notebooks have no short way to write."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def describe_bounds(bounds: str) -> str:
    """Write an interval as words, for example ``from 0 to below 1`` for ``[0, 1)``."""
    low, high = bounds[1:-1].split(", ") if bounds else ("-inf", "inf")
    if high == "inf":
        return "a finite number" if low == "-inf" else f"above {low}" if bounds[0] == "(" else f"{low} or more"
    start = f"above {low} and" if bounds[0] == "(" else f"from {low} to"
    return f"{start} {'below' if bounds[-1] == ')' else 'at most'} {high}".replace("to at most", "to")


def suggest(name: str, names: Iterable[str]) -> str:
    """End a sentence about an unknown name with the names that may have been meant."""
    import difflib

    names = list(names)
    close = difflib.get_close_matches(name[:MAX_SHOWN], names, n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(close)}?" if close else f"; choose from {', '.join(names)}"


def shorten(value: object) -> str:
    """Write a value into an error text: as Python writes it, but not all of a long one."""
    if isinstance(value, int) and value.bit_length() > MAX_SHOWN:
        return f"a number of {value.bit_length()} bits"  # Python refuses to write the longest
    text = reprlib.repr(value) if isinstance(value, list | tuple | dict) else repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


def _within(number: int | float, bounds: str) -> bool:
    low, high = map(float, bounds[1:-1].split(", "))
    is_above = number > low or (number == low and bounds[0] == "[")
    is_below = number < high or (number == high and bounds[-1] == "]")
    is_finite = abs(number) <= sys.float_info.max  # whole numbers may exceed what a float holds
    return is_finite and is_above and is_below


def _check_type(name: str, value: object, declared: str) -> None:
    kinds: dict[str, tuple[tuple[type, ...], str]] = {
        "str": ((str,), "a text"),
        "int": ((int,), "a whole number"),
        "float": ((int, float), "a number"),
        "bool": ((bool,), "true or false"),
        "tuple[int, ...]": ((tuple,), "a tuple of whole numbers"),
        "tuple[float, ...]": ((tuple,), "numbers"),
    }
    if declared not in kinds:
        return
    allowed, described = kinds[declared]
    elements = (int,) if declared == "tuple[int, ...]" else (int, float)
    wrong_elements = isinstance(value, tuple) and not all(type(element) in elements for element in value)
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed) or wrong_elements:
        raise UsageError(f"{name} must be {described}, not {shorten(value)}")
