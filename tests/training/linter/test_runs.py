"""The linter in a run: what it logs and keeps, and that it changes nothing that is computed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.training.conftest import Interrupt, weights
from tests.training.linter.conftest import Fit

from digits.evaluation import write_report
from digits.training import resume, train
from digits.training.linter.probes import undisturbed
from digits.types import Dataset

# draws from generators, keeps count of its calls, and changes a buffer; not from Python's own generator, from which the
# checks of types in these tests draw too
RANDOM = """
    import numpy as np
    import torch
    from torch import nn

    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Flatten(), nn.Linear(784, 16), nn.BatchNorm1d(16), nn.ReLU())
            self.last, self.calls = nn.Linear(16, 10), 0
            self.register_buffer("seen", torch.zeros(()))
        def forward(self, images):
            self.calls += 1
            self.seen += len(images)
            noise = np.random.rand() + torch.rand(())
            factor = 1 + (0.01 * noise if self.training else 0.0) + 0.001 * (self.calls % 7)
            return self.last(self.layers(images.float() / 255 * factor))
"""
SETTINGS = {"epochs": 2, "batch_size": 50, "threads": 1, "lr": 3e-3, "precision": "float32"}


def test_linter_changes_no_bit(
    fit_few: Fit, own: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def weigh(name: str) -> tuple[dict[str, np.ndarray], int]:
        np.random.seed(0)  # noqa: NPY002
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        fitted = fit_few(network=own(RANDOM), epochs=2, lr=3e-3, folder=tmp_path / name / "run")
        return {key: value.numpy() for key, value in fitted.network.state_dict().items()}, fitted.network.calls

    with_linter = weigh("with")
    monkeypatch.setattr("digits.training.linter.runs.RunLinter._collect", lambda *_: None)
    without = weigh("without")
    assert with_linter[1] == without[1]
    assert all(np.array_equal(with_linter[0][name], array) for name, array in without[0].items())


def test_finding_is_logged_and_kept(
    fewer: Dataset, tmp_path: Path, own: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    code = "import torch\ndef Own(logits, labels): return torch.nn.functional.cross_entropy(logits.softmax(1), labels)"
    run = train("classic", data=fewer, out=tmp_path / "run", progress=False, loss=own(code), **SETTINGS)
    (finding,) = run.results["findings"]
    text = f"{finding['sentence']} {finding['advice']}"
    assert finding["kind"] == "softmax-before-loss"
    assert text in run.results["notices"]
    assert caplog.text.count(text) == 1
    assert json.loads((run.folder / "results.json").read_text())["findings"] == [finding]
    assert "applies softmax before cross-entropy" in write_report(run.folder).read_text()


def test_resumed_run_has_the_same_findings(fewer: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "fewer.npz"
    parts = (fewer.train.images, fewer.train.labels, fewer.test.images, fewer.test.labels)
    np.savez(file, **dict(zip(("x_train", "y_train", "x_test", "y_test"), parts, strict=True)))
    whole = train("classic", data=file, out=tmp_path / "whole", rotation=180.0, **SETTINGS)
    train("classic", data=file, out=tmp_path / "cut", rotation=180.0, progress=Interrupt(after=1.5), **SETTINGS)
    resumed = resume(tmp_path / "cut")
    assert [each["kind"] for each in whole.results["findings"]] == ["turned-digits"]
    assert resumed.results["findings"] == whole.results["findings"]
    assert weights(resumed.folder) == weights(whole.folder)


def test_code_that_fails_in_the_linter_does_not_end_the_run(
    fit_few: Fit, own: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    code = RANDOM + "\n        def __deepcopy__(self, memo): raise RuntimeError('no copies')"
    fitted = fit_few(network=own(code), lr=3e-3)
    assert (len(fitted.history), fitted.findings) == (1, [])
    assert caplog.text.count("linter stopped looking at this run, which continues: RuntimeError: no copies") == 1


def test_ensemble_names_a_finding_of_its_members_once(fewer: Dataset, tmp_path: Path) -> None:
    run = train(
        "classic", data=fewer, out=tmp_path / "run", ensemble_size=2, rotation=180.0, **SETTINGS | {"epochs": 1}
    )
    assert [each["kind"] for each in run.results["findings"]] == ["turned-digits"]
    assert sum("a 6 and a 9" in notice for notice in run.results["notices"]) == 1


def test_generators_are_put_back_on_an_error() -> None:
    def draw() -> tuple[float, float, float]:
        return random.random(), np.random.rand(), float(torch.rand(()))  # noqa: NPY002

    before = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    expected = draw()
    random.setstate(before[0])
    np.random.set_state(before[1])  # noqa: NPY002
    torch.set_rng_state(before[2])

    def fail() -> None:
        with undisturbed(torch.device("cpu")):
            draw()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert draw() == expected
