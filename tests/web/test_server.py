"""Starting and stopping: quick, on loopback only, with one sentence when it fails; pending requests are answered."""

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
from tests.web.conftest import Answer, Served, serving

import digits

pytestmark = pytest.mark.slow


def run(*flags: object, **options: str) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "digits", "serve", *map(str, flags)]
    return subprocess.run(call, capture_output=True, text=True, timeout=60, check=False, **options)


def test_service_starts_quickly_without_torch(tmp_path: Path) -> None:
    with serving(tmp_path / "corrections") as running:
        spent = [process.cpu_times() for process in running.processes()]
        # processor time of each process, since the machine may be busy; benchmarks/serving.py measures real time
        assert max(each.user + each.system for each in spent) < 2
        assert running.get("/api/health").json == {"status": "ok", "version": digits.__version__, "notices": []}
        loaded = {Path(each.path).name for process in running.processes() for each in process.memory_maps()}
    assert any(name.startswith("onnxruntime") for name in loaded), "loaded libraries are visible"
    assert not any(name.startswith("libtorch") for name in loaded)


def test_service_listens_on_loopback_only(served: Served) -> None:
    connections = [each for process in served.processes() for each in process.net_connections("inet")]
    listening = [each.laddr for each in connections if each.status == "LISTEN"]
    assert [each.ip for each in listening] == ["127.0.0.1"]


def large(seven: bytes) -> bytes:
    """A photograph that takes a second to read."""
    page = Image.new("L", (8000, 6000), 255)
    page.paste(Image.open(io.BytesIO(seven)).resize((3600, 4000)), (2000, 1000))
    buffer = io.BytesIO()
    page.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_pending_requests_are_answered_before_it_ends(how: signal.Signals, tmp_path: Path, seven: bytes) -> None:
    with serving(tmp_path / "corrections") as running:
        received: list[bytes] = []
        picture = large(seven)
        request = threading.Thread(target=lambda: received.append(running.post("/api/read", picture).body))
        workers = running.processes()[1:]
        before = sum(each.cpu_times().user for each in workers)
        request.start()
        deadline = time.monotonic() + 10
        while sum(each.cpu_times().user for each in workers) < before + 0.05:  # until one of them is reading
            assert time.monotonic() < deadline
        assert not received
        running.process.send_signal(how)
        request.join()
        out, err = running.process.communicate(timeout=20)
        assert b'"text":"7"' in received[0]
        assert running.process.returncode in (0, -how if how is signal.SIGTERM else 0)
        assert (out, err) == ("", "")
        _, left = psutil.wait_procs(workers, timeout=10)
        assert left == [], "all workers have ended"


def test_workers_end_with_the_service(tmp_path: Path) -> None:
    with serving(tmp_path / "corrections", quiet=False) as running:
        workers = running.processes()[1:]
        assert len(workers) > 1
        running.process.kill()
        _, alive = psutil.wait_procs(workers, timeout=20)
        assert alive == []


def test_dead_workers_are_replaced_and_nobody_notices(tmp_path: Path, seven: bytes) -> None:
    with serving(tmp_path / "corrections") as running:
        for _ in range(2):
            running.memory()  # waits for all of them
            for worker in running.readers():
                worker.kill()
                assert running.post("/api/read?single=true", seven).json["text"] == "7"


def stuck_requests(running: Served, seven: bytes) -> tuple[list[Answer], list[threading.Thread]]:
    """Send requests that no worker will ever answer."""
    running.memory()  # waits for all workers
    for worker in running.readers():
        worker.suspend()
    answers: list[Answer] = []

    def send() -> None:
        with contextlib.suppress(ConnectionError, http.client.HTTPException):
            answers.append(running.post("/api/read", seven))

    requests = [threading.Thread(target=send, daemon=True) for _ in range(9)]
    service = psutil.Process(running.process.pid)
    for request in requests:
        request.start()
    deadline = time.monotonic() + 30
    while len([each for each in service.net_connections() if each.status == "ESTABLISHED"]) < len(requests):
        assert time.monotonic() < deadline
    return answers, requests


