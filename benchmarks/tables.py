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
from benchmarks.results import ROOT, Row, read_rows
from benchmarks.verdict import findings, standings

Show = Callable[[Sequence[Row]], str]
"""How the figures of a cell are shown; a dash where there is none."""

UNITS = {"share": (100, 2, " %"), "s": (1, 2, " s"), "min": (1, 1, " min"), "ms": (1, 1, " ms"), "": (1, 4, "")}
"""A value's factor, decimal places, and ending; whole numbers precede any other unit."""

# --- cells ------------------------------------------------------------------------------------------------------------


def number(values: Iterable[float | None], unit: str, places: int | None = None, *, join: str = "–") -> str:
    """Show values with their unit."""
    factor, usual, ending = UNITS.get(unit, (1, 0, f" {unit}"))
    decimals = usual if places is None else places
    # the product of a share such as 0.95225 is rounded as the decimal number that it means
    return join.join(f"{round(factor * (value or 0), 9):,.{decimals}f}" for value in values) + ending


def bracket(low: float | None, high: float | None, unit: str, places: int | None = None) -> str:
    """Show extremes in brackets, without their unit."""
    return f"({number([low, high], unit, places).partition(' ')[0]})"


def spread(places: int | None = None) -> Show:
    """Show the mean and, of several values, their standard deviation."""

    def show(rows: Sequence[Row]) -> str:
        values = [row.value or 0 for row in rows]
        return number([mean(values), stdev(values)] if values[1:] else values, rows[0].unit, places, join=" ± ")

    return show


def average(places: int | None = None, unit: str = "", scale: float = 1) -> Show:
    """Show the mean alone."""
    return lambda rows: number([scale * mean(row.value or 0 for row in rows)], unit or rows[0].unit, places)


def extremes(rows: Sequence[Row]) -> str:
    """Show the lowest and the highest value."""
    values = [row.value or 0 for row in rows]
    return number([min(values), max(values)], rows[0].unit)


def average_and_extremes(rows: Sequence[Row]) -> str:
    """Show the mean with the extremes, where every run has a value."""
    values = [row.value for row in rows if row.value is not None]
    return f"{average(1)(rows)} {bracket(min(values), max(values), 's', 1)}" if len(values) == len(rows) else "–"


def middle(rows: Sequence[Row]) -> str:
    """Show a median with its extremes, where they differ."""
    row, *_ = rows
    return number([row.value], row.unit) + (f" {bracket(row.low, row.high, row.unit)}" if row.low != row.high else "")


def runs(rows: Sequence[Row]) -> str:
    """Show how many runs there are."""
    return str(len(rows))


def samples(rows: Sequence[Row]) -> str:
    """Show how many samples or repetitions are behind a value."""
    return f"{rows[0].n:,}"


def command(rows: Sequence[Row]) -> str:
    """Show the command of the runs, without their seed."""
    return f"`{re.sub(r' --seed [0-9]+', '', rows[0].command)}`"


# --- tables -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """Shows the figures of a case that have one metric (two are joined by an arrow, "" is any) and one variant."""

    title: str
    show: Show
    metrics: Sequence[str] = ("",)
    variant: str = ""

    def cell(self, rows: Sequence[Row]) -> str:
        """Give the cell of a case, from its rows."""
        here = [row for row in rows if self.variant in ("", row.variant)]
        chosen = [[row for row in here if metric in ("", row.metric)] for metric in self.metrics]
        return " → ".join(self.show(each) for each in chosen) if all(chosen) else "–"


