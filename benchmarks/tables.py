"""The generated tables of README and docs, each declared, and their writer; run as a module, it updates the pages.

A page holds a table between ``<!-- generated: NAME -->`` and ``<!-- end -->``. A table has one row per ``case`` of its
results, in their order. A column selects figures of the case by metric and variant, and a function shows them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from benchmarks.contest import CONTENDERS
from benchmarks.fields import METRICS as FIELD_METRICS
from benchmarks.handwriting import HALVES
from benchmarks.results import ROOT, Row, has_rows, read_rows
from benchmarks.single_digits import BLIND, DRAWN, MAX_REJECTED, MODELS, SEEN
from benchmarks.verdict import findings, standings
from digits.evaluation import wilson_interval

Rows = Sequence[Row]
Show = Callable[[Rows], str]
"""Shows the figures of a cell."""

UNITS = {
    "share": (100, 2, " %"),
    "s": (1, 2, " s"),
    "×": (1, 2, " ×"),
    "min": (1, 1, " min"),
    "ms": (1, 1, " ms"),
    "": (1, 4, ""),
}
UNITS["of 100"] = UNITS["share"]
"""A value's factor, decimal places, and ending; other units follow whole numbers. Of 100 there may be more than 100."""

# --- cells ------------------------------------------------------------------------------------------------------------


def number(values: Iterable[float | None], unit: str, places: int | None = None, join: str = "–") -> str:
    """Show values with their unit."""
    factor, usual, ending = UNITS.get(unit, (1, 0, f" {unit}"))
    decimals = usual if places is None else places
    # the product of a share such as 0.95225 is rounded as the decimal number that it means
    return join.join(f"{round(factor * (value or 0), 9):,.{decimals}f}" for value in values) + ending


def spread(places: int | None = None) -> Show:
    """Show the mean and, of several values, their standard deviation."""

    def show(rows: Rows) -> str:
        values = [row.value or 0 for row in rows]
        return number([mean(values), stdev(values)] if values[1:] else values, rows[0].unit, places, " ± ")

    return show


def average(places: int | None = None) -> Show:
    """Show the mean; of each variant, where there are several."""

    def show(rows: Rows) -> str:
        groups = (
            [row.value or 0 for row in rows if row.variant == each] for each in dict.fromkeys(r.variant for r in rows)
        )
        return number(map(mean, groups), rows[0].unit, places, " → ")

    return show


def minutes(rows: Rows) -> str:
    """Show the mean of seconds in minutes."""
    return number([mean(row.value or 0 for row in rows) / 60], "min")


def extremes(rows: Rows) -> str:
    """Show the lowest and the highest value."""
    values = [row.value or 0 for row in rows]
    return number([min(values), max(values)], rows[0].unit)


def average_and_extremes(rows: Rows) -> str:
    """Show the mean with the extremes, where every run has a value."""
    values = [row.value for row in rows if row.value is not None]
    return f"{average(1)(rows)} ({number([min(values), max(values)], '', 1)})" if len(values) == len(rows) else "–"


def middle(rows: Rows) -> str:
    """Show a median with its extremes, where they differ."""
    row, *_ = rows
    inner = number([row.low, row.high], row.unit).partition(" ")[0]
    return number([row.value], row.unit) + f" ({inner})" * (row.low != row.high)


def runs(rows: Rows) -> str:
    """Show how many runs there are."""
    return str(len({row.seed for row in rows}))


def samples(rows: Rows) -> str:
    """Show how many samples or repetitions are behind a value."""
    return f"{rows[0].n:,}"


def counted(rows: Rows) -> str:
    """Show a share by its number of samples."""
    row, *_ = rows
    return f"{round((row.value or 0) * (row.n or 0))} of {row.n}"


def answers(rows: Rows) -> str:
    """Show how often each answer was given, the most frequent first."""
    return ", ".join(f"{row.variant} ({row.value:,.0f})" for row in sorted(rows, key=lambda row: -(row.value or 0)))


def command(rows: Rows) -> str:
    """Show the command of the runs, without their seed."""
    return f"`{re.sub(r' --seed [0-9]+', '', rows[0].command)}`"


def points(rows: Rows) -> str:
    """Show a difference of accuracies in points, with its interval."""
    row, *_ = rows
    middle, low, high = (100 * (each or 0) for each in (row.value, row.low, row.high))
    return f"{middle:+.2f} ({low:+.2f} to {high:+.2f})".replace("-", "−")


