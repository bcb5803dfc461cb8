"""The progress of training: a bar on a terminal, one line per epoch elsewhere."""

from __future__ import annotations

import re
import sys
from types import ModuleType

import pytest

from digits.training import Epoch, ProgressBar
from digits.training.run.progress import is_watched

ROWS = [Epoch(k, 0.5 / k, 0.9, 0.4 / k, 0.95, 1e-3, 1.25) for k in (1, 2)]


def follow(bar: ProgressBar) -> None:
    for done, finished in ((0.5, 0), (1.0, 0), (1.0, 1), (1.5, 1), (2.0, 1), (2.0, 2)):
        bar(done, 2, ROWS[:finished])
    bar.close()


def test_each_epoch_is_one_line_in_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    follow(ProgressBar())
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "epoch 1/2  loss 0.5000, validation 0.4000; accuracy 90.00%, validation 95.00%; 1.2 s",
        "epoch 2/2  loss 0.2500, validation 0.2000; accuracy 90.00%, validation 95.00%; 1.2 s",
    ]


def test_resumed_run_does_not_repeat_its_finished_epochs(capsys: pytest.CaptureFixture[str]) -> None:
    bar = ProgressBar()
    bar(1.5, 2, ROWS[:1])
    bar(2.0, 2, ROWS)
    assert [line.split("  ")[0] for line in capsys.readouterr().err.splitlines()] == ["epoch 2/2"]


def test_bar_and_figures_fit_80_columns(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    follow(ProgressBar())
    shown = [part for part in re.split(r"[\r\n]+", capsys.readouterr().err) if part.strip()]
    assert shown[-1].startswith("100%|")
    assert shown[-1].endswith("epoch 2/2 loss 0.250 (val 0.200) acc 90.0% (val 95.00%)")
    # where tqdm cannot find the width, as here, its bar has ten blocks; on a terminal it takes the width that is left
    assert len(shown[-1].replace("█" * 10, "")) <= 78


@pytest.mark.parametrize("where", ["log", "terminal", "notebook"])
def test_terminals_and_notebooks_are_watched(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: where == "terminal")
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    if where == "notebook":
        monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    assert is_watched() == (where != "log")
