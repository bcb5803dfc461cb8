"""``digits form review``: people look at the doubtful answers of a form, on a page of this computer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from digits.cli.arguments import parse
from digits.cli.terminal import remark, say
from digits.errors import StorageError, UsageError
from digits.options import option

if TYPE_CHECKING:
    from digits.documents import FieldTable
    from digits.documents.forms import Form, FormPage
    from digits.documents.forms.form import Numbers
    from digits.documents.review import ReviewWriter


@dataclass(frozen=True)
class _Arguments:
    answers: Path = option(
        MISSING, "The answers of a form, as digits form read -o wrote them.", positional=True, metavar="ANSWERS"
    )
    out: Path | None = option(
        None, "Write the checked answers to this file, .csv or .xlsx; by default ANSWERS with -checked in its name.",
        flags=("-o", "--out"), metavar="FILE",
    )  # fmt: skip
    port: int | None = option(None, "Port of the page. Without it, 8000, or any free one if that is taken.")


def review_form(words: list[str]) -> None:
    """Look at the doubtful answers of a form, one keystroke each, on a page that this computer alone can open.

    Enter accepts an answer, a digit corrects the marked box, arrows move. Every keystroke is kept at once, beside the
    answers: stop whenever you want, and go on later. Several people may open the page. The checked answers are written
    when all are decided, and when you stop. Needs no torch.
    """
    call = parse(review_form, _Arguments, words, "form review")
    from digits.documents.review import ReviewJob
    from digits.web.local import serve_local
    from digits.web.review import make_review_app, write_checked

    out = call.out or _name_checked(call.answers)
    if out.suffix.lower() not in (".csv", ".xlsx"):
        raise UsageError(f"{out}: name the checked answers as .csv or .xlsx, such as {out.stem}.xlsx")
    if out.resolve() == call.answers.resolve():
        raise UsageError(f"{out} holds the answers as they were read: give the checked ones another name")
    job = ReviewJob(call.answers)
    try:
        progress = job.progress()
        if progress.left:
            say(f"{progress.left:,} of {progress.cells:,} cells are doubtful")
            serve_local(
                lambda token: make_review_app(job, out, token), call.port, "review.html",
                lambda address: say(f"the review is at {address} (Ctrl-C stops it; everything is kept)"),
            )  # fmt: skip
        checked = write_checked(job, out)
    finally:
        job.close()
    say(f"{out}: {checked.corrected:,} cells corrected, {checked.left:,} still doubtful")


def _name_checked(answers: Path) -> Path:
    suffix = answers.suffix.lower()
    return answers.with_name(f"{answers.stem}-checked{suffix if suffix == '.xlsx' else '.csv'}")


class _Review:
    """What is kept for a review, or nothing where answers go to no file, or the disk is full."""

    def __init__(self, writer: ReviewWriter | None) -> None:
        self.writer = writer

    def add(self, page: FormPage) -> FormPage:
        """Keep a page; return it without its pictures."""
        if self.writer:
            try:
                return self.writer.add(page)
            except StorageError as error:
                self._give_up(error)
        return page.without_pictures()

    def finish(self, form: Form, pages: list[FormPage], answers: FieldTable, numbers: Numbers) -> int:
        """Complete the file; return how many cells a person can look at."""
        if self.writer:
            try:
                return self.writer.finish(form, pages, answers, numbers)
            except StorageError as error:
                self._give_up(error)
        return 0

    def _give_up(self, error: StorageError) -> None:
        self.writer = None
        remark(f"digits: {error} The answers are written, but cannot be reviewed.")


@contextlib.contextmanager
def keep_review(out: Path | None) -> Iterator[_Review]:
    """Keep what a review needs beside the answers.

    Raises
    ------
    StorageError
        When people have reviewed earlier answers there, which would be lost.
    """
    if out is None:
        yield _Review(None)
        return
    from digits.documents.review import ReviewWriter, review_path

    with ReviewWriter(review_path(out)) as writer:
        yield _Review(writer)
