"""The command line: what goes to which stream, with which exit code, in which words. Never a traceback."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digits import cli
from digits.inference import load_model
from digits.spec import Dataset


@dataclass
class Said:
    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def few_file(mnist: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("digits") / "few.npz"
    train, test = mnist.train, mnist.test
    np.savez(
        path, x_train=train.images[:2000], y_train=train.labels[:2000], x_test=test.images[:500],
        y_test=test.labels[:500],
    )  # fmt: skip
    return path


@pytest.fixture
def digits(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Call the command line in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*words: object) -> Said:
        code: Any = 0
        try:
            cli.main([str(word) for word in words])
        except SystemExit as ended:
            code = ended.code or 0
        captured = capsys.readouterr()
        return Said(int(code), captured.out, captured.err)

    return call


def process(*words: object, code: str | None = None) -> Said:
    """Call the command line in a process of its own."""
    start = ["-c", code] if code else ["-m", "digits"]
    done = subprocess.run([sys.executable, *start, *map(str, words)], capture_output=True, text=True, check=False)
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def trained(few_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Said]:
    """A run made by the command itself, and what was said meanwhile."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    return folder, process("train", "classic", "--epochs", 2, "--data", few_file, "--out", folder)


@pytest.fixture
def run(trained: tuple[Path, Said]) -> Path:
    return trained[0]


def test_training_says_results_on_stdout_and_progress_on_stderr(trained: tuple[Path, Said], few_file: Path) -> None:
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


def test_evaluating_a_run_gives_the_accuracy_of_its_results(run: Path, few_file: Path, digits: Any) -> None:
    expected = json.loads((run / "results.json").read_text())["test"]
    for model in (run, run / "model.onnx"):
        said = digits("evaluate", model, "--data", few_file, "--json")
        assert (said.code, said.err) == (0, "")
        judged = json.loads(said.out)
        assert sorted(judged) == ["accuracy", "confusion", "ece", "interval95", "n", "nll", "per_class"]
        assert (judged["accuracy"], judged["n"]) == (expected["accuracy"], 500)
        assert judged["nll"] == pytest.approx(expected["nll"], rel=1e-4)
        assert judged["confusion"] == expected["confusion"]
        assert len(judged["per_class"]) == 10


def test_evaluating_in_words(run: Path, few_file: Path, digits: Any) -> None:
    accuracy = json.loads((run / "results.json").read_text())["test"]["accuracy"]
    said = digits("evaluate", run, "--data", few_file)
    assert said.out.startswith(f"{run} on the test digits of ")
    assert f"\naccuracy {accuracy:.2%} (95 % interval " in said.out


def test_a_run_without_a_model_file_is_judged_by_its_weights(run: Path, few_file: Path, digits: Any) -> None:
    folder = Path("run")
    folder.mkdir()
    for name in ("config.json", "model.safetensors", "results.json"):
        (folder / name).write_bytes((run / name).read_bytes())
    expected = json.loads((run / "results.json").read_text())["test"]
    assert json.loads(digits("evaluate", folder, "--data", few_file, "--json").out) == expected


def test_a_model_that_does_not_tell_its_data_is_judged_all_the_same(run: Path, mnist: Dataset, digits: Any) -> None:
    import onnx

    model = onnx.load(run / "model.onnx")
    described = json.loads(model.metadata_props[0].value)
    del described["data"]
    onnx.helper.set_model_props(model, {"digits": json.dumps(described)})
    onnx.save(model, "model.onnx")
    np.savez("own.npz", images=mnist.test.images[:70], labels=mnist.test.labels[:70])
    said = digits("evaluate", "model.onnx", "--data", "own.npz", "--json")
    assert (said.code, json.loads(said.out)["n"]) == (0, 70)


def test_evaluating_a_model_file_loads_no_torch(run: Path, few_file: Path) -> None:
    code = (
        "import sys; from digits.cli import main; main(sys.argv[1:]);"
        "print([name for name in ('torch', 'matplotlib', 'onnx') if name in sys.modules], file=sys.stderr)"
    )
    said = process("evaluate", run / "model.onnx", "--data", few_file, "--json", code=code)
    assert (said.code, said.err) == (0, "[]\n")


@pytest.mark.parametrize("words", [["train"], ["train", "--resume", "run"], ["report", "run"]])
def test_without_torch_training_says_what_to_install(words: list[str], tmp_path: Path) -> None:
    missing = "import os, sys; os.chdir(sys.argv.pop(1)); sys.modules.update(torch=None, jinja2=None, matplotlib=None);"
    said = process(tmp_path, *words, code=missing + "from digits.cli import main; main()")
    name = "torch" if words[0] == "train" else ""
    assert said.err.startswith(f"digits: this needs {name}")
    assert said.err.endswith("which is not installed: pip install 'digits[train]'\n")
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)


