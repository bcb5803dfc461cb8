"""Hostile requests: decompression bombs, endless and slow bodies, half-open connections. None stops the service."""

from __future__ import annotations

import contextlib
import io
import json
import select
import socket
import struct
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from PIL import Image
from tests.web.conftest import Served, serving

from digits.web.handlers import HEADERS

pytestmark = pytest.mark.slow

SHORT = """
import digits.web.bodies, digits.web.connections
digits.web.bodies.MAX_BODY_SECONDS = 2.0
digits.web.connections.MAX_HEAD_SECONDS = 2.0
digits.web.connections.MAX_ANSWER_SECONDS = 2.0
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
    """Whether the service reads a digit."""
    answer = served.post("/api/read?single=true", seven)
    return answer.status == 200 and bool(answer.json["text"] == "7")


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
        refused = answered(held, 15)
        assert {each.recv(13) for each in refused} == {b"HTTP/1.1 503 "}
        assert small.memory() - idle < 100 * 2**20
        assert answers(small, seven), "drawings are read all the same"
        for connection in held:
            connection.close()
        photo = large(seven)
        deadline = time.monotonic() + 20
        while small.post("/api/read", photo).status == 503:
            assert time.monotonic() < deadline, "the memory is freed"


def answered(connections: list[socket.socket], at_least: int) -> list[socket.socket]:
    """Wait until so many of these have received something."""
    deadline = time.monotonic() + 30
    while True:
        ready = select.select(connections, [], [], 1)[0]
        if len(ready) >= at_least:
            return list(ready)
        assert time.monotonic() < deadline


def large(seven: bytes) -> bytes:
    """A picture of 48 megapixels with a seven."""
    page = Image.new("L", (8000, 6000), 255)
    page.paste(Image.open(io.BytesIO(seven)).resize((3600, 4000)), (2000, 1000))
    buffer = io.BytesIO()
    page.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def test_slow_body_is_refused(short: Served, seven: bytes) -> None:
    with connected(short) as connection:
        connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n" + bytes(10))
        received = receive_all(connection)
    assert received.startswith(b"HTTP/1.1 408 ")
    assert b"did not arrive within 2 seconds" in received
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
        while not received.endswith(b"}"):
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


def test_largest_picture_is_read_in_time(served: Served, seven: bytes) -> None:
    answer = served.post("/api/read", large(seven))
    assert (answer.status, answer.json["text"]) == (200, "7")


def test_full_queue_refuses_at_once(tmp_path: Path, seven: bytes) -> None:
    before = "import digits.web.workers\ndigits.web.workers.MAX_LONG_WAITING = 0"
    with serving(tmp_path / "corrections", before=before) as full:
        answer = full.post("/api/read", large(seven))
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert "too many pictures" in answer.error
        assert answers(full, seven)


def test_stuck_worker_is_replaced(tmp_path: Path, seven: bytes) -> None:
    before = "import digits.web.processes\ndigits.web.processes.MAX_JOB_SECONDS = 3.0"
    with ThreadPoolExecutor() as threads, serving(tmp_path / "corrections", before=before) as slow:
        slow.memory()  # waits for all workers
        stuck = slow.readers()
        for worker in stuck:
            worker.suspend()
        for answer in threads.map(lambda _: slow.post("/api/read", seven), stuck):
            assert answer.status == 422
            assert "takes too long to read" in answer.error
        assert answers(slow, seven)
        slow.memory()
        assert not {each.pid for each in stuck} & {each.pid for each in slow.readers()}


def status_of(received: bytes) -> int:
    return int(received.split(b" ", 2)[1]) if received.startswith(b"HTTP/1.1 ") else 0


def test_burst_of_requests_is_answered_or_refused(served: Served, seven: bytes) -> None:
    """More at once than may wait: none is reset."""
    request = HEAD + f"Content-Length: {len(seven)}\r\nConnection: close\r\n\r\n".encode() + seven
    with ExitStack() as stack:
        burst = [stack.enter_context(connected(served)) for _ in range(800)]
        for connection in burst:
            connection.sendall(request)
        statuses = [status_of(receive_all(connection)) for connection in burst]
    assert set(statuses) <= {200, 503}
    assert statuses.count(200) >= 100
    assert answers(served, seven)


@pytest.mark.parametrize(
    "head",
    [
        b"".join(b"X-%d: y\r\n" % number for number in range(20_000)),
        b"".join(b"a:\r\n" for _ in range(100_000)),
        b"Cookie: " + b"y" * 2**20 + b"\r\n",
    ],
)
def test_heads_of_many_or_long_headers_are_cut_off(head: bytes, short: Served, seven: bytes) -> None:
    with connected(short) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n" + head + b"\r\n")
        assert status_of(receive_all(connection)) in (0, 400)
    assert answers(short, seven)


def test_long_addresses_are_cut_off(short: Served) -> None:
    assert short.post("/api/explain?" + "model=x&" * 2000, b"x").status == 400


@pytest.mark.parametrize("request_", [b"nonsense\r\n\r\n", b"GET /\x00 HTTP/9.9\r\n\r\n", b"GET /" + b"x" * 9000])
def test_what_is_no_request_gets_a_sentence_and_all_headers(short: Served, request_: bytes) -> None:
    with connected(short) as connection:
        connection.sendall(request_)
        head, _, body = receive_all(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert all(name.lower().encode() in head.lower() for name in HEADERS)
    assert "HTTP/1.1" in json.loads(body)["error"]


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param(b"POST /api/health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n", id="body"),
        pytest.param(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n", id="blank lines"),
    ],
)
def test_drops_after_an_answer_keep_no_connection_open(rest: bytes, short: Served) -> None:
    with connected(short) as connection:
        connection.sendall(rest)
        while b"}" not in connection.recv(65536):
            pass
        with pytest.raises(ConnectionError):
            send_in_drops(connection)


def send_in_drops(connection: socket.socket) -> None:
    """Send far longer than a client may."""
    for _ in range(400):
        connection.sendall(b"\r\n")
        time.sleep(0.05)


def test_answers_that_nobody_receives_are_given_up(short: Served) -> None:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        host, port = short.host.split(":")
        connection.connect((host, int(port)))
        connection.settimeout(20)
        connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 500)
        service, own = psutil.Process(short.process.pid), connection.getsockname()
        for is_open in (True, False):
            deadline = time.monotonic() + 40
            while any(each.raddr == own for each in service.net_connections()) is not is_open:
                assert time.monotonic() < deadline, "the service closes its end"
                time.sleep(0.05)


def form(parts: bytes) -> tuple[bytes, str]:
    return parts + b"--a--\r\n", "multipart/form-data; boundary=a"


PART = b'--a\r\nContent-Disposition: form-data; name="x"\r\n\r\n\r\n'
FILE = b'--a\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n\r\n'
HOSTILE = {
    "many fields": form(PART * 400_000),
    "many files": form(FILE * 300_000),
    "bare parts": form(b"--a\r\n\r\n\r\n" * 400_000),
    "many headers": form(b"--a\r\n" + b"X: y\r\n" * 1_000_000),
    "long header": form(b"--a\r\nX: " + b"y" * 20_000_000),
    "many boundaries": form(b"--a\r\n" * 1_000_000),
    "long name": form(FILE.replace(b'"f"', b'"' + b"f" * 10_000_000 + b'"')),
    "nested JSON": (b"[" * 10_000_000, "application/json"),
    "wide JSON": (b'{"pixels": [["' + b"a" * 2**20 + b'"' + b',""' * 10_000 + b"]]}", "application/json"),
    "form fields": (b"a=b&" * 2_000_000, "application/x-www-form-urlencoded"),
}


@pytest.mark.parametrize(("body", "kind"), HOSTILE.values(), ids=list(HOSTILE))
@pytest.mark.parametrize("said", ["its own", "application/octet-stream", "image/png"])
def test_any_body_of_any_type_is_refused_at_little_cost(
    said: str, body: bytes, kind: str, served: Served, seven: bytes
) -> None:
    before, spent = served.memory(), processor_seconds(served)
    answer = served.post("/api/read", body, kind if said == "its own" else said)
    assert answer.status in (400, 413, 415, 422)
    assert processor_seconds(served) - spent < 2
    assert served.memory() - before < 100 * 2**20
    assert answers(served, seven)


def processor_seconds(served: Served) -> float:
    return sum(sum(each.cpu_times()[:2]) for each in served.processes())
