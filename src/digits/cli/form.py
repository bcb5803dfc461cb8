"""``digits form``: a form of your own, printed, filled in by hand, and read from scans and photographs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from digits.cli.arguments import parse, show_help
from digits.cli.form_labels import label_form, worksheet_form
from digits.cli.form_review import keep_review, review_form
from digits.cli.form_template import template_form
from digits.cli.pages import ROSTER, check_suffix, finish, list_jobs, report_fields, write_fields
from digits.cli.read import FINDER, MODEL
from digits.cli.terminal import remark, say
from digits.options import option

if TYPE_CHECKING:
    from digits.documents.forms import FormPage

TEMPLATE = "The form's template: a TOML file with its fields."


@dataclass(frozen=True)
class _NewArguments:
    template: str = option(MISSING, TEMPLATE, positional=True, metavar="FORM.toml")
    out: Path | None = option(
        None, "The PDF to write; by default, it is named after the template.", flags=("-o", "--out"), metavar="FILE.pdf"
    )


@dataclass(frozen=True)
class _ReadArguments:
    template: str = option(MISSING, TEMPLATE, positional=True, metavar="FORM.toml")
    inputs: tuple[str, ...] = option(
        (),
        "Filled-in pages: pictures, PDFs (all pages, or one: scan.pdf#3), folders, patterns such as 'scans/*.jpg', or "
        "- for stdin.",
        positional=True, metavar="INPUT …",
    )  # fmt: skip
    roster: str = option("", ROSTER, metavar="FILE.csv")
    model: str = option("cnn", MODEL, metavar="MODEL")
    finder: str = option("finder", FINDER, metavar="FINDER")
    json: bool = option(False, "Print everything: the confidence, place and alternatives of each field.")
    out: Path | None = option(
        None, "Write the rows to this file: .csv, .xlsx or .json; beside it, what `digits form review` needs.",
        flags=("-o", "--out"), metavar="FILE",
    )  # fmt: skip


def form(words: list[str]) -> None:
    """Print a form of your own, and read it when it is filled in.

    `digits form new exam.toml -o exam.pdf` prints the fields that a template names, with a box for each digit, and
    markers and a code by which pages are found again; `digits form template blank.pdf` takes a form that you already
    have. `digits form read exam.toml scans/ -o answers.csv` reads scans
    and photographs of it, and `digits form review answers.csv` shows you the doubtful ones. `digits form worksheet`
    prints a page that asks for digits, and `digits form labels photo.jpg -o mine` makes a labelled set of it. Each has
    its own --help.
    """
    from digits.errors import UsageError
    from digits.options import suggest

    if words[:1] in (["-h"], ["--help"]):
        show_help(f"form {'|'.join(ACTIONS)}", str(form.__doc__), {})
    if not words:
        raise UsageError("say what to do with a form: digits form new FORM.toml, or digits form read FORM.toml INPUT")
    if words[0] not in ACTIONS:
        raise UsageError(f"digits form has no action {words[0]!r}{suggest(words[0], ACTIONS)}")
    ACTIONS[words[0]](words[1:])


def new_form(words: list[str]) -> None:
    """Print a form: a PDF of the template's fields, each a row of boxes, with markers and a code on every page.

    The template is a TOML file: a title, and for each field [[field]] with a name and how many digits it has. Print the
    PDF at full size; a form that was printed stays readable as long as its template's fields and places do.
    """
    call = parse(new_form, _NewArguments, words, "form new")
    from digits.documents.forms import Form
    from digits.errors import UsageError
    from digits.files import write_output

    made = Form(call.template)
    out = call.out or Path(Path(call.template).name).with_suffix(".pdf")
    if out.suffix.lower() != ".pdf":
        raise UsageError(f"{out}: name a form as .pdf, such as {out.stem}.pdf")
    write_output(out, made.to_pdf())
    counts = {"field": len(made.fields), "page": made.sheet.pages}
    fields, pages = (f"{count} {name}{'s' * (count > 1)}" for name, count in counts.items())
    say(f"{out}: form {made.sheet.id}, {fields} on {pages}")


def read_form(words: list[str]) -> None:
    """Read filled-in pages of a form: one row per page, its numbers as they were read and as they were made out.

    Pages may be scanned or photographed, in any order and turned in any way. A page of another form, a blank one and
    one without markers have a row that says so. Needs no torch.
    """
    call = parse(read_form, _ReadArguments, words, "form read")
    from digits.documents.forms import MAX_SIDE, Form, FormPage
    from digits.errors import DataError, UsageError
    from digits.inference import Reader

    if not call.inputs:
        raise UsageError(f"name the filled-in pages: digits form read {call.template} PICTURE, a folder, or -")
    suffix = check_suffix(call.out, call.json)
    made = Form(call.template)
    numbers = made.load_numbers(call.roster or None)

    pages: list[FormPage] = []
    reader = Reader(call.model, finder=call.finder)
    with keep_review(call.out) as review:
        read_page = partial(made.read_page, keep=bool(call.out))
        for name, job in list_jobs(call.inputs, reader, read_page, max_side=MAX_SIDE):
            try:
                page = job()
            except DataError as error:
                remark(f"digits: {error}")
                page = FormPage(name, error=str(error))
            pages.append(review.add(page))
        answers = made.decide(pages, numbers)
        doubtful = review.finish(made, pages, answers, numbers)
    report_fields(answers)
    failed = sum(bool(row.error) for row in answers)
    finish(write_fields(answers, suffix), call.out, len(answers) - failed, failed)
    if doubtful:
        remark(f"digits: look at the doubtful ones with: digits form review {call.out}")


ACTIONS: dict[str, Callable[[list[str]], None]] = {
    "new": new_form, "read": read_form, "template": template_form, "review": review_form,
    "worksheet": worksheet_form, "labels": label_form,
}  # fmt: skip
