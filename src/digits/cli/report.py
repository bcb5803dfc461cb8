"""``digits report``: the pictures and the page of a run once more."""

from dataclasses import dataclass
from pathlib import Path

from digits.cli.terminal import parse, say


@dataclass(frozen=True)
class Report:
    """Draw the figures and write the report of a run folder again."""

    run: Path
    """The run folder."""


def report(words: list[str]) -> None:
    """Draw the figures and write the report of a run folder again."""
    call = parse(Report, "report", words)
    from digits.evaluation.report import write_report

    say(str(write_report(call.run)))
