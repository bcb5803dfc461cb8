"""A running service, as a user starts it, and a client for it."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import psutil
import pytest
from PIL import Image

from digits.web.workers import MAX_PROCESSES

if sys.platform == "win32":
    pytest.skip("uses POSIX signals and process groups", allow_module_level=True)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        assert set(self.json) == {"error"}
        return str(self.json["error"])


@dataclass(frozen=True)
class Served:
    """A service in its own process."""

    address: str
    corrections: Path
    process: subprocess.Popen[str] = field(repr=False)

    @property
    def host(self) -> str:
        return urlsplit(self.address).netloc

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection(self.host, timeout=30)
        try:
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, **headers)

    def post(self, path: str, picture: bytes, kind: str = "image/png", **headers: str) -> Answer:
        return self.send("POST", path, picture, content_type=kind, **headers)

    def memory(self) -> int:
        """Bytes of memory of all processes, once all workers have started and are idle."""
        deadline = time.monotonic() + 30
        before = -1.0
        while True:
            spent = sum(process.cpu_times().user for process in self.processes())
            if spent == before and len(self.readers()) == min((os.cpu_count() or 1) + 1, MAX_PROCESSES):
                return sum(int(process.memory_info().rss) for process in self.processes())
            assert time.monotonic() < deadline
            before = spent
            time.sleep(0.2)

    def readers(self) -> list[psutil.Process]:
        """The workers that are ready to read."""
        found = []
        for process in self.processes()[1:]:
            with contextlib.suppress(psutil.NoSuchProcess):
                if any("onnxruntime" in each.path for each in process.memory_maps()):
                    found.append(process)
        return found

    def processes(self) -> list[psutil.Process]:
        """The service and its workers."""
        first = psutil.Process(self.process.pid)
        return [first, *first.children(recursive=True)]


@contextmanager
def serving(
    corrections: Path, *flags: object, before: str = "", quiet: bool = True, **options: Any
) -> Iterator[Served]:
    """Run the service until the block ends, and check that it prints nothing on stderr if it should be `quiet`.

    `before` is code that runs first and sets, for instance, a shorter time limit.
    """
    code = f"{before}\nfrom digits.cli import main\nmain()"
    call = [sys.executable, "-c", code, "serve", "--port", "0", "--corrections", str(corrections), *map(str, flags)]
    process = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    assert process.stdout
    line = process.stdout.readline()
    if not line.startswith("digits is at "):
        raise AssertionError(f"the service did not start: {line}{process.communicate()}")
    try:
        yield Served(line.split()[3], corrections, process)
    finally:
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=20)
    assert quiet is False or not stderr, stderr


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One service for all tests of a pytest worker."""
    folder = tmp_path_factory.mktemp("served")
    with serving(folder / "corrections", cwd=folder) as running:
        yield running


def png(picture: np.ndarray, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, kind)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def drawing(mnist: Any) -> Callable[..., bytes]:
    """Draw test digits side by side, dark on white, as the page sends them."""

    def draw(*numbers: int, kind: str = "PNG") -> bytes:
        canvas = np.full((200, 140 * len(numbers) + 40), 255, np.uint8)
        for place, number in enumerate(numbers):
            digit = Image.fromarray(255 - mnist.test.images[number]).resize((140, 140), Image.Resampling.BICUBIC)
            canvas[30:170, 20 + 140 * place : 160 + 140 * place] = np.asarray(digit)
        return png(canvas, kind)

    return draw


@pytest.fixture(scope="session")
def seven(drawing: Callable[..., bytes]) -> bytes:
    return drawing(0)


@pytest.fixture(scope="session")
def read_by_command(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Read pictures, given by their bytes, with ``digits read --json``."""

    def read(pictures: list[bytes], *flags: str) -> Any:
        folder = tmp_path_factory.mktemp("pictures")
        files = [folder / f"{index:03}.bin" for index in range(len(pictures))]
        for file, content in zip(files, pictures, strict=True):
            file.write_bytes(content)
        call = [sys.executable, "-m", "digits", "read", *map(str, files), "--json", *flags]
        done = subprocess.run(call, capture_output=True, text=True, check=True, env=os.environ)
        return json.loads(done.stdout)

    return read
