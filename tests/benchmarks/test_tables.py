"""How figures are shown, and how tables reach the pages."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from benchmarks.results import Row
from benchmarks.tables import (
    TABLES,
    Column,
    Table,
    answers,
    average,
    average_and_extremes,
    counted,
    extremes,
    middle,
    minutes,
    render,
    spread,
    update_pages,
)

from benchmarks import tables


def rows(*values: float | None, unit: str = "share", **columns: object) -> list[Row]:
    return [Row(case="a", metric="m", value=value, unit=unit, **columns) for value in values]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (spread()(rows(0.5, 0.7)), "60.00 ± 14.14 %"),
        (spread(1)(rows(2, unit="s")), "2.0 s"),
        (average(0)(rows(1234, 1236, unit="")), "1,235"),
        (minutes(rows(90, unit="s")), "1.5 min"),
        (average()(rows(0.95225)), "95.22 %"),
        (counted(rows(0.125, n=8)), "1 of 8"),
        (extremes(rows(0.5, 0.25, 0.75)), "25.00–75.00 %"),
        (average_and_extremes(rows(1, 2, unit="s")), "1.5 s (1.0–2.0)"),
        (average_and_extremes(rows(1, None, unit="s")), "–"),
        (middle(rows(1.5, unit="ms", low=1.0, high=9.0)), "1.5 ms (1.0–9.0)"),
        (middle(rows(477, unit="answers/s", low=477.0, high=477.0)), "477 answers/s"),
    ],
)
def test_figures_are_shown_with_unit_and_spread(shown: str, text: str) -> None:
    assert shown == text


def test_answers_are_shown_by_their_number() -> None:
    assert answers([*rows(2, variant="200"), *rows(1100, variant="503")]) == "503 (1,100), 200 (2)"


def test_a_column_selects_by_metric_and_variant() -> None:
    mine = [*rows(0.1, variant="before"), *rows(0.2, variant="after"), Row(case="a", metric="other", value=0.3)]
    assert Column("m", average(0)).cell(mine) == "10 → 20 %"
    assert Column("title", average(0), "", "after").cell(mine) == "20 %"
    assert Column("lost", average(0)).cell(mine) == "–"


def test_a_table_has_a_line_per_case_in_their_order(results: Callable[[list[Row]], None]) -> None:
    facts = {"benchmark": "b", "metric": "time", "unit": "s", "n": 7, "cores": 2, "processor": "abacus"}
    results([Row(case=case, value=value, gemm_gflops=1.0, **facts) for case, value in (("z", 1.0), ("a", 3.0))])
    table = Table("b", "what", [Column("time", average())], "Median of {n}", mean=True).render()
    assert table.splitlines()[:5] == [
        "| what | time |", "| --- | --- |", "| z | 1.00 s |", "| a | 3.00 s |", "| **mean** | **2.00 s** |"
    ]  # fmt: skip
    assert "Median of 7; 2 cores of an abacus" in table
    assert "`python -m benchmarks b`; rows in `benchmarks/results/b.csv`" in table


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_its_rows_and_no_empty_cell(name: str) -> None:
    lines = [line for line in render(name).splitlines() if line.startswith("|")]
    assert len(lines) >= 3
    assert len({line.replace("\\|", "").count("|") for line in lines}) == 1
    columns = list(zip(*(line.strip("| ").split(" | ") for line in lines[2:]), strict=True))
    assert [column for column in columns if set(column) == {"–"}] == []


def test_pages_are_brought_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ROOT", tmp_path)
    page = tmp_path / "docs" / "deep" / "page.md"
    page.parent.mkdir(parents=True)
    (tmp_path / "README.md").write_text("no tables")
    block = "<!-- generated: starts -->\n{}\n<!-- end -->\n"
    page.write_text(f"before\n{block.format('old')}between\n{block.format('')}after")
    update_pages()
    table = block.format(render("starts"))
    assert page.read_text() == f"before\n{table}between\n{table}after"


def test_every_table_is_shown_somewhere() -> None:
    pages = [tables.ROOT / "README.md", *tables.ROOT.glob("docs/**/*.md")]
    blocks = re.compile(r"^<!-- generated: ([\w-]+) -->", re.MULTILINE)
    assert {name for page in pages for name in blocks.findall(page.read_text("utf-8"))} == TABLES.keys()
