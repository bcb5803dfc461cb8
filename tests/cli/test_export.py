"""``digits export``: one file that stands alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from digits.inference import load_model


def test_exporting_gives_a_model_that_stands_alone(run: Path, digits: Any) -> None:
    assert digits("export", run) == (0, "run.onnx\n", "")
    assert load_model("run.onnx").metadata == load_model(run).metadata
    assert digits("export", run, "--to", "safetensors", "--out", "w.st") == (0, "w.st\n", "")
    assert Path("w.st").read_bytes() == (run / "model.safetensors").read_bytes()
