"""Runs that are killed at any point, and resumed, end with the same bits as uninterrupted runs."""

from __future__ import annotations

import csv
import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from tests.training.conftest import STILL, Interrupt, copy_run
from tests.training.run.forks import IsKilled, forking

from digits.errors import ModelError, ModelNotFoundError, UsageError
from digits.training import get_recipe, resume, train
from digits.types import Dataset

pytestmark = pytest.mark.slow

SMALL: dict[str, Any] = {"epochs": 8, "batch_size": 25, "hidden_sizes": (64,)}
SMALL_CNN: dict[str, Any] = {"network": "cnn", "channels": (4, 8), "epochs": 5, "batch_size": 50}
RUNS: dict[str, dict[str, Any]] = {
    "adam with dropout": SMALL | STILL | {"optimizer": "adam", "dropout": 0.3, "ema_epochs": 0.0},
    "muon, averaged, augmented": SMALL,
    "sgd with momentum": SMALL | STILL | {"optimizer": "sgd", "lr": 0.05, "ema_epochs": 0.0},
    "patience": SMALL | STILL | {"optimizer": "nadam", "lr": 0.01, "patience": 2, "epochs": 12},
    "cnn in bfloat16": SMALL_CNN | {"lr": 0.05, "precision": "bfloat16"},
    "cnn with adamw": SMALL_CNN | {"optimizer": "adamw"},
}
POINTS: dict[str, Callable[[Path], bool]] = {
    "the folder exists": lambda folder: folder.exists(),
    "the run has started": lambda folder: (folder / "config.json").exists(),
    "a checkpoint is being written": lambda folder: any(folder.glob(".checkpoint.safetensors.*")),
    "the weights are written": lambda folder: (folder / "model.safetensors").exists(),
    "the model is being checked": lambda folder: any(folder.glob(".model.onnx.*")),
}
FILES = {
    "config.json", "environment.json", "metrics.csv", "checkpoint.safetensors", "model.safetensors", "model.onnx",
    "examples.npz", "results.json",
}  # fmt: skip


@pytest.fixture(scope="module")
def is_killed(few_file: Path) -> Iterator[IsKilled]:
    with forking(few_file) as run:
        yield run


def after_changes(folder: Path, rng: random.Random) -> Callable[[], bool]:
    """Be due some calls after the checkpoint or the metrics have changed, a random number of times."""
    files = [folder / name for name in ("checkpoint.safetensors", "metrics.csv")]
    seen = [inode(file) for file in files]
    changes, calls = rng.randint(1, 3), rng.randint(0, 40)

    def is_due() -> bool:
        nonlocal changes, calls, seen
        now = [inode(file) for file in files]
        changes -= now != seen
        seen = now
        calls -= changes <= 0
        return changes <= 0 and calls < 0

    return is_due


def inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open() as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


def visible(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("[!.]*")}


def check_whole(folder: Path) -> None:
    """Check that no file but a temporary one is ever half written."""
    for path in folder.glob("[!.]*"):
        if path.suffix == ".json":
            json.loads(path.read_text())
        elif path.suffix == ".safetensors":
            safetensors.numpy.load_file(path)
        elif path.suffix == ".npz":
            assert np.load(path)["samples"].size
        elif path.suffix == ".csv":
            assert all(len(row) == 6 and None not in row.values() for row in rows(folder))
    assert visible(folder) <= FILES


@pytest.mark.parametrize("name", RUNS)
def test_run_killed_again_and_again_ends_with_the_same_bits(
    name: str, few_file: Path, is_killed: IsKilled, tmp_path: Path
) -> None:
    whole = train("standard", data=few_file, out=tmp_path / "whole", **RUNS[name])
    folder = tmp_path / "killed"
    rng = random.Random(name)
    moments: list[Callable[[], bool]] = [
        lambda: POINTS["the run has started"](folder),
        *(after_changes(folder, rng) for _ in range(3)),
        lambda: POINTS["a checkpoint is being written"](folder),
        lambda: POINTS["the weights are written"](folder),
    ]
    kills = 0
    for is_due in moments:
        has_started = (folder / "config.json").exists()
        arguments = {"run": folder} if has_started else {"data": few_file, "out": folder, **RUNS[name]}
        kills += is_killed(resume if has_started else train, arguments, is_due)
        check_whole(folder)
    assert kills >= 4, "most must come in time"
    resumed = resume(folder)
    for file in ("model.safetensors", "config.json", "examples.npz"):
        assert (folder / file).read_bytes() == (whole.folder / file).read_bytes(), file
    assert rows(folder) == rows(whole.folder)
    assert visible(folder) == FILES
    assert resumed.results | {"seconds": 0} == whole.results | {"seconds": 0}


@pytest.mark.parametrize("point", ["the folder exists", "the model is being checked"])
def test_run_killed_before_its_first_or_after_its_last_epoch(
    point: str, few_file: Path, is_killed: IsKilled, tmp_path: Path
) -> None:
    settings = SMALL | {"epochs": 1}

    def kill(folder: Path) -> bool:
        return is_killed(train, {"data": few_file, "out": folder, **settings}, lambda: POINTS[point](folder))

    # some points are short, and a busy machine looks too late
    folder = next(each for each in (tmp_path / f"killed-{attempt}" for attempt in range(10)) if kill(each))
    check_whole(folder)
    if (folder / "config.json").exists():
        resume(folder)
        train("standard", data=few_file, out=tmp_path / "whole", **settings)
        files = [(each / "model.safetensors").read_bytes() for each in (folder, tmp_path / "whole")]
        assert files[0] == files[1]
    else:
        with pytest.raises(ModelNotFoundError, match=r"not a run that can be resumed: .* is missing; `digits train`"):
            resume(folder)


