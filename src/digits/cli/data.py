"""``digits data``: where the digits are, and digits of our own pen where none are."""

from dataclasses import dataclass
from pathlib import Path

from digits.cli.terminal import parse, say, say_json


@dataclass(frozen=True)
class Data:
    """Show where the digits are, verified by SHA-256; download MNIST if it is nowhere."""

    data: Path | None = None
    """A folder or file to look at instead of the usual places."""
    json: bool = False
    """Print JSON instead of a table."""


def data(words: list[str]) -> None:
    """Show where the digits are, verified; download MNIST if it is nowhere."""
    call = parse(Data, "data", words)
    from digits.data import describe, load_dataset, summary

    dataset = load_dataset(call.data)
    if call.json:
        say_json(summary(dataset))
    else:
        say(describe(dataset))
