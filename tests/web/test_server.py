"""Starting and stopping: ready at once, here alone, with a sentence where it cannot be; what was asked is answered."""

from __future__ import annotations

import contextlib
import http.client
import io
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from PIL import Image
from tests.web.conftest import Served, serving

import digits


def ended(*words: object, **options: str) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "digits", "serve", *map(str, words)]
    return subprocess.run(call, capture_output=True, text=True, timeout=60, check=False, **options)


def test_it_is_ready_soon_without_torch(tmp_path: Path) -> None:
    with serving(tmp_path / "own") as running:
        spent = [process.cpu_times() for process in running.processes()]
        # of processors, two of which work at a time, since the machine may be busy; benchmarks/serving.py has a clock
        assert sum(each.user + each.system for each in spent) < 2 * 1.5
        assert running.get("/api/health").json == {"status": "ok", "version": digits.__version__}
        loaded = {Path(each.path).name for process in running.processes() for each in process.memory_maps()}
    assert any(name.startswith("onnxruntime") for name in loaded), "it would be seen"
    assert not any(name.startswith("libtorch") for name in loaded)


def test_it_listens_here_alone(served: Served) -> None:
    every = [each for process in served.processes() for each in process.net_connections("inet")]
    listening = [each.laddr for each in every if each.status == "LISTEN"]
    assert [each.ip for each in listening] == ["127.0.0.1"]


def large(seven: bytes) -> bytes:
    """A photograph that takes a second."""
    page = Image.new("L", (8000, 6000), 255)
    page.paste(Image.open(io.BytesIO(seven)).resize((3600, 4000)), (2000, 1000))
    buffer = io.BytesIO()
    page.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_what_was_asked_is_answered_before_it_ends(how: signal.Signals, tmp_path: Path, seven: bytes) -> None:
    with serving(tmp_path / "own") as running:
        got: list[bytes] = []
        picture = large(seven)
        asking = threading.Thread(target=lambda: got.append(running.post("/api/read", picture).body))
        workers = running.processes()[1:]
        before = sum(each.cpu_times().user for each in workers)
        asking.start()
        give_up = time.monotonic() + 10
        while sum(each.cpu_times().user for each in workers) < before + 0.05:  # until one of them reads
            assert time.monotonic() < give_up
        assert not got
        running.process.send_signal(how)
        asking.join()
        out, err = running.process.communicate(timeout=20)
        assert b'"text":"7"' in got[0]
        assert running.process.returncode in (0, -how if how is signal.SIGTERM else 0)
        assert (out, err) == ("", "")
        _, left = psutil.wait_procs(workers, timeout=10)
        assert left == [], "nothing is left behind"


def test_its_workers_end_with_it(tmp_path: Path) -> None:
    with serving(tmp_path / "own", quiet=False) as running:
        workers = running.processes()[1:]
        assert len(workers) > 1
        running.process.kill()
        _, alive = psutil.wait_procs(workers, timeout=20)
        assert alive == []


def test_a_worker_that_dies_is_replaced(tmp_path: Path, seven: bytes) -> None:
    with serving(tmp_path / "own") as running:
        for worker in running.readers():
            with contextlib.suppress(psutil.NoSuchProcess):  # the pool ends the others itself
                worker.kill()
        answers = [running.post("/api/read?single=true", seven)]
        give_up = time.monotonic() + 30
        while answers[-1].status != 200:
            assert answers[-1].status == 503
            assert answers[-1].error.startswith("the reader stopped over a picture, and begins anew: try again")
            assert time.monotonic() < give_up
            answers.append(running.post("/api/read?single=true", seven))
        assert answers[-1].json["text"] == "7"
        assert len(answers) <= 3


def test_a_taken_port_is_said(served: Served, tmp_path: Path) -> None:
    port = served.host.split(":")[1]
    said = ended("--port", port, "--corrections", tmp_path)
    assert (said.returncode, said.stdout) == (2, "")
    expected = f"digits: cannot listen at 127.0.0.1, port {port}: Address already in use; name another --host or --port"
    assert said.stderr == f"{expected}\n"


def test_without_a_port_any_free_one_will_do(tmp_path: Path) -> None:
    with contextlib.suppress(OSError), socket.socket() as taken:
        taken.bind(("127.0.0.1", 8000))
        taken.listen()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):  # somebody else has it, which is as good
            taken.bind(("127.0.0.1", 8000))
            taken.listen()
        call = [sys.executable, "-m", "digits", "serve", "--corrections", str(tmp_path)]
        running = subprocess.Popen(call, stdout=subprocess.PIPE, text=True)
        assert running.stdout
        line = running.stdout.readline()
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=20)
    assert line.startswith("digits is at http://127.0.0.1:")
    assert ":8000 " not in line


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--host", "192.0.2.1"], 2, "cannot listen at 192.0.2.1, port 8000: Cannot assign requested address; name "),
        (["--host", "no.such.host.invalid"], 2, "cannot listen at no.such.host.invalid, port 8000: "),
        (["--port", "99999"], 2, "cannot listen at 127.0.0.1, port 99999: "),
        (["--model", "none.onnx"], 1, "there is no model file none.onnx"),
    ],
)
def test_what_cannot_be_is_one_sentence(words: list[str], code: int, says: str) -> None:
    said = ended(*words)
    assert (said.returncode, said.stdout, said.stderr.count("\n")) == (code, "", 1)
    assert said.stderr.startswith(f"digits: {says}")


def test_everybody_is_said_loudly(tmp_path: Path) -> None:
    with serving(tmp_path / "own", "--host", "0.0.0.0", quiet=False) as running:
        assert running.address.startswith("http://127.0.0.1:")
        running.process.send_signal(signal.SIGINT)
        _, err = running.process.communicate(timeout=20)
    assert err == (
        "digits: note: everybody who reaches 0.0.0.0 can use this; corrections are kept for this computer alone\n"
    )


def test_own_models_answer_beside_ours(tmp_path: Path, seven: bytes) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "model.onnx").write_bytes(Path("src/digits/pretrained/mlp.onnx").read_bytes())
    with serving(tmp_path / "own", "--model", mine, mine / "model.onnx") as running:
        told = running.get("/api/models").json
        assert [model["name"] for model in told["models"]] == ["mine", "model", "cnn", "mlp"]
        assert told["default"] == "mine"
        assert running.post("/api/read?model=model", seven).json == running.post("/api/read?model=mlp", seven).json


def test_without_the_extra_it_says_what_to_install() -> None:
    code = "import sys; sys.modules.update(fastapi=None); from digits.cli import main; main(['serve'])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr == "digits: the page needs fastapi, which is not installed: pip install 'digits[web]'\n"


def test_connections_are_kept_for_further_requests(served: Served, seven: bytes) -> None:
    connection = http.client.HTTPConnection(served.host, timeout=10)
    for _ in range(3):
        connection.request("POST", "/api/read?single=true", seven, {"Content-Type": "image/png"})
        assert connection.getresponse().read().startswith(b'{"file":"the picture","text":"7"')
        assert connection.sock is not None
    connection.close()