def test_it_ends_in_time_whatever_runs(tmp_path: Path, seven: bytes) -> None:
    before = "import digits.web.server\ndigits.web.server.SHUTDOWN_SECONDS = 1"
    with serving(tmp_path / "corrections", before=before) as running, socket.socket() as silent:
        silent.connect(("127.0.0.1", int(running.address.rpartition(":")[2])))
        silent.sendall(b"POST /api/read HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n")
        silent.sendall(b"Content-Length: 1000\r\n\r\n")
        answers, requests = stuck_requests(running, seven)
        workers = running.processes()[1:]
        running.process.send_signal(signal.SIGTERM)
        out, err = running.process.communicate(timeout=60)
        assert (out, err) == ("", "")
        for request in requests:
            request.join()
        assert [(each.status, "being stopped" in each.error) for each in answers] == [(503, True)] * len(requests)
        _, left = psutil.wait_procs(workers, timeout=20)
        assert left == []


def test_second_signal_ends_it_at_once(tmp_path: Path, seven: bytes) -> None:
    before = "import digits.web.server\ndigits.web.server.SHUTDOWN_SECONDS = 10_000"
    with serving(tmp_path / "corrections", before=before) as running:
        stuck_requests(running, seven)
        workers = running.processes()[1:]
        while running.process.poll() is None:
            running.process.send_signal(signal.SIGINT)
            time.sleep(0.1)
        _, left = psutil.wait_procs(workers, timeout=20)
        assert left == []


def test_taken_port_is_named(served: Served, tmp_path: Path) -> None:
    port = served.host.split(":")[1]
    done = run("--port", port, "--corrections", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"cannot listen on 127.0.0.1, port {port}: Address already in use" in done.stderr


def test_default_port_falls_back_to_a_free_one(tmp_path: Path) -> None:
    with contextlib.suppress(OSError), socket.socket() as taken:
        taken.bind(("127.0.0.1", 8000))
        taken.listen()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):  # another program has it, which does as well
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
    ("flags", "code", "message"),
    [
        (["--host", "192.0.2.1"], 2, "cannot listen on 192.0.2.1, port 8000: Cannot assign requested address; choose "),
        (["--host", "no.such.host.invalid"], 2, "cannot listen on no.such.host.invalid, port 8000: "),
        (["--port", "99999"], 2, "cannot listen on 127.0.0.1, port 99999: "),
        (["--model", "none.onnx"], 1, "none.onnx"),
    ],
)
def test_failed_start_is_explained_in_one_line(flags: list[str], code: int, message: str) -> None:
    done = run(*flags)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1)
    assert done.stderr.startswith("digits: ")
    assert message in done.stderr


def test_listening_beyond_this_computer_warns(tmp_path: Path) -> None:
    with serving(tmp_path / "corrections", "--host", "0.0.0.0", quiet=False) as running:
        assert running.address.startswith("http://127.0.0.1:")
        running.process.send_signal(signal.SIGINT)
        _, err = running.process.communicate(timeout=20)
    assert "everyone who can reach 0.0.0.0 can use this service" in err
    assert err.count("\n") == 1


def test_named_models_join_those_of_the_package(tmp_path: Path, seven: bytes) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "model.onnx").write_bytes(Path("src/digits/pretrained/mlp.onnx").read_bytes())
    with serving(tmp_path / "corrections", "--model", mine, mine / "model.onnx") as running:
        listed = running.get("/api/models").json
        assert [model["name"] for model in listed["models"]] == ["mine", "model", "cnn", "mlp"]
        assert listed["default"] == "mine"
        answer = running.post("/api/read?model=model", seven).json
        assert answer["model"] == "model"
        assert answer | {"model": "mlp"} == running.post("/api/read?model=mlp", seven).json


def test_missing_extra_is_named() -> None:
    code = "import sys; sys.modules.update(fastapi=None); from digits.cli import main; main(['serve'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "fastapi" in done.stderr
    assert "pip install 'digits[web]'" in done.stderr


def test_connections_stay_open_for_further_requests(served: Served, seven: bytes) -> None:
    connection = http.client.HTTPConnection(served.host, timeout=10)
    for _ in range(3):
        connection.request("POST", "/api/read?single=true", seven, {"Content-Type": "image/png"})
        assert connection.getresponse().read().startswith(b'{"file":"the picture","text":"7"')
        assert connection.sock is not None
    connection.close()
