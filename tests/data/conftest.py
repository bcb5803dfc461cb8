"""A server that misbehaves as real mirrors do, and small datasets to serve, damage and read."""

from __future__ import annotations

import gzip
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from digits.data import download, mnist, pen_strokes, read_idx, write_idx
from digits.data.formats.idx import idx_sha256
from digits.data.identity import MNIST_SHA256
from digits.data.raw_dataset import MNIST_FILES
from digits.types import Dataset, LabelledDigits

PAGE = b"<!DOCTYPE html><html><head><title>503 Service Unavailable</title></head><body>Sorry</body></html>"


@dataclass
class Mirror:
    """A local server: the answer for each path, and the number of requests for it."""

    url: str
    answers: dict[str, tuple[int, bytes, int]] = field(default_factory=dict)  # path: status, body, announced length
    requests: Counter[str] = field(default_factory=Counter)
    truncated: threading.Event = field(default_factory=threading.Event)  # set once a body was sent that is too short
    hold: threading.Event | None = None  # if given, such a connection stays open until it is set

    def serve(self, path: str, body: bytes, *, status: int = 200, length: int | None = None) -> None:
        self.answers[path] = (status, body, len(body) if length is None else length)

    def serve_set(self, files: dict[str, bytes], folder: str = "/mnist/") -> str:
        for name, body in files.items():
            self.serve(f"{folder}{name}.gz", body)
        return self.url + folder


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.requests[self.path] += 1
            status, body, length = state.answers.get(self.path, (404, b"not here", 8))
            self.send_response(status)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
            if length > len(body):
                state.truncated.set()
                if state.hold:
                    state.hold.wait(30)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = Mirror(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    if state.hold:
        state.hold.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def _isolated(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Empty all data folders and close all mirrors: no test finds data by chance, reaches the internet, or waits."""
    empty = tmp_path_factory.mktemp("empty")
    monkeypatch.chdir(empty)
    monkeypatch.delenv("DIGITS_DATA", raising=False)
    monkeypatch.delenv("DIGITS_MIRRORS", raising=False)
    monkeypatch.delenv("DIGITS_STROKES", raising=False)
    monkeypatch.setattr(mnist, "cache_folder", lambda: empty / "cache")
    monkeypatch.setattr(download, "MIRRORS", ("http://127.0.0.1:9/mnist/",))
    monkeypatch.setattr(pen_strokes, "cache_folder", lambda: empty / "cache")
    monkeypatch.setattr(pen_strokes, "STROKES_URLS", ("http://127.0.0.1:9/pendigits-orig.tra.Z",))
    monkeypatch.setattr(download, "RETRY_PAUSE", 0)


@pytest.fixture(scope="session")
def mnist_files(mnist: Dataset) -> dict[str, Path]:
    """Find the files MNIST was loaded from, by their published names."""
    folder = Path(mnist.location)
    found = {
        role: next(path for path in (folder / f"{role}.gz", folder / role) if path.exists()) for role in MNIST_FILES
    }
    assert all(idx_sha256(read_idx(path)) == MNIST_SHA256[role] for role, path in found.items())
    return found


def random_digits(n: int, seed: int) -> LabelledDigits:
    rng = np.random.default_rng(seed)
    return LabelledDigits(rng.integers(0, 256, (n, 28, 28), np.uint8), (np.arange(n) % 10).astype(np.uint8))


@pytest.fixture(scope="session")
def train() -> LabelledDigits:
    return random_digits(70, seed=1)


@pytest.fixture(scope="session")
def test() -> LabelledDigits:
    return random_digits(20, seed=2)


@pytest.fixture(scope="session")
def small_files(
    train: LabelledDigits, test: LabelledDigits, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    """Write a small dataset as gzipped IDX under MNIST's names."""
    folder = tmp_path_factory.mktemp("small")
    for role, array in zip(MNIST_FILES, (train.images, train.labels, test.images, test.labels), strict=True):
        write_idx(folder / f"{role}.gz", array)
    return {role: (folder / f"{role}.gz").read_bytes() for role in MNIST_FILES}


@pytest.fixture
def small_mnist(small_files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Make the small dataset count as MNIST, for tests that would take long with 70,000 digits."""
    for role, body in small_files.items():
        monkeypatch.setitem(MNIST_SHA256, role, idx_sha256(read_idx(body)))
    return small_files


@pytest.fixture
def folder_of(tmp_path: Path) -> Callable[..., Path]:
    """Write files into a folder, gzipped or plain."""

    def write(files: dict[str, bytes], name: str = "set", *, suffix: str = ".gz") -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        for role, body in files.items():
            (folder / f"{role}{suffix}").write_bytes(body if suffix == ".gz" else gzip.decompress(body))
        return folder

    return write


@pytest.fixture
def page() -> bytes:
    return PAGE
