"""The command line: what goes to which stream, with which exit code, in which words. Never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from digits import cli


@pytest.mark.parametrize("words", [["train"], ["train", "--resume", "run"], ["report", "run"]])
def test_without_torch_training_says_what_to_install(process: Any, words: list[str], tmp_path: Path) -> None:
    missing = "import os, sys; os.chdir(sys.argv.pop(1)); sys.modules.update(torch=None, jinja2=None, matplotlib=None);"
    said = process(tmp_path, *words, code=missing + "from digits.cli import main; main()")
    name = "torch" if words[0] == "train" else ""
    assert said.err.startswith(f"digits: this needs {name}")
    assert said.err.endswith("which is not installed: pip install 'digits[train]'\n")
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("frobnicate", 2, "there is no command 'frobnicate'; there are: train, read, serve, evaluate, data, "),
        ("trian", 2, "there is no command 'trian'; did you mean train?"),
        ("--json", 2, "there is no command '--json'; there are: train, read, serve, evaluate, data, export, "),
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
        ("evaluate none.onnx", 1, "there is no model file none.onnx"),
        ("evaluate {few}", 1, "{few} is not a model that ONNX Runtime can read: "),
        ("evaluate {run}/model.safetensors", 1, "{run}/model.safetensors holds weights alone: name its run folder, "),
        ("evaluate {run} --data none", 1, "none does not exist. "),
        ("data --data none", 1, "none does not exist. "),
        ("data --synthetic 9", 2, "--synthetic needs --out, the folder to write to: digits data --synthetic 9 --out "),
        ("data --out set", 2, "--out goes with --synthetic: digits data --synthetic 60000 --out DIR"),
        ("data --seed 1", 2, "--seed goes with --synthetic: digits data --synthetic 60000 --out DIR"),
        ("data --synthetic 9 --out set --data {few}", 2, "--synthetic writes digits, --data names those to look at: "),
        ("data --synthetic 1 --out set", 2, "--synthetic is 1: it must be 2 or more, since a set holds out a seventh "),
        ("data --synthetic 9 --seed -1 --out set", 2, "--seed is -1: it must be 0 or more"),
        ("data --synthetic 9 --out {few}", 2, "{few} is a file: name another --out, a folder"),
        ("train --synthetic -1", 2, "synthetic must be 0 or more, not -1"),
        ("export none", 1, "there is no model file none/model.onnx"),
        ("export {run}/model.onnx", 1, "there is no model file {run}/model.onnx/model.onnx"),
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
    assert list(Path().iterdir()) == [], "nothing is left behind"


@pytest.mark.parametrize("words", [["data"], ["evaluate", "{run}"]])
def test_without_mnist_other_commands_say_how_to_go_on(words: list[str], offline: None, run: Path, digits: Any) -> None:
    said = digits(*(word.format(run=run) for word in words))
    assert (said.code, said.out) == (1, "")
    lines = said.err.splitlines()
    assert lines[0].startswith("digits: No complete MNIST is in ")
    assert lines[-2].startswith("To get it by hand: ")
    assert lines[-1].startswith("To go on without MNIST: `digits data --synthetic 60000 --out DIR` writes ")


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
    assert digits("data") == (130, "", "digits: stopped\n")


def test_help_and_version(digits: Any) -> None:
    from digits import __version__

    assert digits("--version") == (0, f"{__version__}\n", "")
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
