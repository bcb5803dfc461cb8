"""From pages to one number per field and page: what the pages say, put together with a roster."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from digits.documents.answers import FieldAnswer, FieldRow, FieldTable
from digits.documents.assignment import assign
from digits.documents.evidence import Evidence, NumberForm, PageEvidence, gather
from digits.documents.fields import Field, parse_fields
from digits.documents.roster import Roster, load_roster
from digits.documents.text import UNKNOWN
from digits.errors import DataError
from digits.inference.inputs import Source, read_stream, source_name
from digits.inference.pages import SourcePages
from digits.inference.reader import DEFAULT_MODEL, AnyModel, find_reader

MIN_CONFIDENCE = 0.99
"""Posterior probability from which on nobody needs to look: of a hundred numbers that just reach it, one is wrong."""

LIKELY = 0.5
"""Probability from which on a number of the roster is the answer: it is more probable than all else together."""

MIN_ALTERNATIVE = 0.01
"""Probability from which on another number is worth naming: what `MIN_CONFIDENCE` leaves."""

MAX_ALTERNATIVES = 3

AnyRoster = Roster | str | os.PathLike[str]


def read_fields(
    source: Source | Sequence[Source],
    fields: str | Field | Sequence[str | Field],
    *,
    roster: AnyRoster | None = None,
    upright: bool = False,
    model: AnyModel = DEFAULT_MODEL,
) -> FieldTable:
    """Read the same fields on every page of a file or several, such as the student's number on scanned exams.

    With a roster, the first field is one of its numbers, each on one page at most: the most probable assignment of all
    pages by Bayes' rule, where each number and "none of them" are equally probable before anything is read. A page that
    cannot be read, and one without such a number, has a row too, which says so.

    Parameters
    ----------
    source
        As of `digits.read_pages`, or a list of these.
    fields
        ``"id:9"`` is a number of nine digits named id, ``"mark:1-3"`` one of one to three; or a list of these.
    roster
        The numbers that the first field may have: a `digits.documents.Roster`, or a CSV file with a row per person,
        perhaps with the column of the number: ``"class.csv:id"``.
    upright, model
        As of `digits.read`.

    Raises
    ------
    UsageError
        When a field is written badly or given twice.
    DataError
        When a file is missing or has no pages, or the roster cannot be used, with the row and the reason.
    ModelError
        As `digits.load_model`.
    """
    parsed = parse_fields(fields)
    numbers = find_roster(roster, parsed)
    form = NumberForm(numbers) if numbers else None
    reader = find_reader(model)
    sources: list[Any] = list(source) if isinstance(source, list | tuple) else [source]

    def read_page(pages: SourcePages, page: int) -> PageEvidence:
        try:
            return gather(reader, pages.decode(page), pages.name(page), parsed, form, upright=upright)
        except DataError as error:
            return PageEvidence(pages.name(page), error=str(error))

    found = [read_page(pages, page) for pages in _open(sources) for page in range(1, len(pages) + 1)]
    return decide(found, parsed, numbers)


def _open(sources: list[Any]) -> Iterator[SourcePages]:
    for each in sources:
        name = source_name(each)
        yield SourcePages(read_stream(each, name), name)


def find_roster(roster: AnyRoster | None, fields: Sequence[Field]) -> Roster | None:
    """Load a roster for the first of some fields, or check one that is given.

    Raises
    ------
    DataError
        As `load_roster`.
    """
    if isinstance(roster, Roster):
        roster.check(fields[0])
        return roster
    return None if roster is None else load_roster(roster, fields[0])


def decide(pages: Sequence[PageEvidence], fields: tuple[Field, ...], roster: Roster | None) -> FieldTable:
    """Decide on the numbers of all pages together."""
    chosen, certainties, rivals = [-1] * len(pages), [1.0] * len(pages), [list[str]() for _ in pages]
    if roster:
        odds = [(page.fields[0].odds or {}) if page.fields else {} for page in pages]
        chosen, certainties = assign(odds)
        rivals = _find_rivals([page.page for page in pages], odds, chosen)
    rows = []
    for page, row, certainty, rival in zip(pages, chosen, certainties, rivals, strict=True):
        answers = []
        for place, (field, evidence) in enumerate(zip(fields, page.fields or (Evidence(),) * len(fields), strict=True)):
            if roster and not place:
                answers.append(_match(field, page, roster, row, certainty, rival))
            else:
                answers.append(_answer(field, evidence, page.left_out))
        rows.append(FieldRow(page.page, tuple(answers), page.error))
    matched = {row.answers[0].number for row in rows}
    missing = [number for number in (roster.numbers if roster else ()) if number not in matched]
    return FieldTable(fields, tuple(rows), roster.columns if roster else (), tuple(missing))


def _find_rivals(names: list[str], odds: Sequence[Mapping[int, float]], chosen: list[int]) -> list[list[str]]:
    """Say for each page which others want its number, and who has the number that it wanted itself."""
    wanted = [max(page, key=lambda row: page[row], default=-1) for page in odds]
    wanted = [row if row >= 0 and page[row] > 1 else -1 for row, page in zip(wanted, odds, strict=True)]
    holders: dict[int, list[int]] = {}
    for each, rows in enumerate(zip(wanted, chosen, strict=True)):
        for row in {*rows} - {-1}:
            holders.setdefault(row, []).append(each)
    rivals = []
    for each, rows in enumerate(zip(wanted, chosen, strict=True)):
        others = {other for row in {*rows} - {-1} for other in holders[row]} - {each}
        rivals.append([names[other] for other in sorted(others)])
    return rivals


def _answer(field: Field, evidence: Evidence, left_out: str) -> FieldAnswer:
    """Answer a field without a roster."""
    if not evidence.places:
        return FieldAnswer(field.name, notices=(_say_nothing(field, left_out),))
    place = evidence.places[-1]
    (number, confidence), *others = evidence.numbers or (("", 0.0),)
    notices = _compare(place.text, number, field)
    if not number:
        return FieldAnswer(field.name, place.text, box=place.box, notices=notices)
    alternatives = _choose_alternatives(others)
    return FieldAnswer(
        field.name, place.text, number, confidence, {}, alternatives, place.box,
        (*notices, *_doubt(confidence, alternatives)),
    )  # fmt: skip


def _match(
    field: Field, page: PageEvidence, roster: Roster, row: int, certainty: float, rivals: list[str]
) -> FieldAnswer:
    """Answer the first field with a row of the roster; -1 is none."""
    evidence = page.fields[0] if page.fields else Evidence()
    if not evidence.places:
        return FieldAnswer(field.name, notices=(_say_nothing(field, page.left_out),))
    odds = evidence.odds or {}
    whole = 1 + sum(odds.values())
    ranked = sorted(((roster.numbers[each], odds[each] / whole) for each in odds), key=_by_share)
    compete = [f"competes with {', '.join(rivals[:MAX_ALTERNATIVES])}{' and more' * (len(rivals) > MAX_ALTERNATIVES)}"]
    compete *= bool(rivals)
    is_likely = row >= 0 and certainty >= LIKELY
    number = roster.numbers[row] if is_likely else ""
    place = evidence.places[row if is_likely else -1]
    alternatives = _choose_alternatives([pair for pair in ranked if pair[0] != number])
    if is_likely:
        printed = ("it may be print",) * page.is_print
        notices = (*_compare(place.text, number, field), *printed, *compete, *_doubt(certainty, alternatives))
        return FieldAnswer(
            field.name, place.text, number, certainty, roster.details[row], alternatives, place.box, notices
        )
    # with a number that another page has, this page may be another person's, or the other one may
    if row >= 0 or evidence.is_matched:
        certainty = 0.0
    notices = ("not in the roster" if certainty else "not certain enough to match", *compete)
    return FieldAnswer(
        field.name, place.text, "", certainty, {}, alternatives, place.box, (*notices, *_doubt(certainty, alternatives))
    )


def _by_share(pair: tuple[str, float]) -> float:
    return -pair[1]


def _choose_alternatives(ranked: Sequence[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    return tuple(pair for pair in ranked[:MAX_ALTERNATIVES] if pair[1] >= MIN_ALTERNATIVE)


def _say_nothing(field: Field, left_out: str) -> str:
    return f"no number of {field.digits} found" + (f"; left out as {left_out}" if left_out else "")


def _compare(read: str, number: str, field: Field) -> tuple[str, ...]:
    """Say where what was read contradicts what was made of it; a digit that was not read contradicts nothing."""
    if len(read) not in field.lengths or (number and len(read) != len(number)):
        return (f"{len(read)} digit{'s' if len(read) != 1 else ''} read, not {len(number) or field.digits}",)
    if any(UNKNOWN != one != other for one, other in zip(read, number, strict=bool(number))):
        return (f"{read} was read",)
    return ()


def _doubt(confidence: float, alternatives: tuple[tuple[str, float], ...]) -> tuple[str, ...]:
    if confidence >= MIN_CONFIDENCE:
        return ()
    listed = " or ".join(f"{number} ({share:.0%})" for number, share in alternatives)
    if not listed:
        return ("not certain",) * bool(confidence)
    return (f"could{' also' * bool(confidence)} be {listed}",)
