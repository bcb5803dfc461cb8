"""``digits train``: its output, its files, its help; and that it can be stopped, resumed and repeated."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from digits.types import Dataset

pytestmark = pytest.mark.slow


def test_results_go_to_stdout_and_progress_to_stderr(trained: tuple[Path, Any], few_file: Path) -> None:
    folder, said = trained
    assert said.code == 0
    results = json.loads((folder / "results.json").read_text())
    lines = said.out.splitlines()
    table = {line.split()[0]: line for line in lines[1:4]}
    for part in ("train", "validation", "test"):
        assert f"{results[part]['accuracy']:.2%}" in table[part]
    assert re.fullmatch(r"trained 2 epochs in [\d.]+ s, [\d.]+ s in all", lines[5])
    assert lines[6:] == [
        f"report  {folder}/report.html",
        f"model   {folder}/model.onnx",
        f"repeat  digits train classic --epochs 2 --data {few_file}",
    ]
    progress = said.err.splitlines()
    assert [line.split("  ")[0] for line in progress[:2]] == ["epoch 1/2", "epoch 2/2"]
    assert progress[2:] == [f"digits: note: These digits are not MNIST but {results['data']['name']}, from {few_file}."]


def test_run_folder_is_complete(run: Path) -> None:
    # digits evaluate notes its uses of the test digits there, and other tests may have called it before
    assert {path.name for path in run.iterdir() if not path.name.startswith(".")} - {"test_uses.csv"} == {
        "checkpoint.safetensors", "config.json", "environment.json", "examples.npz", "figures", "metrics.csv",
        "model.onnx", "model.safetensors", "report.html", "results.json",
    }  # fmt: skip


def test_shown_command_repeats_the_run(run: Path, digits: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digits.evaluation.write_report", lambda folder: folder)  # slow, and not checked here
    shown = json.loads((run / "results.json").read_text())["command"]
    said = digits(*shlex.split(shown)[1:], "--out", "again", "--json")
    assert said.code == 0
    assert json.loads(said.out) == json.loads(Path("again/results.json").read_text()), "nothing but JSON"
    assert Path("again/model.safetensors").read_bytes() == (run / "model.safetensors").read_bytes()


STOPPING_NETWORK = """
import os
import signal
from torch import nn

class Stopping(nn.Module):
    def __init__(self):
        super().__init__()
        signal.signal(signal.SIGINT, signal.default_int_handler)  # as in a terminal: jobs in the background ignore it
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
        self.batches = 0

    def forward(self, images):
        self.batches += self.training
        if self.training and self.batches == int(os.environ.get("STOP_AT", 0)):
            os.kill(os.getpid(), signal.SIGINT)
        return self.layers(images.float() / 255)
"""


def test_ctrl_c_keeps_the_finished_epochs_and_resume_completes_them(few_file: Path, tmp_path: Path) -> None:
    from digits.training import resume, train

    code = tmp_path / "stopping.py"
    code.write_text(STOPPING_NETWORK)
    settings = {"network": f"{code}:Stopping", "epochs": 4, "batch_size": 100}
    words = [word for name, value in settings.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    stopped = subprocess.run(
        [sys.executable, "-m", "digits", "train", "classic", *words, "--data", few_file, "--out", tmp_path / "cut"],
        env=os.environ | {"STOP_AT": "30"}, capture_output=True, text=True,
    )  # fmt: skip
    assert stopped.returncode == 0, stopped.stderr
    results = json.loads((tmp_path / "cut" / "results.json").read_text())
    made = results["epochs"]
    assert 1 <= made < 4
    assert results["interrupted"] is True
    assert f"digits: note: Training was interrupted after {made} of 4 epochs; " in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert f"{results['test']['accuracy']:.2%}" in stopped.stdout
    resumed = resume(tmp_path / "cut", trust_code=True)
    whole = train("classic", data=few_file, out=tmp_path / "whole", **settings)
    assert resumed.results | {"seconds": 0} == whole.results | {"seconds": 0}
    weights = [(run.folder / "model.safetensors").read_bytes() for run in (resumed, whole)]
    assert weights[0] == weights[1]


FAST = ["train", "fast", "--batch-size", "50"]


@pytest.fixture
def no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the report, which is slow and checked elsewhere."""
    monkeypatch.setattr("digits.evaluation.write_report", lambda folder: folder / "report.html")


