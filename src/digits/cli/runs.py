"""``digits runs``: what was trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from digits.cli.arguments import parse
from digits.cli.terminal import say, say_json
from digits.options import option


@dataclass(frozen=True)
class _Arguments:
    folder: Path = option(Path("runs"), "Folder of runs.", positional=True, metavar="FOLDER")
    json: bool = option(False, "Print JSON instead of a table.")


def runs(words: list[str]) -> None:
    """List the runs in a folder, with their validation accuracy.

    The last column says how often the test digits of a run were scored: training does it once, and each later score
    makes their accuracy say less about other digits.
    """
    call = parse(runs, _Arguments, words)
    from digits.experiments import list_runs
    from digits.experiments.listing import format_runs

    rows = list_runs(call.folder)
    if call.json:
        say_json({"runs": rows})
    else:
        say(format_runs(rows))
