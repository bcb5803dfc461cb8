"""``digits train``: what it says, what it leaves, and that it can be stopped, resumed and repeated."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from digits.types import Dataset


def test_training_says_results_on_stdout_and_progress_on_stderr(trained: tuple[Path, Any], few_file: Path) -> None:
    folder, said = trained
    assert said.code == 0
    results = json.loads((folder / "results.json").read_text())
    lines = said.out.splitlines()
    table = {line.split()[0]: line for line in lines[1:4]}
    for part in ("train", "validation", "test"):
        assert f"{results[part]['accuracy']:.2%}" in table[part]
    assert lines[5].startswith("trained 2 epochs in ")
    assert lines[6:] == [
        f"report  {folder}/report.html",
        f"model   {folder}/model.onnx",
        f"again   digits train classic --epochs 2 --data {few_file}",
    ]
    progress = said.err.splitlines()
    assert [line.split("  ")[0] for line in progress[:2]] == ["epoch 1/2", "epoch 2/2"]
    assert progress[2:] == [f"digits: note: These digits are not MNIST but {results['data']['name']}, from {few_file}."]


def test_the_run_folder_is_complete(run: Path) -> None:
    assert {path.name for path in run.iterdir() if not path.name.startswith(".")} == {
        "checkpoint.safetensors", "config.json", "environment.json", "examples.npz", "figures", "metrics.csv",
        "model.onnx", "model.safetensors", "report.html", "results.json",
    }  # fmt: skip


def test_the_command_that_is_shown_repeats_the_run(run: Path, digits: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digits.evaluation.report.write_report", lambda folder: folder)  # takes long and says nothing
    shown = json.loads((run / "results.json").read_text())["command"]
    said = digits(*shlex.split(shown)[1:], "--out", "again", "--json")
    assert said.code == 0
    assert json.loads(said.out) == json.loads(Path("again/results.json").read_text()), "nothing but JSON"
    assert Path("again/model.safetensors").read_bytes() == (run / "model.safetensors").read_bytes()


def test_ctrl_c_keeps_what_is_trained_and_resuming_finishes_it(few_file: Path, tmp_path: Path) -> None:
    from digits.training.run import resume, train

    words = ["train", "classic", "--epochs", "40", "--hidden", "32", "--data", str(few_file), "--out"]
    begun = subprocess.Popen(
        [sys.executable, "-m", "digits", *words, str(tmp_path / "cut")], stderr=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    give_up = time.monotonic() + 60
    while not (tmp_path / "cut" / "metrics.csv").exists():
        assert begun.poll() is None
        assert time.monotonic() < give_up
        os.sched_yield()
    begun.send_signal(signal.SIGINT)
    out, err = begun.communicate(timeout=60)
    assert begun.returncode == 0
    results = json.loads((tmp_path / "cut" / "results.json").read_text())
    made = results["epochs"]
    assert 1 <= made < 40
    assert results["interrupted"] is True
    assert f"digits: note: Training was interrupted after {made} of 40 epochs; " in err
    assert "Traceback" not in err
    assert f"{results['test']['accuracy']:.2%}" in out
    resumed = resume(tmp_path / "cut")
    whole = train("classic", data=few_file, out=tmp_path / "whole", epochs=40, hidden=(32,))
    assert resumed.results | {"seconds": 0} == whole.results | {"seconds": 0}
    weights = [(run.folder / "model.safetensors").read_bytes() for run in (resumed, whole)]
    assert weights[0] == weights[1]


FAST = ["train", "fast", "--batch-size", "50"]


def test_without_mnist_it_learns_from_our_own_pen_and_says_so_first_and_last(offline: None, digits: Any) -> None:
    from digits.inference import load_model
    from digits.training.sources import NOTICE

    said = digits(*FAST, "--out", "run")
    assert said.code == 0
    lines = said.out.splitlines()
    assert (lines[0], lines[-1], lines.count(NOTICE)) == (NOTICE, NOTICE, 2)
    assert lines[-2] == "again   digits train fast --batch-size 50 --data synthetic"
    assert "SYNTHETIC" not in said.err, "once is enough"
    assert json.loads(Path("run/results.json").read_text())["notices"] == [NOTICE]
    assert load_model("run").metadata["data"]["name"] == "synthetic handwriting"
    assert '<p class="notice">SYNTHETIC DIGITS: ' in Path("run/report.html").read_text()


def test_our_own_pen_is_resumed_and_named_and_json_stays_json(
    offline: None, digits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from digits.training.sources import NOTICE

    monkeypatch.setattr("digits.evaluation.report.write_report", lambda folder: folder)  # takes long and says nothing
    for words in (
        [*FAST, "--data", "synthetic", "--out", "named"],
        [*FAST, "--out", "fallen-back"],
        ["train", "--resume", "named"],
    ):
        said = digits(*words, "--json")
        folder = "named" if "named" in words else "fallen-back"
        assert said.code == 0
        assert json.loads(said.out) == json.loads(Path(folder, "results.json").read_text())
        lines = said.err.splitlines()
        assert (lines[0], lines[-1], lines.count(NOTICE)) == (NOTICE, NOTICE, 2)
    named, fallen = (Path(folder, "model.safetensors").read_bytes() for folder in ("named", "fallen-back"))
    assert named == fallen


def test_what_is_learned_besides_is_told(digits: Any, few_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digits.synthesis.simulate_photos", lambda images, seed: images, raising=False)
    monkeypatch.setattr("digits.evaluation.report.write_report", lambda folder: folder)
    added = ["--synthetic", "40", "--photographs", "30"]
    said = digits(*FAST, *added, "--data", few_file, "--out", "run")
    lines = said.out.splitlines()
    assert lines[1].split()[:2] == ["train", "1,737"]
    assert lines[4] == "learned besides: 40 digits of our own pen and 30 photographs of digits"
    assert lines[-1] == f"again   digits train fast --batch-size 50 --synthetic 40 --photographs 30 --data {few_file}"


@pytest.fixture(scope="session")
def own(mnist: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 digits as the page to draw on keeps corrections, and a drawing beside them."""
    folder = tmp_path_factory.mktemp("own")
    for number in range(60):
        place = folder / "train" / str(mnist.train.labels[number])
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mnist.train.images[number, :, ::-1]).save(place / f"{number}.png")
    (folder / "drawings").mkdir()
    Image.new("L", (300, 200), 255).save(folder / "drawings" / "1.png")
    return folder


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few things that are no digit are drawn, and no report, which take long and say nothing here."""
    monkeypatch.setattr("digits.training.comparison.STRAYS", 40)
    monkeypatch.setattr("digits.evaluation.report.write_report", lambda folder: folder)


PERSONAL = ["--batch-size", "50", "--others", "20"]


@pytest.mark.usefixtures("soon")
def test_a_shipped_model_learns_own_digits_and_says_what_it_gained_and_forgot(
    digits: Any, few_file: Path, own: Path
) -> None:
    said = digits("train", "--extra", own, "--from", "mlp", *PERSONAL, "--data", few_file, "--out", "run")
    assert (said.code, said.err.count("Traceback")) == (0, 0)
    lines = said.out.splitlines()
    results = json.loads(Path("run/results.json").read_text())
    before = results["before"]
    assert lines[4].startswith("learned besides: 20 things that are none and ")
    assert lines[4].endswith(" digits of one's own, repetitions included")
    assert lines[6] == "before → after, starting from mlp"
    table = {line.split("  ")[0]: line for line in lines[7:12]}
    for name, part in (
        (f"{results['data']['name']} validation", "validation"),
        ("own digits, held out", "own_held_out"),
        ("own digits, learned from", "own_learned"),
        (f"{results['data']['name']} validation, accepted", "accepted"),
        ("no digits, sent away", "no_digits"),
    ):
        row = before[part]
        assert f" {row['before']:.2%} → " in table[name]
        changed = f"{row['newly_wrong']:,} newly wrong, {row['newly_right']:,} newly right"
        assert table[name].endswith(f" {row['after']:.2%}  ({row['n']:,}; {changed})")
    assert lines[12] == before["sentence"]
    assert lines[-1] == (
        f"again   digits train personal --batch-size 50 --others 20 --data {few_file} --extra {own} --from mlp"
    )
    assert (before["own_held_out"]["n"], before["own_learned"]["n"], before["no_digits"]["n"]) == (12, 48, 40)


@pytest.mark.usefixtures("soon")
def test_such_a_run_is_repeated_by_its_command_and_read_as_any_other(
    digits: Any, few_file: Path, own: Path, mnist: Dataset
) -> None:
    words = ["train", "--from=mlp", "--extra", own, *PERSONAL, "--others", "0", "--data", few_file]
    said = digits(*words, "--out", "run", "--json")
    results = json.loads(said.out)
    assert results == json.loads(Path("run/results.json").read_text())
    again = digits(*shlex.split(results["command"])[1:], "--out", "again", "--json")
    assert json.loads(again.out)["before"] == results["before"]
    weights = [Path(run, "model.safetensors").read_bytes() for run in ("run", "again")]
    assert weights[0] == weights[1]
    Image.fromarray(255 - mnist.test.images[0]).resize((112, 112)).save("seven.png")
    assert digits("read", "seven.png", "--single", "--model", "run").out.split() == ["7"]
    assert digits("evaluate", "run", "--data", few_file).code == 0


@pytest.mark.usefixtures("soon")
def test_own_digits_are_learned_besides_by_an_ordinary_recipe(digits: Any, few_file: Path, own: Path) -> None:
    said = digits(*FAST, "--extra", own, "--data", few_file, "--out", "run")
    lines = said.out.splitlines()
    figures = json.loads(Path("run/results.json").read_text())["own"]
    assert lines[4] == "learned besides: 185 digits of one's own, repetitions included"
    assert lines[6:8] == [
        f"own digits, held out: {figures['held_out']['accuracy']:.2%} of 12",
        f"own digits, learned from: {figures['learned']['accuracy']:.2%} of 48",
    ]


@pytest.mark.parametrize("flag", ["--from", "--extra"])
def test_a_resumed_run_keeps_what_it_was_given(digits: Any, flag: str) -> None:
    said = digits("train", "--resume", "run", flag, "mlp")
    assert (said.code, said.out) == (2, "")
    assert "--resume keeps the run's own configuration and folder: only --data and --json go with it" in said.err
