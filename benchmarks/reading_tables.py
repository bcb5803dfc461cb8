"""The tables of what the shipped models read, made from ``results/reading.csv`` and ``reading-speed.csv``."""

from __future__ import annotations

from statistics import mean

from benchmarks.rows import read_csv, source, spread

SHOWN = {
    "singles, right": "pictures of one digit, drawn and photographed",
    "pencil, right": "crops of pencil and pen",
    "pages, digits": "digits on pages",
    "pages without an error": "pages read without an error",
    "pages, turned to the left: same digits": "the same digits when pages lie on their left side",
    "pages, turned to the right: same digits": "on their right side",
    "pages, inverted: same digits": "inverted",
    "pages, brighter by 30 %: same digits": "30 % brighter",
    "pages, darker by 30 %: same digits": "30 % darker",
    "pages, halved: same digits": "half as large",
    "synthetic pages, digits": "digits on synthetic pages, which are harder",
    "synthetic pages without an error": "synthetic pages without an error",
    "synthetic pages without digits that read as nothing": "pages of letters and scribbles that read as nothing",
    "no digits, drawn: rejected": "letters, signs, scribbles and blots sent away",
    "no digits, photographed: rejected": "the same, photographed",
    "singles, accepted": "pictures of one digit accepted",
    "pencil, accepted": "crops of pencil and pen accepted",
    "MNIST test accepted": "MNIST test digits accepted",
    "MNIST test": "MNIST test accuracy",
    "MNIST test: calibration error": "MNIST test calibration error (ECE)",
}
"""What of the rows is shown, and what it is called there."""

CORRUPTED = ("MNIST-C, as it is: ", "MNIST-C, looked at twice: ")


def reading_table() -> str:
    """Show what was read right, a column a model."""
    rows = read_csv("reading")
    models = list(dict.fromkeys(row["model"] for row in rows))
    found = {(row["what"], row["model"]): row for row in rows}
    lines = [f"| what | n | {' | '.join(f'`{model}`' for model in models)} |", "| --- |" + " --- |" * (len(models) + 1)]
    for what, title in SHOWN.items():
        if (what, models[0]) in found:
            mine = [found[what, model] for model in models]
            cells = [_cell(row) for row in mine]
            lines.append(f"| {title} | {int(mine[0]['n']):,} | {' | '.join(cells)} |")
    for before in CORRUPTED:
        errors = [[_error(row) for row in rows if row["what"].startswith(before) and row["model"] == model]
                  for model in models]  # fmt: skip
        title = f"mean error of the 15 corruptions of MNIST-C, {before.split(', ')[1].removesuffix(': ')}"
        lines.append(f"| {title} | 10,000 each | {' | '.join(f'{mean(each):.1f} %' for each in errors)} |")
    what = (
        "Other people's pictures were looked at while the reader was built, never trained on; its threshold, cuts and "
        "levels were chosen on synthetic pages and validation digits"
    )
    return "\n".join([*lines, "", source(rows, what, "reading")])


def corruptions_table() -> str:
    """Show the error under each corruption, a column a model and way to look."""
    rows = [row for row in read_csv("reading") if row["what"].startswith("MNIST-C")]
    models = list(dict.fromkeys(row["model"] for row in rows))
    names = list(dict.fromkeys(row["what"].split(": ")[1] for row in rows))
    error = {(row["model"], row["what"]): _error(row) for row in rows}
    columns = [(model, before) for model in models for before in CORRUPTED]
    heads = [f"`{model}`, {before.split(', ')[1].removesuffix(': ')}" for model, before in columns]
    lines = [f"| corruption | {' | '.join(heads)} |", "| --- |" + " --- |" * len(heads)]
    for name in names:
        lines.append(f"| {name} | {' | '.join(f'{error[model, before + name]:.2f} %' for model, before in columns)} |")
    means = [mean(error[model, before + name] for name in names) for model, before in columns]
    lines.append(f"| **mean** | {' | '.join(f'**{value:.2f} %**' for value in means)} |")
    what = f"Errors on MNIST's {int(rows[0]['n']):,} test digits, corrupted with seed 0; none of these was trained on"
    return "\n".join([*lines, "", source(rows, what, "reading")])


def reading_speed_table() -> str:
    """Show how long whole processes take."""
    rows = read_csv("reading-speed")
    lines = ["| what | seconds |", "| --- | --- |"]
    for row in rows:
        middle, low, high = (float(row[name]) for name in ("seconds", "fastest", "slowest"))
        lines.append(f"| {row['what']} | {middle:.2f} ({low:.2f}–{high:.2f}) |")
    what = f"Whole processes from start to end, median of {rows[0]['n']}; fastest and slowest in brackets"
    return "\n".join([*lines, "", source(rows, what, "reading-speed")])


def _cell(row: dict[str, str]) -> str:
    if "calibration" in row["what"]:
        return f"{float(row['right']):.4f}"
    return f"{spread([100 * float(row['right']) / int(row['n'])], 2)} %"


def _error(row: dict[str, str]) -> float:
    return 100 * (1 - float(row["right"]) / int(row["n"]))