def p_value(rows: Rows) -> str:
    """Show a p-value."""
    value = rows[0].value
    return "–" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"


# --- tables -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """Shows the figures of a case that have a metric (None: the title; empty: any) and a variant (empty: any)."""

    title: str
    show: Show
    metric: str | None = None
    variant: str = ""

    def cell(self, rows: Rows) -> str:
        """Give the cell of a case; a dash where there is no figure."""
        metric = self.title if self.metric is None else self.metric
        chosen = [row for row in rows if metric in ("", row.metric) and self.variant in ("", row.variant)]
        return self.show(chosen) if chosen else "–"


@dataclass(frozen=True)
class Table:
    """Declares a table of a benchmark's results.

    ``first`` is the title of the column of cases; ``columns`` may depend on the rows; ``about`` says how the figures
    came about, ``{n}`` being the first row's; ``only`` chooses rows; with ``mean``, a last row shows the means.
    """

    benchmark: str
    first: str
    columns: Sequence[Column] | Callable[[Rows], Sequence[Column]]
    about: str
    only: Callable[[Row], bool] = lambda row: True
    mean: bool = False

    def render(self) -> str:
        """Give the table and its source as Markdown."""
        rows = [row for row in read_rows(self.benchmark) if self.only(row)]
        columns = self.columns(rows) if callable(self.columns) else self.columns
        cases = {case: [row for row in rows if row.case == case] for case in dict.fromkeys(row.case for row in rows)}
        lines = [[case, *(column.cell(mine) for column in columns)] for case, mine in cases.items()]
        if self.mean:
            lines.append(["**mean**", *(f"**{column.cell(rows)}**" for column in columns)])
        titles = [self.first, *(column.title for column in columns)]
        return f"{markdown(titles, lines)}\n\n{self.about.format(n=f'{rows[0].n or 0:,}')}; {source(rows)}"


