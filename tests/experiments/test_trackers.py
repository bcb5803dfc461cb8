"""Trackers: every epoch arrives in the real library, offline, and a tracker that fails does not stop a run."""

from __future__ import annotations

import json
import logging
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from digits.cli import train as command
from digits.errors import UsageError
from digits.experiments import track
from digits.experiments.trackers import TRACKERS, Tracker
from digits.training import Epoch, get_recipe

pytestmark = pytest.mark.slow

CONFIG = get_recipe("fast", dropout=0.25, hidden_sizes=(32, 16))
HISTORY = [Epoch(epoch, 1 / epoch, 1 - 0.4 / epoch, 0.9 / epoch, 1 - 0.5 / epoch, 0.01, 1.5) for epoch in (1, 2, 3)]
RESULTS = {part: {"accuracy": share} for part, share in (("train", 0.9), ("validation", 0.8), ("test", 0.75))}
ACCURACIES = [(1, 0.5), (2, 0.75), (3, pytest.approx(1 - 0.5 / 3))]


SKIPPED = {
    "tensorboard": "TensorBoard is missing: pip install tensorboard",
    "mlflow": "MLflow is missing: the version that constraints.txt pins needs Python 3.11",
    "wandb": "Weights & Biases is missing: the version that constraints.txt pins needs Python 3.11",
    "trackio": "Trackio is missing: 0.43 needs Pillow below 13, and constraints.txt pins 13",
}


def fill(name: str) -> None:
    """Track a run of three epochs, whose first two are known when it is resumed; skip the test without the tracker."""
    pytest.importorskip(name, reason=SKIPPED[name])
    with track(name, CONFIG) as tracker:
        tracker(2.0, 3, HISTORY[:2])
        tracker(2.5, 3, HISTORY[:2])
        tracker(3.0, 3, HISTORY)
        tracker.finish(RESULTS)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_tensorboard_has_every_epoch() -> None:
    fill("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    [folder] = Path("tensorboard").iterdir()
    assert folder.name.endswith("-fast")
    found = EventAccumulator(str(folder)).Reload()
    assert [(each.step, each.value) for each in found.Scalars("validation_accuracy")] == ACCURACIES
    assert {*found.Tags()["scalars"]} == {name for name in vars(HISTORY[0]) if name != "epoch"} | {
        f"final_{part}_accuracy" for part in RESULTS
    }
    [text] = found.Tensors("settings/text_summary")
    settings = json.loads(text.tensor_proto.string_val[0].decode().strip("`\n"))
    assert (settings["recipe"], settings["dropout"], settings["hidden_sizes"]) == ("fast", 0.25, "(32, 16)")


def test_mlflow_has_every_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "mlruns").as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # without a database, which only the whole of MLflow brings
    fill("mlflow")
    from mlflow import MlflowClient

    client = MlflowClient()
    experiment = client.get_experiment_by_name("digits")
    assert experiment is not None
    [run] = client.search_runs([experiment.experiment_id])
    history = client.get_metric_history(run.info.run_id, "validation_accuracy")
    assert [(each.step, each.value) for each in history] == ACCURACIES
    assert run.data.metrics["final_test_accuracy"] == 0.75
    assert (run.data.params["recipe"], run.data.params["dropout"]) == ("fast", "0.25")
    assert run.info.status == "FINISHED"


def read_wandb(file: Path) -> Iterator[Any]:
    """Read the records of an offline run: a LevelDB log with another header, of Protocol Buffers."""
    from wandb.proto.wandb_internal_pb2 import Record

    content, place, parts = file.read_bytes(), 7, b""
    while place + 7 <= len(content):
        if 2**15 - place % 2**15 < 7:
            place += 2**15 - place % 2**15
            continue
        _, length, kind = struct.unpack("<IHB", content[place : place + 7])
        parts += content[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # whole, or the last part
            record = Record()
            record.ParseFromString(parts)
            yield record
            parts = b""


def test_wandb_has_every_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"MODE": "offline", "DIR": str(tmp_path), "SILENT": "true", "X_DISABLE_STATS": "true"}.items():
        monkeypatch.setenv(f"WANDB_{name}", value)
    fill("wandb")
    [file] = tmp_path.glob("wandb/offline-run-*/*.wandb")
    while not any(record.HasField("exit") for record in read_wandb(file)):
        time.sleep(0.1)  # another process writes it
    rows, config = [], {}
    for record in read_wandb(file):
        if record.HasField("history"):
            rows.append({(each.key or each.nested_key[0]): json.loads(each.value_json) for each in record.history.item})
        for each in (*record.config.update, *record.run.config.update):
            config[each.key] = json.loads(each.value_json)
    assert [(row["_step"], row["validation_accuracy"]) for row in rows] == ACCURACIES
    assert rows[-1]["final_test_accuracy"] == 0.75
    assert (config["recipe"], config["dropout"]) == ("fast", 0.25)


def test_trackio_has_every_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    fill("trackio")
    from trackio.sqlite_storage import SQLiteStorage

    [run] = SQLiteStorage.get_runs("digits")
    rows = SQLiteStorage.get_logs("digits", run)
    assert [(row["step"], row["validation_accuracy"]) for row in rows if "validation_accuracy" in row] == ACCURACIES
    assert rows[-1]["final_test_accuracy"] == 0.75


def test_failing_tracker_is_logged_once_and_the_run_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    calls, steps = [], []

    def fail(values: object, epoch: int) -> None:
        calls.append(epoch)
        raise ConnectionError("lost")

    tracker = Tracker("wandb", fail, lambda: calls.append(-1), lambda *given: steps.append(given))
    with caplog.at_level(logging.WARNING), tracker:
        for n in (1, 2, 3):
            tracker(float(n), 3, HISTORY[:n])
        tracker.finish(RESULTS)
    assert calls == [1]
    assert len(steps) == 3
    assert caplog.messages == ["wandb failed, and the run goes on without it: ConnectionError: lost"]


def test_what_cannot_be_tracked_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="no tracker 'wandB'; did you mean wandb"):
        track("wandB", CONFIG)

    def fail(title: str, settings: object) -> Any:
        raise OSError("no route to host\nat all")

    monkeypatch.setitem(TRACKERS, "mlflow", fail)
    with pytest.raises(UsageError, match=r"^mlflow cannot start: OSError: no route to host$"):
        track("mlflow", CONFIG)
    monkeypatch.setattr("digits.experiments.trackers.find_spec", lambda name: None)
    with pytest.raises(UsageError, match="--track wandb needs wandb, which is not installed: pip install wandb"):
        track("wandb", CONFIG)


def test_command_offers_every_tracker() -> None:
    [field] = [each for each in command.Train.__dataclass_fields__.values() if each.name == "track"]
    assert field.metadata["option"].choices == tuple(TRACKERS)


def test_resumed_run_is_tracked_with_its_own_settings(
    make_run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, closed = [], []

    def open_run(title: str, settings: Any) -> Any:
        opened.append(settings)
        return (lambda values, epoch: None), (lambda: closed.append(True))

    monkeypatch.setitem(TRACKERS, "mlflow", open_run)
    run = make_run("r", dropout=0.3, environment={"threads": 1})
    with command._open_progress(command.Train(resume=run, track="mlflow"), CONFIG) as progress:
        assert isinstance(progress, Tracker)
        assert not closed
    assert [settings["dropout"] for settings in opened] == [0.3]
    assert closed
    monkeypatch.setenv("RANK", "1")
    with command._open_progress(command.Train(track="mlflow"), CONFIG) as progress:
        assert progress is True, "one of torchrun's processes tracks"
