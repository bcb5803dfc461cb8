"""From pages to one number per field and page: what the pages say, put together with rosters and constraints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from digits.documents.answers import FieldAnswer, FieldRow, FieldTable
from digits.documents.assignment import assign
from digits.documents.consistent import MIN_SHARE
from digits.documents.constraints import split_point
from digits.documents.evidence import Evidence, NumberForm, PageEvidence, gather
from digits.documents.fields import Field, parse_fields
from digits.documents.roster import AnyRoster, Roster, find_rosters
from digits.documents.text import UNKNOWN
from digits.errors import DataError
from digits.inference.inputs import Source, read_stream, source_name
from digits.inference.pages import SourcePages
from digits.inference.reader import DEFAULT_MODEL, AnyModel, find_reader
from digits.types import CLASSES

MIN_CONFIDENCE = 0.99
"""Posterior probability from which on nobody needs to look: of a hundred numbers that just reach it, one is wrong."""

LIKELY = 0.5
"""Probability from which on a number of the roster is the answer: it is more probable than all else together."""

MIN_ANSWER = 1 / CLASSES
"""Probability above which a number is the answer without a roster. One with a digit that was not found has no more: any
of ten digits may stand at each place where it may be missing."""

MAX_ALTERNATIVES = 3

ROUNDED = 1e-9
"""Probability that no number was found, at least: smaller ones are what rounding leaves."""


class _Choice(NamedTuple):
    """The number of a page and its probability, both after all pages were asked, and pages that want the same number.

    `row` is that of the roster, or of the numbers that were found on any page; -1 is none of them.
    """

    row: int
    certainty: float
    rivals: list[str]


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

    Other constraints of a field are used in the same way: the answer is the most probable number that satisfies them,
    unless one that does not is more probable even so. Then there is none, and the flag says why.

    Parameters
    ----------
    source
        As of `digits.read_pages`, or a list of these.
    fields
        ``"id:9"`` is a number of nine digits named id, ``"mark:1-3"`` one of one to three; or a list of these. Rules
        may follow: ``"mark:1-3:0-100:decimals=1"`` has a range and decimals, ``"card:16:mod10"`` a check digit (also
        mod11 and mod97), ``"id:9:unique"`` is on one page at most, ``"room:3:in=rooms.csv"`` is a number of a list.
    roster
        The numbers that the first field may have: a `digits.documents.Roster`, or a CSV file with a row per person,
        perhaps with the column of the number: ``"class.csv:id"``.
    upright, model
        As of `digits.read`.

    Raises
    ------
    UsageError
        When a field is written badly or given twice, or no number satisfies its rules.
    DataError
        When a file is missing or has no pages, or the roster cannot be used, with the row and the reason.
    ModelError
        As `digits.load_model`.
    """
    wanted, rosters = find_rosters(roster, parse_fields(fields))
    forms = [NumberForm(each) if each else None for each in rosters]
    reader = find_reader(model)
    sources: list[Any] = list(source) if isinstance(source, list | tuple) else [source]

    def read_page(pages: SourcePages, page: int) -> PageEvidence:
        try:
            return gather(reader, pages.decode(page), pages.name(page), wanted, forms, upright=upright)
        except DataError as error:
            return PageEvidence(pages.name(page), error=str(error))

    found = [read_page(pages, page) for pages in _open(sources) for page in range(1, len(pages) + 1)]
    return decide(found, wanted, rosters)


def _open(sources: list[Any]) -> Iterator[SourcePages]:
    for each in sources:
        name = source_name(each)
        yield SourcePages(read_stream(each, name), name)


def decide(pages: Sequence[PageEvidence], fields: tuple[Field, ...], rosters: Sequence[Roster | None]) -> FieldTable:
    """Decide on the numbers of all pages together; fields and rosters are those of `find_rosters`."""
    columns = []
    for place, (field, roster) in enumerate(zip(fields, rosters, strict=True)):
        evidence = [page.fields[place] if page.fields else Evidence() for page in pages]
        names = [page.page for page in pages]
        if roster:
            choices = _choose(names, [each.odds or {} for each in evidence], is_unique=field.constraints.unique)
            columns.append([
                _match(field, page, each, roster, choice)
                for page, each, choice in zip(pages, evidence, choices, strict=True)
            ])  # fmt: skip
        else:
            columns.append(_answer_all(field, pages, evidence))
    answers = zip(*columns, strict=True)
    rows = [FieldRow(page.page, found, page.error) for page, found in zip(pages, answers, strict=True)]
    first = rosters[0] if fields[0].constraints.unique else None
    matched = {row.answers[0].number for row in rows}
    missing = [number for number in (first.numbers if first else ()) if number not in matched]
    return FieldTable(fields, tuple(rows), first.columns if first else (), tuple(missing))


def _choose(names: list[str], odds: Sequence[Mapping[int, float]], *, is_unique: bool) -> list[_Choice]:
    """Choose the number of each page, of which no two have the same if it is unique."""
    if is_unique:
        rows, certainties = assign(odds)
        return list(map(_Choice, rows, certainties, _find_rivals(names, odds, rows)))
    choices = []
    for page in odds:
        row = max(page, key=lambda each: page[each], default=-1)
        is_none = row < 0 or page[row] <= 1
        choices.append(_Choice(-1 if is_none else row, (1.0 if is_none else page[row]) / (1 + sum(page.values())), []))
    return choices


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


