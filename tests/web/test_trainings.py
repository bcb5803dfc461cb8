"""Trainings that the page starts."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from tests.web.conftest import Served, serving

from digits.files import read_json_object

PATH = "/api/trainings"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "recipe=ensemble",
            "there is no recipe 'ensemble' for the page: choose from fast, classic, standard, cnn, tiny",
        ),
        ("recipe=fast&optimizer=a.py:Own", "there is no optimizer 'a.py:Own': choose from muon, adamw, adam, sgd"),
        ("recipe=cnn&hidden_sizes=8", "hidden layers are of fully connected networks; cnn is a cnn"),
        ("recipe=fast&seconds=1e9", "seconds: Input should be less than or equal to 3600"),
    ],
)
def test_settings_are_bounded(served: Served, query: str, message: str) -> None:
    answer = served.send("POST", f"{PATH}?{query}")
    assert (answer.status, answer.error) == (422, message)


def test_other_pages_and_computers_cannot_train(served: Served) -> None:
    assert served.send("POST", f"{PATH}?recipe=fast", Origin="https://example.org").status == 403
    answer = served.send("POST", f"{PATH}?recipe=fast", X_Forwarded_For="192.0.2.1")
    assert (answer.status, "corrections and training are for the computer" in answer.error) == (403, True)


def test_unknown_runs_are_refused(served: Served) -> None:
    for method, path in (
        ("GET", "/none"),
        ("POST", "/none/go-on"),
        ("POST", "/none/keep"),
        ("GET", "/..%2Fcorrections"),
    ):
        assert served.send(method, PATH + path).status == 404
    assert served.send("POST", f"{PATH}/none/pause").error == "none is not being trained here"


def wait_until(is_met: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 240
    while not (found := is_met()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def find_training(service: Served) -> psutil.Process:
    (training,) = [each for each in service.processes() if "train" in each.cmdline()]
    return training


@pytest.mark.slow
def test_killed_service_leaves_a_run_to_go_on_with(tmp_path: Path, mnist: Any) -> None:
    few = {"x_train": mnist.train.images[:2000], "y_train": mnist.train.labels[:2000]}
    few |= {"x_test": mnist.test.images[:500], "y_test": mnist.test.labels[:500]}
    np.savez(tmp_path / "mnist.npz", **few)
    options: dict[str, Any] = {
        "cwd": tmp_path, "env": os.environ | {"DIGITS_DATA": str(tmp_path / "mnist.npz")},
        "before": "from digits.web import trainings; trainings.NICENESS = 0",
    }  # fmt: skip
    with serving(tmp_path / "corrections", quiet=False, **options) as service:
        started = service.send("POST", f"{PATH}?recipe=classic&seconds=600&hidden_sizes=16")
        assert (started.status, started.json["state"]) == (201, "running")
        assert "a training is running" in service.send("POST", f"{PATH}?recipe=fast").error
        folder = tmp_path / "runs" / started.json["name"]
        wait_until((folder / "checkpoint.safetensors").exists)
        training = find_training(service)
        service.process.send_signal(signal.SIGKILL)
        training.wait(240)
    assert not psutil.pid_exists(training.pid)
    epochs = len(read_json_object(folder / "live.json")["history"])
    assert epochs > 0
    with serving(tmp_path / "corrections", **options) as service:
        assert [(run["name"], run["state"]) for run in service.get(PATH).json["runs"]] == [(folder.name, "paused")]
        assert service.send("POST", f"{PATH}/{folder.name}/go-on").json["state"] == "running"
        wait_until(lambda: len(read_json_object(folder / "live.json")["history"]) > epochs)
        find_training(service).kill()  # a pause, which evaluates the network first, is in tests/browser
