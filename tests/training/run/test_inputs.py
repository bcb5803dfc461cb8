"""The data set of a run: the place that is named, MNIST, or synthetic digits with a clear notice."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.training.conftest import weights

from digits.data import MNIST_FILES
from digits.errors import DataError, MissingMNISTError
from digits.synthesis import synthesize
from digits.training import Run, TrainConfig, resume, synthetic_dataset, train
from digits.training.run import inputs
from digits.training.run.inputs import SYNTHETIC_NOTICE, Place, load_inputs, report_slow
from digits.types import Dataset

pytestmark = pytest.mark.slow

QUICK: dict[str, Any] = {"hidden_sizes": (16,), "batch_size": 50, "epochs": 3}


def load(data: Place | Dataset | None) -> tuple[Dataset, list[str]]:
    """Load a data set, and return the notices as well."""
    notices = list[str]()
    loaded, config = load_inputs(TrainConfig(), data, None, None, notices.append)
    assert config == TrainConfig()
    return loaded.dataset, notices


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "SYNTHETIC_SIZES", (600, 100))


@pytest.fixture
def without_mnist(monkeypatch: pytest.MonkeyPatch) -> None:
    def load_mended(data: object, mending: object) -> Dataset:
        assert data is None
        raise MissingMNISTError("MNIST is missing.")

    monkeypatch.setattr(inputs, "load_mended", load_mended)


def test_synthetic_dataset_is_always_the_same() -> None:
    dataset = synthetic_dataset()
    assert (dataset.name, dataset.location, dataset.held_out) == ("synthetic handwriting", "synthetic", False)
    assert list(dataset.sha256) == list(MNIST_FILES)
    assert synthetic_dataset().sha256 == dataset.sha256
    assert np.array_equal(dataset.train.images, synthesize(600, 0).images)
    assert np.array_equal(dataset.test.images, synthesize(100, 1).images), "by other writers"


def test_missing_mnist_is_replaced_after_a_notice(
    without_mnist: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    dataset, notices = load(None)
    assert (dataset.location, notices) == ("synthetic", [SYNTHETIC_NOTICE])
    assert caplog.messages == ["MNIST is missing."]
    events = list[str]()
    monkeypatch.setattr(inputs, "synthetic_dataset", lambda: events.append("written") or dataset)
    load_inputs(TrainConfig(), None, None, None, lambda _: events.append("noticed"))
    assert events == ["noticed", "written"]


def test_mnist_is_loaded_without_a_notice(few: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "load_mended", lambda data, mending: few)
    assert load(None) == (few, [])


def test_place_without_digits_is_an_error(tmp_path: Path) -> None:
    for place in (tmp_path, str(tmp_path / "missing")):
        with pytest.raises(DataError):
            load(place)


def test_notice_is_one_line_that_says_what_to_do() -> None:
    assert "\n" not in SYNTHETIC_NOTICE
    for words in ("SYNTHETIC DIGITS", "is not an MNIST accuracy", "`digits data`", "--data", "$DIGITS_DATA"):
        assert words in SYNTHETIC_NOTICE


def test_loaded_synthetic_dataset_is_noticed_too(few: Dataset) -> None:
    dataset = synthetic_dataset()
    assert load(dataset) == (dataset, [SYNTHETIC_NOTICE])
    assert load(few) == (few, [])


def test_folder_called_synthetic_is_reached_by_its_path(
    few: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("synthetic").mkdir()
    np.savez("synthetic/own.npz", images=few.train.images[:100], labels=few.train.labels[:100])
    for place in ("./synthetic", Path("synthetic"), str(tmp_path / "synthetic")):
        dataset, notices = load(place)
        assert (len(dataset.train) + len(dataset.test), notices) == (100, [])
    assert caplog.messages == []
    assert load("synthetic")[1] == [SYNTHETIC_NOTICE]
    assert "the folder of this name is ./synthetic" in caplog.text


def test_only_slow_work_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    synthetic_dataset()
    assert caplog.messages == []
    report_slow("writing", 12_000, "synthetic digits")
    assert caplog.messages == ["writing 12,000 synthetic digits …"]


def kill(run: Callable[..., Run], **arguments: Any) -> None:
    """Start a run that ends in its second epoch like a killed process."""

    class KilledError(BaseException):
        pass

    def progress(done: float, epochs: int, history: object) -> None:
        if done > 1.5:
            raise KilledError

    with pytest.raises(KilledError):
        run("standard", progress=progress, **arguments)


def test_run_on_synthetic_digits_is_resumed_with_its_notice(without_mnist: None, tmp_path: Path) -> None:
    notices = list[str]()
    whole = train("standard", out=tmp_path / "whole", notify=notices.append, **QUICK)
    kill(train, out=tmp_path / "cut", notify=notices.append, **QUICK)
    resumed = resume(tmp_path / "cut", notify=notices.append)
    assert weights(resumed.folder) == weights(whole.folder)
    assert resumed.results | {"seconds": 0} == whole.results | {"seconds": 0}
    assert whole.results["notices"] == [SYNTHETIC_NOTICE]
    assert whole.results["data"]["name"] == "synthetic handwriting"
    assert whole.results["command"].endswith(" --data synthetic")
    assert notices == [SYNTHETIC_NOTICE] * 3


def test_notice_is_a_warning_by_default(without_mnist: None, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    train("standard", out=tmp_path / "run", **QUICK | {"epochs": 1})
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings[-1] == SYNTHETIC_NOTICE


def test_resumed_run_repeats_all_additions(few: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digits.training.run.evaluate.THRESHOLD_IMAGES", 50)
    added = QUICK | {"synthetic": 400, "simulated_photos": 50, "outliers": 100}
    train("standard", data=few, out=tmp_path / "whole", **added)
    kill(train, data=few, out=tmp_path / "cut", **added)
    resume(tmp_path / "cut", data=few)
    assert weights(tmp_path / "cut") == weights(tmp_path / "whole")
    data = json.loads((tmp_path / "cut" / "results.json").read_text())["data"]
    assert [data[name] for name in ("synthetic", "simulated_photos", "outliers")] == [400, 50, 100]
