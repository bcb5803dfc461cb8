"""The models of the service: all processes have those that were there at its start, whatever becomes of the files."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest
from benchmarks.service import shipped_model
from tests.web.conftest import serving

from digits.errors import ModelError, ModelNotFoundError
from digits.web.models import list_changes, load_models, read_models


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The shipped mlp as a model of one's own."""
    path = tmp_path / "own.onnx"
    path.write_bytes(shipped_model())
    return path


def test_extra_models_come_first_and_equal_names_get_a_number(own: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "own.onnx"
    other.parent.mkdir()
    shutil.copy(own, other)
    files = read_models([own, other])
    assert [file.name for file in files] == ["own", "own-2", "cnn", "mlp"]
    assert list(load_models(files[:1])) == ["own"]


def test_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"there is no model file .*none\.onnx"):
        read_models([tmp_path / "none.onnx"])


@pytest.mark.slow
def test_models_are_loaded_from_what_was_read(own: Path) -> None:
    files = read_models([own])
    own.unlink()
    assert load_models(files)["own"].to_dict()["layers"] == [784, 256, 128, 10]


def test_broken_model_is_named(own: Path) -> None:
    own.write_bytes(b"broken")
    with pytest.raises(ModelError, match=r"own\.onnx is not a model"):
        load_models(read_models([own]))


def test_missing_and_changed_files_are_listed(own: Path) -> None:
    files = read_models([own])
    assert list_changes(files) == []
    os.utime(own, (1, 1))
    assert "model own has changed" in list_changes(files)[0]
    own.unlink()
    assert "model own is missing (No such file or directory)" in list_changes(files)[0]


@pytest.mark.slow
def test_service_goes_on_without_the_file_even_in_new_processes(own: Path, tmp_path: Path, seven: bytes) -> None:
    with serving(tmp_path / "corrections", "--model", own, quiet=False) as running:
        assert running.get("/api/health").json["notices"] == []
        own.unlink()
        for process in running.readers():
            process.send_signal(signal.SIGKILL)
        for model in ("own", "cnn", "mlp"):
            answer = running.post(f"/api/read?model={model}", seven)
            assert answer.status == 200, answer.json
            assert answer.json["text"] == "7"
        health = running.get("/api/health").json
        assert health["status"] == "ok"
        assert health["notices"] == running.get("/api/models").json["notices"]
        assert ["own is missing" in notice for notice in health["notices"]] == [True]
