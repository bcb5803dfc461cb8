"""Hostile requests: decompression bombs, endless and slow bodies, half-open connections. None stops the service."""

from __future__ import annotations

import contextlib
import io
import socket
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from PIL import Image
from tests.web.conftest import Served, serving

pytestmark = pytest.mark.slow

SHORT = """
import digits.web.bodies, digits.web.connections, digits.web.workers
digits.web.bodies.MAX_BODY_SECONDS = 1.0
digits.web.connections.MAX_HEAD_SECONDS = 1.5
digits.web.workers.MAX_JOB_SECONDS = 5.0
"""
"""Time limits short enough to test."""


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("short") / "corrections", before=SHORT) as running:
        yield running


def connected(served: Served) -> socket.socket:
    host, port = served.host.split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def answers(served: Served, seven: bytes) -> bool:
    """Whether the service reads a digit within a second."""
    started = time.perf_counter()
    answer = served.post("/api/read?single=true", seven)
    return answer.status == 200 and answer.json["text"] == "7" and time.perf_counter() - started < 1


def receive_all(connection: socket.socket) -> bytes:
    """Receive until the other side closes."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65536):
            received += part
    return received


HEAD = b"POST /api/read HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"


def test_declared_gigabyte_is_refused_at_once(short: Served, seven: bytes) -> None:
    with connected(short) as connection:
        connection.sendall(HEAD + b"Content-Length: 1073741824\r\n\r\n" + bytes(1000))
        received = receive_all(connection)
    assert received.startswith(b"HTTP/1.1 413 ")
    assert b"larger than 32 MiB" in received
    assert b"connection: close" in received.lower()
    assert answers(short, seven)


def test_undeclared_gigabyte_fills_no_memory(short: Served, seven: bytes) -> None:
    before, sent = short.memory(), 0
    chunk = b"100000\r\n" + bytes(2**20) + b"\r\n"
    with connected(short) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(1024):
            connection.sendall(chunk)
            sent += 1
    assert sent < 1024, "the connection was closed"
    assert short.memory() - before < 150 * 2**20
    assert answers(short, seven)


def test_parallel_bodies_fill_no_memory(tmp_path: Path, seven: bytes) -> None:
    before = "import digits.web.bodies as b\nb.MAX_TOTAL_BYTES = 2**22\nb.MAX_BODY_SECONDS = 60"
    with serving(tmp_path / "corrections", before=before) as small, ExitStack() as stack:
        idle = small.memory()
        held = [stack.enter_context(connected(small)) for _ in range(20)]
        for connection in held:
            with contextlib.suppress(ConnectionError):
                connection.sendall(HEAD + b"Content-Length: 2000000\r\n\r\n" + bytes(1_000_000))
        refused = [each for each in held if receive_at_once(each).startswith(b"HTTP/1.1 503 ")]
        assert len(refused) >= 15
        assert small.memory() - idle < 100 * 2**20
        for connection in held:
            connection.close()
        deadline = time.monotonic() + 20
        while not answers(small, seven):
            assert time.monotonic() < deadline, "the memory is freed"


def receive_at_once(connection: socket.socket) -> bytes:
    """Receive what arrives within a second."""
    connection.settimeout(1)
    try:
        return connection.recv(65536)
    except (TimeoutError, ConnectionError):
        return b""


def test_slow_body_is_refused(short: Served, seven: bytes) -> None:
    with connected(short) as connection:
        connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n" + bytes(10))
        received = receive_all(connection)
    assert received.startswith(b"HTTP/1.1 408 ")
    assert b"did not arrive within 1 seconds" in received
    assert answers(short, seven)


def test_endless_head_is_cut_off(short: Served, seven: bytes) -> None:
    with connected(short) as silent, connected(short) as slow, connected(short) as endless:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: local")
        with contextlib.suppress(ConnectionError):
            endless.sendall(b"GET / HTTP/1.1\r\n")
            for _ in range(100):
                endless.sendall(b"X: " + b"y" * 65536 + b"\r\n")
        assert receive_all(endless) == b""
        assert receive_all(silent) == b""
        assert receive_all(slow) == b""
    assert answers(short, seven)


def test_second_request_has_a_deadline_too(short: Served) -> None:
    with connected(short) as connection:
        connection.sendall(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = b""
        while b'"}' not in received:
            received += connection.recv(65536)
        assert received.startswith(b"HTTP/1.1 200 ")
        connection.sendall(b"GET /api/he")
        assert receive_all(connection) == b""


def test_thousand_half_open_connections_leave_it_answering(served: Served, seven: bytes) -> None:
    with ExitStack() as stack:
        for number in range(1000):
            connection = stack.enter_context(connected(served))
            if number % 2:
                connection.sendall(b"POST /api/read HTTP/1.1\r\nHost: localhost\r\n")
            if number % 100 == 99:
                assert answers(served, seven)
        assert answers(served, seven)
    assert answers(served, seven)


def bomb(width: int, height: int) -> bytes:
    """A black PNG whose pixels take a thousand times its bytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    squeezed = zlib.compressobj(1)
    rows = b"".join(squeezed.compress(bytes(width + 1)) for _ in range(height)) + squeezed.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_decompression_bomb_is_refused_by_its_size(short: Served, seven: bytes) -> None:
    before = short.memory()
    for width, height, megapixels in ((20_000, 20_000, 400), (8_000, 7_000, 56)):
        answer = short.post("/api/read", bomb(width, height))
        assert answer.status == 422
        assert f"{megapixels} megapixels" in answer.error
    assert short.memory() - before < 50 * 2**20
    assert answers(short, seven)


def test_largest_picture_is_read_in_time(short: Served, seven: bytes) -> None:
    page = Image.new("L", (8000, 6000), 255)
    page.paste(Image.open(io.BytesIO(seven)).resize((3600, 4000)), (2000, 1000))
    buffer = io.BytesIO()
    page.save(buffer, "JPEG", quality=80)
    answer = short.post("/api/read", buffer.getvalue())
    assert (answer.status, answer.json["text"]) == (200, "7")
    assert answers(short, seven)


def test_full_queue_refuses_at_once(tmp_path: Path, seven: bytes) -> None:
    before = "import digits.web.workers\ndigits.web.workers.MAX_PENDING = 0"
    with serving(tmp_path / "corrections", before=before) as full:
        answer = full.post("/api/read", seven)
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert "too many pictures" in answer.error
        assert full.get("/api/health").status == 200


def test_slow_job_is_given_up(tmp_path: Path, seven: bytes) -> None:
    before = "import digits.web.workers\ndigits.web.workers.MAX_JOB_SECONDS = 3.0"
    with serving(tmp_path / "corrections", before=before) as slow:
        slow.memory()  # waits for all workers
        stuck = slow.readers()
        for worker in stuck:
            worker.suspend()
        answer = slow.post("/api/read", seven)
        assert answer.status == 503
        assert "reading took over" in answer.error
        deadline = time.monotonic() + 60
        while not answers(slow, seven):
            assert time.monotonic() < deadline, "the processes are replaced"
        assert not {each.pid for each in stuck} & {each.pid for each in slow.readers()}
