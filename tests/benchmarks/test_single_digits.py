"""How single digits are scored: the error at every coverage, non-digits, wrong answers, seen beside blind sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.reading_pictures import MOST, confident_errors, draw_errors, draw_risk
from benchmarks.results import Row, read_rows
from benchmarks.single_digits import (
    BLIND,
    COVERAGES,
    DRAWN,
    MAX_REJECTED,
    MAY_BE_SHOWN,
    SEEN,
    Judged,
    at_coverage,
    read_all,
    risks,
    score,
    strictest_threshold,
)
from benchmarks.tables import render
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import reading_pictures, single_digits, tables
from digits import Reader
from digits.types import Dataset

Answered = st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.9, 1.0]), st.booleans()), min_size=1, max_size=12)


@given(Answered, st.integers(0, 1000))
def test_risk_is_the_mean_error_over_all_orders_of_equal_confidence(
    answered: list[tuple[float, bool]], seed: int
) -> None:
    confidences, is_right = (np.array(each) for each in zip(*answered, strict=True))
    rng, total = np.random.default_rng(seed), np.zeros(len(answered))
    for _ in range(600):
        order = np.lexsort((rng.random(len(answered)), -confidences))
        total += np.cumsum(~is_right[order]) / np.arange(1, len(answered) + 1)
    assert risks(confidences, is_right) == pytest.approx(total / 600, abs=0.1)


def test_risk_grows_from_the_most_confident_to_all() -> None:
    risk = risks(np.array([0.5, 0.9, 0.7, 0.8]), np.array([False, True, False, True]))
    assert risk == pytest.approx([0, 0, 1 / 3, 1 / 2])
    assert [at_coverage(risk, share) for share in (0.01, 0.5, 0.75, 1)] == pytest.approx([0, 0, 1 / 3, 1 / 2])


@given(st.lists(st.sampled_from([0.1, 0.5, 0.7, 0.9, 1.0]), min_size=1, max_size=999))
def test_the_threshold_rejects_no_more_digits_than_allowed(confidences: list[float]) -> None:
    threshold = strictest_threshold(np.array(confidences))
    assert np.mean(np.array(confidences) < threshold) <= MAX_REJECTED
    # and any higher one more
    assert np.mean(np.array(confidences) <= threshold) > MAX_REJECTED


def test_a_rejected_digit_is_an_answer_and_a_blank_is_none(mnist: Dataset) -> None:
    reader = Reader("mlp", threads=1)
    reader.threshold = 1.1
    read = read_all(reader, [mnist.test.images[0], np.full((28, 28), 7, np.uint8)], single=True)
    assert read.values.tolist() == [mnist.test.labels[0], -1]
    assert read.accepted.tolist() == [False, False]
    assert read.confidences[0] > 0.9
    assert read.confidences[1] == 0
    # where it does not know that there is one digit, nothing was read
    assert read_all(reader, [mnist.test.images[0]], single=False).values.tolist() == [-1]


def test_whole_sets_leave_their_risk_and_their_errors(mnist: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = list(mnist.test.images[:20]), mnist.test.labels[:20].copy()
    labels[3] = (labels[3] + 1) % 10
    monkeypatch.setattr(single_digits, "_outliers", lambda: [np.full((28, 28), 7, np.uint8)])
    whole = next(iter(SEEN))
    rows = list(score("mlp", [(name, lambda: Judged(images, labels)) for name in (whole, "a part of it")]))
    figures = {row.metric: row.value for row in rows if row.case == whole and not row.benchmark}
    assert figures == {row.metric: row.value for row in rows if row.case == "a part of it"}
    assert figures["correct"] == 0.95
    assert figures["non-digits rejected"] == 1
    risk = [row.value for row in rows if row.benchmark == "risk"]
    assert len(risk) == 100
    assert risk[-1] == pytest.approx(0.05)
    assert [risk[round(100 * share) - 1] for share in COVERAGES] == [
        figures[f"error of the most confident {share:.0%}"] for share in COVERAGES
    ]
    (error,) = (row for row in rows if row.benchmark == "errors")
    assert (error.note, error.metric) == ("picture 3", f"{labels[3]} read as {mnist.test.labels[3]}")


def test_all_blind_scores_are_kept_but_only_the_last_details(
    results: Callable[[list[Row]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = list[str]()
    monkeypatch.setattr(single_digits, "machine_facts", lambda: {"cores": 2})
    monkeypatch.setattr(reading_pictures, "draw", lambda: drawn.append("pictures"))
    monkeypatch.setattr(tables, "update_pages", lambda: drawn.append("tables"))
    for variant, note in (("`cnn`", "first"), ("`mlp`", "first"), ("`cnn`", "second")):
        row = Row(case="a", variant=variant, metric="correct", value=0.5, note=note)
        single_digits.keep([row, *(replace(row, benchmark=name) for name in ("risk", "errors"))])
    assert [(row.variant, row.note, row.cores) for row in read_rows("blind")] == [
        ("`cnn`", "first", 2), ("`mlp`", "first", 2), ("`cnn`", "second", 2)
    ]  # fmt: skip
    for name in ("blind-risk", "blind-errors"):
        assert [(row.variant, row.note) for row in read_rows(name)] == [("`mlp`", "first"), ("`cnn`", "second")]
    assert drawn == ["pictures", "tables"] * 3


# --- the table --------------------------------------------------------------------------------------------------------


def scores(case: str, correct: float, rejected: float = 0.9, **columns: str) -> list[Row]:
    row = Row(benchmark="single-digits", case=case, metric="correct", value=correct, unit="share", n=200, cores=2)
    metrics = {"correct": correct, "rejected": 0.0, "error of the most confident 90%": 0.0}
    return [
        replace(row, metric=metric, value=value, variant=variant, processor="abacus", gemm_gflops=1.0, **columns)
        for variant in ("`cnn`", "`mlp`")
        for metric, value in {**metrics, "non-digits rejected": rejected}.items()
    ]


def test_the_table_compares_seen_with_the_last_blind_scores(results: Callable[[list[Row]], None]) -> None:
    seen, blind = list(SEEN), list(BLIND)
    rows = [*scores(seen[0], 0.99, 0.9), *scores(seen[1], 0.97, 0.7), *scores(DRAWN, 0.5)]
    rows += scores("tight crop", 0.1)
    rows += scores(blind[0], 0.5, benchmark="blind", note="before")
    rows += scores(blind[0], 0.95, 0.8, benchmark="blind", note="after")
    results(rows)
    shown = render("single-digits").splitlines()
    assert [line.split(" | ")[:4] for line in shown[2:6]] == [
        [f"| {seen[0]}", "seen", "200", "99.00 % (96.4–99.7)"],
        [f"| {seen[1]}", "seen", "200", "97.00 % (93.6–98.6)"],
        [f"| {DRAWN}", "seen", "200", "50.00 % (43.1–56.9)"],
        [f"| {blind[0]}", "blind", "200", "95.00 % (91.0–97.3)"],
    ]
    assert shown[7] == (
        "- `cnn`: mean error on the 2 seen sets of handwriting 2.00 %, on the 1 blind ones 5.00 %: 2.5 times as much. "
        "Non-digits rejected, mean of all 3 sets: 80.0 %."
    )


# --- the pictures -----------------------------------------------------------------------------------------------------


def errors(case: str, *confidences: float, benchmark: str = "errors", variant: str = "`cnn`") -> list[Row]:
    return [
        Row(benchmark=benchmark, case=case, variant=variant, metric="3 read as 8", value=value, note=f"picture {index}")
        for index, value in enumerate(confidences)
    ]


def test_the_most_confident_errors_of_all_sets_are_chosen(results: Callable[[list[Row]], None]) -> None:
    few = errors("a", 0.2, 0.9) + errors("b", 0.5, benchmark="blind-errors") + errors("a", 1.0, variant="`mlp`")
    results(few)
    assert [(error.case, error.number, error.confidence) for error in confident_errors()] == [
        ("a", 1, 0.9), ("b", 0, 0.5), ("a", 0, 0.2)
    ]  # fmt: skip
    results([*few, *errors("many", *np.linspace(0.3, 1, 70))])
    chosen = confident_errors()
    assert len(chosen) == MOST
    assert {error.case for error in chosen} == {"many", "a"}


def test_only_pictures_that_may_be_copied_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    free, other = sorted(MAY_BE_SHOWN)[0], next(iter(BLIND))
    asked = list[str]()

    def load(case: str) -> Judged:
        asked.append(case)
        return Judged([np.full((8, 8), 99, np.uint8)], np.array([3]))

    monkeypatch.setattr(reading_pictures, "seen_sets", lambda: [(free, lambda: load(free))])
    monkeypatch.setattr(reading_pictures, "BLIND", {other: lambda: load(other)})
    few = [reading_pictures.Error(case, 0, "3 read as 8", 0.987) for case in (free, other)]
    sheet = draw_errors(few, show_all=False)
    assert asked == [free]
    first, second = sheet.axes[:2]
    assert np.unique(first.images[0].get_array()).tolist() == [99]
    assert [text.get_text() for text in second.texts] == ["not shown", other]
    assert first.get_title() == "1. 3 → 8, 98.7 %"
    draw_errors(few, show_all=True)
    assert asked == [free, free, other]


def test_risk_is_drawn_seen_beside_blind(results: Callable[[list[Row]], None]) -> None:
    rows = [
        Row(benchmark=benchmark, case=case, variant=f"`{model}`", metric=f"error at {step} %", value=step / 1000)
        for benchmark, case in (("risk", "a"), ("risk", "b"), ("blind-risk", "c"))
        for model in ("cnn", "mlp")
        for step in range(0, 100)
    ]
    results(rows)
    sheet = draw_risk()
    assert [axes.get_title() for axes in sheet.axes] == [
        "cnn, seen sets", "cnn, blind sets", "mlp, seen sets", "mlp, blind sets"
    ]  # fmt: skip
    assert [[line.get_label() for line in axes.lines] for axes in sheet.axes[:2]] == [["a", "b"], ["c"]]
    assert sheet.axes[0].lines[0].get_ydata()[-1] == pytest.approx(0.099)


def test_errors_of_the_committed_rows_are_in_the_sets_that_they_name() -> None:
    named = {row.case for row in read_rows("errors")}
    assert named <= {*SEEN, DRAWN}
