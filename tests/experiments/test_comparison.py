"""Comparisons of stored runs: groups, pairs, verdicts, files, and what cannot be compared."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from digits.errors import DataError, ModelError, ModelNotFoundError, UsageError
from digits.evaluation.test_uses import count_test_uses
from digits.experiments import compare, describe_comparison, list_runs, write_comparison
from digits.experiments.compare_page import to_json
from digits.types import Dataset

Make = Callable[..., Path]


def test_runs_are_grouped_by_configuration(make_run: Make, few: Dataset) -> None:
    for seed in range(3):
        make_run(f"a{seed}", 0.95, seed=seed, threads=1 + seed % 2)
        make_run(f"b{seed}", 0.6, seed=seed, lr=0.5, dropout=0.1)
    found = compare([make_run("c", 0.6, lr=0.5).parent], data=few)
    lr = "--validation-size 200"
    assert [(group.name, len(group.runs)) for group in found.groups] == [
        (f"fast {lr}", 3),
        (f"fast --dropout 0.1 --lr 0.5 {lr}", 3),
        (f"fast --lr 0.5 {lr}", 1),
    ]
    first = found.groups[0]
    assert first.mean == first.correct.mean()
    assert first.deviation == pytest.approx(np.std(first.correct.mean(1), ddof=1))
    assert [pair.is_shown for pair in found.pairs] == [True, None, None]
    better = found.pairs[0]
    assert better.verdict == f"{first.name} is better than {found.groups[1].name}."
    assert better.interval95[0] < better.difference < better.interval95[1]
    assert better.p_corrected == max(better.p_digits, better.p_seeds) * 3
    assert "from one seed: train two or more of each" in found.pairs[1].verdict


def test_each_recipe_is_compared_with_the_baseline_alone(make_run: Make, few: Dataset) -> None:
    runs = [
        make_run(f"{dropout}{seed}", seed=seed, dropout=dropout) for dropout in (0.0, 0.1, 0.2) for seed in range(2)
    ]
    found = compare(runs, data=few, baseline=True)
    assert [(pair.first.name.split()[2], pair.second) for pair in found.pairs] == [
        ("0.1", found.groups[0]),
        ("0.2", found.groups[0]),
    ]


def test_inputs_tell_groups_apart(make_run: Make, few: Dataset) -> None:
    runs = [make_run(f"r{code}", environment={"code_sha256": {"network": code}}) for code in "12"]
    assert [group.name[-3:] for group in compare(runs, data=few).groups] == ["(1)", "(2)"]


def test_repeated_seed_is_no_evidence(make_run: Make, few: Dataset) -> None:
    runs = [make_run("a"), make_run("again"), make_run("b", dropout=0.1)]
    found = compare([*runs, runs[0]], data=few)
    assert [len(group.runs) for group in found.groups] == [1, 1]
    [notice] = found.notices
    assert re.search(r"again repeats .*a, with the same seed, and is not counted", notice)


def test_test_digits_stay_sealed_until_they_are_named(make_run: Make, few: Dataset) -> None:
    runs = [make_run("a"), make_run("b", dropout=0.1)]
    found = compare(runs, data=few)
    assert (found.part, len(found.digits)) == ("validation", 200)
    assert [count_test_uses(run) for run in runs] == [1, 1]
    found = compare(runs, data=few, test=True)
    assert (found.part, len(found.digits)) == ("test", 300)
    assert [count_test_uses(run) for run in runs] == [2, 2]
    assert "scored 2 times by now" in found.notices[0]
    assert [row["test_uses"] for row in list_runs(runs[0].parent)] == [2, 2]


def test_broken_record_of_test_uses_is_named(make_run: Make) -> None:
    run = make_run("a")
    (run / "test_uses.csv").write_text("nonsense\n")
    with pytest.raises(ModelError, match=r"test_uses\.csv is broken: it is not a table of time and command"):
        count_test_uses(run)


def test_page_and_tables(make_run: Make, few: Dataset, tmp_path: Path) -> None:
    runs = [make_run(f"{s}{seed}", s, seed=seed, dropout=1 - s) for s in (0.95, 0.7) for seed in range(2)]
    found = compare(runs, data=few)
    page = write_comparison(found, tmp_path / "out")
    html = page.read_text()
    pair = found.pairs[0]
    assert pair.verdict in html
    assert html.count("data:image/png;base64,") == 5
    assert "http" not in html
    rows = list(csv.DictReader((tmp_path / "out" / "runs.csv").read_text().splitlines()))
    assert [float(row["accuracy"]) for row in rows] == [a for group in found.groups for a in group.accuracies]
    [row] = csv.DictReader((tmp_path / "out" / "pairs.csv").read_text().splitlines())
    assert float(row["difference"]) == pair.difference
    only = [(pair.first.correct.all(0) & ~pair.second.correct.any(0)).sum(), int(row["only_first_right"])]
    assert only[0] == only[1] > 10
    text = describe_comparison(found)
    assert text.startswith("on the 200 validation digits of few; the test digits stay sealed\n")
    assert pair.verdict in text
    assert json.loads(json.dumps(to_json(found), allow_nan=False))["pairs"][0]["shown"] is pair.is_shown


def test_unfinished_run_is_skipped_in_a_folder_and_refused_by_name(make_run: Make, few: Dataset) -> None:
    make_run("a"), make_run("b", dropout=0.1)
    unfinished = make_run("c", dropout=0.2)
    (unfinished / "results.json").unlink()
    [notice] = compare([unfinished.parent], data=few).notices
    assert notice.startswith(f"Skipped: {unfinished} is not a finished run")
    assert [row["state"] == "finished" for row in list_runs(unfinished.parent)] == [True, True, False]
    with pytest.raises(ModelNotFoundError, match="c is not a finished run"):
        compare([unfinished], data=few)


def test_finder_is_refused(make_run: Make, few: Dataset) -> None:
    run = make_run("a")
    (run / "config.json").write_text('{"kind": "finder"}')
    with pytest.raises(ModelError, match="a trained a finder, which reads pages"):
        compare([run], data=few)


def test_what_cannot_be_compared_is_said(make_run: Make, few: Dataset, tmp_path: Path) -> None:
    run = make_run("a")
    with pytest.raises(UsageError, match=r"there is one configuration, fast .*: name runs of two or more"):
        compare([run], data=few)
    with pytest.raises(UsageError, match="held out different validation digits"):
        compare([run, make_run("b", split_seed=1)], data=few)
    with pytest.raises(UsageError, match="other digits: compare runs on the same data"):
        compare([run, make_run("c", environment={"data_sha256": {"few": "9"}})], data=few)
    with pytest.raises(ModelNotFoundError, match="there is no folder none"):
        compare(["none"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelNotFoundError, match="empty holds no finished runs"):
        compare([tmp_path / "empty"])
    other = Dataset("other", few.train, few.test, "other.npz", {"few": "9"})
    with pytest.raises(DataError, match=r"other digits than those of other\.npz; its data was found in few\.npz"):
        compare([run, make_run("d", dropout=0.1)], data=other)


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("config.json", '{"recipe": "fast", "model": {"dropout": 7.5}}', "dropout must be"),
        ("config.json", '{"recipe": "quick"}', "there is no recipe 'quick'"),
        ("results.json", '{"interrupted": false}', "is broken"),
        ("results.json", "[]", "is broken"),
        ("environment.json", "{}", "is broken"),
        ("results.json", '{"interrupted": true}', "--resume"),
    ],
)
def test_broken_run_is_named(file: str, content: str, says: str, make_run: Make) -> None:
    run = make_run("a")
    (run / file).write_text(content)
    with pytest.raises(ModelError, match=says) as raised:
        compare([run])
    assert str(run) in str(raised.value)
