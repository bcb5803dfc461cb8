"""How well printed forms are read: of several layouts, filled in by synthetic hands, scanned, photographed and copied.

Registration is judged apart from reading: a field is found if the true boxes of its digits lie where it is said to be.

    python -m benchmarks forms
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import digits
from benchmarks.keystrokes import count_keys, offer, show
from benchmarks.results import Row
from digits.documents import Field, FieldRow, Form, FormPage, spread
from digits.preprocessing import Decoded, as_grey, decode
from digits.synthesis import BlankForm, Cell, FilledForm, RealDigits, synthesize_filled

PAGES = int(os.environ.get("DIGITS_FORM_PAGES", "40"))
"""Filled-in pages; 40 take some minutes on two cores."""

LAYOUTS = 10
"""Forms that they are of."""

SEED = 71_000
"""Theirs: nothing was trained or chosen on these."""

SCALE = 7.0
"""Pixels per millimetre of a page before it is photographed."""

CELLS = 50
"""Doubtful numbers of which keys are told: 5 % of 1,000."""

EMPTY_SHARE = 0.12
"""Of the fields, that are left empty."""

VARIANT = "`cnn`"
"""The model that reads."""

METRICS = "right", "flagged", "wrong without a flag"

SILENT, FLAGGED = (0.01, 0.001), 0.05
"""Shares of numbers that may be silently wrong, and that may be flagged: what each costs of the other."""


@dataclass(frozen=True)
class Layout:
    """A form with the rules of its fields and without them, and how it is printed."""

    ruled: Form
    free: Form
    blank: BlankForm


@dataclass(frozen=True)
class Filled:
    """A form with what is written into it: one text per box, and the number that it is, of each field."""

    layout: Layout
    texts: tuple[str, ...]
    numbers: tuple[str, ...]


def measure() -> Iterator[Row]:
    """Read filled-in forms, with the rules of their fields and without them."""
    from digits.data import split

    real = RealDigits(split(digits.load_mnist().train)[1])
    reader, counts = digits.Reader(), Counter[str]()
    answered: dict[str, list[tuple[float, bool]]] = {"without rules": [], "with rules": []}
    keys = list[tuple[float, int, int]]()
    filled = list(fill(SEED, PAGES))
    pictures = synthesize_filled(((each.layout.blank, each.texts) for each in filled), SEED, real=real)
    for each, picture in zip(filled, pictures, strict=True):
        page = read(each.layout.ruled, picture, reader)
        counts["registered"] += not page.error
        for name, form in (("without rules", each.layout.free), ("with rules", each.layout.ruled)):
            row = form.decide([page], form.load_numbers()).rows[0]
            counts.update(score(name, each, picture, row))
            answered[name] += judge(each, picture, row)
        keys += count_review(each, picture, page, row)
    for name, pairs in answered.items():
        for metric in METRICS:
            yield _row(f"numbers, {name}: {metric}", counts[f"{name}, {metric}"], counts[f"{name}, n"])
        for metric, share in weigh_risk(pairs).items():
            yield Row(
                case=f"numbers, {name}: {metric}",
                variant=VARIANT,
                metric="share",
                value=share,
                unit="of 100",
                n=len(pairs),
            )
    yield from _weigh_review(keys, counts["with rules, n"] + counts["with rules, empty"])
    yield _row("pages registered", counts["registered"], PAGES)
    yield _row("numbers whose boxes were found", counts["with rules, found"], counts["with rules, n"])
    yield _row("empty fields: read as something", counts["with rules, invented"], counts["with rules, empty"])


def read(form: Form, picture: FilledForm, reader: digits.Reader) -> FormPage:
    """Read the boxes of a picture."""
    pixels = picture.document.picture
    try:
        return form.read_page(reader, Decoded(pixels, (pixels.shape[1], pixels.shape[0])), picture.kind)
    except digits.DigitsError as error:
        return FormPage(picture.kind, error=str(error))


def score(name: str, filled: Filled, picture: FilledForm, row: FieldRow) -> Counter[str]:
    """Compare the answers of a page with what is written, in fields of which every digit can be seen."""
    counts, truth = Counter[str](), picture.document.truth
    for line, (answer, number) in enumerate(zip(row.answers, filled.numbers, strict=True)):
        flagged = bool(row.error or answer.notices)
        if not number:
            counts.update({"empty": 1, "invented": bool(answer.number)})
        elif picture.legible[line]:
            boxes = truth.boxes[truth.lines == line]
            middles = boxes[:, :2] + boxes[:, 2:] / 2
            left, top, width, height = answer.box or (0, 0, 0, 0)
            counts["n"] += 1
            counts["found"] += bool(((middles > (left, top)) & (middles < (left + width, top + height))).all())
            counts["right"] += answer.number == number
            counts["flagged"] += flagged
            counts["wrong without a flag"] += answer.number != number and not flagged
    return Counter({f"{name}, {key}": count for key, count in counts.items()})


def judge(filled: Filled, picture: FilledForm, row: FieldRow) -> list[tuple[float, bool]]:
    """Give confidence and whether it is right of every answer that `score` counts; a page that is not read has none."""
    return [
        (answer.confidence * (not row.error), answer.number == number)
        for line, (answer, number) in enumerate(zip(row.answers, filled.numbers, strict=True))
        if number and picture.legible[line]
    ]


def weigh_risk(answers: list[tuple[float, bool]]) -> dict[str, float]:
    """Weigh flags against silent errors, if numbers are flagged from the least confident on, as many as it takes."""
    n = len(answers)
    silent = np.cumsum([not right for _, right in sorted(answers, key=lambda pair: -pair[0])]) / n
    found = {
        f"flagged, so that {100 * share:g} % are silently wrong": 1
        - int(np.searchsorted(silent, share, side="right")) / n
        for share in SILENT
    }
    kept = n - round(FLAGGED * n)
    return {**found, f"silently wrong, if {100 * FLAGGED:g} % are flagged": float(silent[kept - 1])}


def count_review(filled: Filled, picture: FilledForm, page: FormPage, row: FieldRow) -> list[tuple[float, int, int]]:
    """Give the confidence of each doubtful answer, and its keys, with and without that of the other number."""
    counts = list[tuple[float, int, int]]()
    for line, (answer, text) in enumerate(zip(row.answers, filled.texts, strict=True)):
        if answer.notices and not row.error and line in page.boxes and picture.legible[line]:
            shown = spread(page.boxes[line], answer, len(text))
            truth = tuple(each.strip() for each in text)
            ways = (offer(shown.made, answer.alternatives), ())
            with_other, without = (count_keys(show(shown.made, shown.doubts, other), truth) for other in ways)
            counts.append((answer.confidence, with_other, without))
    return counts


def _weigh_review(keys: list[tuple[float, int, int]], n: int) -> Iterator[Row]:
    """Count the keys for `CELLS` doubtful numbers: of all that are flagged, and of the least certain of n numbers."""
    worst = sorted(keys)[: max(round(FLAGGED * n), 1)]
    for case, chosen in (("flagged numbers", keys), ("numbers, the least certain 5 %", worst)):
        for column, how in ((1, ""), (2, ", without the key of the other number")):
            mean = sum(each[column] for each in chosen) / max(len(chosen), 1)
            value = round(CELLS * mean, 1)
            yield Row(
                case=f"review: keys for {CELLS} {case}{how}", variant=VARIANT, metric="keys", value=value, n=len(chosen)
            )


def fill(seed: int, pages: int) -> Iterator[Filled]:
    """Make forms, and on so many pages write random numbers that satisfy the rules of their fields."""
    layouts = [make_layout(np.random.default_rng((seed, 2, number))) for number in range(LAYOUTS)]
    for page in range(pages):
        rng, layout = np.random.default_rng((seed, 3, page)), layouts[page % LAYOUTS]
        pairs = [sample_number(field, rng) for field in layout.ruled.fields]
        yield Filled(layout, tuple(text for text, _ in pairs), tuple(number for _, number in pairs))


def make_layout(rng: np.random.Generator) -> Layout:
    """Make a form of random fields: an account number with a check digit, marks with a range and decimals, others."""
    fields: list[dict[str, Any]] = [{"name": "account", "digits": int(rng.integers(6, 11)), "checksum": "mod10"}]
    for number in range(int(rng.integers(3, 14))):
        high = int(rng.choice([10, 20, 100]))
        kinds: list[dict[str, Any]] = [
            {"name": f"mark {number}", "digits": f"1-{len(str(high))}", "range": [0, high]},
            {"name": f"half {number}", "digits": "2-3", "decimals": 1, "range": [0, 20]},
            {"name": f"free {number}", "digits": int(rng.integers(2, 7))},
        ]
        fields.append(kinds[rng.integers(len(kinds))])
    paper = str(rng.choice(["A4", "Letter"]))
    form = Form({"title": "Form", "field": fields, "paper": paper})
    plain = [{key: value for key, value in each.items() if key not in ("range", "checksum")} for each in fields]
    drawn = decode(form.to_pdf(), "form.pdf", max_side=round(SCALE * form.sheet.size[1])).picture
    boxes = [[to_cell(area) for area in comb.areas] for comb in form.sheet.combs]
    return Layout(form, Form({"field": plain, "paper": paper}), BlankForm(as_grey(drawn, max(drawn.shape)), boxes))


def to_cell(area: tuple[float, float, float, float]) -> Cell:
    """Give a box of the paper, in millimetres, as a cell of its picture, in pixels."""
    left, top, right, bottom = (SCALE * each for each in area)
    return Cell(left, top, right - left, bottom - top)


def sample_number(field: Field, rng: np.random.Generator) -> tuple[str, str]:
    """Sample what is written into the boxes of a field, and the number that it is."""
    if rng.random() < EMPTY_SHARE:
        return " " * field.high, ""
    decimals = field.constraints.decimals
    while True:
        text = "".join(map(str, rng.integers(0, 10, int(rng.integers(field.low, field.high + 1)))))
        if len(text) - decimals > 1 and len(text) > field.low and text[0] == "0":
            continue  # nobody writes 07
        number = f"{text[:-decimals]}.{text[-decimals:]}" if decimals else text
        if not field.constraints.find_fault(number):
            return text.rjust(field.high), number


def _row(case: str, count: int, n: int) -> Row:
    return Row(case=case, variant=VARIANT, metric="share", value=count / max(n, 1), unit="of 100", n=n)