def test_exporting_gives_a_model_that_stands_alone(run: Path, digits: Any) -> None:
    assert digits("export", run) == Said(0, "run.onnx\n", "")
    assert load_model("run.onnx").metadata == load_model(run).metadata
    assert digits("export", run, "--to", "safetensors", "--out", "w.st") == Said(0, "w.st\n", "")
    assert Path("w.st").read_bytes() == (run / "model.safetensors").read_bytes()


def test_data_as_json_is_json_alone(few_file: Path, digits: Any) -> None:
    said = digits("data", "--data", few_file, "--json")
    assert (said.code, said.err) == (0, "")
    assert str(few_file) in json.dumps(json.loads(said.out))


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("frobnicate", 2, "there is no command 'frobnicate'; there are: train, evaluate, data, export, report"),
        ("trian", 2, "there is no command 'trian'; did you mean train?"),
        ("--json", 2, "there is no command '--json'; there are: train, evaluate, data, export, report"),
        ("train clasic", 2, "there is no recipe 'clasic'; did you mean classic?"),
        ("train --recipe clasic", 2, "there is no recipe 'clasic'; did you mean classic?"),
        ("train --recipe=clasic", 2, "there is no recipe 'clasic'; did you mean classic?"),
        ("train --epochs 0", 2, "epochs must be 1 or more, not 0"),
        ("train --optimizer adm", 2, "optimizer 'adm' is not known; did you mean adam or radam or nadam?; your own "),
        ("train classic --resume {run}", 2, "--resume keeps the run's own configuration and folder: only --data and "),
        ("train --epochs 3 --resume {run}", 2, "--resume keeps the run's own configuration and folder: only --data "),
        ("train --resume none", 1, "none is not a run that can be resumed: there is no none/config.json; `digits "),
        ("train --data {few} --out {run}", 2, "{run} is already there: name another --out, or continue that run with "),
        ("train --data {few} --network none.py:N", 2, "network none.py:N: there is no file none.py"),
        ("train --data {few} --batch-size 5000", 2, "batch_size 5000 is more than the 1667 digits to learn from; try "),
        ("train --data none.npz", 1, "none.npz does not exist. "),
        ("train --data {few} --out {few}/below", 1, "Not a directory: {few}/below"),
        ("evaluate none.onnx", 1, "there is no model file none.onnx; `digits train` makes one"),
        ("evaluate {few}", 1, "{few} is not a model that ONNX Runtime can read: "),
        ("evaluate {run}/model.safetensors", 1, "{run}/model.safetensors holds weights alone: name its run folder, "),
        ("evaluate {run} --data none", 1, "none does not exist. "),
        ("data --data none", 1, "none does not exist. "),
        ("export none", 1, "there is no model file none/model.onnx; `digits train` makes one"),
        ("export {run}/model.onnx", 1, "there is no model file {run}/model.onnx/model.onnx; `digits train` makes one"),
        ("export none --to safetensors", 1, "there is no none/model.safetensors; `digits train --resume none` "),
        ("export {run} --out none/model.onnx", 1, "No such file or directory: none/model.onnx"),
        ("report none", 1, "none is not a finished run"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_one_sentence_on_stderr(
    words: str, code: int, says: str, run: Path, few_file: Path, digits: Any
) -> None:
    said = digits(*words.format(run=run, few=few_file).split())
    assert said.err.startswith(f"digits: {says.format(run=run, few=few_file)}")
    assert (said.code, said.out) == (code, "")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("train --epcohs 3", "--epochs"),
        ("train classic extra", "extra"),
        ("train --epochs many", "invalid literal for int() with base 10: 'many'"),
        ("train --recipe", "--recipe"),
        ("evaluate", "PATH"),
        ("export {run} --to pdf", "'pdf'"),
    ],
)
def test_a_wrong_call_names_what_was_wrong(words: str, says: str, run: Path, digits: Any) -> None:
    said = digits(*words.format(run=run).split())
    assert (said.code, said.out) == (2, "")
    assert says in said.err
    assert "Traceback" not in said.err


def test_ctrl_c_while_data_are_read_is_130(digits: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def ctrl_c(path: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("digits.data.load_dataset", ctrl_c)
    assert digits("data") == Said(130, "", "digits: stopped\n")


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


def test_help_and_version(digits: Any) -> None:
    from digits import __version__

    assert digits("--version") == Said(0, f"{__version__}\n", "")
    shown = digits("--help")
    assert shown == digits("-h")
    assert (shown.code, shown.err) == (0, "")
    for name, command in cli.COMMANDS.items():
        assert f"  {name:9} {str(command.__doc__).splitlines()[0]}\n" in shown.out
        assert digits(name, "--help").code == 0
    alone = digits()
    assert (alone.code, alone.out) == (2, shown.out)


@pytest.mark.parametrize("words", [["--help"], ["train", "--help"], ["evaluate", "{run}", "--data", "{few}"]])
def test_a_reader_that_has_seen_enough_is_no_error(words: list[str], run: Path, few_file: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    named = [word.format(run=run, few=few_file) for word in words]
    done = subprocess.run([sys.executable, "-m", "digits", *named], stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert (done.stderr, done.returncode) == ("", 1)
