"""``digits form template``: the fields of a form that exists already, drawn once on its blank page."""

from __future__ import annotations

from dataclasses import MISSING, dataclass
from pathlib import Path

from digits.cli.arguments import parse
from digits.cli.terminal import say
from digits.errors import UsageError
from digits.options import option


@dataclass(frozen=True)
class _Arguments:
    blank: Path = option(
        MISSING, "The form before anything is written on it: a PDF or a picture.", positional=True, metavar="BLANK.pdf"
    )
    out: Path | None = option(
        None, "The template to write, or to go on with; by default, it is named after the form.",
        flags=("-o", "--out"), metavar="FORM.toml",
    )  # fmt: skip
    port: int | None = option(None, "Port of the page. Without it, 8000, or any free one if that is taken.")


def template_form(words: list[str]) -> None:
    """Make a template of a form that you already have: draw its fields on a page that this computer alone can open.

    Drag a rectangle around the boxes of each number, and say how many there are. The template is written with every
    change; of one that exists already, all but its comments stay. Needs no torch.
    """
    call = parse(template_form, _Arguments, words, "form template")
    from digits.documents.forms.draft import Draft
    from digits.web.local import serve_local
    from digits.web.template import make_template_app

    out = call.out or Path(call.blank.name).with_suffix(".toml")
    if out.suffix.lower() != ".toml":
        raise UsageError(f"{out}: name a template as .toml, such as {out.stem}.toml")
    draft = Draft(call.blank, out)
    serve_local(
        lambda token: make_template_app(draft, token), call.port, "template.html",
        lambda address: say(f"draw the fields at {address} (Ctrl-C stops it)"),
    )  # fmt: skip
    count = len(draft.fields)
    if count:
        say(f"{out}: {count} field{'s' * (count != 1)}; read pages with: digits form read {out} SCANS -o answers.csv")
    else:
        say("no field was drawn, and nothing written")