def markdown(titles: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Write a table in Markdown."""
    return "\n".join(f"| {' | '.join(line)} |" for line in [titles, ["---"] * len(titles), *lines])


def source(rows: Rows, libraries: str = "") -> str:
    """Say on what rows were measured, how to repeat that, and where they are."""
    row, *_ = rows
    rate = "" if libraries else f" ({row.gemm_gflops:.0f} GFLOP/s in float32)"
    cpu = f"{row.cores} cores of an {row.processor}{rate}"
    machine = f"one {row.processor}" if "NVIDIA" in row.processor else cpu
    again = f"`python -m benchmarks {row.benchmark}`"
    if row.benchmark in RECORDED:
        again = "the command in each row" if row.command else "a timer around the step; no measurement is kept for it"
    return (
        f"{machine}, PyTorch {row.torch.partition('+')[0]}{libraries}. "
        f"Repeat with {again}; rows in `benchmarks/results/{row.benchmark}.csv`."
    )


def per_variant(show: Show, *metrics: str) -> Callable[[Rows], list[Column]]:
    """Make a column of each variant, or of each variant and metric."""

    def columns(rows: Rows) -> list[Column]:
        variants = dict.fromkeys(row.variant for row in rows)
        if not metrics:
            return [Column(variant, show, "", variant) for variant in variants]
        return [Column(f"{variant}, {metric}", show, metric, variant) for variant in variants for metric in metrics]

    return columns


def contest_table() -> str:
    """Show the contest: its standings, what they say, and how it was run."""
    rows, lines = read_rows("contest"), []
    found = standings(rows)
    for name, each in found.items():
        contender, mine = CONTENDERS[name], [row for row in rows if row.case == name]
        title = contender.description if contender.peer else f"**{contender.description}**"
        figures = [Column("test accuracy", spread()).cell(mine), Column("training time", spread(1)).cell(mine)]
        fast = found.get("fast", each)
        ratio = f"{each.seconds / fast.seconds:.1f} ({each.work / fast.work:.1f})"
        share = "–" if each.share is None else f"{100 * each.share:.0f} %"
        lines.append([title, str(each.runs), *figures, ratio, share])
    titles = ["contender", "n", "test accuracy", "training time", "× as long as `fast`", "share of matrix rate"]
    sentences = "\n".join(f"- {'We lead' if each.leads else 'We lose'}: {each.text}" for each in findings(rows))
    ran = [row for row in rows if row.metric == "training time"]
    rates = [row.gemm_gflops or 0 for row in ran]
    threads, *libraries = sorted({part for row in ran for part in re.split("[;,] ", row.note)})
    absent = ", ".join(f"{CONTENDERS[row.case].label} ({row.note})" for row in rows if row.metric == "absent")
    about = (
        f"Mean ± standard deviation of n seeds, all runs in turn, the same 55,000 digits, {threads}, each run in a "
        "process of its own. Compilation at the first training step, as by Keras on JAX, is included; import time and "
        "reading the digits are excluded for all; per-epoch validation is included for all. The machine's float32 "
        f"matrix rate, measured before each run, was {min(rates):.0f}–{max(rates):.0f} GFLOP/s; the ratio in brackets "
        "is of seconds times this rate, which removes its drift; the share is what training's own matrix products "
        f"achieve of it, where counted. {f'Did not take part: {absent}. ' * bool(absent)}"
    )
    return (
        f"{markdown(titles, lines)}\n\n{sentences}\n\n{about}{source(ran, ''.join(f', {each}' for each in libraries))}"
    )


def result_table() -> str:
    """Show the results that matter most, for the README's first screen."""

    def cell(show: Show, benchmark: str, case: str, metric: str = "", variant: str = "") -> str:
        return Column("", show, metric, variant).cell([row for row in read_rows(benchmark) if row.case == case])

    found = standings(read_rows("contest"))
    accuracy = {name: cell(spread(), "contest", name, "test accuracy") for name in found}
    seconds = {name: cell(average(0), "contest", name, "training time") for name in found}
    lead = f"{found['textbook'].seconds / found['fast'].seconds:.0f} × as fast as the textbook PyTorch loop"
    cases = ("pictures of one digit", "crops of pencil and pen")
    handwriting = "; ".join(cell(spread(), "reading", case, variant="`cnn`") for case in cases)
    blind = ("pages and pages2, blind", "forms, blind")
    documents = "; ".join(cell(average(1), "documents", case, "digit errors", "`cnn`") for case in blind)
    cold = "`digits read digit.png`"
    lines = [
        ["`digits train`: 784-256-128-10", f"{accuracy['standard']} on MNIST test", seconds["standard"]],
        [f"`digits train fast`: {lead} ({accuracy['textbook']})", accuracy["fast"], f"{found['fast'].seconds:.1f} s"],
        ["`digits train cnn`: a small convolutional network", accuracy["cnn"], seconds["cnn"]],
        [f"other people's handwriting, never trained on: {'; '.join(cases)}", handwriting, "–"],
        ["other people's documents, never looked at: wrong digits on pages; on forms and exams", documents, "–"],
        [f"{cold}, a whole cold process", "–", cell(average(), "reading-speed", cold)],
    ]
    about = "Mean ± standard deviation over seeds, on 2 CPU cores"
    return f"{markdown(['', 'accuracy', 'time'], lines)}\n\n{about}."


def single_digit_table() -> str:
    """Show how pictures of one digit are read, seen sets above blind ones, and how the two compare."""
    parts = {
        "seen": [row for row in read_rows("single-digits") if row.case in (*SEEN, DRAWN)],
        "blind": [row for row in read_rows("blind") if row.case in BLIND] if has_rows("blind") else [],
    }
    # of the log of blind scores, each model's last
    last = {row.variant: row.note for row in parts["blind"]}
    parts["blind"] = [row for row in parts["blind"] if row.note == last[row.variant]]
    columns = [
        Column(f"`{model}`: {title}" if number == 0 else title, show, metric, f"`{model}`")
        for model in MODELS
        for number, (title, show, metric) in enumerate(SCORES)
    ]
    lines = [
        [case, part, samples(mine), *(column.cell(mine) for column in columns)]
        for part, rows in parts.items()
        for case in dict.fromkeys(row.case for row in rows)
        for mine in [[row for row in rows if row.case == case]]
    ]
    titles = ["pictures", "set is", "n", *(column.title for column in columns)]
    about = (
        "95 % intervals of accuracy in brackets (Wilson). An answer that is rejected counts in the accuracy as it is; "
        f"non-digits are rejected at the threshold that rejects at most {100 * MAX_REJECTED:g} % of that set; "
    )
    sentences = "\n".join(f"- {_compare(f'`{model}`', **parts)}" for model in MODELS)
    return f"{markdown(titles, lines)}\n\n{sentences}\n\n{about}{source(parts['seen'])}"


def _compare(variant: str, seen: Rows, blind: Rows) -> str:
    """Compare a model's mean error on seen and on blind handwriting, and say how many non-digits it rejects."""

    def values(rows: Rows, metric: str) -> list[float]:
        return [row.value or 0 for row in rows if (row.variant, row.metric) == (variant, metric) and row.case != DRAWN]

    known, unknown, rejected = (
        values(seen, "correct"),
        values(blind, "correct"),
        values([*seen, *blind], "non-digits rejected"),
    )
    errors = [1 - mean(known), *([1 - mean(unknown)] if unknown else [])]
    text = f"{variant}: mean error on the {len(known)} seen sets of handwriting {number(errors[:1], 'share')}"
    if unknown:
        text += f", on the {len(unknown)} blind ones {number(errors[1:], 'share')}"
        text += f": {errors[1] / errors[0]:.1f} times as much"
    return f"{text}. Non-digits rejected, mean of all {len(rejected)} sets: {number([mean(rejected)], 'share', 1)}."


def document_table() -> str:
    """Show how documents are read: a row per figure, a column per reader, each with its seen and its blind half."""
    rows = read_rows("documents")
    variants = sorted({row.variant for row in rows if row.variant}, key=lambda name: (name[0] != "`", name))

    def cell(case: str, metric: str, show: Show, variant: str) -> str:
        halves = ([row for row in rows if row.case == f"{case}, {half}"] for half in HALVES)
        return " / ".join(Column("", show, metric, variant).cell(mine) for mine in halves)

    lines = [
        [f"{case}: {metric}", cell(case, metric, samples, ""), *(cell(case, metric, show, each) for each in variants)]
        for case in ("pages and pages2", "forms")
        for metric, show in DOCUMENT_SCORES
        if any(row.metric == metric and row.case.startswith(f"{case},") for row in rows)
    ]
    settings = ", ".join(dict.fromkeys(f"{row.variant} ({row.note})" for row in rows if row.metric == "time"))
    blind = ", ".join(
        row.note for row in rows if row.metric == "sources" and row.case in ("pages and pages2, blind", "forms, blind")
    )
    about = (
        "Left the seen half, right the blind one; n digits or pages. Processor time: median of pages. Readers: "
        f"{settings}. Blind sources: {blind}"
    )
    return f"{markdown(['what', 'n', *variants], lines)}\n\n{about}; {source(rows)}"


def with_interval(rows: Rows) -> str:
    """Show an accuracy with its 95 % interval."""
    row, *_ = rows
    n = row.n or 0
    limits = wilson_interval(round((row.value or 0) * n), n)
    return f"{number([row.value], 'share')} ({number(limits, 'share', 1).removesuffix(' %')})"


RECORDED = ("explored", "ablation", "tried")
"""Results without a measurement here."""

N, WEIGHTS = Column("n", runs, ""), Column("weights", average(0))
ACCURACY, LOSS = Column("validation accuracy", spread()), Column("validation loss", spread(4))
TEST, TIME = Column("test accuracy", spread()), Column("time", middle)
PERSONAL = [Column("writer's other digits", average(1)), Column("MNIST validation", average())]
PERSONAL += [Column(title, average()) for title in ("validation digits accepted", "non-digits rejected")]
PERSONAL += [Column("processor time", average(0))]

SEEDS, EXTREMES = "Mean ± standard deviation of n seeds", "extremes in brackets"
WRITERS = "Mean of 3 writers, before → after, one seed; 100 digits of each that no run was given"
JUDGED = "Other people's handwriting was looked at while this was built, never trained on"

SCORES: list[tuple[str, Show, str]] = [
    ("accuracy", with_interval, "correct"),
    ("rejected", average(1), "rejected"),
    ("error of the most confident 90 %", average(), "error of the most confident 90%"),
    ("non-digits rejected", average(1), "non-digits rejected"),
]
"""What is shown of each model: title, how, and metric."""

DOCUMENT_SCORES: list[tuple[str, Show]] = [
    ("digit errors", average(1)),
    ("written digits missed", average(1)),
    ("pages without an error", counted),
    ("exam numbers right, alone in a line", counted),
    ("exam numbers right, among other digits", counted),
    ("digits found on pages without handwriting", average(0)),
    ("processor time", average(2)),
]
"""What is shown of each reader of documents: metric, and how."""

REVISED = [f"error{of}{how}" for of in ("", " of 1 and 7") for how in ("", ", revised")]

TABLES: dict[str, Callable[[], str]] = {"result": result_table, "contest": contest_table}
TABLES["single-digits"] = single_digit_table
TABLES["documents"] = document_table
TABLES |= {
    name: table.render
    for name, table in {
        "accuracy": Table(
            "accuracy",
            "recipe",
            [
                WEIGHTS,
                N,
                Column("test accuracy", spread(3)),
                Column("lowest–highest", extremes, "test accuracy"),
                Column("training time", minutes),
            ],
            f"{SEEDS}, all of them; last epoch, test scored once. Minutes are of one thread, with a second run beside "
            "it, without the teacher's",
        ),
        "epochs": Table(
            "epochs",
            "one epoch of 55,000 digits",
            per_variant(middle),
            f"Median of {{n}} epochs, no augmentation, validation included; {EXTREMES}",
        ),
        "starts": Table("starts", "whole process", [TIME], f"Median of {{n}} starts; {EXTREMES}"),
        "explored": Table(
            "explored",
            "`digits train`",
            [WEIGHTS, Column("training accuracy", spread()), ACCURACY, LOSS],
            "Mean ± standard deviation of 5 seeds where there is one, else one seed; 15,000 of the 60,000 held out",
        ),
        "ablation": Table(
            "ablation", "`standard` with AdamW, and", [ACCURACY, LOSS], "Mean ± standard deviation of 2 seeds"
        ),
        "tried": Table("tried", "batch of 500", [Column("time", spread(2))], "Median of {n}"),
        "pens": Table(
            "pens",
            "trained on",
            lambda rows: [N, *per_variant(spread())(rows), Column("command", command, "")],
            f"{SEEDS}, all of them; last epoch. {JUDGED}",
        ),
        "pen-strokes": Table(
            "pen-strokes",
            "strokes drawn with",
            per_variant(spread()),
            "Mean ± standard deviation of the networks above, on {n} digits",
        ),
        "pen-speed": Table(
            "pen-speed", "what", [Column("rate", middle)], f"Median of {{n}} repetitions in one process; {EXTREMES}"
        ),
        "reading": Table(
            "reading",
            "what",
            lambda rows: [Column("n", samples, ""), *per_variant(spread())(rows)],
            f"{JUDGED}; the reader's thresholds were chosen on synthetic pages and validation digits",
            only=lambda row: not row.metric.startswith("error"),
        ),
        "finding": Table(
            "finding",
            "synthetic documents",
            lambda rows: [Column("n", samples, ""), *per_variant(spread())(rows)],
            "Layouts and fonts that the finder has not learned from (the judge was fitted to other layouts in these "
            "fonts), written with digits that were held out; errors "
            "are digits of another class, missed and invented ones",
        ),
        "fields": Table(
            "fields",
            "pages with a number of nine digits",
            [Column(title, counted) for title in FIELD_METRICS],
            "The lists are made up of the true numbers and random ones; the exam pages are of the blind half",
        ),
        "exams": Table(
            "exams",
            "exam pages",
            [Column("numbers right", counted)],
            "Of readers of whole pages, the number must be among the digits read, look-alike letters are digits; pages "
            "of the blind half",
        ),
        "forms": Table(
            "forms",
            "synthetic forms",
            lambda rows: [Column("n", samples, ""), *per_variant(spread())(rows)],
            "Ten forms with an account number (mod10), marks (a range, decimals) and plain numbers, filled in with "
            "digits that were held out, photographed, scanned and copied; nothing was chosen on these",
        ),
        "cells": Table(
            "cells",
            "synthetic tables",
            lambda rows: [Column("n", samples, ""), *per_variant(spread())(rows)],
            "Ruled tables, combs and columns, photographed, scanned, copied and faxed; nothing was chosen on these",
        ),
        "corruptions": Table(
            "reading",
            "corruption",
            per_variant(average(), "error", "error with second pass"),
            "Errors on MNIST's {n} test digits, corrupted with seed 0; `cnn` learned random corruptions of its own, "
            "`mlp` none",
            only=lambda row: row.metric.startswith("error"),
            mean=True,
        ),
        "writers": Table(
            "writers",
            "pages of 20 digits",
            lambda rows: [
                Column("n", samples, "error"),
                *per_variant(spread(), *REVISED)(rows),
            ],
            "Mean ± standard deviation of 5 seeds, n digits each; synthetic hands are others for each, the strokes and "
            "MNIST's digits are dealt to other pages",
            only=lambda row: row.metric != "weight",
        ),
        "reading-speed": Table(
            "reading-speed", "what", [TIME], f"Whole processes from start to end, median of {{n}}; {EXTREMES}"
        ),
        "personal": Table("personal", "initial model, and settings", PERSONAL, WRITERS),
        "serving": Table(
            "serving",
            "what",
            [Column("n", samples, ""), Column("measured", middle)],
            "Median of all rounds, extremes in brackets; the service and its client (eight connections) share cores",
        ),
        "classroom": Table(
            "classroom",
            "what",
            [Column("n", samples, ""), Column("measured", middle)],
            "Service, phones, browser and training share the cores",
        ),
        "since": Table(
            "since",
            "what",
            [
                Column("former", middle, "time", "former"),
                Column("bounded", middle, "time", "bounded"),
                Column("ratio", middle, "ratio", "bounded"),
                Column("now", middle, "time", "now"),
                Column("ratio", middle, "ratio", "now"),
            ],
            f"Median of {{n}} rounds, each with all three codes; {EXTREMES}, of the ratio those of single rounds",
        ),
        "attack": Table(
            "attack",
            "beside",
            [
                Column("requests", samples, "failed"),
                Column("failed", average(0)),
                Column("median", average(1)),
                Column("99th percentile", average(1)),
                Column("memory at most", average(2)),
                Column("memory after", average(2)),
                Column("attackers were answered", answers, "attackers answered"),
            ],
            "Healthy clients read 20 drawn digits per second, whose answers are checked; latency counts from when a "
            "request was due. Service, clients and attackers share the cores; attackers have a lower priority. Memory "
            "is that of the service and its workers; after: once it is idle again",
        ),
        "mutations": Table(
            "mutations",
            "damaged",
            [
                Column("n", samples, "read"),
                Column("read", average(1)),
                Column("refused", average(1)),
                Column("failed", average(1)),
                Column("processor time", average(2)),
                Column("memory", average(0)),
            ],
            "Each file in a process of its own; the most that any of them took of processor time, and of memory with "
            "interpreter and libraries",
        ),
        "curve": Table(
            "studies",
            "training digits",
            [Column("n", runs, "validation accuracy"), ACCURACY],
            "Mean ± standard deviation over seeds, each with digits of its own, on 5,000 validation digits",
            only=lambda row: row.variant == "curve",
        ),
        "ablate": Table(
            "studies",
            "`fast` without",
            [
                Column("n", runs, "validation accuracy"),
                ACCURACY,
                Column("points, 95 % interval", points, "difference"),
                Column("p corrected", p_value),
            ],
            "Mean ± standard deviation over seeds, on 5,000 validation digits; the interval draws others of both",
            only=lambda row: row.variant == "ablate",
        ),
        "clean": Table(
            "clean",
            "set",
            [
                Column("digits", samples, "warnings"),
                Column("warnings", average(0)),
                Column("processor time", average(1)),
            ],
            "What `digits data check` warns of in sets with nothing wrong",
        ),
        "formats": Table(
            "formats",
            "format",
            [
                Column("digits", samples, "processor time", "written"),
                Column("written", average(1), "processor time", "written"),
                Column("read", average(1), "processor time", "read"),
            ],
            "Processor time of `digits data convert` from NPZ, and of loading the result, the least of three",
        ),
        "exports": Table(
            "exports",
            "`--to`",
            [Column(f"`{model}`", average(2), "test accuracy", f"`{model}`") for model in ("mlp", "cnn")],
            "Accuracy on MNIST's 10,000 test digits, by the code that scores the original; of `hub`, its `model.onnx`",
        ),
        "gpu": Table(
            "gpu",
            "recipe",
            [
                N,
                TEST,
                Column("training time", spread(1)),
                Column("99 % of validation after", average_and_extremes, "time to 99 %"),
            ],
            f"{SEEDS} in one process, after CUDA's first use",
        ),
    }.items()
}


def render(name: str) -> str:
    """Give a generated table as Markdown; a `KeyError` if there is none of this name."""
    return TABLES[name]()


def update_pages() -> None:
    """Write every generated table anew into the pages that show it."""
    block = re.compile(r"^(<!-- generated: ([\w-]+) -->\n).*?^(<!-- end -->)", re.DOTALL | re.MULTILINE)
    for page in (ROOT / "README.md", *ROOT.glob("docs/**/*.md")):
        text = page.read_text(encoding="utf-8")
        renewed = block.sub(lambda found: f"{found[1]}{render(found[2])}\n{found[3]}", text)
        if renewed != text:
            page.write_text(renewed, encoding="utf-8")


if __name__ == "__main__":
    update_pages()
