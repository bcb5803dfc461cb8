"""The tables of README and docs, made from ``results/*.csv``; run as a module, it writes them into the pages."""

from __future__ import annotations

from collections.abc import Callable
from statistics import mean

from benchmarks import rows
from benchmarks.contenders import CONTENDERS
from benchmarks.personal import short_table as personal_short_table
from benchmarks.personal import table as personal_table
from benchmarks.reading_tables import corruptions_table, reading_speed_table, reading_table
from benchmarks.rows import ROOT, range_of, read_csv, source, spread
from benchmarks.serving_tables import gpu_table, serving_table
from benchmarks.verdict import Rows, standings, verdict

PAGES = ("README.md", "docs/recipes.md", "docs/design.md", "docs/model-card.md")


def render(name: str) -> str:
    """Give a generated table as Markdown.

    Raises
    ------
    KeyError
        When there is no table of this name.
    """
    return TABLES[name]()


def _contest() -> str:
    rows = read_csv("contest")
    found = standings(rows)
    fast = found.get("fast")
    lines = [
        "| contender | n | test accuracy | seconds | × as long as `fast` | share of matrix rate |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, mine in found.items():
        description = CONTENDERS[name].description
        ratio, steady = "–", ""
        if fast:
            ratio = f"{mine.time / fast.time:.1f}"
            steady = f" ({mean(mine.work) / mean(fast.work):.1f})"
        cells = [
            f"**{description}**" if mine.ours else description,
            str(len(mine.seconds)),
            spread([100 * accuracy for accuracy in mine.accuracies], 2) + " %",
            spread(mine.seconds, 1),
            ratio + steady,
            "–" if mine.share is None else f"{100 * mine.share:.0f} %",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    sentences = [f"- {sentence}" for sentence in verdict(rows)]
    return "\n".join([*lines, "", *sentences, "", _contest_source(rows)])


def _contest_source(rows: Rows) -> str:
    ran = [row for row in rows if not row["missing"]]
    rates = [float(row["gemm_gflops"]) for row in ran]
    absent = [f"{CONTENDERS[row['contender']].label} ({row['missing']})" for row in rows if row["missing"]]
    libraries = sorted({each for row in ran for each in row["library"].split(", ") if each})
    sentences = [
        "Mean ± standard deviation of n seeds, all runs in turn, the same 55,000 digits, "
        f"{ran[0]['threads']} threads, each run in a process of its own.",
        "What a library compiles when it first trains, as Keras does on JAX, is in its seconds; imports and reading "
        "the digits are in nobody's; a look at the validation digits after each epoch is in everybody's.",
        f"The machine's float32 matrix rate, measured before each run, was {min(rates):.0f}–{max(rates):.0f} GFLOP/s; "
        "the ratio in brackets is that of seconds times this rate, which takes its drift out; the share is what "
        "training's own matrix products achieve of it, where they can be counted.",
        f"Did not take part: {', '.join(absent)}." if absent else "",
        f"{ran[0]['cores']} cores of an {ran[0]['processor']}, PyTorch {ran[0]['torch'].split('+')[0]}, "
        f"{', '.join(libraries)}.",
        "Repeat with `python -m benchmarks contest`; rows in `benchmarks/results/contest.csv`.",
    ]
    return " ".join(filter(None, sentences))


def _epochs() -> str:
    rows = read_csv("epochs")
    lines = [
        "| an epoch of 55,000 digits | batch 64 | batch 500 |",
        "| --- | --- | --- |",
    ]
    for dropout, title in (("0.0", "without dropout"), ("0.2", "with dropout 0.2")):
        mine = {row["batch_size"]: row for row in rows if row["dropout"] == dropout}
        cells = [range_of(mine[batch], "epoch_seconds") for batch in ("64", "500")]
        lines.append(f"| {title}, validation included | {' | '.join(cells)} |")
    mine = {row["batch_size"]: row for row in rows if row["dropout"] == "0.0"}
    cells = [f"{float(mine[batch]['products_seconds']):.2f} s" for batch in ("64", "500")]
    lines.append(f"| its matrix products alone | {' | '.join(cells)} |")
    return "\n".join(
        [
            *lines,
            "",
            source(
                rows, f"Median of {rows[0]['n']} epochs, no augmentation; fastest and slowest in brackets", "epochs"
            ),
        ]
    )


def _starts() -> str:
    rows = read_csv("starts")
    lines = ["| whole process | time |", "| --- | --- |"]
    lines += [f"| `{row['command']}` | {range_of(row, 'seconds')} |" for row in rows]
    return "\n".join(
        [*lines, "", source(rows, f"Median of {rows[0]['n']} starts; fastest and slowest in brackets", "starts")]
    )


def _ablation() -> str:
    rows = read_csv("ablation")
    lines = ["| `standard` stepping by AdamW, and | validation accuracy | validation loss |", "| --- | --- | --- |"]
    for flags in dict.fromkeys(row["flags"] for row in rows):
        mine = [row for row in rows if row["flags"] == flags]
        accuracies = [100 * float(row["validation_accuracy"]) for row in mine]
        losses = [float(row["validation_loss"]) for row in mine]
        cells = [spread(accuracies, 2) + " %", spread(losses, 4)]
        lines.append(f"| {f'`{flags}`' if flags else 'nothing changed'} | {' | '.join(cells)} |")
    n = len({row["seed"] for row in rows})
    return "\n".join([*lines, "", source(rows, f"Mean ± standard deviation of {n} seeds", "ablation")])


def _explored() -> str:
    rows = read_csv("explored")
    lines = [
        "| `digits train` | weights | training | validation | validation loss |",
        "| --- | --- | --- | --- | --- |",
    ]
    for words in dict.fromkeys((row["recipe"], row["flags"]) for row in rows):
        mine = [row for row in rows if (row["recipe"], row["flags"]) == words]
        train, validation = (
            spread([100 * float(row[name]) for row in mine], 2) for name in ("train_accuracy", "validation_accuracy")
        )
        loss = spread([float(row["validation_loss"]) for row in mine], 4)
        weights = int(mine[0]["weights"])
        lines.append(f"| `{' '.join(words).strip()}` | {weights:,} | {train} % | {validation} % | {loss} |")
    what = "Mean ± standard deviation of 5 seeds where there is one, else one seed; 15,000 of the 60,000 held out"
    return "\n".join([*lines, "", source(rows, what, "explored")])


def _tried() -> str:
    rows = read_csv("tried")
    lines = ["| batch of 500 | milliseconds |", "| --- | --- |"]
    lines += [f"| {row['what']} | {float(row['milliseconds']):.2f} |" for row in rows]
    return "\n".join([*lines, "", source(rows, f"Median of {rows[0]['n']}, in `fit` of seven epochs", "tried")])


ACCURATE = {
    "best-mlp": "784-256-128-10, taught by a best-cnn",
    "tiny": "the smallest",
    "best-cnn": "one convolutional network",
    "ensemble": "several of it as one model file",
}
"""The recipes of the accuracy table, in its order."""


def _accuracy() -> str:
    rows = read_csv("accuracy")
    lines = [
        "| recipe | weights | n | test accuracy | lowest–highest | training |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, what in ACCURATE.items():
        mine = [row for row in rows if row["contender"] == name]
        accuracies = [100 * float(row["test_accuracy"]) for row in mine]
        minutes = [float(row["training_seconds"]) / 60 for row in mine]
        lines.append(
            f"| `{name}`: {what} | {int(mine[0]['parameters']):,} | {len(mine)} | {spread(accuracies, 3)} % "
            f"| {min(accuracies):.2f}–{max(accuracies):.2f} % | {mean(minutes):.1f} min |"
        )
    what = (
        "Mean ± standard deviation of n seeds, none left out; last epoch, test scored once. Minutes are those of one "
        "thread, with a second run beside it, and without the teacher's"
    )
    return "\n".join([*lines, "", source(rows, what, "accuracy")])


JUDGED = {
    "validation": "MNIST validation",
    "test": "MNIST test",
    "singles": "pictures of one digit",
    "pencil": "pencil and pen",
    "strokes": "pen strokes",
}
"""The sets that networks of `pens` are judged by, and the heads of their columns."""


def _pens() -> str:
    rows = read_csv("pens")
    sizes = {kind: next((row[f"{kind}_n"] for row in rows), "") for kind in JUDGED}
    heads = [f"{head} ({int(sizes[kind]):,})" if sizes[kind] else head for kind, head in JUDGED.items()]
    lines = [f"| learned from | n | {' | '.join(heads)} |", "| --- " * (2 + len(heads)) + "|"]
    for name in dict.fromkeys(row["learned_from"] for row in rows):
        mine = [row for row in rows if row["learned_from"] == name]
        cells = []
        for kind in JUDGED:
            shares = [100 * int(row[f"{kind}_right"]) / int(row[f"{kind}_n"]) for row in mine if row[f"{kind}_n"]]
            cells.append(f"{spread(shares, 2)} %" if shares else "–")
        lines.append(f"| {name} | {len(mine)} | {' | '.join(cells)} |")
    commands = {row["learned_from"]: row["command"].rpartition(" --seed")[0] for row in rows}
    trained = "; ".join(f"{name}: `{command}`" for name, command in commands.items())
    what = (
        "Mean ± standard deviation of n seeds, none left out; last epoch. The pictures and strokes are other people's: "
        f"looked at while the pen was built, never trained on. {trained}"
    )
    return "\n".join([*lines, "", source(rows, what, "pens")])


def _pen_strokes() -> str:
    rows = read_csv("pen-strokes")
    names = list(dict.fromkeys(row["learned_from"] for row in rows))
    lines = [f"| strokes drawn with | {' | '.join(names)} |", "| --- " * (1 + len(names)) + "|"]
    for how in dict.fromkeys(row["drawn"] for row in rows):
        cells = []
        for name in names:
            mine = [row for row in rows if (row["drawn"], row["learned_from"]) == (how, name)]
            cells.append(spread([100 * int(row["right"]) / int(row["n"]) for row in mine], 2) + " %")
        lines.append(f"| {how} | {' | '.join(cells)} |")
    what = f"Mean ± standard deviation of the networks above, on {int(rows[0]['n']):,} digits"
    return "\n".join([*lines, "", source(rows, what, "pen-strokes")])


def _pen_speed() -> str:
    rows = read_csv("pen-speed")
    lines = ["| what | a second |", "| --- | --- |"]
    for row in rows:
        middle, low, high = (f"{float(row[name]):,.0f}" for name in ("a_second", "slowest", "fastest"))
        lines.append(f"| {row['what']} | {middle} ({low}–{high}) |")
    what = f"Median of {rows[0]['n']} repetitions in one process; slowest and fastest in brackets"
    return "\n".join([*lines, "", source(rows, what, "pen-speed")])


TABLES: dict[str, Callable[[], str]] = {
    "contest": _contest,
    "accuracy": _accuracy,
    "epochs": _epochs,
    "starts": _starts,
    "explored": _explored,
    "ablation": _ablation,
    "tried": _tried,
    "pens": _pens,
    "pen-strokes": _pen_strokes,
    "pen-speed": _pen_speed,
    "reading": reading_table,
    "reading-speed": reading_speed_table,
    "corruptions": corruptions_table,
    "personal": personal_table,
    "personal-short": personal_short_table,
    "serving": serving_table,
    "gpu": gpu_table,
}


ROWS_OF = {"corruptions": "reading", "personal-short": "personal"}
"""The rows of tables that are not made from a file of their own name."""


def update_pages() -> None:
    """Write every generated table anew into the pages that show it."""
    for page in PAGES:
        path = ROOT / page
        if not path.exists():
            continue
        text = path.read_text(encoding="utf-8")
        for name, table in TABLES.items():
            opening = f"<!-- generated: {name} -->\n"
            if opening in text and (rows.RESULTS / f"{ROWS_OF.get(name, name)}.csv").exists():
                before, _, after = text.partition(opening)
                text = before + opening + table() + "\n" + after[after.index("<!-- end -->") :]
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    update_pages()
