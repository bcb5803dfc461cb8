"""Command-line arguments from dataclass fields declared with `digits.options.option`.

The field ``batch_size`` becomes ``--batch-size``, which may also be written ``--batch_size``. Flags may stand before or
after positional words.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from digits.cli.terminal import say
from digits.errors import UsageError
from digits.options import check_value

Call = TypeVar("Call")

Groups: TypeAlias = Mapping[str, Sequence["Field[Any]"]]
"""The fields to list in `--help`, by the title above them."""

WIDTH, INDENT = 80, 28
"""Columns of `--help`, and of its flags."""

KINDS: dict[str, tuple[Any, str]] = {
    "int": (int, "N"), "float": (float, "X"), "Path": (Path, "PATH"), "str": (str, "NAME"),
}  # fmt: skip
"""How a value is read, and what stands for it in `--help`, by its type."""

HELP = {"-h", "--help"}

NO_BREAK = "\N{NO-BREAK SPACE}"


def parse(command: Callable[..., None], kind: type[Call], words: Sequence[str], name: str = "") -> Call:
    """Read the words of a command into a dataclass; answer ``--help`` with the docstring of the command.

    `name` is that of the command where it has several words, such as ``data check``.
    """
    name = name or command.__name__
    declared = fields(kind)  # type: ignore[arg-type] # a dataclass, which no type can say
    if HELP & {*words}:
        positional = [field for field in declared if field.metadata["option"].positional]
        flags = [field for field in declared if field not in positional]
        usage = " ".join([name, *(field.metadata["option"].metavar for field in positional)])
        show_help(usage, str(command.__doc__), {"Arguments": positional, "Flags": flags})
    given = parse_words(declared, words)
    for field in declared:
        if field.default is MISSING and field.name not in given:
            missing = field.metadata["option"].metavar
            raise UsageError(f"{missing} is missing: digits {name} {missing}; see digits {name} --help")
    return kind(**given)


def parse_words(
    declared: Iterable[Field[Any]], words: Sequence[str], synonyms: Mapping[str, str] = {}
) -> dict[str, Any]:
    """Return the values that `words` state, by the name of their field.

    An unknown flag is answered with the nearest one, or with its entry in `synonyms`: names that people type first for
    a field of another name.

    Raises
    ------
    UsageError
        For an unknown flag, a missing value or a value that is not allowed.
    """
    parser = argparse.ArgumentParser(
        add_help=False, allow_abbrev=False, exit_on_error=False, argument_default=argparse.SUPPRESS
    )
    by_flag = {flag: field for field in declared for flag in _flags(field)}
    for field in declared:
        kind, is_tuple = _type(field)
        how: dict[str, Any] = {"action": "store_true"} if kind == "bool" else {"nargs": "*" if is_tuple else None}
        if field.metadata["option"].repeated:
            how = {"action": "append"}
        if flags := _flags(field):
            parser.add_argument(*flags, dest=field.name, **how)
    try:
        found, rest = parser.parse_known_args(_normalize(words, by_flag))
    except argparse.ArgumentError as error:
        flag = max(str(error.argument_name).split("/"), key=len)
        raise UsageError(f"{flag} {'takes no' if 'ignored' in error.message else 'needs a'} value") from None
    if unknown := next((word for word in rest if word.startswith("-") and word not in ("-", "--")), None):
        name = unknown.partition("=")[0]
        word = name.lstrip("-")
        close = difflib.get_close_matches(word, [flag.lstrip("-") for flag in by_flag], n=1, cutoff=0.5)
        meant = synonyms.get(word.replace("-", "_"), "".join(close)).replace("_", "-")
        raise UsageError(f"{name} is unknown; {f'did you mean --{meant}?' if meant else '--help lists all flags'}")
    given: dict[str, Any] = vars(found)
    rest = [word for word in rest if word != "--"]
    for field in declared:
        if field.metadata["option"].positional and rest and field.name not in given:
            given[field.name], rest = (rest, []) if _type(field)[1] else (rest[0], rest[1:])
    if rest:
        raise UsageError(f"unexpected argument {rest[0]!r}")
    return {field.name: _convert(field, given[field.name]) for field in declared if field.name in given}


def show_help(usage: str, text: str, groups: Groups, defaults: Mapping[str, Any] = {}) -> None:
    """Print the help of a command, with `defaults` instead of the fields' own, and end the process."""
    parts = [f"usage: digits {usage} [flags]"]
    parts += [textwrap.fill(" ".join(part.split()), WIDTH, break_on_hyphens=False) for part in text.split("\n\n")]
    for title, listed in groups.items():
        if listed:
            rows = [_row(field, defaults.get(field.name, field.default)) for field in listed]
            parts.append("\n".join([f"{title}:", *rows]))
    say("\n\n".join(parts))
    sys.exit(0)


def _row(field: Field[Any], default: Any) -> str:
    """Write the lines of `--help` about one field: its flags, what it does, its default."""
    described, (kind, is_tuple) = field.metadata["option"], _type(field)
    shown = [] if described.positional else [", ".join(_flags(field))]
    shown += [] if kind == "bool" else [described.metavar or KINDS[kind][1] + " …" * is_tuple]
    text = described.help + (f" One of {', '.join(described.choices)}." if described.choices else "")
    if default not in (MISSING, None, "", ()) and kind != "bool":
        values = default if isinstance(default, tuple) else (default,)
        shown_values = [f"{each:g}" if isinstance(each, float) else str(each) for each in values]
        text += f" [default:{NO_BREAK}{NO_BREAK.join(shown_values)}]"
    left, below = f"  {' '.join(shown)}  ".ljust(INDENT), " " * INDENT
    text = text.replace(" %", f"{NO_BREAK}%")
    row = textwrap.fill(text, WIDTH, initial_indent=left, subsequent_indent=below, break_on_hyphens=False)
    return row.replace(NO_BREAK, " ")


def _type(field: Field[Any]) -> tuple[str, bool]:
    """Return the type of a field's value or elements, and whether it is a tuple of them."""
    declared = str(field.type).removesuffix(" | None")
    return declared.removeprefix("tuple[").removesuffix(", ...]"), declared.startswith("tuple")


def _flags(field: Field[Any]) -> tuple[str, ...]:
    """List every way to write the flag of a field; a positional word may have none."""
    described = field.metadata["option"]
    return described.flags or (() if described.positional else (f"--{field.name.replace('_', '-')}",))


def _normalize(words: Sequence[str], by_flag: Mapping[str, Field[Any]]) -> list[str]:
    """Write flags with dashes, and ``--hidden-sizes 256 128`` as one word, so that positional words may follow."""
    result: list[str] = []
    numbers_follow = False
    for word in words:
        if numbers_follow and re.fullmatch(r"-?[\d,]+", word):
            result[-1] += f"{word},"
            continue
        name, equals, value = word.partition("=")
        name = name.replace("_", "-") if name.startswith("--") else name
        numbers_follow = name in by_flag and by_flag[name].type == "tuple[int, ...]" and not equals
        result.append(f"{name}=" if numbers_follow else f"{name}{equals}{value}")
    return result


def _convert(field: Field[Any], value: Any) -> Any:
    """Turn the text of an argument into the type of its field, and check it."""
    kind, is_tuple = _type(field)
    with contextlib.suppress(ValueError):  # which the check words better
        if is_tuple:
            parts = ",".join(value).split(",") if kind == "int" else value
            value = tuple(KINDS[kind][0](part) for part in parts if part)
        elif kind != "bool":
            value = KINDS[kind][0](value)
    check_value(max(_flags(field), key=len, default=field.name), value, field)
    return value
