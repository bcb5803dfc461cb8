"""Settings as dataclass fields: each states its default, its help text and its bounds once.

Command-line flags, error texts and the tables in the documentation are all generated from these fields.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from digits.errors import UsageError


@dataclass(frozen=True)
class Option:
    """What is known about a setting beside its type and default.

    Attributes
    ----------
    help
        One or two sentences for `--help` and the documentation.
    bounds
        Lowest and highest value; for a tuple, of each of its elements.
    open_ends
        Whether the lowest and the highest value are themselves excluded.
    choices
        The names that are allowed; none means any.
    plugin
        Whether ``path/to/file.py:Name`` is allowed beside the choices.
    flags
        Further flags for the command line, such as ``-o``; a name without dashes replaces the field's own.
    metavar
        What stands for the value in `--help`.
    positional
        Whether the command line takes it as a word without a flag.
    """

    help: str
    bounds: tuple[int | float, int | float] = (-math.inf, math.inf)
    open_ends: tuple[bool, bool] = (False, False)
    choices: tuple[str, ...] = ()
    plugin: bool = False
    flags: tuple[str, ...] = ()
    metavar: str = ""
    positional: bool = False


def option(
    default: Any,
    help: str,  # noqa: A002 # the word every command line uses
    *,
    at_least: int | float = -math.inf,
    above: int | float | None = None,
    at_most: int | float = math.inf,
    below: int | float | None = None,
    **more: Any,
) -> Any:
    """Declare a dataclass field with its help text and bounds; `more` are further attributes of `Option`."""
    bounds = (float(at_least if above is None else above), float(at_most if below is None else below))
    described = Option(help, bounds, (above is not None, below is not None), **more)
    return dataclasses.field(default=default, metadata={"option": described})


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
        raise UsageError(f"{name} {value!r} is unknown{suggest(value, described.choices)}{hint}")
    for number in value if isinstance(value, tuple) else (value,):
        if isinstance(number, int | float) and not _within(number, described):
            raise UsageError(f"{name} must be {describe_bounds(described)}, not {number}")


def to_tuple(value: Any) -> Any:
    """Return a list or a single number as a tuple, which JSON and notebooks have no short way to write."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def describe_bounds(described: Option) -> str:
    """Write the bounds of a number as text, for example ``from 0 to below 1``."""
    (low, high), (above, below) = described.bounds, described.open_ends
    upper = "" if high == math.inf else f"{'below' if below else 'at most'} {high:g}"
    if low == -math.inf:
        return upper or "a finite number"
    if above:
        return f"above {low:g}" + (f" and {upper}" if upper else "")
    return f"from {low:g} to {upper.removeprefix('at most ')}" if upper else f"{low:g} or more"


def suggest(name: str, names: Iterable[str]) -> str:
    """End a sentence about an unknown name with the names that may have been meant."""
    import difflib

    names = list(names)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(close)}?" if close else f"; choose from {', '.join(names)}"


def _within(number: int | float, described: Option) -> bool:
    (low, high), (above, below) = described.bounds, described.open_ends
    if not math.isfinite(number):
        return False
    return (low < number if above else low <= number) and (number < high if below else number <= high)


def _check_type(name: str, value: object, declared: str) -> None:
    kinds: dict[str, tuple[tuple[type, ...], str]] = {
        "str": ((str,), "a text"),
        "int": ((int,), "a whole number"),
        "float": ((int, float), "a number"),
        "bool": ((bool,), "true or false"),
        "tuple[int, ...]": ((tuple,), "a tuple of whole numbers"),
    }
    if declared not in kinds:
        return
    allowed, described = kinds[declared]
    wrong_elements = isinstance(value, tuple) and not all(type(element) is int for element in value)
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed) or wrong_elements:
        raise UsageError(f"{name} must be {described}, not {value!r}")
