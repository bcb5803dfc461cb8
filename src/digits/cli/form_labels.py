"""``digits form worksheet`` and ``digits form labels``: your own digits, labelled, to train on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digits.cli.arguments import parse
from digits.cli.pages import list_jobs
from digits.cli.read import FINDER, MODEL
from digits.cli.terminal import remark, say
from digits.errors import DataError, UsageError
from digits.options import option

if TYPE_CHECKING:
    from digits.documents.forms.worksheet import Labelled

ANSWERS = (".csv", ".xlsx", ".json", ".review")
"""Endings of answers; everything else is a picture of the worksheet."""


@dataclass(frozen=True)
class _WorksheetArguments:
    pages: int = option(1, "How many pages, each with 240 other digits.", "[1, 8]")
    out: Path = option(Path("worksheet.pdf"), "The PDF to write.", flags=("-o", "--out"), metavar="FILE.pdf")


@dataclass(frozen=True)
class _LabelsArguments:
    inputs: tuple[str, ...] = option(
        (),
        "Filled-in worksheets: pictures, PDFs, folders or patterns; or answers of a form that people have reviewed.",
        positional=True, metavar="INPUT …",
    )  # fmt: skip
    out: Path | None = option(None, "The folder to write the digits to.", flags=("-o", "--out"), metavar="FOLDER")
    model: str = option("cnn", MODEL, metavar="MODEL")
    finder: str = option("finder", FINDER, metavar="FINDER")


def worksheet_form(words: list[str]) -> None:
    """Print a worksheet: it asks for digits, one in each box, and becomes a labelled set of your own handwriting.

    Print it at full size, write, photograph or scan it, and read it with `digits form labels photo.jpg -o mine`.
    """
    call = parse(worksheet_form, _WorksheetArguments, words, "form worksheet")
    from digits.documents.forms.worksheet import print_worksheet
    from digits.files import write_output

    if call.out.suffix.lower() != ".pdf":
        raise UsageError(f"{call.out}: name a worksheet as .pdf, such as {call.out.stem}.pdf")
    write_output(call.out, print_worksheet(call.pages))
    say(f"{call.out}: {240 * call.pages:,} digits to write on {call.pages} page{'s' * (call.pages > 1)}")


def label_form(words: list[str]) -> None:
    """Make a labelled set of filled-in worksheets, or of answers that people have reviewed.

    The digits are written as one folder per class, which `digits train --extra-data` reads. What stands there already
    stays. Boxes that are empty, or hold something other than one digit, are left out and counted.
    """
    call = parse(label_form, _LabelsArguments, words, "form labels")
    from digits.documents.review import list_reviewed, write_labelled

    if not call.inputs or not call.out:
        raise UsageError("name worksheets or reviewed answers, and a folder: digits form labels photo.jpg -o mine")
    answers = [each for each in call.inputs if Path(each).suffix.lower() in ANSWERS]
    pictures = tuple(each for each in call.inputs if each not in answers)
    failed = list[str]()

    def list_digits() -> Iterator[tuple[Any, int]]:
        for each in answers:
            yield from list_reviewed(Path(each))
        for name, page in _read_worksheets(call, pictures, failed):
            _report(name, page)
            yield from zip(page.images, page.labels.tolist(), strict=True)

    counts = write_labelled(call.out, list_digits())
    if not sum(counts):
        raise DataError("no digit could be labelled" + f": {failed[0]}" * bool(failed))
    listed = ", ".join(f"{count} × {digit}" for digit, count in enumerate(counts) if count)
    say(f"{call.out}: {sum(counts):,} digits: {listed}")
    say(f"train on them with: digits train --extra-data {call.out}")
    if failed:
        raise DataError(f"{len(failed)} of the pages could not be read; the others were")


def _read_worksheets(
    call: _LabelsArguments, pictures: tuple[str, ...], failed: list[str]
) -> Iterator[tuple[str, Labelled]]:
    """Read worksheets, one after another; those that cannot be read are added to `failed`, with the reason."""
    if not pictures:
        return
    from digits.documents.forms.worksheet import MAX_SIDE, read_worksheet
    from digits.inference import Reader

    for name, job in list_jobs(pictures, Reader(call.model, finder=call.finder), read_worksheet, max_side=MAX_SIDE):
        try:
            yield name, job()
        except DataError as error:
            failed.append(str(error))
            remark(f"digits: {error}")


def _report(name: str, page: Labelled) -> None:
    said = [
        f"{count} box{'es' * (count != 1)} {what}"
        for count, what in ((page.empty, "empty"), (page.crowded, "with something other than one digit left out"))
        if count
    ]
    if page.others:
        said.append(f"{page.others} certainly read as another digit than the page asks for: see whether they are wrong")
    if said:
        remark(f"digits: {name}: {'; '.join(said)}")
