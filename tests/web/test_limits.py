"""What is sent to do harm: bombs, endless and slow bodies, half-open connections. The service goes on answering."""

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

SHORT = """
import digits.web.bodies, digits.web.connections, digits.web.workers
digits.web.bodies.SLOWEST = 1.0
digits.web.connections.SLOWEST = 1.5
digits.web.workers.LONGEST = 5.0
"""
"""Time limits that a test can wait for."""


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("short") / "own", before=SHORT) as running:
        yield running


def connected(served: Served) -> socket.socket:
    host, port = served.host.split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def answers(served: Served, seven: bytes) -> bool:
    """Whether it reads a digit, within a second."""
    begun = time.perf_counter()
    answer = served.post("/api/read?single=true", seven)
    return answer.status == 200 and answer.json["text"] == "7" and time.perf_counter() - begun < 1


def all_of(connection: socket.socket) -> bytes:
    """What comes until the other side closes."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65536):
            received += part
    return received


HEAD = b"POST /api/read HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"


def test_a_gigabyte_that_is_announced_is_refused_at_once(short: Served, seven: bytes) -> None:
    with connected(short) as connection:
        connection.sendall(HEAD + b"Content-Length: 1073741824\r\n\r\n" + bytes(1000))
        received = all_of(connection)
    assert received.startswith(b"HTTP/1.1 413 ")
    assert b"the body is larger than 32 MiB: shrink the picture and send it again" in received
    assert b"connection: close" in received.lower()
    assert answers(short, seven)


def test_a_gigabyte_that_is_not_announced_fills_no_memory(short: Served, seven: bytes) -> None:
    before, sent = short.memory(), 0
    chunk = b"100000\r\n" + bytes(2**20) + b"\r\n"
    with connected(short) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(1024):
            connection.sendall(chunk)
            sent += 1
    assert sent < 1024, "it stopped listening"
    assert short.memory() - before < 150 * 2**20
    assert answers(short, seven)


def test_bodies_that_are_held_together_fill_no_memory(tmp_path: Path, seven: bytes) -> None:
    before = "import digits.web.bodies as b\nb.TOGETHER = 2**22\nb.SLOWEST = 60"
    with serving(tmp_path / "own", before=before) as small, ExitStack() as stack:
        started = small.memory()
        held = [stack.enter_context(connected(small)) for _ in range(20)]
        for connection in held:
            with contextlib.suppress(ConnectionError):
                connection.sendall(HEAD + b"Content-Length: 2000000\r\n\r\n" + bytes(1_000_000))
        refused = [each for each in held if answered_at_once(each).startswith(b"HTTP/1.1 503 ")]
        assert len(refused) >= 15
        assert small.memory() - started < 100 * 2**20
        for connection in held:
            connection.close()
        give_up = time.monotonic() + 20
        while not answers(small, seven):
            assert time.monotonic() < give_up, "what was held is let go"


def answered_at_once(connection: socket.socket) -> bytes:
    """What came, if anything did within a second."""
    connection.settimeout(1)
    try:
        return connection.recv(65536)
    except (TimeoutError, ConnectionError):
        return b""


def test_a_body_that_trickles_is_given_up(short: Served, seven: bytes) -> None:
    with connected(short) as connection:
        connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n" + bytes(10))
        received = all_of(connection)
    assert received.startswith(b"HTTP/1.1 408 ")
    assert b"the picture did not come within 1 seconds" in received
    assert answers(short, seven)


def test_a_head_that_never_ends_is_given_up(short: Served, seven: bytes) -> None:
    with connected(short) as silent, connected(short) as slow, connected(short) as endless:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: local")
        with contextlib.suppress(ConnectionError):
            endless.sendall(b"GET / HTTP/1.1\r\n")
            for _ in range(100):
                endless.sendall(b"X: " + b"y" * 65536 + b"\r\n")
        assert all_of(endless) == b""
        assert all_of(silent) == b""
        assert all_of(slow) == b""
    assert answers(short, seven)


def test_a_second_request_has_to_come_in_time_too(short: Served) -> None:
    with connected(short) as connection:
        connection.sendall(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = b""
        while b'"}' not in received:
            received += connection.recv(65536)
        assert received.startswith(b"HTTP/1.1 200 ")
        connection.sendall(b"GET /api/he")
        assert all_of(connection) == b""


def test_a_thousand_half_open_connections_leave_it_answering(served: Served, seven: bytes) -> None:
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
    """A PNG of nothing but black, whose claim is a thousand times its size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    squeezed = zlib.compressobj(1)
    rows = b"".join(squeezed.compress(bytes(width + 1)) for _ in range(height)) + squeezed.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_many_numbers_are_refused_before_they_are_parsed(short: Served, seven: bytes) -> None:
    begun = time.perf_counter()
    answer = short.post("/api/read", b'{"pixels": [[' + b"1," * 8_000_000 + b"1]]}", "application/json")
    says = "pixels are at most 1,000,000 numbers: send a larger picture as a file"
    assert (answer.status, answer.error) == (400, says)
    assert time.perf_counter() - begun < 1
    assert answers(short, seven)


def test_a_picture_bomb_is_refused_by_what_it_claims(short: Served, seven: bytes) -> None:
    before = short.memory()
    for width, height, says in (
        (20_000, 20_000, "the picture has 400 megapixels; at most 50 are allowed: shrink it"),
        (8_000, 7_000, "the picture has 56 megapixels; at most 50 are allowed: shrink it"),
    ):
        answer = short.post("/api/read", bomb(width, height))
        assert (answer.status, answer.error) == (422, says)
    assert short.memory() - before < 50 * 2**20
    assert answers(short, seven)


def test_the_largest_picture_that_is_read_is_read_in_time(short: Served, seven: bytes) -> None:
    page = Image.new("L", (8000, 6000), 255)
    page.paste(Image.open(io.BytesIO(seven)).resize((3600, 4000)), (2000, 1000))
    buffer = io.BytesIO()
    page.save(buffer, "JPEG", quality=80)
    answer = short.post("/api/read", buffer.getvalue())
    assert (answer.status, answer.json["text"]) == (200, "7")
    assert answers(short, seven)


def test_who_comes_when_too_many_wait_is_told_so(tmp_path: Path, seven: bytes) -> None:
    before = "import digits.web.workers\ndigits.web.workers.WAITING = 0"
    with serving(tmp_path / "own", before=before) as full:
        answer = full.post("/api/read", seven)
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert answer.error == "too many pictures are being read at the moment: try again in a second"
        assert full.get("/api/health").status == 200


def test_who_waits_too_long_is_told_so(tmp_path: Path, seven: bytes) -> None:
    before = "import digits.web.workers\ndigits.web.workers.LONGEST = 0.3"
    with serving(tmp_path / "own", before=before) as slow:
        large = Image.open(io.BytesIO(seven)).resize((7000, 7000))
        buffer = io.BytesIO()
        large.save(buffer, "PNG")
        busy = slow.readers()
        answer = slow.post("/api/read", buffer.getvalue())
        assert (answer.status, answer.error[:18]) == (503, "this took longer t")
        give_up = time.monotonic() + 20
        while not answers(slow, seven):
            assert time.monotonic() < give_up, "its process is replaced"
        assert not {each.pid for each in busy} & {each.pid for each in slow.readers()}
