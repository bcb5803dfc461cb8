"""A form and its scans: a job lists the pages, one job per page reads it, and a last one decides on all numbers.

So a page has the limits of any picture, and the pages of a client take turns with the pictures of others.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from digits.documents.forms import MAX_SIDE, Form, FormPage, parse_toml
from digits.documents.roster import Roster, parse_roster
from digits.errors import DataError
from digits.inference.pages import SourcePages
from digits.preprocessing.decoding import decode_page
from digits.preprocessing.pages import Pages
from digits.web.jobs import find_model
from digits.web.refusals import LongJobError, RefusedError
from digits.web.uploads import MAX_MEGAPIXELS, MAX_SCANS, Upload
from digits.web.workers import Workers


class ScannedPage(NamedTuple):
    """A page of the scans in a request: which scan and page, its name, and why its file has no pages."""

    scan: int
    page: int
    name: str
    error: str = ""


async def read_form(
    workers: Workers, upload: Upload, model: str | None, column: str, is_gone: Callable[[], Awaitable[bool]]
) -> dict[str, Any]:
    """Read the scans of a form: what ``digits form read --json`` prints for them.

    Stops after a page when the client is gone.
    """
    pages: list[FormPage] = []
    for place in await workers.run(list_pages, upload, model, column):
        if await is_gone():
            raise RefusedError(400, "the connection closed before all pages were read")
        try:
            pages.append(await workers.run(read_page, upload, model, place))
        except RefusedError as error:
            if error.status != 422:
                raise
            pages.append(FormPage(place.name, error=f"{place.name}: {error}"))
    return await workers.run(decide, upload, column, pages)


def list_pages(upload: Upload, model: str | None, column: str) -> list[ScannedPage]:
    """List the pages of all scans, after a look at template, roster and model.

    Raises
    ------
    DataError, UsageError
        When the template or the roster is wrong.
    RefusedError
        413 for too many pages; 404 for an unknown model; as `Upload.form_parts`.
    """
    find_model(model)
    form = _make_form(upload)
    form.load_numbers(_find_roster(upload, form, column))
    listed: list[ScannedPage] = []
    for scan, (content, name) in enumerate(upload.form_parts.scans):
        try:
            pages = SourcePages(content, name)
        except DataError as error:
            listed.append(ScannedPage(scan, 1, name, str(error)))
            continue
        if len(listed) + len(pages) > MAX_SCANS:
            raise RefusedError(413, f"the scans have over {MAX_SCANS} pages: send them in parts")
        listed += [ScannedPage(scan, page, pages.name(page)) for page in range(1, len(pages) + 1)]
    return listed


def read_page(upload: Upload, model: str | None, place: ScannedPage) -> FormPage:
    """Read one page of the scans; always a long job."""
    if place.error:
        return FormPage(place.name, error=place.error)
    if upload.is_short:
        raise LongJobError
    content, name = upload.form_parts.scans[place.scan]
    try:
        decoded = decode_page(
            Pages(content, name), place.page, place.name, max_side=MAX_SIDE, max_megapixels=MAX_MEGAPIXELS
        )
        return _make_form(upload).read_page(find_model(model).reader, decoded, place.name)
    except DataError as error:
        return FormPage(place.name, error=str(error))


def decide(upload: Upload, column: str, pages: list[FormPage]) -> dict[str, Any]:
    """Decide on the numbers of all pages together."""
    form = _make_form(upload)
    return form.decide(pages, form.load_numbers(_find_roster(upload, form, column))).to_dict()


def _make_form(upload: Upload) -> Form:
    """Make the form of a request; its fields may name no list, which would be a file of this computer."""
    template = parse_toml(*upload.form_parts.template)
    if named := next((each.name for each in template.fields if each.field.constraints.one_of), ""):
        raise RefusedError(400, f"the field {named} names a file, which a request cannot: send it as a roster")
    if template.blank:
        raise RefusedError(
            400, f"the template names the file {template.blank.name}, which a request cannot: use the command"
        )
    return Form(template)


def _find_roster(upload: Upload, form: Form, column: str) -> Roster | None:
    part = upload.form_parts.roster
    return parse_roster(part.content, part.name, form.fields[0], column) if part else None
