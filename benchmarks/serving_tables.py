"""The tables of the service and of the GPU."""

from __future__ import annotations

from statistics import mean

from benchmarks.rows import read_csv, source, spread


def serving_table() -> str:
    """Give what the service answers, how soon, at what cost."""
    rows = read_csv("serving")
    lines = ["| what | n | measured |", "| --- | --- | --- |"]
    for row in rows:
        unit = row["unit"]
        places = 2 if unit == "s" else 1 if unit == "ms" else 0
        middle, low, high = (f"{float(row[name]):,.{places}f}" for name in ("median", "lowest", "highest"))
        lines.append(f"| {row['what']} | {int(row['n']):,} | {middle} {unit}{f' ({low}–{high})' * (low != high)} |")
    what = (
        "Median, with the lowest and the highest of all rounds in brackets; the service, and who asks it over eight "
        "connections, share the cores"
    )
    return "\n".join([*lines, "", source(rows, what, "serving")])


def gpu_table() -> str:
    """Give what recipes reach on a GPU."""
    rows = read_csv("gpu")
    lines = ["| recipe | n | test accuracy | training | 99 % of validation after |", "| --- | --- | --- | --- | --- |"]
    for name in dict.fromkeys(row["recipe"] for row in rows):
        mine = [row for row in rows if row["recipe"] == name]
        accuracy = spread([100 * float(row["test_accuracy"]) for row in mine], 2)
        seconds = spread([float(row["training_seconds"]) for row in mine], 1)
        marked = [float(row["seconds_to_99"]) for row in mine if row["seconds_to_99"]]
        after = f"{mean(marked):.1f} s ({min(marked):.1f}–{max(marked):.1f})" if len(marked) == len(mine) else "–"
        lines.append(f"| `{name}` | {len(mine)} | {accuracy} % | {seconds} s | {after} |")
    row = rows[0]
    return "\n".join(
        [
            *lines,
            "",
            "Mean ± standard deviation of n seeds in one process, after what CUDA loads at its first use; one "
            f"{row['processor']}, PyTorch {row['torch'].split('+')[0]}. Repeat with `python -m benchmarks gpu`; "
            "rows in `benchmarks/results/gpu.csv`.",
        ]
    )
