"""Two processes train what one would: from a single gradient to the command line under torchrun."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch
from torch import nn

from digits.training import Run, train
from digits.training.engine import distributed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SCRIPT = Path(__file__).with_name("two_processes.py")
HANGS = 300
"""Seconds after which processes that wait for each other forever are ended."""

STANDARD = ["train", "standard", "--epochs", "2", "--batch-size", "300", "--precision", "float32"]
CNN = ["train", "cnn", "--channels", "8", "16", "--epochs", "3", "--batch-size", "75", "--precision", "float32"]


@dataclass
class Said:
    code: int
    out: str
    err: str


def free_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


def ended(*begun: subprocess.Popen[str]) -> list[Said]:
    said = []
    try:
        for process in begun:
            out, err = process.communicate(timeout=HANGS)
            said.append(Said(process.returncode, out, err))
    finally:
        for process in begun:
            process.kill()
    return said


def begin(words: list[str], **environment: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, *words], env=os.environ | environment, stdout=pipe, stderr=pipe, text=True)


def pair(*words: object) -> list[Said]:
    """Start two processes as torchrun would, without waiting for torchrun itself to start."""
    meeting = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port()}
    return ended(*(begin([*map(str, words)], RANK=rank, LOCAL_RANK=rank, **meeting) for rank in ("0", "1")))


def torchrun(*words: object) -> Said:
    own = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", free_port()]
    return ended(begin([*own, "-m", "digits", *map(str, words)]))[0]


@pytest.fixture(scope="module")
def measured(few_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("measured")
    said = pair(SCRIPT, "measure", folder, few_file, *CNN, "--data", few_file, "--out", folder / "cnn")
    assert [each.code for each in said] == [0, 0], said
    return folder


@pytest.fixture(scope="module")
def said(measured: Path) -> list[dict[str, Any]]:
    return [json.loads((measured / f"{rank}.json").read_text()) for rank in range(2)]


def test_one_process_without_torchrun() -> None:
    assert (distributed.process_count(), distributed.rank(), distributed.local_rank()) == (1, 0, 0)
    distributed.join("cpu")
    assert distributed.process_count() == 1
    assert [distributed.own_part(n) for n in (1, 7)] == [slice(0, 1), slice(0, 7)]
    assert distributed.broadcast_text("½ × ß", torch.device("cpu")) == "½ × ß"
    assert distributed.sum_over_processes(torch.tensor([1.0, 2.0])).tolist() == [1.0, 2.0]
    network = nn.Linear(2, 2)
    distributed.average_gradients(network)
    network(torch.ones(3, 2)).sum().backward()
    assert network.bias.grad is not None
    assert network.bias.grad.tolist() == [3.0, 3.0]


def test_two_processes_join(said: list[dict[str, Any]]) -> None:
    assert [each["workers"] for each in said] == [2, 2]
    assert [each["total"] for each in said] == [[2.0, 10.0], [2.0, 10.0]]


def test_text_of_the_first_process_is_broadcast(said: list[dict[str, Any]]) -> None:
    assert [each["agreed"] for each in said] == ["what 0 says: ½ × ß"] * 2


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="this system does not list threads as files")
def test_no_thread_of_the_group_lives_on_when_a_process_ends(measured: Path) -> None:
    # one that still held a tensor would need the interpreter, and abort the process
    for rank in range(2):
        threads = json.loads((measured / f"threads-{rank}.json").read_text())
        assert [name for name in threads if "python" in name]
        assert not [name for name in threads if "gloo" in name]


def test_parts_cover_a_batch_exactly_once(said: list[dict[str, Any]]) -> None:
    for n, first, second in zip((2, 7, 101), *(each["shares"] for each in said), strict=True):
        assert [*range(*first), *range(*second)] == list(range(n))
        assert abs(len(range(*first)) - len(range(*second))) <= 1


def test_gradients_and_running_statistics_equal_those_of_one_process(measured: Path) -> None:
    specification = importlib.util.spec_from_file_location("two_processes", SCRIPT)
    assert specification is not None
    assert specification.loader is not None
    alone = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(alone)
    expected = alone.gradients()
    assert len(expected) == 8 + 2 * 3
    for rank in range(2):
        found = safetensors.torch.load_file(measured / f"{rank}.safetensors")
        assert found.keys() == expected.keys()
        for name, tensor in expected.items():
            torch.testing.assert_close(found[name], tensor, rtol=1e-12, atol=1e-14, msg=f"{name} in process {rank}")


@pytest.fixture(scope="module")
def two(few_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Said]:
    """A run made by two processes under torchrun, and what they said."""
    folder = tmp_path_factory.mktemp("runs") / "two"
    return folder, torchrun(*STANDARD, "--data", few_file, "--out", folder)


@pytest.fixture(scope="module")
def one(few_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The same run made by this process."""
    folder = tmp_path_factory.mktemp("runs") / "one"
    return train("standard", data=few_file, out=folder, epochs=2, batch_size=300, precision="float32")


