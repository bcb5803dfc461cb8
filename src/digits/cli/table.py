"""``digits table``: photographed or scanned tables, or one number per page → CSV, a spreadsheet or JSON."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from digits.cli.arguments import parse
from digits.cli.pages import ROSTER, check_suffix, finish, list_jobs, report_fields, write_fields
from digits.cli.read import FINDER, MODEL
from digits.cli.terminal import escape, remark
from digits.options import option

if TYPE_CHECKING:
    from digits.documents import PageEvidence, Table
    from digits.inference import Reader
    from digits.preprocessing import Decoded


@dataclass(frozen=True)
class _Arguments:
    inputs: tuple[str, ...] = option(
        (),
        "Pictures, PDFs (all pages, or one: scan.pdf#3), folders, patterns such as 'scans/*.jpg', or - for stdin.",
        positional=True, metavar="INPUT …",
    )  # fmt: skip
    field: tuple[str, ...] = option(
        (),
        "Read one number per page instead of tables, by its name and number of digits: id:9, or mark:1-3. Rules may "
        "follow: a range (mark:1-3:0-100), decimals=1, a check digit (mod10, mod11, mod97), unique over all pages, or "
        "a list (in=FILE.csv). May be given several times.",
        repeated=True, metavar="NAME:DIGITS[:RULE …]",
    )  # fmt: skip
    roster: str = option("", ROSTER, metavar="FILE.csv")
    sums: str = option(
        "", "The last cell of each row, or of each column, is the sum of the others: the answer is the most probable "
        "numbers that add up.", metavar="rows|columns",
    )  # fmt: skip
    upright: bool = option(False, "Pages are upright; skip orientation detection.")
    model: str = option("cnn", MODEL, metavar="MODEL")
    finder: str = option("finder", FINDER, metavar="FINDER")
    json: bool = option(False, "Print everything: the confidence, place and notice of each cell.")
    out: Path | None = option(
        None, "Write the tables to this file: .csv, .xlsx or .json.", flags=("-o", "--out"), metavar="FILE"
    )


def table(words: list[str]) -> None:
    """Turn photographed or scanned tables into CSV or a spreadsheet.

    Reads ruled tables, boxes with a digit each, and columns without rules: one table per page. Doubtful cells are
    named on standard error and coloured in a spreadsheet. With several pages, each row of the CSV begins with the name
    of its page. Needs no torch.

    With --field, each page becomes one row: its number as it was read and as it was made out, the match in the roster,
    the confidence, and why a person should look.
    """
    call = parse(table, _Arguments, words)
    from digits.errors import UsageError

    if not call.inputs:
        raise UsageError("name what to read: digits table PICTURE, a folder, or - for standard input")
    suffix = check_suffix(call.out, call.json)
    if call.roster and not call.field:
        raise UsageError(f"--roster {call.roster} needs a field to compare: add one, such as --field id:9")
    if call.sums and call.field:
        raise UsageError("--sums and --field cannot be combined: sums are of tables")
    content, done, failed = (_read_fields if call.field else _read_tables)(call, suffix)
    finish(content, call.out, done, failed)


def _read_tables(call: _Arguments, suffix: str) -> tuple[bytes, int, int]:
    """Read a table from each page; return them, how many there are, and how many pages could not be read."""
    from digits.documents import check_sums, read_decoded_table
    from digits.errors import DataError
    from digits.inference import Reader

    check_sums(call.sums or None)

    def read_page(reader: Reader, decoded: Decoded, name: str) -> Table:
        return read_decoded_table(reader, decoded, name, upright=call.upright, sums=call.sums or None)

    tables: list[Table] = []
    errors = 0
    for _, job in list_jobs(call.inputs, Reader(call.model, finder=call.finder), read_page):
        try:
            tables.append(job())
        except DataError as error:
            remark(f"digits: {error}")
            errors += 1
            continue
        if tables[-1].notice:
            remark(f"digits: {tables[-1].file}: {tables[-1].notice}")
    return _write(tables, suffix), len(tables), errors


def _read_fields(call: _Arguments, suffix: str) -> tuple[bytes, int, int]:
    """Read the fields of each page; return rows for all pages, and how many could be read and could not."""
    from digits.documents import NumberForm, PageEvidence, decide, find_rosters, gather, parse_fields
    from digits.errors import DataError
    from digits.inference import Reader

    fields, rosters = find_rosters(call.roster or None, parse_fields(call.field))
    forms = [NumberForm(each) if each else None for each in rosters]

    def read_page(reader: Reader, decoded: Decoded, name: str) -> PageEvidence:
        return gather(reader, decoded, name, fields, forms, upright=call.upright)

    pages: list[PageEvidence] = []
    for name, job in list_jobs(call.inputs, Reader(call.model, finder=call.finder), read_page):
        try:
            pages.append(job())
        except DataError as error:
            remark(f"digits: {error}")
            pages.append(PageEvidence(name, error=str(error)))
    answers = decide(pages, fields, rosters)
    report_fields(answers)
    failed = sum(bool(row.error) for row in answers)
    return write_fields(answers, suffix), len(answers) - failed, failed


def _write(tables: list[Table], suffix: str) -> bytes:
    from digits.documents import write_workbook

    if suffix == ".xlsx":
        return write_workbook(tables)
    if suffix == ".json":
        return (json.dumps([each.to_dict() for each in tables], indent=1) + "\n").encode()
    if len(tables) == 1:
        return tables[0].to_csv().encode()
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for each in tables:
        rows.writerows([escape(each.file), *[cell.text for cell in row]] for row in each.rows)
    return text.getvalue().encode()