@dataclass(frozen=True)
class Table:
    """Declares a table.

    Attributes
    ----------
    benchmark
        Name of the results.
    first
        Title of the column of cases.
    columns
        The other columns; a function of the rows where they depend on them.
    about
        How the figures came about, a sentence without its full stop; ``{n}`` is the first row's.
    only
        Which rows are shown.
    titles
        Cases to show, in this order, and their titles, instead of all as they are.
    mean
        Whether a last row shows the mean of each column.
    recorded
        Whether the measurement has no code of its own: each row has the command that repeats it.
    """

    benchmark: str
    first: str
    columns: Sequence[Column] | Callable[[Sequence[Row]], Sequence[Column]]
    about: str
    only: Callable[[Row], bool] = lambda row: True
    titles: dict[str, str] | None = None
    mean: bool = False
    recorded: bool = False

    def render(self) -> str:
        """Give the table and its source as Markdown."""
        rows = [row for row in read_rows(self.benchmark) if self.only(row)]
        columns = self.columns(rows) if callable(self.columns) else self.columns
        titles = self.titles or {row.case: row.case for row in rows}
        lines = [[titles[case], *_cells(columns, [row for row in rows if row.case == case])] for case in titles]
        if self.mean:
            lines.append(["**mean**", *(f"**{cell}**" for cell in _cells(columns, rows))])
        table = markdown([self.first, *(column.title for column in columns)], lines)
        about = self.about.format(n=f"{rows[0].n:,}" if rows[0].n else "")
        return f"{table}\n\n{about}; {machine(rows)}. {origin(self.benchmark, recorded=self.recorded)}"


def _cells(columns: Sequence[Column], rows: Sequence[Row]) -> list[str]:
    return [column.cell(rows) for column in columns]


