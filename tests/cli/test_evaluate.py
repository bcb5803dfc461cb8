"""``digits evaluate``: the score of a model, however it is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digits.types import Dataset

pytestmark = pytest.mark.slow


def test_score_of_a_run_is_that_of_its_results(run: Path, few_file: Path, digits: Any) -> None:
    expected = json.loads((run / "results.json").read_text())["test"]
    for model in (run, run / "model.onnx", run / "model.safetensors"):
        said = digits("evaluate", model, "--data", few_file, "--json")
        assert (said.code, said.err) == (0, "")
        score = json.loads(said.out)
        assert sorted(score) == ["accuracy", "confusion", "ece", "interval95", "n", "nll", "per_class"]
        assert (score["accuracy"], score["n"]) == (expected["accuracy"], 500)
        assert score["nll"] == pytest.approx(expected["nll"], rel=1e-4)
        assert score["confusion"] == expected["confusion"]
        assert len(score["per_class"]) == 10


def test_score_in_words(run: Path, few_file: Path, digits: Any) -> None:
    accuracy = json.loads((run / "results.json").read_text())["test"]["accuracy"]
    said = digits("evaluate", run, "--data", few_file)
    assert said.out.startswith(f"{run} on the test digits of ")
    assert f"\naccuracy {accuracy:.2%} (95 % interval " in said.out


def test_run_without_a_model_file_is_evaluated_by_its_weights(run: Path, few_file: Path, digits: Any) -> None:
    folder = Path("run")
    folder.mkdir()
    for name in ("config.json", "model.safetensors", "results.json"):
        (folder / name).write_bytes((run / name).read_bytes())
    expected = json.loads((run / "results.json").read_text())["test"]
    assert json.loads(digits("evaluate", folder, "--data", few_file, "--json").out) == expected


def test_model_without_a_record_of_its_data_is_evaluated(run: Path, mnist: Dataset, digits: Any) -> None:
    import onnx

    model = onnx.load(run / "model.onnx")
    described = json.loads(model.metadata_props[0].value)
    del described["data"]
    onnx.helper.set_model_props(model, {"digits": json.dumps(described)})
    onnx.save(model, "model.onnx")
    np.savez("own.npz", images=mnist.test.images[:70], labels=mnist.test.labels[:70])
    said = digits("evaluate", "model.onnx", "--data", "own.npz", "--json")
    assert (said.code, json.loads(said.out)["n"]) == (0, 70)


def test_model_file_needs_no_torch(process: Any, run: Path, few_file: Path) -> None:
    code = (
        "import sys; from digits.cli import main; main(sys.argv[1:]);"
        "print([name for name in ('torch', 'matplotlib', 'onnx') if name in sys.modules], file=sys.stderr)"
    )
    said = process("evaluate", run / "model.onnx", "--data", few_file, "--json", code=code)
    assert (said.code, said.err) == (0, "[]\n")
