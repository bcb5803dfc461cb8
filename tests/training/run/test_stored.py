"""Stored configurations may come from anybody: the code that they name runs only if the user allows it."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import json
import os
import py_compile
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors
import safetensors.torch
from tests.training.conftest import small

import digits
from digits import cli
from digits.errors import DigitsError, ModelError, UntrustedCodeError
from digits.training import Run, TrainConfig, load_network, make_network, resume, train
from digits.training.engine.plugins import PLUGIN_OPTIONS, load_plugin
from digits.types import Dataset

pytestmark = pytest.mark.slow

SOURCE = Path(digits.__file__).parent

CODE = """
    import pathlib, torch
    pathlib.Path(__file__).with_suffix(".ran").touch()
    from digits.training import MLP as network
    def loss(logits, labels): return torch.nn.functional.cross_entropy(logits, labels)
    def optimizer(weights, lr, weight_decay): return torch.optim.SGD(weights, lr)
"""


class Stored:
    """A run folder as somebody sends it: one of its settings names code, which leaves a trace when it runs."""

    def __init__(self, folder: Path, setting: str, few_file: Path) -> None:
        self.folder, self.setting, self.data = folder, setting, str(few_file)
        self.code = folder / "own.py"
        self.reference = f"{self.code}:{setting}"

    @property
    def ran(self) -> bool:
        return self.code.with_suffix(".ran").exists()

    def call(self, *words: str) -> None:
        with contextlib.suppress(SystemExit):
            cli.main(words)


@pytest.fixture(scope="module", params=PLUGIN_OPTIONS)
def trained(
    request: pytest.FixtureRequest, few_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Run, str]:
    folder = tmp_path_factory.mktemp("trained")
    code = folder / "own.py"
    code.write_text(CODE.replace("\n    ", "\n"))
    config = small(epochs=1).replace(**{request.param: f"{code}:{request.param}"})
    return train(config, data=few_file, out=folder / "run"), request.param


@pytest.fixture
def stored(trained: tuple[Run, str], few_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stored:
    run, setting = trained
    stored = Stored(tmp_path / "run", setting, few_file)
    shutil.copytree(run.folder, stored.folder)
    shutil.copy(run.folder.parent / "own.py", stored.code)
    (stored.folder / "model.onnx").unlink()
    change_config(stored.folder, lambda settings: settings.update({setting: stored.reference}))
    monkeypatch.chdir(tmp_path)
    return stored


def change_config(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the settings of a run wherever it holds them."""
    config = json.loads((folder / "config.json").read_text())
    for section in ("model", "optimization"):
        only: dict[str, Any] = {}
        change(only)
        config[section] |= {name: value for name, value in only.items() if name in config[section]}
    (folder / "config.json").write_text(json.dumps(config))
    file = folder / "model.safetensors"
    with safetensors.safe_open(file, framework="pt") as opened:
        metadata = json.loads(opened.metadata()["digits"])
    tensors = safetensors.torch.load_file(file)
    safetensors.torch.save_file(tensors, file, {"digits": json.dumps(metadata | {"config": config})})


def load_in_service(run: Stored) -> None:
    from digits.web.models import load_models, read_models

    load_models(read_models([run.folder]))


