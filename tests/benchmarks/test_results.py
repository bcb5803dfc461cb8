"""The rows of the results: one schema, kept exactly, and complete."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.results import Row, complete, machine_facts, read_rows, shares, summarize, write_rows

from benchmarks import results as module
from digits import RECIPES

NAMES = sorted(path.stem for path in module.RESULTS.glob("*.csv"))


def test_rows_are_read_as_they_were_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    rows = [
        Row(benchmark="a", case="one, `two`", metric="time", value=0.1, unit="s", n=7, low=0.05, high=2.0, seed=0),
        Row(benchmark="a", case="none", metric="absent", note='said "no"'),
        Row(benchmark="b", case="", metric="share", value=1 / 3, gemm_gflops=50.5, cores=2),
    ]
    write_rows(rows)
    assert read_rows("a") == rows[:2]
    assert read_rows("b")[0].value == pytest.approx(1 / 3, abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_committed_results_have_the_schema_and_no_figure_twice(name: str) -> None:
    text = (module.RESULTS / f"{name}.csv").read_text(encoding="utf-8")
    rows = read_rows(name)
    assert {row.benchmark for row in rows} == {name}
    figures = [(row.case, row.variant, row.seed, row.metric, row.note) for row in rows]
    assert len(set(figures)) == len(figures)
    assert all(0 <= row.value <= 1 for row in rows if row.unit == "share" and row.value is not None)
    assert text.count("\n") == len(rows) + 1


def test_facts_fill_in_what_a_row_does_not_say() -> None:
    row = complete(Row(case="a", metric="b", processor="GPU"), "speed", {"processor": "CPU", "cores": 2})
    assert (row.benchmark, row.processor, row.cores) == ("speed", "GPU", 2)


def test_facts_name_the_machine() -> None:
    facts = machine_facts()
    assert facts["gemm_gflops"] > 0.1
    assert set(facts) <= set(vars(Row(case="", metric="")))
    assert all(facts.values())


def test_repetitions_are_summarized() -> None:
    assert summarize([3.0, 1.0, 2.00004]) == {"value": 2.0, "low": 1.0, "high": 3.0, "n": 3}
    assert shares(3, 4) == {"value": 0.75, "unit": "share", "n": 4}


def test_commands_of_results_have_flags_that_exist() -> None:
    call = [sys.executable, "-m", "digits", "train", "--help"]
    shown = subprocess.run(call, capture_output=True, text=True, check=True, env=os.environ | {"COLUMNS": "80"}).stdout
    commands = {row.command for name in NAMES for row in read_rows(name) if row.command.startswith("digits train")}
    flags = {word for command in commands for word in command.split() if word.startswith("--")}
    assert {flag for flag in flags if not re.search(rf"(?<![\w-]){flag}(?![\w-])", shown)} == set()
    assert {command.split()[2] for command in commands} <= RECIPES.keys()
