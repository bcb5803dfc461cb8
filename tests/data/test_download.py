"""Downloading from a local server that fails as real mirrors do."""

from __future__ import annotations

import contextlib
import errno
import gzip
import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from digits.data import download, idx_bytes, load_mnist
from digits.data import mnist as finding
from digits.data.download import fetch_mnist, mirrors
from digits.data.identity import MNIST_SHA256, make_dataset
from digits.data.raw_dataset import MNIST_FILES
from digits.errors import DataError, StorageError
from digits.types import Dataset, LabelledDigits

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    Mirror = Any  # the fixture's class, defined in conftest

Files = dict[str, bytes]
A, B, C, D = MNIST_FILES

FETCH = """
import json, sys
from pathlib import Path
from digits.data import download, identity
identity.MNIST_SHA256.update(json.loads(sys.argv[3]))
download.fetch_mnist(Path(sys.argv[1]), [sys.argv[2]])
"""


def fetching(folder: Path, mirror: str) -> subprocess.Popen[bytes]:
    """Start downloading into `folder` in another process, with the hashes of this one."""
    environment = {**os.environ, "NO_PROXY": "*"}
    command = [sys.executable, "-c", FETCH, str(folder), mirror, json.dumps(MNIST_SHA256)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


COMPLETE = sorted(f"{role}.gz" for role in MNIST_FILES)


def test_real_files_are_downloaded_unchanged(
    mirror: Mirror, mnist_files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {role: path.read_bytes() for role, path in mnist_files.items()}
    monkeypatch.setenv("DIGITS_MIRRORS", mirror.serve_set(files))
    monkeypatch.setattr(finding, "cache_folder", lambda: tmp_path / "deep" / "cache")
    dataset = load_mnist()
    assert dataset.name == "MNIST"
    assert dataset.location == str(tmp_path / "deep" / "cache")
    assert names(tmp_path / "deep" / "cache") == COMPLETE
    assert {role: (tmp_path / "deep/cache" / f"{role}.gz").read_bytes() for role in MNIST_FILES} == files
    assert load_mnist(download=False).name == "MNIST"
    assert sum(mirror.requests.values()) == 4


def test_npz_can_be_a_mirror(
    mirror: Mirror, small_mnist: Files, train: LabelledDigits, test: LabelledDigits, tmp_path: Path
) -> None:
    arrays = {"x_train": train.images, "y_train": train.labels, "x_test": test.images, "y_test": test.labels}
    np.savez(tmp_path / "served.npz", **arrays)
    mirror.serve("/mnist.npz", (tmp_path / "served.npz").read_bytes())
    assert make_dataset(fetch_mnist(tmp_path / "cache", [f"{mirror.url}/mnist.npz"])).name == "MNIST"
    assert names(tmp_path / "cache") == ["mnist.npz"]


def test_decompressed_files_are_stored_gzipped(mirror: Mirror, small_mnist: Files, tmp_path: Path) -> None:
    url = mirror.serve_set({role: gzip.decompress(body) for role, body in small_mnist.items()})
    fetch_mnist(tmp_path, [url])
    assert gzip.decompress((tmp_path / f"{A}.gz").read_bytes()) == gzip.decompress(small_mnist[A])


def test_next_mirror_supplies_missing_files(mirror: Mirror, small_mnist: Files, tmp_path: Path) -> None:
    first = mirror.serve_set({A: small_mnist[A], B: b"<html>"}, "/first/")
    second = mirror.serve_set(small_mnist, "/second/")
    fetch_mnist(tmp_path, [first, second])
    assert names(tmp_path) == COMPLETE
    assert dict(mirror.requests) == {
        f"/first/{A}.gz": 1, f"/first/{B}.gz": 1, f"/second/{B}.gz": 1, f"/second/{C}.gz": 1, f"/second/{D}.gz": 1,
    }  # fmt: skip


def test_error_lists_every_mirror_with_its_reason(
    mirror: Mirror, small_mnist: Files, page: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy, missing, paged, truncated, swapped = (
        f"{mirror.url}/{name}/" for name in ("busy", "missing", "paged", "truncated", "swapped")
    )
    mirror.serve(f"/busy/{A}.gz", page, status=503)
    mirror.serve(f"/paged/{A}.gz", page)
    mirror.serve(f"/truncated/{A}.gz", small_mnist[A][:5000], length=len(small_mnist[A]))
    mirror.serve(f"/swapped/{A}.gz", small_mnist[C])
    monkeypatch.setenv(
        "DIGITS_MIRRORS", ", ".join([busy, missing, paged, truncated, swapped, "http://127.0.0.1:9", "school/mnist"])
    )
    with pytest.raises(DataError) as caught:
        load_mnist()
    text = str(caught.value)
    lines = text.splitlines()
    assert lines[0].startswith(f"No complete MNIST is in {Path.cwd() / 'data' / 'mnist'} or ")
    assert lines[1:-1] == [
        "Tried:",
        f"  {busy}: {A}.gz: the server answered 503 Service Unavailable.",
        f"  {missing}: {A}.gz: the server answered 404 Not Found.",
        f"  {paged}: the response from {paged}{A}.gz holds a web page (“503 Service Unavailable”) instead of data. "
        "Download or copy it again.",
        f"  {truncated}: {A}.gz: the connection broke before the end.",
        f"  {swapped}: the response from {swapped}{A}.gz is not MNIST's {A}: its decoded SHA-256 is "
        f"{MNIST_SHA256[C]}, not {MNIST_SHA256[A]}.",
        f"  http://127.0.0.1:9/: {A}.gz: no connection (is this machine online, or behind a proxy?).",
        f"  school/mnist/: {A}.gz: Invalid URL 'school/mnist/{A}.gz': No scheme supplied. "
        f"Perhaps you meant https://school/mnist/{A}.gz?.",
    ]
    assert lines[-1].startswith("To get it manually: download train-images-idx3-ubyte.gz, ")
    assert mirror.requests == {f"/busy/{A}.gz": 3, f"/missing/{A}.gz": 1, f"/paged/{A}.gz": 1, f"/truncated/{A}.gz": 3,
                            f"/swapped/{A}.gz": 1}  # fmt: skip
    assert names(finding.cache_folder()) == []


def test_busy_mirror_is_retried_after_a_pause(
    mirror: Mirror, small_mnist: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = mirror.serve_set(small_mnist)
    mirror.serve(f"/mnist/{A}.gz", b"", status=503)
    pauses: list[float] = []

    def wait(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            mirror.serve(f"/mnist/{A}.gz", small_mnist[A])

    monkeypatch.setattr(download, "RETRY_PAUSE", 0.5)
    monkeypatch.setattr(download.time, "sleep", wait)
    fetch_mnist(tmp_path, [url])
    assert pauses == [0.5, 1.0]
    assert names(tmp_path) == COMPLETE


def test_unreachable_mirror_is_not_retried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download.time, "sleep", lambda seconds: pytest.fail("it waited"))
    with pytest.raises(DataError, match=r": no connection \(is this machine online"):
        fetch_mnist(tmp_path, ["http://127.0.0.1:9/"])


def test_closed_connection_is_retried(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        calls: list[object] = []

        def hang_up() -> None:
            while len(calls) < 3:
                calls.append(server.accept()[0].close())

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(DataError, match="no connection"):
            fetch_mnist(tmp_path, [f"http://127.0.0.1:{server.getsockname()[1]}/"])
        thread.join(10)
    assert len(calls) == 3


def test_connection_times_out_after_5_seconds(
    mirror: Mirror, small_mnist: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def connect(address: object, timeout: float, *_: object, **__: object) -> None:
        waits.append(timeout)
        raise TimeoutError

    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    with pytest.raises(DataError, match=r": no connection within 5 seconds \(is this machine online"):
        fetch_mnist(tmp_path, [mirror.serve_set(small_mnist)])
    assert waits == [5]


def test_broken_file_in_the_cache_is_replaced_with_a_warning(
    mirror: Mirror, small_mnist: Files, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    for role, body in small_mnist.items():
        (tmp_path / f"{role}.gz").write_bytes(body[:100] if role == C else body)
    monkeypatch.setattr(finding, "cache_folder", lambda: tmp_path)
    monkeypatch.setenv("DIGITS_MIRRORS", mirror.serve_set(small_mnist))
    assert load_mnist().name == "MNIST"
    assert dict(mirror.requests) == {f"/mnist/{C}.gz": 1}
    [record] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert f"{C}.gz is truncated: its gzip stream ends after 100 bytes." in record.message


def test_two_processes_can_download_at_once(mirror: Mirror, small_mnist: Files, tmp_path: Path) -> None:
    url = mirror.serve_set(small_mnist)
    processes = [fetching(tmp_path, url) for _ in range(2)]
    errors = [process.communicate(timeout=60)[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], errors
    assert names(tmp_path) == COMPLETE
    assert (tmp_path / f"{A}.gz").read_bytes() == small_mnist[A]


def test_killed_download_leaves_no_broken_file(mirror: Mirror, small_mnist: Files, tmp_path: Path) -> None:
    mirror.hold = threading.Event()
    url = mirror.serve_set(small_mnist)
    mirror.serve(f"/mnist/{C}.gz", small_mnist[C][:5000], length=len(small_mnist[C]))
    process = fetching(tmp_path, url)
    assert mirror.truncated.wait(60)
    process.kill()
    process.communicate(timeout=60)
    mirror.hold.set()
    assert [name for name in names(tmp_path) if not name.endswith(".part")] == [f"{A}.gz", f"{B}.gz"]
    with pytest.raises(DataError, match=f"lacks {C} and {D}"):
        load_mnist(tmp_path)
    mirror.serve_set(small_mnist)
    assert make_dataset(fetch_mnist(tmp_path, [url])).name == "MNIST"


@dataclass
class Flood:
    """A server that answers with a head, and then with the same bytes without end."""

    url: str
    sent: int = 0


@contextmanager
def flooding(head: bytes, piece: bytes) -> Iterator[Flood]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        flood = Flood(f"http://127.0.0.1:{server.getsockname()[1]}/")

        def answer() -> None:
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n")
                while flood.sent < 1_200_000_000:
                    connection.sendall(piece)
                    flood.sent += len(piece)

        thread = threading.Thread(target=answer)
        thread.start()
        yield flood
        thread.join(30)
        assert not thread.is_alive()


ZEROS = bytes(2**16)


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        pytest.param(b"Content-Length: 1200000000", ZEROS, id="announced"),
        pytest.param(b"Connection: close", ZEROS, id="until it closes"),
        pytest.param(b"Transfer-Encoding: chunked", b"10000\r\n" + ZEROS + b"\r\n", id="in pieces"),
        pytest.param(b"Content-Encoding: gzip", gzip.compress(bytes(10**7)), id="compressed"),
    ],
)
def test_endless_download_is_cut(head: bytes, piece: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(download.MAX_BYTES, A, 10**6)
    with flooding(head, piece) as flood, pytest.raises(DataError, match=rf"{A}.gz: the response has over 1,000,000 by"):
        fetch_mnist(tmp_path, [flood.url])
    assert flood.sent < 20 * 10**6, "what the system holds for a connection, at most"
    assert names(tmp_path) == []


def test_limits_admit_mnist_as_every_server_sends_it(mnist: Dataset) -> None:
    arrays = (mnist.train.images, mnist.train.labels, mnist.test.images, mnist.test.labels)
    plain = [len(idx_bytes(array)) for array in arrays]
    for role, size in zip(MNIST_FILES, plain, strict=True):
        assert size < download.MAX_BYTES[role] < size + 10**6
    eight_byte_labels = 7 * sum(len(each) for each in (mnist.train.labels, mnist.test.labels))
    assert sum(plain) + eight_byte_labels < download.MAX_BYTES["mnist.npz"]


def test_invalid_length_is_a_sentence(tmp_path: Path) -> None:
    with flooding(b"Content-Length: many", b"x") as flood, pytest.raises(DataError, match="does not answer as HTTP"):
        fetch_mnist(tmp_path, [flood.url])


def test_files_of_killed_downloads_are_removed(mirror: Mirror, small_mnist: Files, tmp_path: Path) -> None:
    written = {"stale": time.time() - 2 * download.STALE_SECONDS, "of another process": time.time()}
    mine = [tmp_path / f".{A}.gz.1-0000000{number}.part" for number in range(2)]
    other = [tmp_path / name for name in (".notes.txt.1-00000000.part", f".{A}.gz.part", f"{A}.part")]
    for path in (*mine, *other):
        path.write_bytes(b"part")
        os.utime(path, (written["stale"],) * 2)
    os.utime(mine[1], (written["of another process"],) * 2)
    fetch_mnist(tmp_path, [mirror.serve_set(small_mnist)])
    assert names(tmp_path) == sorted([*COMPLETE, mine[1].name, *(path.name for path in other)])


def test_full_disk_is_no_missing_mnist(mirror: Mirror, small_mnist: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """The advice for missing data, to write synthetic digits, would end at the same full disk."""

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setenv("DIGITS_MIRRORS", mirror.serve_set(small_mnist))
    monkeypatch.setattr(download, "_receive", fail)
    with pytest.raises(
        StorageError, match=rf"{A}.gz cannot be written: its disk is full.* space in {Path.cwd()}/cache"
    ):
        load_mnist()
    assert names(finding.cache_folder()) == []


def test_unwritable_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"file/cache cannot be written: Not a directory.*name its folder with"):
        fetch_mnist(tmp_path / "file" / "cache", [])


def test_variable_names_the_mirrors(monkeypatch: pytest.MonkeyPatch) -> None:
    assert mirrors() == download.MIRRORS
    monkeypatch.setenv("DIGITS_MIRRORS", "http://a/x, http://b/mnist.npz,,http://c/")
    assert mirrors() == ("http://a/x/", "http://b/mnist.npz", "http://c/")


def test_terminal_shows_a_progress_bar(
    mirror: Mirror,
    small_mnist: Files,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    url = mirror.serve_set(small_mnist)
    fetch_mnist(tmp_path / "quiet", [url])
    assert capfd.readouterr() == ("", "")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    fetch_mnist(tmp_path / "terminal", [url])
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("100%") == 4