ENTRIES: dict[str, Callable[[Stored], Any]] = {
    "load_network": lambda run: load_network(run.folder),
    "train, initial model": lambda run: train("personal", initial_model=run.folder, data=run.data, epochs=1),
    "train, teacher": lambda run: train(small(teacher=str(run.folder), epochs=1), data=run.data),
    "resume": lambda run: resume(run.folder, data=run.data),
    "load_model": lambda run: digits.load_model(run.folder),
    "evaluate": lambda run: digits.evaluate(run.folder, run.data),
    "write_report": lambda run: digits.write_report(run.folder),
    "read": lambda run: digits.read(run.data, model=run.folder),
    "the service": load_in_service,
    "digits train --from": lambda run: run.call("train", "--from", str(run.folder), "--data", run.data),
    "digits train --teacher": lambda run: run.call("train", "fast", "--teacher", str(run.folder), "--data", run.data),
    "digits train --resume": lambda run: run.call("train", "--resume", str(run.folder), "--data", run.data),
    "digits evaluate": lambda run: run.call("evaluate", str(run.folder), "--data", run.data),
    "digits evaluate FILE": lambda run: run.call("evaluate", f"{run.folder}/model.safetensors", "--data", run.data),
    "digits export": lambda run: run.call("export", str(run.folder), "--to", "safetensors"),
    "digits report": lambda run: run.call("report", str(run.folder)),
    "digits read": lambda run: run.call("read", run.data, "--model", str(run.folder)),
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_stored_code_never_runs_unasked(entry: str, stored: Stored) -> None:
    with contextlib.suppress(DigitsError):
        ENTRIES[entry](stored)
    assert not stored.ran


def test_refusal_says_what_would_run_and_how_to_allow_it(stored: Stored, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UntrustedCodeError) as refused:
        resume(stored.folder, data=stored.data)
    for part in (str(stored.folder / "config.json"), stored.setting, stored.reference, "--trust-code", "trust_code="):
        assert part in str(refused.value)
    stored.call("train", "--resume", str(stored.folder), "--data", stored.data)
    assert str(refused.value) in capsys.readouterr().err


def test_trusted_code_runs(stored: Stored) -> None:
    resume(stored.folder, data=stored.data, trust_code=True)
    assert stored.ran


def test_command_trusts_code_by_a_flag(stored: Stored, capsys: pytest.CaptureFixture[str]) -> None:
    stored.call("train", "--resume", str(stored.folder), "--data", stored.data, "--trust-code")
    assert stored.ran
    assert "repeat" in capsys.readouterr().out


def test_changed_code_is_refused_even_if_trusted(stored: Stored) -> None:
    stored.code.write_text(stored.code.read_text() + "# changed\n")
    with pytest.raises(ModelError, match=r"has changed: the SHA-256 of .*own\.py is [0-9a-f]{64}, not '[0-9a-f]{64}'"):
        resume(stored.folder, data=stored.data, trust_code=True)
    assert not stored.ran


def test_unrecorded_code_is_refused_even_if_trusted(stored: Stored) -> None:
    file = stored.folder / "environment.json"
    environment = json.loads(file.read_text())
    del environment["code_sha256"]
    file.write_text(json.dumps(environment))
    with pytest.raises(ModelError, match=r"has changed: .* not None"):
        resume(stored.folder, data=stored.data, trust_code=True)
    assert not stored.ran


@pytest.fixture
def own_network(stored: Stored) -> Stored:
    if stored.setting != "network":
        pytest.skip("loading a network runs no other code")
    return stored


def test_every_way_to_load_a_network_can_trust_its_code(own_network: Stored, few: Dataset) -> None:
    folder = own_network.folder
    load_network(folder, trust_code=True)
    loads: list[Callable[[], Any]] = [
        lambda: train("personal", initial_model=folder, data=few, epochs=1, trust_code=True),
        lambda: train(small(teacher=str(folder), epochs=1), data=few, out="student", trust_code=True),
        lambda: own_network.call("evaluate", str(folder), "--data", own_network.data, "--trust-code"),
    ]
    for load in loads:
        own_network.code.with_suffix(".ran").unlink()
        load()
        assert own_network.ran


def test_code_that_the_user_names_needs_no_trust_even_changed(own_network: Stored, few: Dataset) -> None:
    own_network.code.write_text(own_network.code.read_text() + "# changed\n")
    settings = {"network": own_network.reference, "epochs": 1}
    train("personal", initial_model=own_network.folder, data=few, **settings)
    with pytest.raises(ModelError, match=f"name it yourself: digits train --network {own_network.reference}"):
        load_network(own_network.folder, trust_code=True)


def test_compiled_code_beside_the_file_is_ignored(tmp_path: Path) -> None:
    """Python runs ``__pycache__/own….pyc`` instead of a file of the same age and size, whatever the file says."""
    code, other = tmp_path / "own.py", tmp_path / "other.py"
    other.write_text("Name = 'compiled'")
    code.write_text("Name = 'written!'")
    os.utime(other, (1e9, 1e9))
    os.utime(code, (1e9, 1e9))
    py_compile.compile(str(other), cfile=importlib.util.cache_from_source(str(code)))
    assert load_plugin(f"{code}:Name", "network") == "written!"


WITHOUT_CODE = "FinderConfig.from_dict"
"""Reads a configuration that can name no code."""


def find_unchecked_reads(tree: ast.AST) -> list[str]:
    """Return the functions that read a stored configuration and do not check its code."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    calls = {
        function.name: {
            called.split(".")[-1]
            for node in ast.walk(function)
            if isinstance(node, ast.Call) and (called := ast.unparse(node.func)) != WITHOUT_CODE
        }
        for function in functions
    }
    return [name for name, names in calls.items() if "from_dict" in names and "check_code" not in names]


def test_every_reader_of_a_stored_configuration_checks_its_code() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (SOURCE / "training").rglob("*.py")]
    assert [name for tree in trees for name in find_unchecked_reads(tree)] == []
    assert find_unchecked_reads(ast.parse("def read(x): return TrainConfig.from_dict(x)")) == ["read"]


WRONG = {
    "a list": "[]",
    "a number": "3",
    "nothing": "None",
    "empty": "{}",
    "a recipe of another type": "{'recipe': []}",
    "a section of another type": "{'recipe': 'fast', 'model': []}",
    "an unknown section": "{'recipe': 'fast', 'models': {}}",
    "an unknown setting": "{'recipe': 'fast', 'model': {'depth': 3}}",
    "a setting of another section": "{'recipe': 'fast', 'model': {'epochs': 3}}",
    "a text for a number": "{'recipe': 'fast', 'optimization': {'epochs': '3'}}",
    "a number beyond floats": "{'recipe': 'fast', 'optimization': {'lr': 10**400}}",
    "a number beyond texts": "{'recipe': 'fast', 'optimization': {'lr': 10**5000}}",
    "not a number": "{'recipe': 'fast', 'optimization': {'lr': float('nan')}}",
    "an object for a text": "{'recipe': 'fast', 'model': {'network': {}}}",
    "a long list": "{'recipe': 'fast', 'model': {'hidden_sizes': [1] * 100_000}}",
    "a long text": "{'recipe': 'fast', 'model': {'activation': 'x' * 1_000_000}}",
}


def test_any_other_shape_of_a_configuration_is_a_short_sentence() -> None:
    """In a process of its own, since the types are checked in this one."""
    script = f"""
from digits.training import TrainConfig
from digits.errors import UsageError
for value in [{", ".join(WRONG.values())}]:
    try:
        TrainConfig.from_dict(value)
    except UsageError as error:
        print(len(str(error)) < 500)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"] * len(WRONG)


@pytest.mark.parametrize("changes", [{"hidden_sizes": (10**9,)}, {"network": "cnn", "channels": (10**6, 10**6)}])
def test_network_beyond_memory_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(DigitsError, match="weights are more than"):
        make_network(TrainConfig.from_settings(**changes))
