"""``digits report``: the figures and the report of a run, drawn again."""

from __future__ import annotations

from dataclasses import MISSING, dataclass
from pathlib import Path

from digits.cli.arguments import parse
from digits.cli.terminal import say
from digits.options import option


@dataclass(frozen=True)
class _Arguments:
    run: Path = option(MISSING, "The run folder.", positional=True, metavar="RUN")


def report(words: list[str]) -> None:
    """Draw the figures of a run again and write its report."""
    call = parse(report, _Arguments, words)
    from digits.evaluation import write_report

    say(str(write_report(call.run)))
