"""`Form`: a template with its pages, which prints and reads them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from digits.documents.answers import FieldAnswer, FieldRow, FieldTable
from digits.documents.evidence import Evidence, NumberForm, PageEvidence, Place, weigh_page
from digits.documents.fields import Field
from digits.documents.forms.blank import lay_on, load_blank
from digits.documents.forms.boxes import FieldBoxes, read_boxes
from digits.documents.forms.opinions import ERRORS, MIN_PRESENCE
from digits.documents.forms.print_registration import register_print
from digits.documents.forms.printing import write_pdf
from digits.documents.forms.registration import MAX_SIDE, register
from digits.documents.forms.sheet import lay_out
from digits.documents.forms.template import Template, load_template
from digits.documents.matching import MIN_CONFIDENCE, decide
from digits.documents.roster import AnyRoster, Roster, find_rosters
from digits.errors import DataError
from digits.inference import Reader
from digits.inference.inputs import Source, read_stream, source_name
from digits.inference.pages import SourcePages
from digits.inference.reader import DEFAULT_MODEL, AnyModel, find_reader
from digits.preprocessing import Decoded, as_grey


@dataclass(frozen=True, eq=False)
class Numbers:
    """What the numbers of a form may be: its fields, and for each the list that it is of, if any."""

    fields: tuple[Field, ...]
    rosters: tuple[Roster | None, ...]
    forms: tuple[NumberForm | None, ...]


@dataclass(frozen=True, eq=False)
class FormPage:
    """What was read on one page.

    Attributes
    ----------
    name
        The page's.
    boxes
        What is in the boxes of each of its fields, by their place in the template.
    notices
        Reasons why a person should look at the page.
    error
        Why it could not be read.
    """

    name: str
    boxes: Mapping[int, FieldBoxes] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    error: str = ""

    def without_pictures(self) -> FormPage:
        """Give the same page without pictures of fields and characters, which thousands of pages need not hold."""
        return replace(
            self,
            boxes={n: replace(each, images=each.images[:0], picture=b"") for n, each in self.boxes.items()},
        )


class Form:
    """A form of your own: named numbers in boxes, to print, fill in by hand, and read from scans and photographs.

    Parameters
    ----------
    template
        A TOML file, or what such a file would hold: ``{"field": [{"name": "mark", "digits": 2}]}``.

    Raises
    ------
    DataError
        When the file is missing, a value in it is unknown or impossible, or fields do not fit on the paper.
    """

    def __init__(self, template: str | os.PathLike[str] | Mapping[str, Any] | Template) -> None:
        self.template = load_template(template)
        self.blank = load_blank(self.template) if self.template.blank else None
        self.sheet = lay_on(self.template, self.blank) if self.blank else lay_out(self.template)

    def __repr__(self) -> str:
        return f"<Form {self.sheet.id}: {len(self.fields)} fields on {self.sheet.pages} pages>"

    @property
    def fields(self) -> tuple[Field, ...]:
        """The numbers that it asks for."""
        return tuple(each.field for each in self.template.fields)

    def to_pdf(self) -> bytes:
        """Write its pages as a PDF, to print at full size.

        Raises
        ------
        DataError
            When a text has letters that the form's font lacks, or the form exists already.
        """
        if self.template.blank:
            raise DataError(f"{self.template.name} is of a form that exists already: print {self.template.blank}")
        return write_pdf(self.template, self.sheet)

    def read(
        self, source: Source | Sequence[Source], *, roster: AnyRoster | None = None, model: AnyModel = DEFAULT_MODEL
    ) -> FieldTable:
        """Read filled-in pages, in any order and turned in any way: one row per page.

        A page that cannot be read, shows another form or is blank has a row too, which says so.

        Parameters
        ----------
        source
            As of `digits.read_pages`, or a list of these.
        roster
            The numbers that the first field may have, as of `digits.read_fields`.
        model
            As of `digits.read`.

        Raises
        ------
        DataError
            When a file is missing or has no pages, or the roster cannot be used, with the row and the reason.
        ModelError
            As `digits.load_model`.
        """
        numbers, reader = self.load_numbers(roster), find_reader(model)
        sources: list[Any] = list(source) if isinstance(source, list | tuple) else [source]

        def read_page(pages: SourcePages, page: int) -> FormPage:
            try:
                return self.read_page(reader, pages.decode(page, max_side=MAX_SIDE), pages.name(page))
            except DataError as error:
                return FormPage(pages.name(page), error=str(error))

        opened = _open(sources)
        return self.decide([read_page(pages, page) for pages in opened for page in range(1, len(pages) + 1)], numbers)

    def load_numbers(self, roster: AnyRoster | None = None) -> Numbers:
        """Load the lists that its fields are of; `roster` and errors are those of `read`."""
        fields, rosters = find_rosters(roster, self.fields)
        return Numbers(fields, tuple(rosters), tuple(NumberForm(each) if each else None for each in rosters))

    def read_page(self, reader: Reader, decoded: Decoded, name: str, *, keep: bool = False) -> FormPage:
        """Read what is in the boxes of one decoded page; for numbers, see `decide`.

        If asked to `keep` them, pictures of fields and characters are kept, for people to review.

        Raises
        ------
        DataError
            When it is blank, of another form, or several, or its markers cannot be seen.
        """
        grey = as_grey(decoded.picture, MAX_SIDE)
        if self.blank:
            registration = register_print(grey, self.blank, self.sheet.combs, name)
        else:
            registration = register(grey, self.sheet, name)
        boxes = read_boxes(reader, grey, registration, self.sheet, decoded.size, keep=keep, blank=self.blank)
        return FormPage(name, boxes, registration.notices)

    def decide(self, pages: Sequence[FormPage], numbers: Numbers) -> FieldTable:
        """Decide on the numbers of all pages together, by what `read_page` gave for each."""
        known = list(enumerate(zip(numbers.fields, numbers.forms, strict=True)))
        evidence = [
            PageEvidence(
                page.name,
                tuple(_weigh(page.boxes[n], *which) if n in page.boxes else Evidence() for n, which in known),
                error=page.error,
            )
            for page in pages
        ]
        table = decide(evidence, numbers.fields, numbers.rosters)
        return replace(table, rows=tuple(map(_complete, table.rows, pages)))


def _weigh(boxes: FieldBoxes, field: Field, form: NumberForm | None) -> Evidence:
    """Weigh the numbers that may stand in boxes: of as many digits as are there, if the field may have so many."""
    count, behind = len(boxes.filled), boxes.behind
    low = max(int((boxes.presence > 1 - MIN_PRESENCE).sum()), field.low)
    high = min(int((boxes.presence >= MIN_PRESENCE).sum()), field.high)
    if low == count == high and behind < count:
        # where the point is, is printed
        field = replace(field, low=count, high=count, constraints=replace(field.constraints, decimals=behind))
    elif field.constraints.decimals < low <= high:
        field = replace(field, low=low, high=high)
    (evidence,) = weigh_page(boxes.found, "", (field,), (form,), ERRORS).fields
    places = {row: Place(place.text, boxes.box) for row, place in (evidence.places or {}).items()}
    return replace(evidence, places=places or None)


def _complete(row: FieldRow, page: FormPage) -> FieldRow:
    """Add to the answers of a page what its boxes say."""
    if row.error:
        return row
    answers = list[FieldAnswer]()
    for place, answer in enumerate(row.answers):
        boxes = page.boxes.get(place)
        if boxes is None:  # it is on another page
            answers.append(FieldAnswer(answer.name))
            continue
        empty = float((1 - boxes.presence).prod())
        if not boxes.filled:
            notices = (*["it may be filled in"] * (empty < MIN_CONFIDENCE), *boxes.notices)
            answers.append(FieldAnswer(answer.name, confidence=empty, box=boxes.box, notices=notices))
        else:
            notices = (*["it may be empty"] * (empty > 1 - MIN_CONFIDENCE), *answer.notices, *boxes.notices)
            confidence = (1 - empty) * answer.confidence
            answers.append(replace(answer, confidence=confidence, box=boxes.box, notices=notices))
    if page.notices:
        answers[0] = replace(answers[0], notices=(*page.notices, *answers[0].notices))
    return replace(row, answers=tuple(answers))


def _open(sources: list[Any]) -> Iterator[SourcePages]:
    for each in sources:
        name = source_name(each)
        yield SourcePages(read_stream(each, name), name)