def test_missing_mnist_is_replaced_and_the_notice_is_first_and_last(offline: None, digits: Any) -> None:
    from digits.inference import load_model
    from digits.training.run.inputs import SYNTHETIC_NOTICE

    said = digits(*FAST, "--out", "run")
    assert said.code == 0
    lines = said.out.splitlines()
    assert (lines[0], lines[-1], lines.count(SYNTHETIC_NOTICE)) == (SYNTHETIC_NOTICE, SYNTHETIC_NOTICE, 2)
    assert lines[-2] == "repeat  digits train fast --batch-size 50 --data synthetic"
    assert "SYNTHETIC" not in said.err
    assert json.loads(Path("run/results.json").read_text())["notices"] == [SYNTHETIC_NOTICE]
    assert load_model("run").metadata["data"]["name"] == "synthetic handwriting"
    assert '<p class="notice">SYNTHETIC DIGITS: ' in Path("run/report.html").read_text()


@pytest.mark.usefixtures("no_report", "offline")
def test_synthetic_run_is_resumed_and_json_stays_json(digits: Any) -> None:
    from digits.training.run.inputs import SYNTHETIC_NOTICE

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
        assert (lines[0], lines[-1], lines.count(SYNTHETIC_NOTICE)) == (SYNTHETIC_NOTICE, SYNTHETIC_NOTICE, 2)
    named, fallen = (Path(folder, "model.safetensors").read_bytes() for folder in ("named", "fallen-back"))
    assert named == fallen


