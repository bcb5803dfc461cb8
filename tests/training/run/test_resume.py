"""Runs that are really killed, in the middle of anything, end with the very bits of a run that was left alone."""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from digits.training.checkpoint import Epoch
from digits.training.export import load_network

from digits.errors import ModelError, UsageError
from digits.training.recipes import recipe
from digits.training.run import resume, train
from digits.types import Dataset

pytestmark = pytest.mark.slow

SMALL = {"epochs": 8, "batch_size": 25, "hidden": (64,)}
STILL = {"rotation": 0.0, "scale": 0.0, "shear": 0.0, "shift": 0.0, "elastic": 0.0}
RUNS: dict[str, dict[str, Any]] = {
    "adam with dropout": SMALL | STILL | {"optimizer": "adam", "dropout": 0.3, "averaging": 0.0},
    "adamw, averaged, distorted": SMALL,
    "sgd with momentum": SMALL | STILL | {"optimizer": "sgd", "learning_rate": 0.05, "averaging": 0.0},
    "patience": SMALL | STILL | {"optimizer": "nadam", "learning_rate": 0.01, "patience": 2, "epochs": 30},
    "cnn, muon, bfloat16": {
        "network": "cnn",
        "channels": (4, 8),
        "optimizer": "muon",
        "learning_rate": 0.05,
        "precision": "bfloat16",
        "epochs": 5,
        "batch_size": 50,
    },
    "cnn, adamw": {"network": "cnn", "channels": (4, 8), "epochs": 5, "batch_size": 50},
}
POINTS = {
    "the folder is there": lambda folder: folder.exists(),
    "the run has begun": lambda folder: (folder / "config.json").exists(),
    "a checkpoint is being written": lambda folder: any(folder.glob(".checkpoint.safetensors.*")),
    "the weights are written": lambda folder: (folder / "model.safetensors").exists(),
    "the model is being checked": lambda folder: any(folder.glob(".model.onnx.*")),
}
DOCUMENTED = {
    "config.json", "environment.json", "metrics.csv", "checkpoint.safetensors", "model.safetensors", "model.onnx",
    "examples.npz", "results.json",
}  # fmt: skip

# Processes that have already loaded torch, so that each of many runs starts at once.
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["digits.training.run", "onnx", "onnxruntime", "torch.onnx.utils", "torch._dynamo"])


def killed(job: Callable[..., Any], arguments: dict[str, Any], at: Callable[[], bool]) -> bool:
    """Run a job in a process of its own, and kill it at once when the moment has come; whether it came in time."""
    process = processes.Process(target=job, kwargs=arguments)
    process.start()
    give_up = time.monotonic() + 60
    while process.exitcode is None and not at():
        process.join(0.001)
        assert time.monotonic() < give_up
    if process.exitcode is None:
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def after(folder: Path, rng: random.Random) -> Callable[[], bool]:
    """Give a moment: a while after the checkpoint or the table changed, the while counted in looks at them."""
    checked = {"checkpoint.safetensors", "metrics.csv"}
    seen = {name: stamp(folder / name) for name in checked}
    changes, looks = rng.randint(1, 3), rng.randint(0, 40)

    def come() -> bool:
        nonlocal changes, looks, seen
        now = {name: stamp(folder / name) for name in checked}
        changes -= now != seen
        seen = now
        looks -= changes <= 0
        return changes <= 0 and looks < 0

    return come


