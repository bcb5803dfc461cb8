"""``digits train finder``: its output and files, resumed to the same bits, and its errors."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digits.errors import DataNotFoundError
from digits.inference import load_finder
from digits.training.engine.checkpoint import State
from digits.training.finder import inputs

SMALL = [
    *("--epochs", 2, "--steps-per-epoch", 2, "--batch-size", 4, "--crop-size", 64, "--validation-crops", 4),
    *("--channels", 4, 6, 8, "--blocks", 1, 1, "--width", 4, "--workers", 0, "--threads", 1),
    *("--precision", "float32"),
]


@pytest.fixture(autouse=True)
def no_strokes(monkeypatch: pytest.MonkeyPatch) -> None:
    def miss() -> None:
        raise DataNotFoundError("none here")

    monkeypatch.setattr(inputs, "load_pen_strokes", miss)


@pytest.mark.slow
def test_a_run_leaves_a_finder_and_resumes_to_the_same_bits(
    digits: Any, few_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = digits("train", "finder", *SMALL, "--data", few_file, "--out", "whole")
    assert said.code == 0
    assert said.out.startswith("The pen strokes of UCI's Pen-Based Recognition are missing")
    assert re.search(r"\ncharacters found with the right class, .*: \d+\.\d\d%\ntrained 2 epochs in ", said.out)
    assert said.out.splitlines()[-1] == "model   whole/model.onnx"
    assert [line.split("  ")[0] for line in said.err.splitlines()] == ["epoch 1/2", "epoch 2/2"]
    assert {path.name for path in Path("whole").iterdir() if not path.name.startswith(".")} == {
        "checkpoint.safetensors", "config.json", "environment.json", "metrics.csv", "model.onnx", "model.safetensors",
        "results.json",
    }  # fmt: skip
    finder = load_finder("whole")
    assert finder.metadata["epochs"] == 2
    finder.find(np.zeros((100, 100), np.uint8))

    save = State.save

    def stop(state: State, path: Path) -> None:
        save(state, path)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(State, "save", stop)
        said = digits("train", "finder", *SMALL, "--data", few_file, "--out", "parts", "--json")
    results = json.loads(said.out)
    assert results["interrupted"]
    assert "digits: note: Training was interrupted after 1 of 2 epochs" in said.err
    said = digits("train", "finder", "--resume", "parts")
    assert said.code == 0
    assert Path("parts/model.safetensors").read_bytes() == Path("whole/model.safetensors").read_bytes()
    assert Path("parts/model.onnx").read_bytes() == Path("whole/model.onnx").read_bytes()
    assert json.loads(Path("parts/results.json").read_text())["interrupted"] is False

    np.savez("other.npz", x_train=np.zeros((20, 28, 28), np.uint8), y_train=np.arange(20) % 10)
    said = digits("train", "finder", "--resume", "parts", "--data", "other.npz")
    assert (said.code, said.err) == (
        2,
        "digits: parts began with other digits: name the same ones with --data\n",
    )


@pytest.mark.slow
def test_training_goes_on_from_a_finder(digits: Any, few_file: Path) -> None:
    assert digits("train", "finder", *SMALL, "--data", few_file, "--out", "first").code == 0
    more = [*SMALL, "--data", few_file, "--from", "first"]
    assert digits("train", "finder", *more, "--muon-lr", 0.005, "--lr", 0.001, "--out", "second").code == 0
    environment = json.loads(Path("second/environment.json").read_text())
    assert environment["initial_model"] == str(Path("first").resolve())
    assert environment["initial_model_sha256"] == hashlib.sha256(Path("first/model.onnx").read_bytes()).hexdigest()
    before, after = (
        float(next(csv.DictReader(Path(run, "metrics.csv").read_text().splitlines()))["train_loss"])
        for run in ("first", "second")
    )
    assert after < before, "the same crops, first seen with what the first run has learned"

    Path("second/checkpoint.safetensors").unlink()
    Path("first/model.onnx").write_bytes(Path("second/model.onnx").read_bytes())
    said = digits("train", "finder", "--resume", "second")
    assert said.code == 2
    assert said.err.startswith("digits: second began with another finder: put the same one back")
    said = digits("train", "finder", *SMALL, "--width", 8, "--data", few_file, "--from", "first", "--out", "third")
    assert said.err.endswith("has another network: give the --channels, --blocks and --width it was trained with\n")
    assert not Path("third").exists()


@pytest.mark.slow
def test_layouts_of_your_own_are_learned(digits: Any, few_file: Path) -> None:
    Path("slips.py").write_text(
        "def slip(page, rng):\n    page.write('4711', 5, 40, rng, height=20)\n\n\n"
        "MINE = {slip: 1000}\nWRONG = {slip: -1}\n"
    )
    run = [*SMALL, "--epochs", 1, "--data", few_file]
    assert digits("train", "finder", *run, "--layouts", "slips.py:MINE", "--out", "own").code == 0
    assert digits("train", "finder", *run, "--out", "usual").code == 0
    own, usual = (json.loads(Path(each, "results.json").read_text())["validation"]["loss"] for each in ("own", "usual"))
    assert own != usual
    said = digits("train", "finder", "--resume", "own")
    assert (said.code, said.err) == (
        2,
        "digits: own began with these layouts of your own: 'slips.py:MINE'; name the same with --layouts\n",
    )
    assert digits("train", "finder", "--resume", "own", "--layouts", "slips.py:MINE").code == 0
    with Path("slips.py").open("a") as file:
        file.write("# changed\n")
    said = digits("train", "finder", "--resume", "own", "--layouts", "slips.py:MINE")
    assert said.err == "digits: own began with other layouts of your own: name the same ones with --layouts\n"
    for name, sentence in (("WRONG", "must be a mapping of functions to shares"), ("GONE", "there is no 'GONE' in")):
        said = digits("train", "finder", *run, "--layouts", f"slips.py:{name}", "--out", "wrong")
        assert said.code == 2
        assert sentence in said.err
        assert not Path("wrong").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--batch-size", 6], "batch_size must be a multiple of 4, not 6"),
        (["--crop-size", 100], "crop_size must be a multiple of 32, not 100"),
        (["--blocks", 1, 1], "channels must have one number more than blocks, and blocks at least two"),
        (["--dropout", 0.1], "--dropout is unknown"),
        (["--resume", "gone"], "gone is not a run that can be resumed: gone/config.json is missing;"),
        (["--from", "gone"], "there is no model file gone"),
        (["--resume", "gone", "--from", "finder"], "--resume keeps the settings and the folder of the run; only"),
        (["--resume", "gone", "--epochs", 3], "--resume keeps the settings and the folder of the run; only"),
        (["--device", "abacus"], "device 'abacus' cannot be used here"),
    ],
)  # fmt: skip
def test_wrong_calls_are_answered_with_a_sentence(digits: Any, words: list[object], sentence: str) -> None:
    said = digits("train", "finder", *words)
    assert said.code in (1, 2)
    assert said.err.startswith(f"digits: {sentence}")
    assert said.err.count("\n") == 1
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[]", "it is a list, not an object"),
        ('{"recipe": "fast"}', "it is not that of a finder"),
        ('{"kind": "finder", "lr": -1.0}', "lr must be above 0, not -1.0"),
        ('{"kind": "finder", "lrate": 1}', "there is no setting 'lrate'"),
    ],
)
def test_a_broken_configuration_is_named(digits: Any, content: str, sentence: str) -> None:
    Path("run").mkdir()
    Path("run/config.json").write_text(content)
    said = digits("train", "finder", "--resume", "run")
    assert said.code == 1
    assert said.err.startswith(f"digits: run cannot be resumed: its configuration is broken: {sentence}")


def test_help_lists_every_setting(digits: Any) -> None:
    said = digits("train", "finder", "--help")
    assert said.code == 0
    assert said.out.startswith("usage: digits train finder [flags]")
    for flag in ("--epochs", "--steps-per-epoch", "--channels", "--workers", "--resume", "--data"):
        assert f"  {flag}" in said.out
    assert "digits train finder --help" in " ".join(digits("train", "--help").out.split())
