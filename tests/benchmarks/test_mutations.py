"""Damaged files are made from intact ones, repeatably; and what must not happen is noticed when it happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("resource")

from benchmarks.mutants import mutate_bytes
from benchmarks.mutations import KINDS, Kind, Outcome, damage, missed, run, summarize
from benchmarks.results import ROOT

from benchmarks import mutations
from digits import DigitsError, read
from digits.errors import DataError

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # the children run Python alone


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    """Two files."""
    folder = tmp_path / "samples"
    folder.mkdir()
    for name in ("a.bin", "b.bin"):
        (folder / name).write_bytes(name.encode() * 30)
    return folder


def kind(reading: Callable[[Path], object]) -> Kind:
    return Kind(2, lambda folder: None, reading, {"*.bin": mutate_bytes})


def fail(path: Path) -> None:
    raise ValueError


def leave(path: Path) -> None:
    sys.exit("enough")


def refuse(path: Path) -> None:
    raise DataError("no")


def spin(path: Path) -> None:
    end = time.process_time() + 0.3
    while time.process_time() < end:
        pass


def fill(path: Path) -> None:
    np.ones(2**26).sum()  # half a gigabyte


def die(path: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("reading", "result", "is_offence"),
    [
        (lambda path: None, "read", False),
        (refuse, "refused", False),
        (fail, "ValueError", True),
        (leave, "SystemExit", True),
        (spin, "read", True),
        (fill, "read", True),
        (die, "SIGKILL", True),
    ],
)
def test_offences_are_noticed(
    reading: Callable[[Path], object],
    result: str,
    is_offence: bool,
    samples: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mutations, "MAX_SECONDS", 0.25)
    usual = max(each.mib for each in run(kind(lambda path: None), samples, range(3)))
    monkeypatch.setattr(mutations, "MAX_MIB", usual + 256)
    outcomes = list(run(kind(reading), samples, range(3)))
    assert sorted(each.seed for each in outcomes) == [0, 1, 2]
    assert {each.result for each in outcomes} == {result}
    assert {each.is_offence for each in outcomes} == {is_offence}


def test_claims_are_missed_by_figures_above_them() -> None:
    fine = [Outcome(0, "read", 0.1, 100), Outcome(1, "refused", 1.9, 1000)]
    assert missed(list(summarize("files", fine))) == []
    bad = [*fine, Outcome(2, "KeyError", 0.1, 100), Outcome(3, "read", 2.1, 2000)]
    assert [sentence.partition(";")[0] for sentence in missed(list(summarize("files", bad)))] == [
        "damaged files: failed 25 %", "damaged files: processor time 2.1 s", "damaged files: memory 2000 MiB",
    ]  # fmt: skip


def test_damage_is_repeatable_and_leaves_the_sample(samples: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in samples.iterdir()}
    made = [damage(kind(read), samples, seed, tmp_path / f"{run}-{seed}") for run in range(2) for seed in range(40)]
    contents = [path.read_bytes() for path in made]
    assert contents[:40] == contents[40:]
    assert sum(content not in before.values() for content in contents[:40]) > 30
    assert {path.name: path.read_bytes() for path in samples.iterdir()} == before


READ = """
import tempfile, pathlib
from benchmarks import mutations
with tempfile.TemporaryDirectory() as folder:
    mutations.write_samples(list(mutations.KINDS), pathlib.Path(folder))
    for name, kind in mutations.KINDS.items():
        samples = pathlib.Path(folder) / name
        offences = [outcome for outcome in mutations.read_damaged(name, samples, 20) if outcome.is_offence]
        whole = kind._replace(mutate={pattern: lambda content, random: content for pattern in kind.mutate})
        intact = {outcome.result for outcome in mutations.run(whole, samples, range(len(list(samples.iterdir()))))}
        print(f"{name}: {intact} {offences}")
"""
"""Run apart from the tests, whose process checks the types of all arguments and would not be forked unharmed.

All kinds share one process, so that their libraries are imported once.
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_intact_samples_are_read_and_damaged_ones_cause_no_traceback() -> None:
    done = subprocess.run([sys.executable, "-c", READ], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "".join(f"{name}: {{'read'}} []\n" for name in KINDS), done.stderr


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_reads_by_a_public_function(name: str, tmp_path: Path) -> None:
    with pytest.raises(DigitsError):
        KINDS[name].read(tmp_path / "missing")
