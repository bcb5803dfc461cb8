"""``digits data check``: what is wrong with labelled digits, before a network learns it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digits.cli.arguments import parse
from digits.cli.terminal import say, say_json
from digits.options import option

PAGE = Path("check.html")


@dataclass(frozen=True)
class _Arguments:
    place: Path | None = option(
        None, "Labelled digits: a folder or a file of any format. Without it, MNIST.", positional=True, metavar="DATA"
    )
    out: Path = option(PAGE, "The page with pictures to write.", flags=("-o", "--out"), metavar="FILE")
    json: bool = option(False, "Print JSON instead of sentences.")


def check_data(words: list[str]) -> None:
    """Look for what is wrong with labelled digits, and write a page with pictures of it.

    It finds wrong ranges, polarities and orientations; blank, misplaced and doubled images; test digits in the training
    part; unbalanced, shifted and swapped classes; and single wrong labels. What one flag mends is named with its flag.
    With that flag, this command examines the mended digits; `digits train` and `digits evaluate` take the same flags.
    """
    from digits.doctor import Mending

    @dataclass(frozen=True)
    class Call(Mending, _Arguments):
        pass

    call = parse(check_data, Call, words, "data check")
    from digits.doctor import examine, load_mended, write_page

    mending = Mending.of(call)
    dataset = load_mended(call.place, mending)
    findings = examine(dataset)
    page = write_page(call.out, dataset, findings, mending)
    if call.json:
        shown: dict[str, Any] = {"name": dataset.name, "location": dataset.location, "page": str(page)}
        say_json(shown | {"findings": [finding.to_dict() for finding in findings]})
        return
    n = len(dataset.train) + len(dataset.test)
    warnings = sum(finding.is_warning for finding in findings)
    lines = [f"{dataset.name}: {n:,} digits, {warnings or 'no'} warning{'s' * (warnings != 1)}", ""]
    for finding in findings:
        lines += [f"{'warning' if finding.is_warning else 'note'}: {finding.text}", ""]
    say("\n".join([*lines, f"page    {page}"]))