def stamp(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open() as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


def check_whole(folder: Path) -> None:
    """No file that carries its own name is ever half written."""
    for path in folder.glob("[!.]*"):
        if path.suffix == ".json":
            json.loads(path.read_text())
        elif path.suffix == ".safetensors":
            safetensors.numpy.load_file(path)
        elif path.suffix == ".npz":
            assert np.load(path)["samples"].size
        elif path.suffix == ".csv":
            assert all(len(row) == 6 and None not in row.values() for row in rows(folder))
    assert {path.name for path in folder.glob("[!.]*")} <= DOCUMENTED


@pytest.mark.parametrize("name", RUNS)
def test_a_run_killed_again_and_again_ends_with_the_same_bits(name: str, few_file: Path, tmp_path: Path) -> None:
    undisturbed = train("standard", data=few_file, out=tmp_path / "undisturbed", **RUNS[name])
    folder = tmp_path / "killed"
    rng = random.Random(name)
    moments: list[Callable[[], bool]] = [
        lambda: POINTS["the run has begun"](folder),
        *(after(folder, rng) for _ in range(3)),
        lambda: POINTS["a checkpoint is being written"](folder),
        lambda: POINTS["the weights are written"](folder),
    ]
    kills = 0
    for moment in moments:
        begun = (folder / "config.json").exists()
        arguments = {"run": folder} if begun else {"data": few_file, "out": folder, **RUNS[name]}
        kills += killed(resume if begun else train, arguments, moment)
        check_whole(folder)
    assert kills >= 4, "most of the kills must have come in time"
    resumed = resume(folder)
    for file in ("model.safetensors", "config.json", "examples.npz"):
        assert (folder / file).read_bytes() == (undisturbed.folder / file).read_bytes(), file
    assert rows(folder) == rows(undisturbed.folder)
    assert {path.name for path in folder.glob("[!.]*")} == DOCUMENTED
    assert resumed.results | {"seconds": 0} == undisturbed.results | {"seconds": 0}


@pytest.mark.parametrize("point", ["the folder is there", "the model is being checked"])
def test_a_kill_before_the_beginning_or_at_the_very_end(point: str, few_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    changes = SMALL | {"epochs": 1}
    assert killed(train, {"data": few_file, "out": folder, **changes}, lambda: POINTS[point](folder))
    check_whole(folder)
    if (folder / "config.json").exists():
        resume(folder)
        train("standard", data=few_file, out=tmp_path / "undisturbed", **changes)
        weights = [(tmp_path / run / "model.safetensors").read_bytes() for run in ("killed", "undisturbed")]
        assert weights[0] == weights[1]
    else:
        with pytest.raises(ModelError, match=r"is not a run that can be resumed: there is no .*; `digits train`"):
            resume(folder)


@pytest.fixture(scope="module")
def finished(few: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train("classic", data=few, out=tmp_path_factory.mktemp("runs") / "run", epochs=2).folder


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    """The finished run, to be spoilt."""
    folder = tmp_path / "copied"
    folder.mkdir()
    for path in finished.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_resuming_a_finished_run_changes_nothing(copied: Path, few: Dataset) -> None:
    before = {path.name: path.read_bytes() for path in copied.iterdir()}
    run = resume(copied, data=few)
    assert len(run.history) == 2
    for name in DOCUMENTED - {"results.json", "model.onnx"}:
        assert (copied / name).read_bytes() == before[name], name
    assert run.results | {"seconds": 0} == json.loads(before["results.json"]) | {"seconds": 0}


def test_ctrl_c_and_resume_give_the_undisturbed_weights(finished: Path, few: Dataset, tmp_path: Path) -> None:
    def ctrl_c(done: float, epochs: int, history: list[Epoch]) -> None:
        if done > 1.3:
            raise KeyboardInterrupt

    run = train("classic", data=few, out=tmp_path / "run", epochs=2, progress=ctrl_c)
    assert run.results["interrupted"] is True
    assert run.results["epochs"] == 1
    assert run.results["notices"][0] == (
        "Training was interrupted after 1 of 2 epochs; these are the figures of what was trained until then. "
        "The run can be resumed."
    )
    cut = (run.folder / "model.safetensors").read_bytes()
    assert cut != (finished / "model.safetensors").read_bytes()
    again = resume(run.folder, data=few)
    assert again.results["interrupted"] is False
    assert (run.folder / "model.safetensors").read_bytes() == (finished / "model.safetensors").read_bytes()


def test_other_digits_than_those_of_the_beginning_are_refused(copied: Path, few: Dataset) -> None:
    other = Dataset("other", few.train, few.test, "other.npz", {"few": "4567"})
    with pytest.raises(UsageError) as refused:
        resume(copied, data=other)
    assert str(refused.value) == (
        f"{copied} was begun on other digits than those of other.npz; "
        "it found its own in few.npz: name them with --data"
    )


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def rename_weights(path: Path) -> None:
    with safetensors.safe_open(path, framework="np") as file:
        metadata = file.metadata()
    weights = {f"{name}.other": tensor for name, tensor in safetensors.numpy.load_file(path).items()}
    safetensors.numpy.save_file(weights, path, metadata)


def forget_metadata(path: Path) -> None:
    safetensors.numpy.save_file(safetensors.numpy.load_file(path), path)


@pytest.mark.parametrize("spoil", [truncate, rename_weights, forget_metadata, lambda path: path.write_bytes(b"")])
def test_a_broken_checkpoint_is_told_with_the_remedy(copied: Path, few: Dataset, spoil: Callable[[Path], None]) -> None:
    checkpoint = copied / "checkpoint.safetensors"
    spoil(checkpoint)
    with pytest.raises(ModelError) as refused:
        resume(copied, data=few)
    assert str(refused.value).startswith(f"{checkpoint} cannot be continued from: ")
    assert str(refused.value).endswith("; delete it to start this run from the beginning")
    checkpoint.unlink()
    weights = (copied / "model.safetensors").read_bytes()
    resume(copied, data=few)
    assert (copied / "model.safetensors").read_bytes() == weights


def test_a_checkpoint_of_another_optimizer_is_refused(copied: Path, few: Dataset) -> None:
    config = recipe("classic").replace(epochs=3, optimizer="sgd")
    (copied / "config.json").write_text(json.dumps(config.to_dict()))
    with pytest.raises(ModelError, match="cannot be continued from: it belongs to another optimizer; delete it"):
        resume(copied, data=few)


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("config.json", None, "is not a run that can be resumed: there is no {folder}/config.json; `digits train` "),
        ("environment.json", None, "is not a run that can be resumed: there is no {folder}/environment.json; "),
        ("config.json", "{", "cannot be resumed: its configuration is broken: Expecting property name"),
        ("config.json", "[]", "cannot be resumed: its configuration is broken: "),
        ("environment.json", "{}", "cannot be resumed: its configuration is broken: 'data'"),
    ],
)
def test_a_folder_that_is_no_run_is_refused(
    copied: Path, few: Dataset, file: str, content: str | None, says: str
) -> None:
    (copied / file).unlink()
    if content is not None:
        (copied / file).write_text(content)
    with pytest.raises(ModelError) as refused:
        resume(copied, data=few)
    assert str(refused.value).startswith(f"{copied} {says.format(folder=copied)}")


def test_a_file_is_no_run(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(ModelError, match=f"^{file} is not a run that can be resumed: there is no {file}/config.json"):
        resume(file)
    with pytest.raises(ModelError, match=f"^{file} is not a finished run: there is no {file}/config.json"):
        load_network(file)