@pytest.fixture(scope="module")
def finished(few: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train("classic", data=few, out=tmp_path_factory.mktemp("runs") / "run", epochs=2).folder


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished run, to be spoilt."""
    return copy_run(finished, tmp_path / "copy")


def test_resuming_a_finished_run_changes_nothing(copy: Path, few: Dataset) -> None:
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    run = resume(copy, data=few)
    assert len(run.history) == 2
    for name in FILES - {"results.json", "model.onnx"}:
        assert (copy / name).read_bytes() == before[name], name
    assert run.results | {"seconds": 0} == json.loads(before["results.json"]) | {"seconds": 0}


def test_run_stopped_with_ctrl_c_is_resumed_to_the_same_bits(finished: Path, few: Dataset, tmp_path: Path) -> None:
    run = train("classic", data=few, out=tmp_path / "run", epochs=2, progress=Interrupt(1.3))
    assert run.results["interrupted"] is True
    assert run.results["epochs"] == 1
    assert "interrupted after 1 of 2 epochs" in run.results["notices"][0]
    file = run.folder / "model.safetensors"
    assert file.read_bytes() != (finished / file.name).read_bytes()
    assert resume(run.folder, data=few).results["interrupted"] is False
    assert file.read_bytes() == (finished / file.name).read_bytes()


def test_other_data_are_refused(copy: Path, few: Dataset) -> None:
    other = Dataset("other", few.train, few.test, "other.npz", {"few": "4567"})
    with pytest.raises(UsageError, match=f"{copy} was trained on different data from other.npz; .* few.npz: .*--data"):
        resume(copy, data=other)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def rename_weights(path: Path) -> None:
    with safetensors.safe_open(path, framework="np") as file:
        metadata = file.metadata()
    weights = {f"{name}.other": tensor for name, tensor in safetensors.numpy.load_file(path).items()}
    safetensors.numpy.save_file(weights, path, metadata)


def remove_metadata(path: Path) -> None:
    safetensors.numpy.save_file(safetensors.numpy.load_file(path), path)


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1000] ^= 1  # of a number, so that no format can notice
    path.write_bytes(content)


@pytest.mark.parametrize(
    "spoil", [flip_a_bit, truncate, rename_weights, remove_metadata, lambda path: path.write_bytes(b"")]
)
def test_broken_checkpoint_is_answered_with_the_remedy(copy: Path, few: Dataset, spoil: Callable[[Path], None]) -> None:
    checkpoint, weights = copy / "checkpoint.safetensors", (copy / "model.safetensors").read_bytes()
    spoil(checkpoint)
    with pytest.raises(ModelError, match=f"(?s){checkpoint} cannot be continued.*; delete it"):
        resume(copy, data=few)
    checkpoint.unlink()
    resume(copy, data=few)
    assert (copy / "model.safetensors").read_bytes() == weights


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_pipe_in_place_of_a_checkpoint_is_refused_without_waiting(copy: Path, few: Dataset) -> None:
    checkpoint = copy / "checkpoint.safetensors"
    checkpoint.unlink()
    os.mkfifo(checkpoint)
    with pytest.raises(ModelError, match=f"{checkpoint} cannot be continued: .*it is a pipe, socket or device"):
        resume(copy, data=few)


def test_checkpoint_of_another_optimizer_is_refused(copy: Path, few: Dataset) -> None:
    config = get_recipe("classic", epochs=3, optimizer="sgd")
    (copy / "config.json").write_text(json.dumps(config.to_dict()))
    with pytest.raises(ModelError, match="another optimizer; delete it"):
        resume(copy, data=few)


@pytest.mark.parametrize(
    ("file", "content", "error"),
    [
        ("config.json", None, "is not a run that can be resumed: .*/config.json is missing; `digits train` "),
        ("environment.json", None, "is not a run that can be resumed: .*/environment.json is missing; "),
        ("config.json", "{", "cannot be resumed: its configuration is broken: Expecting property name"),
        ("config.json", "[]", "cannot be resumed: its configuration is broken: "),
        ("config.json", '{"recipe": 3}', "cannot be resumed: its configuration is broken: it is not an object with "),
        ("config.json", "[" * 100_000, "cannot be resumed: its configuration is broken: it is nested too deeply"),
        ("environment.json", "{}", "cannot be resumed: its configuration is broken: it lacks data"),
        ("environment.json", "3", "cannot be resumed: its configuration is broken: it is a single value"),
    ],
)
def test_folder_without_a_run_is_refused(copy: Path, few: Dataset, file: str, content: str | None, error: str) -> None:
    (copy / file).unlink()
    if content is not None:
        (copy / file).write_text(content)
    with pytest.raises(ModelError, match=f"{copy} {error}"):
        resume(copy, data=few)


def test_file_is_not_a_run(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ModelNotFoundError, match=f"{file} is not a run that can be resumed: {file}/config.json is mis"):
        resume(file)
