"""Who takes part in the contest and when, and the table that comes of it."""

import ast
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from benchmarks.contenders import CONTENDERS
from benchmarks.rows import write_csv
from benchmarks.tables import render

from benchmarks import contest as measurement

Contest = Callable[..., list[dict[str, str]]]

PEERS = Path(__file__).parents[2] / "benchmarks" / "peers"


def test_every_peer_module_takes_part() -> None:
    modules = {path.stem for path in PEERS.glob("*.py")} - {"__init__"}
    assert {contender.peer for contender in CONTENDERS.values() if contender.peer} == modules


@pytest.mark.parametrize("path", sorted(PEERS.glob("[a-z]*_*.py")), ids=lambda path: path.stem)
def test_a_peer_names_the_packages_it_needs(path: Path) -> None:
    ours = {"__future__", "benchmarks", "digits", "logging", "numpy", "os", "time", "torch", "typing", "warnings"}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    (contender,) = [each for each in CONTENDERS.values() if each.peer == path.stem]
    assert {name.split(".")[0] for name in imported} - ours == set(contender.packages) - {"jax"}


@pytest.mark.parametrize("name", CONTENDERS)
def test_every_contender_is_described(name: str) -> None:
    contender = CONTENDERS[name]
    assert contender.name == name
    assert len(contender.description) > len(contender.label) > 0


def test_every_round_is_run_with_a_seed_of_its_own() -> None:
    jobs = measurement.schedule()
    assert len(set(jobs)) == len(jobs)
    assert Counter(name for name, _ in jobs) == {name: each.rounds for name, each in CONTENDERS.items()}
    assert {seed for name, seed in jobs if name == "fast"} == set(range(10))


def test_runs_are_spread_over_the_contest() -> None:
    jobs = measurement.schedule()
    turns = [i for i, job in enumerate(jobs) if job[0] == "fast"]
    halves = [sum(turns[0] <= jobs.index(("cnn", seed)) < turns[5] for seed in range(5))]
    assert halves == [3]


def test_the_operations_of_the_classic_network_are_counted() -> None:
    # by hand, a digit: 2 · 234,752 forward, as many to the weights, and to the inputs of all but the first layer
    one = 2 * 234_752 + 2 * 234_752 + 2 * (256 * 128 + 128 * 10)
    assert measurement.training_gflop((256, 128), 10, 55_000) == pytest.approx(one * 550_000 / 1e9)


def test_the_table_has_a_line_a_contender(contest: Contest, results: Path) -> None:
    write_csv("contest", contest(keras_mlp=("0.981", "10")))
    lines = render("contest").splitlines()
    assert (
        lines[2] == "| **" + CONTENDERS["fast"].description + "** | 2 | 98.00 ± 0.00 % | 2.0 ± 0.0 | 1.0 (1.0) | 67 % |"
    )
    assert (
        "| " + CONTENDERS["keras-mlp"].description + " | 2 | 98.10 ± 0.00 % | 10.0 ± 0.0 | 5.0 (5.0) | 13 % |" in lines
    )
    assert "- We lead: `cnn` reaches 99.60 % on test in 30.0 s (n = 2)." in lines


def test_a_single_run_has_no_spread(contest: Contest, results: Path) -> None:
    write_csv("contest", [row for row in contest() if row["seed"] == "0"])
    assert "| 1 | 99.60 % | 30.0 | 15.0 (15.0) | – |" in render("contest")


def test_drift_of_the_machine_is_taken_out(contest: Contest, results: Path) -> None:
    rows = contest()
    for row in rows:
        row["gemm_gflops"] = "200" if row["contender"] == "textbook" else "100"
    write_csv("contest", rows)
    assert "| 30.0 (60.0) |" in render("contest")


def test_the_absent_are_named(contest: Contest, results: Path) -> None:
    rows = contest()
    absent = dict.fromkeys(rows[0], "") | {"contender": "tinygrad", "missing": "tinygrad not installed"}
    write_csv("contest", [*rows, absent])
    assert "Did not take part: tinygrad (tinygrad not installed)." in render("contest")


def test_a_contender_without_its_library_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert measurement.absence(CONTENDERS["keras-mlp"]) == "keras and jax not installed"
