"""Command-line arguments from dataclass fields declared with `digits.options.option`.

The field ``batch_size`` becomes ``--batch-size``, which may also be written ``--batch_size``. Flags may stand before or
after positional words. What is not given keeps the default of its field.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import difflib
import re
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from digits.errors import UsageError
from digits.options import Option, check_value

Call = TypeVar("Call")
Field: TypeAlias = "dataclasses.Field[Any]"

WIDTH, INDENT = 80, 28
"""Columns of `--help`, and of its flags."""

METAVARS = {
    "int": "N", "float": "X", "Path": "PATH", "tuple[int, ...]": "N …", "tuple[Path, ...]": "PATH …",
    "tuple[str, ...]": "NAME …",
}  # fmt: skip
"""What stands for a value in `--help`, by its type."""

NO_BREAK = "\N{NO-BREAK SPACE}"

HELP = {"-h", "--help"}


def parse(kind: type[Call], command: str, words: Sequence[str]) -> Call:
    """Read the words of a command into its dataclass, whose docstring is the description; answer ``--help``."""
    fields = dataclasses.fields(kind)  # type: ignore[arg-type] # a dataclass, which no type can say
    if HELP & {*words}:
        positional = [field for field in fields if _option(field).positional]
        flags = [field for field in fields if not _option(field).positional]
        show_help(command, str(kind.__doc__), {"Arguments": positional, "Flags": flags})
    given = parse_words(fields, words)
    for field in fields:
        if field.default is dataclasses.MISSING and field.name not in given:
            name = _option(field).metavar
            raise UsageError(f"{name} is missing: digits {command} {name}; see digits {command} --help")
    return kind(**given)


def parse_words(
    fields: Sequence[Field], words: Sequence[str], synonyms: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the values that `words` state, by the name of their field.

    Parameters
    ----------
    fields
        Fields declared with `option`.
    words
        What was typed after the command.
    synonyms
        Names that people type first for a field of another name; errors answer with the right one.

    Raises
    ------
    UsageError
        For a flag that does not exist, with the nearest ones; a missing value; or one that is not allowed.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    flags = {flag: field for field in fields for flag in _flags(field)}
    for field in fields:
        if field.type == "bool":
            parser.add_argument(*_flags(field), dest=field.name, action="store_true", default=argparse.SUPPRESS)
        elif _flags(field):
            several = "*" if _type(field) in ("tuple[Path, ...]", "tuple[str, ...]") else None
            parser.add_argument(*_flags(field), dest=field.name, nargs=several, default=argparse.SUPPRESS)
    try:
        found, rest = parser.parse_known_args(_normalize(words, flags))
    except argparse.ArgumentError as error:
        flag = str(error.argument_name).split("/")[-1]
        raise UsageError(f"{flag} {'takes no' if 'ignored' in error.message else 'needs a'} value") from None
    unknown = next((word for word in rest if word.startswith("-") and word not in ("-", "--")), None)
    if unknown:
        name = unknown.partition("=")[0]
        names = {flag.lstrip("-"): flag for flag in flags}
        close = difflib.get_close_matches(name.lstrip("-"), names, n=1, cutoff=0.5)
        word = (synonyms or {}).get(name.lstrip("-").replace("-", "_"), "".join(close)).replace("_", "-")
        raise UsageError(f"{name} is unknown; " + (f"did you mean --{word}?" if word else "--help lists all flags"))
    given: dict[str, Any] = vars(found)
    rest = [word for word in rest if word != "--"]
    for field in fields:
        if _option(field).positional and rest and field.name not in given:
            given[field.name], rest = (rest, []) if _type(field).startswith("tuple") else (rest[0], rest[1:])
    if rest:
        raise UsageError(f"unexpected argument {rest[0]!r}")
    return {field.name: _convert(field, given[field.name]) for field in fields if field.name in given}


def show_help(
    command: str, description: str, groups: Mapping[str, Sequence[Field]], defaults: Mapping[str, Any] | None = None
) -> None:
    """Print the help of a command and end the process.

    Parameters
    ----------
    command
        Its name.
    description
        Paragraphs that come first, each wrapped to the width.
    groups
        The fields to list, by the title above them.
    defaults
        Values to show instead of the fields' own defaults, by name.
    """
    positional = [_option(field) for fields in groups.values() for field in fields if _option(field).positional]
    usage = " ".join(["usage: digits", command, *(one.metavar for one in positional), "[flags]"])
    parts = [usage, *(textwrap.fill(" ".join(text.split()), WIDTH) for text in description.split("\n\n"))]
    for title, fields in groups.items():
        if not fields:
            continue
        rows = [_row(field, (defaults or {}).get(field.name, field.default)) for field in fields]
        parts.append("\n".join([f"{title}:", *rows]))
    sys.stdout.write("\n\n".join(parts) + "\n")
    sys.stdout.flush()
    sys.exit(0)


def _row(field: Field, default: Any) -> str:
    """Write the lines of `--help` about one field: its flags, what it does, its default."""
    described, flags = _option(field), _flags(field)
    own_first = sorted(flags, key=lambda flag: (len(flag) > 2, flag != flags[-1]))
    metavar = described.metavar or METAVARS.get(_type(field), "NAME")
    shown = "" if described.positional else ", ".join(own_first)
    left = f"  {shown} {'' if field.type == 'bool' else metavar}".replace("   ", "  ").rstrip()
    text = described.help + (f" One of {', '.join(described.choices)}." if described.choices else "")
    if default not in (dataclasses.MISSING, None, False, "", ()) or (default == 0 and field.type != "bool"):
        values = default if isinstance(default, tuple) else (default,)
        shown = " ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)
        text += f" [default: {shown}]".replace(" ", NO_BREAK).replace(NO_BREAK, " ", 1)
    wrapped = textwrap.wrap(text.replace(" %", f"{NO_BREAK}%"), WIDTH - INDENT, break_on_hyphens=False)
    lines = [line.replace(NO_BREAK, " ") for line in wrapped]
    head = f"{left:{INDENT}}{lines.pop(0)}" if len(left) < INDENT - 1 else left
    return "\n".join([head, *(" " * INDENT + line for line in lines)])


def _option(field: Field) -> Option:
    described: Option = field.metadata["option"]
    return described


def _type(field: Field) -> str:
    return str(field.type).removesuffix(" | None")


def _flags(field: Field) -> list[str]:
    """List every way to write the flag of a field, its own name last."""
    described = _option(field)
    further = [flag for flag in described.flags if flag.startswith("-")]
    renamed = [flag for flag in described.flags if not flag.startswith("-")]
    return further if described.positional else [*further, f"--{(*renamed, field.name)[0].replace('_', '-')}"]


def _normalize(words: Sequence[str], flags: Mapping[str, Field]) -> list[str]:
    """Write flags with dashes, and ``--hidden-sizes 256 128`` as one word, so that positional words may follow."""
    result: list[str] = []
    numbers_follow = False
    for word in words:
        name, equals, value = word.partition("=")
        if numbers_follow and re.fullmatch(r"-?[\d,]+", word):
            result[-1] += f"{',' * (not result[-1].endswith('='))}{word}"
            continue
        numbers_follow = False
        if name.startswith("--"):
            name = name.replace("_", "-")
            numbers_follow = name in flags and flags[name].type == "tuple[int, ...]" and not equals
            word = name + ("=" if numbers_follow else equals + value)
        result.append(word)
    return result


def _convert(field: Field, value: Any) -> Any:
    """Turn the text of an argument into the type of its field, and check it."""
    kinds = {"int": int, "float": float, "Path": Path}
    declared = _type(field)
    kind: Any = kinds.get(declared.removeprefix("tuple[").removesuffix(", ...]"), str)
    converted = value
    with contextlib.suppress(ValueError):  # which the check words better
        if declared == "tuple[int, ...]":
            converted = tuple(kind(part) for part in value.split(",") if part)
        elif declared.startswith("tuple"):
            converted = tuple(map(kind, value))
        elif declared != "bool":
            converted = kind(value)
    check_value((_flags(field) or [field.name])[-1], converted, field)
    return converted
