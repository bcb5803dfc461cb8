"""Pages that several commands read: which there are, each with a function that reads it, and rows written as files."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from digits.cli.read import list_files
from digits.cli.terminal import remark
from digits.errors import DataError, UsageError

if TYPE_CHECKING:
    from digits.documents import FieldTable
    from digits.inference import Reader
    from digits.preprocessing import Decoded

Result = TypeVar("Result")

SUFFIXES = (".csv", ".xlsx", ".json")

ROSTER = (
    "A CSV with one row per person: the numbers that the first field may have, each on one page at most. Its column is "
    "found by the field, or named: class.csv:id."
)
"""What the flag --roster names."""


def check_suffix(out: Path | None, as_json: bool) -> str:
    """Check the file that a table is written to; return its kind, which is that of standard output without one.

    Raises
    ------
    UsageError
        When tables cannot be written so.
    """
    suffix = out.suffix.lower() if out else ""
    if out and suffix not in SUFFIXES:
        raise UsageError(f"{out}: name a table as .csv, .xlsx or .json, such as {out.stem}.xlsx")
    if as_json and suffix not in ("", ".json"):
        raise UsageError(f"--json and a file of the kind {suffix} cannot be combined")
    return suffix or (".json" if as_json else ".csv")


def list_jobs(
    inputs: tuple[str, ...],
    reader: Reader,
    read: Callable[[Reader, Decoded, str], Result],
    *,
    max_side: int | None = None,
) -> Iterator[tuple[str, Callable[[], Result]]]:
    """Yield the name of each page and a function that reads it, with a bar while there are several.

    Parameters
    ----------
    inputs
        As the command line has them: files, folders, patterns, ``-``.
    reader, read
        What reads a page, and how.
    max_side
        Pixels to which the longer side of larger pages is shrunk; those of `digits.read` by default.
    """
    from tqdm import tqdm

    from digits.inference.inputs import read_stream
    from digits.inference.pages import SourcePages
    from digits.preprocessing import MAX_PAGE_SIDE

    def fail(error: DataError) -> Any:
        raise error

    def read_page(pages: SourcePages, page: int) -> Result:
        return read(reader, pages.decode(page, max_side=max_side or MAX_PAGE_SIDE), pages.name(page))

    with tqdm(desc="pages", unit="", delay=2, disable=None, leave=False) as bar:
        for file in list_files(inputs):
            name = "standard input" if file is None else str(file)
            try:
                if file and file.is_dir():
                    raise DataError(f"{name} cannot be read: it is a folder without pictures; name another")
                pages = SourcePages(read_stream(sys.stdin.buffer if file is None else file, name), name)
            except DataError as error:
                yield name, partial(fail, error)
                continue
            for page in range(1, len(pages) + 1):
                yield pages.name(page), partial(read_page, pages, page)
                bar.update()


def report_fields(answers: FieldTable) -> None:
    """Say on standard error which pages a person should look at."""
    for row in answers.flagged:
        if not row.error:
            remark(f"digits: {row.page}: {row.flag}")
    if answers.notice:
        remark(f"digits: {answers.notice}")


def write_fields(answers: FieldTable, suffix: str) -> bytes:
    """Write rows of fields as .csv, .xlsx or .json."""
    if suffix == ".json":
        return (json.dumps(answers.to_dict(), indent=1) + "\n").encode()
    return answers.to_xlsx() if suffix == ".xlsx" else answers.to_csv().encode()


def finish(content: bytes, out: Path | None, done: int, failed: int) -> None:
    """Write what was read to a file or standard output; fail if pages could not be read.

    Raises
    ------
    DataError
        When some could be read and others not; if none could, the process ends, since each was named.
    """
    from digits.files import write_output

    if out:
        write_output(out, content)
    else:
        sys.stdout.write(content.decode())
    if failed and done:
        raise DataError(f"{failed:,} of {failed + done:,} pages could not be read; the others were")
    if failed:
        sys.exit(1)
