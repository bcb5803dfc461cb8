"""Model files that are made to do harm are refused with a sentence, before they can."""

from __future__ import annotations

import contextlib
import json
import random
import resource
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks.hostile_models import GRAPHS, HOSTILE, METADATA, build, describe
from benchmarks.mutants import mutate_onnx

from digits.errors import ModelError
from digits.inference import load_model, trial
from digits.inference.graph import check_graph

pytestmark = pytest.mark.slow

SECONDS = 3
"""Processor time of a trial in these tests; the start of Python and its libraries takes about one."""

NEEDS_TRIAL = {"constant of 4 GB", "shape from digits", "padding of 4 GB", "tiles of 4 GB", "minutes of products"}
"""Graphs of allowed operators, which ask for too much only once they run."""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty record of trials."""
    folder = tmp_path / "cache"
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda name: str(folder))
    return folder


@pytest.fixture
def no_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    """Starting a process is an error that no test expects."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "run", refuse)


def refusal(content: bytes, folder: Path) -> str:
    file = folder / "model.onnx"
    file.write_bytes(content)
    with pytest.raises(ModelError) as refused:
        load_model(file)
    assert str(refused.value).startswith(str(file))
    assert len(str(refused.value)) < 1000
    return str(refused.value)


@pytest.mark.parametrize("name", sorted(HOSTILE.keys() - NEEDS_TRIAL))
@pytest.mark.usefixtures("no_trial")
def test_most_hostile_files_are_refused_before_anything_is_computed(name: str, tmp_path: Path) -> None:
    refusal(HOSTILE[name]().SerializeToString(), tmp_path)


@pytest.mark.parametrize("name", sorted(NEEDS_TRIAL))
def test_graphs_that_ask_for_too_much_end_within_their_limits(
    name: str, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorter = f"from digits.inference import trial; trial.MAX_CPU_SECONDS = {SECONDS}; main()"
    monkeypatch.setattr(trial, "START", trial.START.replace("main()", shorter))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    refusal(HOSTILE[name]().SerializeToString(), tmp_path)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < SECONDS + 1.5
    assert after.ru_maxrss < 1.5 * 2**20, "in KiB, of the largest process so far"
    assert not cache.exists(), "a refused file is tried again"


def test_every_graph_and_every_entry_is_tried() -> None:
    assert HOSTILE.keys() == GRAPHS.keys() | METADATA.keys()
    assert GRAPHS.keys() >= NEEDS_TRIAL


def test_harmless_file_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(build().SerializeToString())
    assert load_model(file).logits(np.zeros((3, 28, 28), np.uint8)).shape == (3, 10)
    monkeypatch.setattr(subprocess, "run", None)
    load_model(file)
    file.write_bytes(build(metadata=describe(temperature=2.0)).SerializeToString())
    with pytest.raises(TypeError):  # another file is another trial
        load_model(file)


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda name: str(tmp_path / "file"))
    file = tmp_path / "model.onnx"
    file.write_bytes(build().SerializeToString())
    load_model(file)


def test_a_cache_that_may_not_be_read_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    file = tmp_path / "model.onnx"
    file.write_bytes(build().SerializeToString())
    monkeypatch.setattr(Path, "exists", refuse)
    load_model(file)


@pytest.mark.usefixtures("no_trial")
@pytest.mark.parametrize("name", ["cnn", "mlp"])
def test_shipped_models_are_not_tried(name: str) -> None:
    assert load_model(name).name == name


@pytest.mark.parametrize("name", ["cnn", "mlp"])
def test_shipped_graphs_pass_the_check_of_others(name: str) -> None:
    model = load_model(name)
    text = check_graph(model.graph)
    assert text is not None
    assert json.loads(text) == model.metadata


@pytest.mark.parametrize("seed", range(60))
def test_damaged_file_is_a_sentence_or_a_model(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digits.inference.trial.try_once", lambda *_: None)  # one process is enough here
    file = tmp_path / "model.onnx"
    file.write_bytes(mutate_onnx(build().SerializeToString(), random.Random(seed)))
    with contextlib.suppress(ModelError):
        load_model(file).predict(np.zeros((2, 28, 28), np.uint8))