def markdown(titles: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Write a table in Markdown."""
    return "\n".join(f"| {' | '.join(line)} |" for line in [titles, ["---"] * len(titles), *lines])


def machine(rows: Sequence[Row]) -> str:
    """Say on what rows were measured."""
    row, *_ = rows
    if "NVIDIA" in row.processor:
        return f"one {row.processor}, {torch_version(rows)}"
    return f"{row.cores} cores of an {row.processor} ({row.gemm_gflops:.0f} GFLOP/s in float32), {torch_version(rows)}"


def torch_version(rows: Sequence[Row]) -> str:
    """Name the PyTorch of some rows."""
    return f"PyTorch {rows[0].torch.partition('+')[0]}"


def origin(benchmark: str, *, recorded: bool = False) -> str:
    """Say how to repeat a measurement, and where its rows are."""
    command = "Repeat with the command in each row" if recorded else f"Repeat with `python -m benchmarks {benchmark}`"
    return f"{command}; rows in `benchmarks/results/{benchmark}.csv`."


def per_variant(show: Show, *metrics: str) -> Callable[[Sequence[Row]], list[Column]]:
    """Make a column of each variant, or of each variant and metric."""

    def columns(rows: Sequence[Row]) -> list[Column]:
        variants = dict.fromkeys(row.variant for row in rows)
        if not metrics:
            return [Column(variant, show, variant=variant) for variant in variants]
        return [Column(f"{variant}, {metric}", show, (metric,), variant) for variant in variants for metric in metrics]

    return columns


def contest_table() -> str:
    """Show the contest: its standings, what they say, and how it was run."""
    rows, lines = read_rows("contest"), []
    found = standings(rows)
    for name, each in found.items():
        contender, mine = CONTENDERS[name], [row for row in rows if row.case == name]
        title = contender.description if contender.peer else f"**{contender.description}**"
        accuracy, seconds = (
            Column("", show, (metric,)).cell(mine)
            for show, metric in ((spread(), "test accuracy"), (spread(1), "training time"))
        )
        fast = found.get("fast", each)
        ratio = f"{each.seconds / fast.seconds:.1f} ({each.work / fast.work:.1f})"
        share = "–" if each.share is None else f"{100 * each.share:.0f} %"
        lines.append([title, str(each.runs), accuracy, seconds, ratio, share])
    titles = ["contender", "n", "test accuracy", "training", "× as long as `fast`", "share of matrix rate"]
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
        f"achieve of it, where counted. {f'Did not take part: {absent}. ' * bool(absent)}{ran[0].cores} cores of an "
        f"{ran[0].processor}, {torch_version(ran)}, {', '.join(libraries)}. {origin('contest')}"
    )
    return f"{markdown(titles, lines)}\n\n{sentences}\n\n{about}"


def result_table() -> str:
    """Show the results that matter most, for the README's first screen."""

    def cell(show: Show, benchmark: str, case: str, *metrics: str, variant: str = "") -> str:
        mine = [row for row in read_rows(benchmark) if row.case == case]
        return Column("", show, metrics or ("",), variant).cell(mine)

    found = standings(read_rows("contest"))
    accuracy = {name: cell(spread(), "contest", name, "test accuracy") for name in found}
    seconds = {name: cell(average(0), "contest", name, "training time") for name in found}
    lead = f"{found['textbook'].seconds / found['fast'].seconds:.0f} × as fast as the textbook PyTorch loop"
    handwriting = [cell(spread(), "reading", case, variant="`cnn`") for case in (ONE_DIGIT, PENCIL)]
    cold, about = "`digits read digit.png`", "Means over seeds on 2 CPU cores; every figure is in docs/benchmarks.md"
    lines = [
        ["`digits train`: 784-256-128-10", f"{accuracy['standard']} on MNIST test", seconds["standard"]],
        [f"`digits train fast`: {lead} ({accuracy['textbook']})", accuracy["fast"], f"{found['fast'].seconds:.1f} s"],
        ["`digits train cnn`: a small convolutional network", accuracy["cnn"], seconds["cnn"]],
        [f"other people's handwriting, never trained on: {ONE_DIGIT}; {PENCIL}", "; ".join(handwriting), "–"],
        [f"{cold}, a whole cold process", "–", cell(average(), "reading-speed", cold)],
    ]
    return f"{markdown(['', 'accuracy', 'time'], lines)}\n\n{about}."


ONE_DIGIT, PENCIL = "pictures of one digit", "crops of pencil and pen"

RUNS = Column("n", runs, ("test accuracy",))
TEST, VALIDATION = Column("test accuracy", spread(), ("test accuracy",)), ("validation accuracy",)
LOSS = Column("validation loss", spread(4), ("validation loss",))
TIME = Column("time", middle)
ACCURATE = {
    "best-mlp": "`best-mlp`: 784-256-128-10, distilled from a best-cnn",
    "tiny": "`tiny`: the smallest",
    "best-cnn": "`best-cnn`: one convolutional network",
    "ensemble": "`ensemble`: several of it as one model file",
}
EPOCHS = {case: case for case in ("without dropout", "with dropout 0.2", "its matrix products alone")}
PERSONAL = [
    Column(title, average(places), (f"{title}, before", f"{title}, after"))
    for title, places in (
        ("writer's other digits", 1),
        ("MNIST validation", 2),
        ("validation digits accepted", 2),
        ("non-digits rejected", 2),
    )
]
PERSONAL += [Column("processor time", average(0), ("processor time",))]
SEEDS = "Mean ± standard deviation of n seeds"
EXTREMES = "fastest and slowest in brackets"
WRITERS = "Mean of 3 writers, before → after, one seed; 100 digits of each that no run was given"
JUDGED = "looked at while it was built, never trained on"

TABLES: dict[str, Table | Callable[[], str]] = {
    "result": result_table,
    "contest": contest_table,
    "accuracy": Table(
        "accuracy",
        "recipe",
        [
            Column("weights", average(0), ("weights",)),
            RUNS,
            Column("test accuracy", spread(3), ("test accuracy",)),
            Column("lowest–highest", extremes, ("test accuracy",)),
            Column("training", average(1, "min", 1 / 60), ("training time",)),
        ],
        f"{SEEDS}, all of them; last epoch, test scored once. Minutes are of one thread, with a second run beside it, "
        "without the teacher's",
        titles=ACCURATE,
    ),
    "epochs": Table(
        "epochs",
        "one epoch of 55,000 digits",
        per_variant(middle),
        f"Median of {{n}} epochs, no augmentation, validation included; {EXTREMES}",
        titles=EPOCHS,
    ),
    "starts": Table("starts", "whole process", [TIME], f"Median of {{n}} starts; {EXTREMES}"),
    "explored": Table(
        "explored",
        "`digits train`",
        [
            Column("weights", average(0), ("weights",)),
            Column("training", spread(), ("training accuracy",)),
            Column("validation", spread(), VALIDATION),
            LOSS,
        ],
        "Mean ± standard deviation of 5 seeds where there is one, else one seed; 15,000 of the 60,000 held out",
        recorded=True,
    ),
    "ablation": Table(
        "ablation",
        "`standard` with AdamW, and",
        [Column("validation accuracy", spread(), VALIDATION), LOSS],
        "Mean ± standard deviation of 2 seeds",
        recorded=True,
    ),
    "tried": Table("tried", "batch of 500", [Column("time", spread(2))], "Median of {n}", recorded=True),
    "pens": Table(
        "pens",
        "trained on",
        lambda rows: [
            Column("n", runs, variant=rows[0].variant),
            *per_variant(spread())(rows),
            Column("command", command),
        ],
        f"{SEEDS}, all of them; last epoch. Other people's handwriting was {JUDGED}",
    ),
    "pen-strokes": Table(
        "pen-strokes",
        "strokes drawn with",
        per_variant(spread()),
        "Mean ± standard deviation of the networks above, on {n} digits",
    ),
    "pen-speed": Table(
        "pen-speed",
        "what",
        [Column("rate", middle)],
        "Median of {n} repetitions in one process; slowest and fastest in brackets",
    ),
    "reading": Table(
        "reading",
        "what",
        lambda rows: [Column("n", samples), *per_variant(spread())(rows)],
        f"Other people's handwriting was {JUDGED}; the reader's thresholds were chosen on synthetic pages and "
        "validation digits",
        only=lambda row: not row.metric.startswith("error"),
    ),
    "corruptions": Table(
        "reading",
        "corruption",
        per_variant(average(), "error", "error with second pass"),
        "Errors on MNIST's {n} test digits, corrupted with seed 0; no corruption was trained on",
        only=lambda row: row.metric.startswith("error"),
        mean=True,
    ),
    "reading-speed": Table(
        "reading-speed", "what", [TIME], f"Whole processes from start to end, median of {{n}}; {EXTREMES}"
    ),
    "personal": Table("personal", "initial model, and settings", PERSONAL, WRITERS),
    "personal-short": Table("personal", "initial model", PERSONAL, WRITERS, only=lambda row: "`--" not in row.case),
    "serving": Table(
        "serving",
        "what",
        [Column("n", samples), Column("measured", middle)],
        "Median of all rounds, extremes in brackets; the service and its client, with eight connections, share cores",
    ),
    "gpu": Table(
        "gpu",
        "recipe",
        [
            RUNS,
            TEST,
            Column("training", spread(1), ("training time",)),
            Column("99 % of validation after", average_and_extremes, ("time to 99 %",)),
        ],
        f"{SEEDS} in one process, after CUDA's first use",
    ),
}


def render(name: str) -> str:
    """Give a generated table as Markdown; a `KeyError` if there is none of this name."""
    table = TABLES[name]
    return table.render() if isinstance(table, Table) else table()


def update_pages() -> None:
    """Write every generated table anew into the pages that show it."""
    for page in (ROOT / "README.md", *ROOT.glob("docs/**/*.md")):
        text = page.read_text(encoding="utf-8")
        block = r"^(<!-- generated: ([\w-]+) -->\n).*?^(<!-- end -->)"
        renewed = re.sub(block, lambda found: f"{found[1]}{render(found[2])}\n{found[3]}", text, flags=re.S | re.M)
        if renewed != text:
            page.write_text(renewed, encoding="utf-8")


if __name__ == "__main__":
    update_pages()
