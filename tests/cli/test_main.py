"""The command line: streams, exit codes and error texts; never a traceback."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from digits import cli


@pytest.mark.parametrize("words", [["train"], ["train", "--resume", "run"], ["report", "run"]])
def test_training_without_torch_says_what_to_install(process: Any, words: list[str], tmp_path: Path) -> None:
    missing = "import os, sys; os.chdir(sys.argv.pop(1)); sys.modules.update(torch=None, jinja2=None, matplotlib=None);"
    said = process(tmp_path, *words, code=missing + "from digits.cli import main; main()")
    name = "torch" if words[0] == "train" else ""
    assert said.err.startswith(f"digits: this needs {name}")
    assert said.err.endswith("which is not installed: pip install 'digits[train]'\n")
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("xyzzy", 2, "no command 'xyzzy'; choose from train, read, "),
        ("trian", 2, "no command 'trian'; did you mean train?"),
        ("--json", 2, "no command '--json'; choose from train, "),
        ("train clasic", 2, "no recipe 'clasic'; did you mean classic?"),
        ("train --recipe clasic", 2, "no recipe 'clasic'; did you mean classic?"),
        ("train --epochs 3 --recipe=clasic", 2, "no recipe 'clasic'; did you mean classic?"),
        ("train --epochs 0", 2, "epochs must be 1 or more, not 0"),
        ("train --optimizer adm", 2, "optimizer 'adm' is unknown; did you mean adam "),
        ("train classic --resume {run}", 2, "--resume keeps the settings and the folder of the run; only "),
        ("train --lr 3 --resume {run}", 2, "--resume keeps the settings and the folder of the run; only "),
        ("train --epochs 30 --resume {run}", 2, "is finished; to train its network further: digits train --from "),
        ("train --resume none", 1, "none/config.json"),
        ("train --data {few} --out {run}", 2, "{run} "),
        ("train --data {few} --network none.py:N", 2, "none.py"),
        ("train --data {few} --bs 5000", 2, "batch_size 5000"),
        ("train --data none.npz", 1, "none.npz does not exist. "),
        ("train --data {few} --out {few}/below", 1, "{few}/below cannot be written: Not a directory. "),
        ("evaluate none.onnx", 1, "none.onnx"),
        ("evaluate {few}", 1, "{few} is not a model that "),
        ("evaluate {run} --data none", 1, "none does not exist. "),
        ("data --data none", 1, "none does not exist. "),
        ("data --synthetic 9", 2, "--synthetic needs --out, the folder to write to: digits data --synthetic 9 --out "),
        ("data --out set", 2, "--out needs --synthetic: digits data --synthetic 60000 --out DIR"),
        ("data --seed 1", 2, "--seed needs --synthetic: digits data --synthetic 60000 --out DIR"),
        ("data --synthetic 9 --out set --data {few}", 2, "--synthetic and --data cannot be combined"),
        ("data --synthetic 1 --out set", 2, "--synthetic must be 2 or more, not 1"),
        ("data --synthetic 9 --seed -1 --out set", 2, "--seed must be 0 or more, not -1"),
        ("data --synthetic 9 --out {few}", 2, "{few} is a file: name a folder with --out"),
        ("train --synthetic -1", 2, "synthetic must be 0 or more, not -1"),
        ("export none", 1, "none"),
        ("export cnn --to pdf", 2, "--to 'pdf' is unknown; choose from onnx, safetensors, html, "),
        ("export {few} --to safetensors", 1, "few.safetensors is missing"),
        ("compare", 2, "name runs to compare, as in digits compare runs, or recipes to train: --recipes fast classic"),
        ("compare {run}", 2, "there is one configuration, classic --epochs 2: name runs of two or more"),
        ("compare none", 1, "there is no folder none"),
        ("compare --recipes fats", 2, "no recipe 'fats'; did you mean fast?"),
        ("compare --recipes fast=x --seeds 1", 2, "--seeds must be from 2 to 1000, not 1"),
        ("find-lr fats", 2, "no recipe 'fats'; did you mean fast?"),
        ("find-lr fast --lowest 1 --highest 0.1 --data {few}", 2, "must rise from above 0, not from 1 to 0.1"),
        ("ablate fast", 2, "name the parts to leave out, as in digits ablate fast --drop 'augmentation.*'"),
        ("ablate fast --drop dropout", 2, "the recipe fast has no dropout to leave out"),
        ("ablate fast --seed 3 --drop dropout", 2, "--seed 3 cannot be combined with --seeds, which trains 0, 1, "),
        ("sweep fast", 2, "name what to search with --search, as in muon_lr=log:0.005:0.1"),
        ("sweep fast --search lr=1", 2, "--search 'lr=1' needs two different values or more, or a range LOW:HIGH"),
        ("sweep best-mlp --search epochs=1:5 --data {few}", 2, "its teacher, best-cnn, has to be trained first"),
        ("curve fast --fraction 0.5", 2, "--fraction cannot be combined with --fractions"),
        ("curve fast --fractions 0 1", 2, "--fractions must be above 0 and at most 1, not 0.0"),
        ("curve fast --fractions all", 2, "--fractions must be numbers, not "),
        ("curve fast --fractions 1 --data {few}", 2, "a curve needs two shares of the digits or more"),
        ("runs none", 1, "there is no folder none"),
        ("runs {run}/figures", 1, "{run}/figures holds no runs: `digits train` makes one"),
        ("report none", 1, "none is not a finished run"),
        ("report", 2, "RUN is missing: digits report RUN"),
        ("evaluate", 2, "MODEL is missing: digits evaluate MODEL"),
    ],
)  # fmt: skip
def test_error_is_one_sentence_on_stderr(
    words: str, code: int, says: str, run: Path, few_file: Path, digits: Any
) -> None:
    said = digits(*words.format(run=run, few=few_file).split())
    assert said.err.startswith("digits: ")
    assert says.format(run=run, few=few_file) in said.err
    assert (said.code, said.out) == (code, "")
    assert said.err.count("\n") == 1
    assert list(Path().iterdir()) == [], "nothing is left behind"


@pytest.mark.parametrize("words", [["data"], ["evaluate", "{run}"]])
def test_missing_mnist_is_answered_with_an_alternative(words: list[str], offline: None, run: Path, digits: Any) -> None:
    said = digits(*(word.format(run=run) for word in words))
    assert (said.code, said.out) == (1, "")
    lines = said.err.splitlines()
    assert "MNIST" in lines[0]
    assert lines[-1].startswith("To continue without MNIST: `digits data --synthetic 60000 --out DIR` writes ")


def test_ctrl_c_exits_with_130(digits: Any, monkeypatch: pytest.MonkeyPatch) -> None:
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
    assert max(map(len, shown.out.splitlines())) <= 80
    for name, command in cli.COMMANDS.items():
        assert f"  {name:9} {str(command.__doc__).splitlines()[0]}\n" in shown.out
        answer = digits(name, "--help")
        assert (answer.code, answer.err) == (0, "")
        assert answer.out.startswith(f"usage: digits {name} ")
        assert max(map(len, answer.out.splitlines())) <= 80
    alone = digits()
    assert (alone.code, alone.out) == (2, shown.out)


@pytest.mark.parametrize("words", [["--help"], ["train", "--help"], ["evaluate", "{run}", "--data", "{few}"]])
def test_closed_pipe_is_no_error(words: list[str], run: Path, few_file: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    named = [word.format(run=run, few=few_file) for word in words]
    done = subprocess.run([sys.executable, "-m", "digits", *named], stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert (done.stderr, done.returncode) == ("", 1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["train", "--help"], ["evaluate", "{run}", "--data", "{few}"]]
)
def test_output_on_a_full_disk_is_one_sentence(words: list[str], run: Path, few_file: Path) -> None:
    named = [word.format(run=run, few=few_file) for word in words]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-m", "digits", *named], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.stderr == (
        "digits: the output cannot be written: No space left on device; send it elsewhere, or free some space there\n"
    )
    assert done.returncode == 1


@pytest.mark.parametrize(
    "words", ["train fast --epochs 1 --data {few} --out", "data --synthetic 20 --out", "export {run} --out"]
)
def test_full_disk_is_named_with_its_folder(
    words: str, run: Path, few_file: Path, digits: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", fail)
    out = tmp_path / "there" / "model.onnx"
    said = digits(*words.format(run=run, few=few_file).split(), out)
    [line] = [line for line in said.err.splitlines() if "cannot be written: its disk is full (" in line]
    assert line.startswith(f"digits: {out}")
    assert "are free). Free some space in " in line
    assert said.code == 1