def _answer_all(field: Field, pages: Sequence[PageEvidence], evidence: Sequence[Evidence]) -> list[FieldAnswer]:
    """Answer a field without a roster on all pages."""
    if not field.constraints.unique:
        return [_answer(field, each, page.left_out) for page, each in zip(pages, evidence, strict=True)]
    rows = dict[str, int]()
    odds = []
    for each in evidence:
        kept = {number: share for number, share, _ in each.numbers if not field.constraints.find_fault(number)}
        rest = max(1 - sum(kept.values()), ROUNDED)
        odds.append({rows.setdefault(number, len(rows)): share / rest for number, share in kept.items()})
    numbers = list(rows)
    choices = _choose([page.page for page in pages], odds, is_unique=True)
    return [
        _answer(field, each, page.left_out, (numbers[choice.row] if choice.row >= 0 else "", choice))
        for page, each, choice in zip(pages, evidence, choices, strict=True)
    ]


def _answer(field: Field, evidence: Evidence, left_out: str, chosen: tuple[str, _Choice] | None = None) -> FieldAnswer:
    """Answer a field without a roster, by its page alone or with what was chosen among all pages."""
    if not evidence.places:
        return FieldAnswer(field.name, notices=(_say_nothing(field, left_out),))
    place = evidence.places[-1]
    ranked = [(each.number, each.share) for each in evidence.numbers]
    number, confidence = ranked[0] if ranked else ("", 0.0)
    if confidence <= MIN_ANSWER:
        notices = _compare(place.text, "", field) or ("not certain",)
        return FieldAnswer(field.name, place.text, box=place.box, notices=notices)
    first: tuple[str, ...] = ()
    if fault := field.constraints.find_fault(number):
        first, ranked, number = (f"{number} {fault}",), ranked[1:], ""
    elif chosen:
        number, choice = chosen
        first = _say_rivals(choice.rivals)
        if not number or choice.certainty < LIKELY:
            first, number = ("not certain enough", *first), ""
        confidence = choice.certainty
    confidence *= bool(number)
    alternatives = _choose_alternatives([pair for pair in ranked if pair[0] != number])
    notices = (*first, *_compare(place.text, number, field), *_doubt(confidence, alternatives))
    return FieldAnswer(field.name, place.text, number, confidence, {}, alternatives, place.box, notices)


def _match(field: Field, page: PageEvidence, evidence: Evidence, roster: Roster, choice: _Choice) -> FieldAnswer:
    """Answer a field with a row of its roster; -1 is none."""
    row, certainty, rivals = choice
    if not evidence.places:
        return FieldAnswer(field.name, notices=(_say_nothing(field, page.left_out),))
    odds = evidence.odds or {}
    whole = 1 + sum(odds.values())
    ranked = sorted(((roster.numbers[each], odds[each] / whole) for each in odds), key=_by_share)
    compete = _say_rivals(rivals)
    is_likely = row >= 0 and certainty >= LIKELY
    number = roster.numbers[row] if is_likely else ""
    place = evidence.places[row if is_likely else -1]
    alternatives = _choose_alternatives([pair for pair in ranked if pair[0] != number])
    if is_likely:
        printed = ("it may be print",) * (page.is_print and evidence is page.fields[0])
        notices = (*_compare(place.text, number, field), *printed, *compete, *_doubt(certainty, alternatives))
        return FieldAnswer(
            field.name, place.text, number, certainty, roster.details[row], alternatives, place.box, notices
        )
    # with a number that another page has, this page may be another person's, or the other one may
    if row >= 0 or evidence.is_matched:
        certainty = 0.0
    place_of_it = "roster" if field.constraints.unique else "list"
    notices = (f"not in the {place_of_it}" if certainty else "not certain enough to match", *compete)
    return FieldAnswer(
        field.name, place.text, "", certainty, {}, alternatives, place.box, (*notices, *_doubt(certainty, alternatives))
    )


def _say_rivals(rivals: list[str]) -> tuple[str, ...]:
    listed = ", ".join(rivals[:MAX_ALTERNATIVES]) + " and more" * (len(rivals) > MAX_ALTERNATIVES)
    return (f"competes with {listed}",) if rivals else ()


def _by_share(pair: tuple[str, float]) -> float:
    return -pair[1]


def _choose_alternatives(ranked: Sequence[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    return tuple(pair for pair in ranked[:MAX_ALTERNATIVES] if pair[1] >= MIN_SHARE)


def _say_nothing(field: Field, left_out: str) -> str:
    return f"no number of {field.digits} found" + (f"; left out as {left_out}" if left_out else "")


def _compare(read: str, number: str, field: Field) -> tuple[str, ...]:
    """Say where what was read contradicts what was made of it; a digit that was not read contradicts nothing."""
    (digits, after), (wanted, expected) = split_point(read), split_point(number)
    if len(digits) not in field.lengths or (number and len(digits) != len(wanted)):
        return (f"{len(digits)} digit{'s' if len(digits) != 1 else ''} read, not {len(wanted) or field.digits}",)
    is_elsewhere = bool(number) and after != expected and (after > 0 or field.low < field.high)
    if is_elsewhere or any(UNKNOWN != one != other for one, other in zip(digits, wanted, strict=bool(number))):
        return (f"{read} was read",)
    return ()


def _doubt(confidence: float, alternatives: tuple[tuple[str, float], ...]) -> tuple[str, ...]:
    if confidence >= MIN_CONFIDENCE:
        return ()
    listed = " or ".join(f"{number} ({share:.0%})" for number, share in alternatives)
    if not listed:
        return ("not certain",) * bool(confidence)
    return (f"could{' also' * bool(confidence)} be {listed}",)
