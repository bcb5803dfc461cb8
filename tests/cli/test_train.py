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
    monkeypatch.setattr("digits.synthesis.photographed", lambda images, seed: images, raising=False)
    monkeypatch.setattr("digits.evaluation.report.write_report", lambda folder: folder)
    added = ["--synthetic", "40", "--photographs", "30"]
    said = digits(*FAST, *added, "--data", few_file, "--out", "run")
    lines = said.out.splitlines()
    assert lines[1].split()[:2] == ["train", "1,737"]
    assert lines[4] == "learned besides: 40 digits of our own pen and 30 photographs of digits"
    assert lines[-1] == f"again   digits train fast --batch-size 50 --synthetic 40 --photographs 30 --data {few_file}"
