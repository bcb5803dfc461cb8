"""``digits export``: one file that stands alone, from a model however it is named."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from digits.inference import load_model

pytestmark = pytest.mark.slow


def test_run_is_exported(run: Path, digits: Any) -> None:
    assert digits("export", run) == (0, "run.onnx\n", "")
    assert load_model("run.onnx").metadata == load_model(run).metadata
    assert digits("export", run, "--to", "safetensors", "--out", "w.st") == (0, "w.st\n", "")
    assert Path("w.st").read_bytes() == (run / "model.safetensors").read_bytes()


def test_page_in_one_file_loads_nothing(run: Path, digits: Any) -> None:
    assert digits("export", run, "--to", "html", "--out", "page.html") == (0, "page.html\n", "")
    page = Path("page.html").read_text(encoding="utf-8")
    assert not re.findall(r"""(?:src|href|url)[=(]["']?(?!data:)[\w./]""", page)
    assert "{{" not in page


def test_model_is_named_in_any_way_and_the_folder_is_made(run: Path, digits: Any) -> None:
    for model, name in (("cnn", "cnn"), (run / "model.onnx", "model"), (run / "model.safetensors", "model")):
        out = Path("missing", name, "m.onnx")
        assert digits("export", model, "--out", out) == (0, f"{out}\n", "")
        assert load_model(out).metadata
        assert digits("export", out) == (0, "m.onnx\n", "")
    assert digits("export", "mlp", "-o", "missing") == (0, "missing/mlp.onnx\n", "")