@pytest.mark.usefixtures("no_report")
def test_added_digits_are_counted(digits: Any, few_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digits.synthesis.simulate_photos", lambda images, seed: images, raising=False)
    added = ["--synthetic", "40", "--simulated-photos", "30"]
    said = digits("train", *added, "--batch-size", "50", "--data", few_file, "--out", "run", "fast")
    lines = said.out.splitlines()
    assert lines[1].split()[:2] == ["train", "1,737"]
    assert lines[4] == "also learned from 40 synthetic digits and 30 simulated photographs"
    assert (
        lines[-1]
        == f"repeat  {' '.join(['digits', *FAST, '--synthetic 40 --simulated-photos 30 --data', str(few_file)])}"
    )


@pytest.mark.usefixtures("no_report")
def test_report_is_opened_in_the_browser(digits: Any, few_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert digits("train", "--epochs", "1", "--data", few_file, "--open", "--out", "run", "fast").code == 0
    assert opened == [Path("run/report.html").resolve().as_uri()]


@pytest.mark.parametrize(
    ("flag", "right"),
    [
        ("--learning-rate", "--lr"),
        ("--hidden", "--hidden-sizes"),
        ("--wd=0", "--weight-decay"),
        ("--num_epochs", "--epochs"),
        ("--pretrained", "--from"),
        ("--output-dir", "--out"),
        ("--epcohs", "--epochs"),
    ],
)
def test_usual_names_of_flags_are_answered_with_ours(digits: Any, flag: str, right: str) -> None:
    said = digits("train", flag, "3", "cnn")
    assert (said.code, said.out) == (2, "")
    assert said.err == f"digits: {flag.partition('=')[0].replace('_', '-')} is unknown; did you mean {right}?\n"


def test_help_opens_with_the_flags_that_matter_and_shows_the_defaults_of_the_recipe(digits: Any) -> None:
    from digits.training.config import SECTION_OF

    said = digits("train", "cnn", "--help")
    assert said == digits("train", "--help", "cnn")
    sections = re.split(r"\n\n(?=[A-Z][a-z ]+:\n)", said.out)
    assert [section.partition(":")[0] for section in sections[1:]] == [
        "Most used", "Network", "Optimization", "Augmentation", "Data", "Mending", "Run",
    ]  # fmt: skip
    first = ["--epochs", "--lr", "--batch-size", "--hidden-sizes", "--dropout", "--optimizer", "--seed", "--data"]
    assert re.findall(r"^  (--[a-z-]+)", sections[1], re.MULTILINE) == first
    assert "--epochs N                Passes over the training digits. [default: 5]" in sections[1]
    flags = re.findall(r"^  (?:-. )?(?:-o, )?(--[a-z-]+)", said.out, re.MULTILINE)
    assert len(flags) == len(set(flags))
    assert {f"--{name.replace('_', '-')}" for name in SECTION_OF} <= set(flags)


@pytest.fixture(scope="session")
def personal(mnist: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 digits as the page keeps corrections, and a drawing beside them."""
    folder = tmp_path_factory.mktemp("personal")
    for number in range(60):
        place = folder / "train" / str(mnist.train.labels[number])
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mnist.train.images[number, :, ::-1]).save(place / f"{number}.png")
    (folder / "drawings").mkdir()
    Image.new("L", (300, 200), 255).save(folder / "drawings" / "1.png")
    return folder


@pytest.fixture
def few_outliers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare few non-digits, which are slow to draw."""
    monkeypatch.setattr("digits.training.run.finetune.COMPARED_OUTLIERS", 40)


PERSONAL = ["--batch-size", "50", "--outliers", "20"]


@pytest.mark.usefixtures("few_outliers", "no_report")
def test_fine_tuning_compares_before_and_after(digits: Any, few_file: Path, personal: Path) -> None:
    said = digits("train", "--extra-data", personal, "--from", "mlp", *PERSONAL, "--data", few_file, "--out", "run")
    assert (said.code, said.err.count("Traceback")) == (0, 0)
    lines = said.out.splitlines()
    results = json.loads(Path("run/results.json").read_text())
    before = results["before"]
    assert lines[4].startswith("also learned from 20 outliers and ")
    assert lines[4].endswith(" personal digits, repetitions included")
    assert lines[6] == "before → after fine-tuning mlp"
    table = {line.split("  ")[0]: line for line in lines[7:12]}
    for name, part in (
        ("validation", "validation"),
        ("personal digits, held out", "personal_held_out"),
        ("personal digits, learned", "personal_learned"),
        ("validation, accepted", "accepted"),
        ("non-digits, rejected", "outliers"),
    ):
        row = before[part]
        assert f" {row['before']:.2%} → " in table[name]
        changed = f"{row['newly_wrong']:,} newly wrong, {row['newly_right']:,} newly right"
        assert table[name].endswith(f" {row['after']:.2%}  ({row['n']:,}; {changed})")
    assert lines[12] == before["sentence"]
    assert lines[-1] == (
        "repeat  digits train personal --batch-size 50 --outliers 20 "
        f"--data {few_file} --extra-data {personal} --from mlp"
    )
    counts = [before[part]["n"] for part in ("personal_held_out", "personal_learned", "outliers")]
    assert counts == [12, 48, 40]


@pytest.mark.usefixtures("few_outliers", "no_report")
def test_fine_tuned_run_is_repeated_read_and_evaluated(
    digits: Any, few_file: Path, personal: Path, mnist: Dataset
) -> None:
    words = ["train", "--from=mlp", "--extra-data", personal, *PERSONAL, "--outliers", "0", "--data", few_file]
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


@pytest.mark.usefixtures("few_outliers", "no_report")
def test_personal_data_is_learned_with_an_ordinary_recipe(digits: Any, few_file: Path, personal: Path) -> None:
    said = digits(*FAST, "--extra-data", personal, "--data", few_file, "--out", "run")
    lines = said.out.splitlines()
    figures = json.loads(Path("run/results.json").read_text())["personal"]
    assert lines[4] == "also learned from 185 personal digits, repetitions included"
    assert lines[6:8] == [
        f"personal digits, held out  {figures['held_out']['accuracy']:7.2%}  (12)",
        f"personal digits, learned   {figures['learned']['accuracy']:7.2%}  (48)",
    ]


@pytest.mark.parametrize("flag", ["--from", "--extra-data"])
def test_resumed_run_keeps_its_inputs(digits: Any, flag: str) -> None:
    said = digits("train", "--resume", "run", flag, "mlp")
    assert (said.code, said.out) == (2, "")
    assert "--resume keeps the settings and the folder of the run" in said.err
