"""``digits table``: photographed or scanned tables → CSV, a spreadsheet or JSON."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from digits.cli.arguments import parse
from digits.cli.read import list_files
from digits.cli.terminal import escape, remark
from digits.options import option

if TYPE_CHECKING:
    from digits.documents import Table

SUFFIXES = (".csv", ".xlsx", ".json")


@dataclass(frozen=True)
class _Arguments:
    inputs: tuple[str, ...] = option(
        (),
        "Pictures, PDFs (all pages, or one: scan.pdf#3), folders, patterns such as 'scans/*.jpg', or - for stdin.",
        positional=True, metavar="INPUT …",
    )  # fmt: skip
    upright: bool = option(False, "Pages are upright; skip orientation detection.")
    model: str = option(
        "cnn", "cnn, the more accurate; mlp, the classic 784-256-128-10; a model file or a run folder.", metavar="MODEL"
    )
    finder: str = option("finder", "What finds digits on pages: a finder's file or run folder.", metavar="FINDER")
    json: bool = option(False, "Print everything: the confidence, place and notice of each cell.")
    out: Path | None = option(
        None, "Write the tables to this file: .csv, .xlsx or .json.", flags=("-o", "--out"), metavar="FILE"
    )


def table(words: list[str]) -> None:
    """Turn photographed or scanned tables into CSV or a spreadsheet.

    Reads ruled tables, boxes with a digit each, and columns without rules: one table per page. Doubtful cells are
    named on standard error and coloured in a spreadsheet. With several pages, each row of the CSV begins with the name
    of its page. Needs no torch.
    """
    call = parse(table, _Arguments, words)
    from digits.errors import DataError, UsageError
    from digits.files import write_output

    if not call.inputs:
        raise UsageError("name what to read: digits table PICTURE, a folder, or - for standard input")
    suffix = call.out.suffix.lower() if call.out else ""
    if call.out and suffix not in SUFFIXES:
        raise UsageError(f"{call.out}: name a table as .csv, .xlsx or .json, such as {call.out.stem}.xlsx")
    if call.json and suffix not in ("", ".json"):
        raise UsageError(f"--json and a file of the kind {suffix} cannot be combined")
    tables: list[Table] = []
    errors = 0
    for job in _list_jobs(call):
        try:
            tables.append(job())
        except DataError as error:
            remark(f"digits: {error}")
            errors += 1
            continue
        if tables[-1].notice:
            remark(f"digits: {tables[-1].file}: {tables[-1].notice}")
    content = _write(tables, suffix or (".json" if call.json else ".csv"))
    if call.out:
        write_output(call.out, content)
    else:
        sys.stdout.write(content.decode())
    if errors and tables:
        raise DataError(f"{errors:,} of {errors + len(tables):,} pages could not be read; the others were")
    if errors:
        sys.exit(1)


def _list_jobs(call: _Arguments) -> Iterator[Callable[[], Table]]:
    """Yield a function for each page that reads its table, with a bar while there are several."""
    from tqdm import tqdm

    from digits.documents import read_decoded_table
    from digits.errors import DataError
    from digits.inference import Reader
    from digits.inference.inputs import read_stream
    from digits.inference.pages import SourcePages

    reader = Reader(call.model, finder=call.finder)

    def fail(error: DataError) -> Table:
        raise error

    def read_page(pages: SourcePages, page: int) -> Table:
        return read_decoded_table(reader, pages.decode(page), pages.name(page), upright=call.upright)

    with tqdm(desc="pages", unit="", delay=2, disable=None, leave=False) as bar:
        for file in list_files(call.inputs):
            name = "standard input" if file is None else str(file)
            try:
                if file and file.is_dir():
                    raise DataError(f"{name} cannot be read: it is a folder without pictures; name another")
                pages = SourcePages(read_stream(sys.stdin.buffer if file is None else file, name), name)
            except DataError as error:
                yield partial(fail, error)
                continue
            for page in range(1, len(pages) + 1):
                yield partial(read_page, pages, page)
                bar.update()


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
