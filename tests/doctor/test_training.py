"""Training examines its digits: it warns, keeps the warnings in the run, and mends what its flags say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from digits.doctor import Mending, examine, mend, warn
from digits.training import resume, train
from digits.types import Dataset, LabelledDigits

SETTINGS = {"epochs": 1, "batch_size": 20, "hidden_sizes": (8,), "threads": 1}


def test_training_warns_and_keeps_the_warning(
    clean: LabelledDigits, make: Callable[..., Dataset], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    planted = make(clean.images.transpose(0, 2, 1), clean.labels)
    run = train("classic", data=planted, out=tmp_path / "run", progress=False, **SETTINGS)
    (finding,) = examine(planted)
    assert finding.text in run.results["notices"]
    assert finding.text in caplog.text


def test_a_run_on_mended_digits_resumes(
    clean: LabelledDigits, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "planted.npz"
    np.savez(path, images=clean.images.transpose(0, 2, 1), labels=clean.labels)
    run = train("classic", data=path, out=tmp_path / "run", progress=False, transpose=True, **SETTINGS)
    assert "transposed" not in caplog.text
    assert "--transpose" in run.results["command"]
    assert json.loads((run.folder / "config.json").read_text())["mending"]["transpose"]
    again = resume(run.folder, progress=False)
    assert again.results["data"]["sha256"] == run.results["data"]["sha256"]


def test_mending_nothing_changes_nothing(clean: LabelledDigits, make: Callable[..., Dataset]) -> None:
    dataset = make(clean.images, clean.labels)
    assert mend(dataset, Mending()) is dataset
    assert Mending(transpose=True, relabel=(1, 0)).flags == "--transpose --relabel 1 0"


def test_a_set_is_examined_once_and_warned_of_every_time(
    clean: LabelledDigits,
    make: Callable[..., Dataset],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    transposed = clean.images.transpose(0, 2, 1)
    warnings = warn(make(transposed, clean.labels))
    monkeypatch.setattr("digits.doctor.examination.examine", lambda dataset, **_: pytest.fail("examined again"))
    caplog.clear()
    assert warn(make(transposed, clean.labels)) == warnings
    assert warnings[0] in caplog.text
    with pytest.raises(pytest.fail.Exception, match="examined again"):
        warn(make(clean.images, clean.labels[::-1]))
