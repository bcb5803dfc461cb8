"""What every command says and understands: its words become a call, its answer goes to stdout."""

import sys
from typing import Any, TypeVar

Call = TypeVar("Call")


def parse(kind: type[Call], usage: str, words: list[str], description: str | None = None) -> Call:
    """Read a command's arguments; tyro answers --help and wrong calls itself, the latter with exit code 2."""
    import tyro

    markers = (
        tyro.conf.PositionalRequiredArgs,
        tyro.conf.OmitArgPrefixes,
        tyro.conf.FlagCreatePairsOff,
        tyro.conf.DisallowNone,
    )
    return tyro.cli(kind, prog=f"digits {usage}", args=words, description=description, config=markers)


def say(text: str) -> None:
    """Print a result, which goes to stdout."""
    print(text, flush=True)  # noqa: T201


def say_json(values: dict[str, Any]) -> None:
    """Print a result for programs."""
    import json

    say(json.dumps(values, indent=2))


def remark(text: str) -> None:
    """Print what is no result: it goes to stderr, so that other programs can read what the command gives."""
    print(text, file=sys.stderr)  # noqa: T201