def weights(folder: Path) -> dict[str, np.ndarray]:
    return safetensors.numpy.load_file(folder / "model.safetensors")


def rows(folder: Path) -> list[dict[str, float]]:
    with (folder / "metrics.csv").open() as file:
        return [
            {name: float(value) for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)
        ]


def test_weights_under_torchrun_equal_those_of_one_process(two: tuple[Path, Said], one: Run) -> None:
    folder, said = two
    assert said.code == 0, said.err
    expected = weights(one.folder)
    found = weights(folder)
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        np.testing.assert_allclose(found[name], tensor, atol=1e-5, rtol=0, err_msg=name)


def test_figures_under_torchrun_equal_those_of_one_process(two: tuple[Path, Said], one: Run) -> None:
    for found, expected in zip(rows(two[0]), rows(one.folder), strict=True):
        assert found == pytest.approx(expected, rel=1e-3)
    results = json.loads((two[0] / "results.json").read_text())
    for part in ("train", "validation", "test"):
        assert results[part]["n"] == one.results[part]["n"]
        assert results[part]["accuracy"] == pytest.approx(one.results[part]["accuracy"], abs=0.002)


def test_only_the_first_process_prints_and_writes(two: tuple[Path, Said], one: Run) -> None:
    folder, said = two
    assert [line.split()[0] for line in said.out.splitlines() if line.strip()].count("report") == 1
    assert said.out.count("trained 2 epochs in ") == 1
    assert [line.split("  ")[0] for line in said.err.splitlines() if line.startswith("epoch")] == [
        "epoch 1/2", "epoch 2/2"
    ]  # fmt: skip
    assert said.err.count("digits: note: ") == 1
    assert "Warning" not in said.err
    made = {path.name for path in folder.iterdir()} - {"report.html", "figures"}
    assert made == {path.name for path in one.folder.iterdir()}


def test_killed_run_of_two_resumes_to_the_same_weights(two: tuple[Path, Said], few_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    first, second = pair(SCRIPT, "die", *STANDARD, "--data", few_file, "--out", folder)
    assert first.code == 7
    assert second.code != 0, "it cannot go on alone"
    assert len(rows(folder)) == 1
    assert not (folder / "model.safetensors").exists()
    for each in pair("-m", "digits", "train", "--resume", folder):
        assert each.code == 0, each.err
    assert (folder / "model.safetensors").read_bytes() == (two[0] / "model.safetensors").read_bytes()


def test_all_processes_use_synthetic_digits_when_the_first_finds_no_mnist(said: list[dict[str, Any]]) -> None:
    first, second = (each["found"] for each in said)
    assert first["location"] == second["location"] == "synthetic"
    assert first["sha256"] == second["sha256"]
    assert (len(first["notices"]), second["notices"]) == (1, [])


def test_batch_too_small_to_share_is_rejected_once(said: list[dict[str, Any]], measured: Path) -> None:
    (first, message), (second, nothing) = (each["refused"] for each in said)
    assert (first, second) == (2, 2)
    assert "without a digit" in message
    assert nothing == ""
    assert not (measured / "refused").exists()


def test_cnn_of_two_processes_is_as_accurate_as_that_of_one(measured: Path, few_file: Path, tmp_path: Path) -> None:
    # loosely, since rounding decides between maxima that are nearly equal, and between neighbouring pixel values of
    # distorted digits, so that weights drift apart; that gradients are the same is tested above
    changes = {"channels": (8, 16), "epochs": 3, "batch_size": 75, "precision": "float32"}
    one = train("cnn", data=few_file, out=tmp_path / "one", **changes)
    results = json.loads((measured / "cnn" / "results.json").read_text())
    assert results["test"]["accuracy"] == pytest.approx(one.results["test"]["accuracy"], abs=0.02)
    assert one.results["test"]["accuracy"] > 0.8
