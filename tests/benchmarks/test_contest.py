"""Which contenders run in the contest and when, the table that comes of it, and the claims it bears out."""

import ast
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.contest import CONTENDERS, absence, schedule, training_gflop
from benchmarks.results import Row
from benchmarks.tables import render
from benchmarks.verdict import findings, missed, standings

Contest = Callable[..., list[Row]]
Results = Callable[[list[Row]], None]

PEERS = Path(__file__).parents[2] / "benchmarks" / "peers"


def test_every_peer_function_takes_part() -> None:
    functions = {
        f"{path.stem}.{node.name}"
        for path in PEERS.glob("[a-z]*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("train")
    }
    assert {contender.peer for contender in CONTENDERS.values() if contender.peer} == functions


@pytest.mark.parametrize("path", sorted(PEERS.glob("with_*.py")), ids=lambda path: path.stem)
def test_a_peer_names_the_packages_it_needs(path: Path) -> None:
    ours = {
        "__future__",
        "benchmarks",
        "collections",
        "digits",
        "logging",
        "numpy",
        "os",
        "torch",
        "typing",
        "warnings",
    }
    ours |= {"warnings"}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    needed = {package for each in CONTENDERS.values() if each.peer.startswith(path.stem) for package in each.packages}
    assert {name.split(".")[0] for name in imported} - ours == needed - {"jax"}


def test_every_run_has_a_seed_of_its_own_and_runs_are_spread() -> None:
    jobs = schedule()
    assert len(set(jobs)) == len(jobs)
    assert Counter(name for name, _ in jobs) == {name: each.runs for name, each in CONTENDERS.items()}
    fast = [i for i, (name, _) in enumerate(jobs) if name == "fast"]
    assert sum(fast[0] <= jobs.index(("cnn", seed)) < fast[5] for seed in range(5)) == 3


def test_operations_of_the_classic_network_are_counted() -> None:
    # by hand, per digit: 2 · 234,752 forward, as many to the weights, and to the inputs of all but the first layer
    one = 2 * 234_752 + 2 * 234_752 + 2 * (256 * 128 + 128 * 10)
    assert training_gflop(10, 55_000) == pytest.approx(one * 550_000 / 1e9, abs=0.05)


def test_the_table_has_a_line_per_contender(contest: Contest, results: Results) -> None:
    results(contest(keras_mlp=(0.981, 10)))
    lines = render("contest").splitlines()
    ours, theirs = CONTENDERS["fast"].description, CONTENDERS["keras-mlp"].description
    assert lines[2] == f"| **{ours}** | 2 | 98.00 ± 0.00 % | 2.0 ± 0.0 s | 1.0 (1.0) | 67 % |"
    assert f"| {theirs} | 2 | 98.10 ± 0.00 % | 10.0 ± 0.0 s | 5.0 (5.0) | 13 % |" in lines
    assert "- We lead: `cnn` reaches 99.60 % on test in 30.0 s (n = 2)." in lines


def test_a_single_run_has_no_spread(contest: Contest, results: Results) -> None:
    results([row for row in contest() if row.seed == 0])
    assert "| 1 | 99.60 % | 30.0 s | 15.0 (15.0) | – |" in render("contest")


def test_drift_of_the_machine_is_removed(contest: Contest, results: Results) -> None:
    results([replace(row, gemm_gflops=200.0 if row.case == "textbook" else 100.0) for row in contest()])
    assert "| 30.0 (60.0) |" in render("contest")


def test_absent_contenders_are_named(contest: Contest, results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    absent = Row(benchmark="contest", case="tinygrad", metric="absent", note="tinygrad not installed")
    results([*contest(), absent])
    assert "Did not take part: tinygrad (tinygrad not installed)." in render("contest")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert absence("keras-mlp") == "keras and jax not installed"


def test_standings_are_sorted_and_count_the_share(contest: Contest) -> None:
    found = standings(contest())
    assert list(found) == ["fast", "sklearn-mlp", "keras-mlp", "cnn", "standard", "textbook"]
    # twice 100 GFLOP in 2 s at 50 and 2 s at 100 GFLOP/s
    assert found["fast"].share == pytest.approx(200 / 300)
    assert found["cnn"].share is None


def test_findings_have_their_ratios(contest: Contest) -> None:
    assert [(finding.leads, finding.text) for finding in findings(contest())] == [
        (True, "textbook PyTorch (97.80 %, 60.0 s) takes 30.0 × as long as `fast` (98.00 %, 2.0 s)."),
        (
            True,
            "the fastest peer that reaches 97.90 % on test is Keras MLP (98.10 %, 10.0 s); "
            "it takes 5.0 × as long as `fast`.",
        ),
        (
            True,
            "the first peer to reach 97.90 % on validation is Keras MLP, after 10.0 s: 5.0 × as long as all of `fast`.",
        ),
        (True, "`cnn` reaches 99.60 % on test in 30.0 s (n = 2)."),
        (True, "no peer is both faster and more accurate than one of our recipes."),
        (False, "Keras MLP (98.10 %, 10.0 s) is more accurate than `fast` (98.00 %, 2.0 s), in more time."),
    ]
    assert missed(contest()) == []


def test_a_recipe_that_a_peer_beats_is_named(contest: Contest) -> None:
    beaten = "`standard` (99.40 %, 40.0 s) is slower and less accurate than scikit-learn MLP (99.50 %, 5.0 s)."
    assert beaten in [finding.text for finding in findings(contest(sklearn_mlp=(0.995, 5))) if not finding.leads]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"fast": (0.9789, 2)}, "`fast` (97.89 %"),
        ({"textbook": (0.97, 49.8)}, "24.9 ×"),
        ({"keras_mlp": (0.979, 7.8)}, "3.9 ×"),
        ({"cnn": (0.9949, 30)}, "99.49 %"),
        ({"cnn": (0.996, 35.1)}, "35.1 s"),
        ({"cnn": None}, "cnn did not take part"),
        ({"textbook": None}, "textbook did not take part"),
    ],
)
def test_a_missed_claim_is_named(contest: Contest, changed: dict[str, tuple[float, float] | None], words: str) -> None:
    (sentence,) = missed(contest(**changed))
    assert words in sentence


def test_a_fast_peer_that_is_not_accurate_enough_misses_no_claim(contest: Contest) -> None:
    assert missed(contest(sklearn_mlp=(0.9789, 1))) == []
