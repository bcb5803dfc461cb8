"""Access control: this page and programs are admitted, other websites are refused."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from tests.web.conftest import Served, serving

from digits.web.guard import Guard, is_loopback
from digits.web.handlers import HEADERS

TOKEN = "a-token_of-16-letters"


def call(
    path: str, app: ASGIApp | None = None, token: str | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Call a guarded application, by default one that admits everything."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    named = {"host": "localhost", **headers}
    pairs = [(name.encode(), value.encode()) for name, value in named.items()]
    scope = {"type": "http", "method": "GET", "path": path, "headers": pairs}
    receive: Any = None  # nothing here reads a body
    asyncio.run(Guard(app or PlainTextResponse("admitted"), (), token)(scope, receive, send))
    head, *bodies = sent
    answered = {name.decode(): value.decode() for name, value in head["headers"]}
    return head["status"], answered, b"".join(message["body"] for message in bodies)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:1"},
        {"origin": "http://127.0.0.1"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/read"),
        ("POST", "/api/corrections?label=1&consent=true"),
        ("DELETE", "/api/corrections"),
        ("GET", "/api/corrections"),
        ("GET", "/api/corrections.csv"),
    ],
)
def test_other_websites_are_refused(
    method: str, path: str, headers: dict[str, str], served: Served, seven: bytes
) -> None:
    body = seven if method == "POST" else None
    answer = served.send(method, path, body, content_type="image/png", **headers)
    assert answer.status == 403
    assert "other websites" in answer.error
    assert not served.corrections.exists()


def test_answers_are_closed_to_other_origins(served: Served, seven: bytes) -> None:
    preflight = {"access_control_request_method": "POST", "access_control_request_headers": "content-type"}
    answers = [
        served.post("/api/read", seven),
        served.get("/api/models"),
        served.get("/"),
        served.get("/nothing"),
        served.send("OPTIONS", "/api/read", origin="http://evil.example", **preflight),
    ]
    for answer in answers:
        assert [name for name in answer.headers if name.startswith("access-control-")] == []
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_own_page_and_programs_are_admitted(served: Served, seven: bytes) -> None:
    page = {"origin": served.address, "sec_fetch_site": "same-origin"}
    assert served.post("/api/read", seven, **page).status == 200
    assert served.post("/api/read", seven, origin=f"https://{served.host}").status == 200, "behind a TLS proxy"
    assert served.post("/api/read", seven).status == 200
    assert served.get("/", sec_fetch_site="cross-site").status == 200, "links to the page work"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[", "@", "a b"])
def test_foreign_host_names_are_refused(host: str, served: Served) -> None:
    for path in ("/", "/api/models"):
        answer = served.get(path, host=host)
        assert answer.status == 421
        assert "not a name of this computer" in answer.error


@pytest.mark.parametrize(
    "hosts", [("localhost", "localhost"), ("localhost", "evil.example"), ("evil.example", "localhost")]
)
def test_several_host_names_are_refused(hosts: tuple[str, str], served: Served) -> None:
    connection = http.client.HTTPConnection(served.host, timeout=30)
    connection.putrequest("GET", "/api/health", skip_host=True)
    for host in hosts:
        connection.putheader("Host", host)
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, b"several Host headers" in answer.read()) == (400, True)
    connection.close()


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "192.0.2.7:80", "[::1]:80"])
def test_own_host_names_are_admitted(host: str, served: Served) -> None:
    assert served.get("/api/health", host=host).status == 200
    assert served.get("/api/health", host=socket.gethostname()).status == 200


def test_policy_allows_only_own_files(served: Served) -> None:
    policy = served.get("/").headers["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert {source for sources in rules.values() for source in sources.split()} <= {
        "'none'", "'self'", "data:", "blob:",
    }  # fmt: skip


def test_answers_are_not_cached_and_the_page_is_revalidated(served: Served) -> None:
    assert served.get("/api/models").headers["cache-control"] == "no-store"
    page = served.get("/")
    assert page.headers["cache-control"] == "no-cache"
    again = served.get("/", if_none_match=page.headers["etag"])
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("::ffff:127.0.0.1", True),
        ("192.168.0.2", False), ("::ffff:10.0.0.1", False), ("localhost.evil", False), ("", False),
    ],
)  # fmt: skip
def test_loopback_addresses(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected


@pytest.mark.parametrize("path", ["/api/read", "/api/corrections", "/api/health", "/api/", "/api/none"])
@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        (None, 401), ("", 401), ("Bearer", 401), ("Bearer ", 401), (TOKEN, 401), (f"Basic {TOKEN}", 401),
        (f"Bearer {TOKEN[:-1]}", 401), (f"Bearer {TOKEN}x", 401), (f"Bearer {TOKEN.upper()}", 401), ("Bearer é", 401),
        (f"Bearer {TOKEN}", 200), (f"bearer {TOKEN}", 200),
    ],
)  # fmt: skip
def test_only_calls_with_the_token_are_admitted(path: str, authorization: str | None, expected: int) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    status, answered, body = call(path, token=TOKEN, **headers)
    assert status == expected
    if status == 401:
        assert answered["www-authenticate"] == "Bearer"
        assert "the address that digits printed" in json.loads(body)["error"]


def test_files_of_the_page_need_no_token() -> None:
    assert call("/", token=TOKEN)[0] == 200
    assert call("/api/read")[0] == 200, "without a token, none is needed"


def test_the_token_does_not_admit_other_websites() -> None:
    admitted = {"authorization": f"Bearer {TOKEN}"}
    assert call("/api/read", token=TOKEN, origin="http://evil.example", **admitted)[0] == 403
    assert call("/api/read", token=TOKEN, **admitted | {"host": "evil.example"})[0] == 421


async def defective(scope: Scope, receive: Receive, send: Send) -> None:
    raise KeyError("a defect")


async def interrupted(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise KeyError("a defect")


def test_every_failure_is_answered_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    status, answered, body = call("/api/read", defective)
    assert status == 500
    assert "failed unexpectedly" in json.loads(body)["error"]
    assert {name: answered[name.lower()] for name in HEADERS} == HEADERS
    [record] = caplog.records
    assert (record.levelno, record.exc_info is not None) == (logging.ERROR, True)
    assert "a defect" not in body.decode()
    with pytest.raises(KeyError, match="a defect"):  # the server logs it and closes the connection
        call("/api/read", interrupted)


@pytest.mark.slow
def test_printed_address_holds_a_new_token(tmp_path: Path, seven: bytes) -> None:
    tokens = []
    for _ in range(2):
        with serving(tmp_path / "corrections", "--token", "--host", "0.0.0.0") as running:
            address, _, token = running.address.partition("/#token=")
            tokens.append(token)
            assert address == f"http://{running.host}"
            assert running.get("/").status == 200
            for path in ("/api/read", "/api/corrections?label=7&consent=true"):
                assert running.post(path, seven).status == 401
                assert running.post(path, seven, authorization=f"Bearer {token}").status in (200, 201)
    assert len(set(tokens)) == 2
    assert min(map(len, tokens)) >= 32


@pytest.mark.slow
def test_token_of_the_environment_is_required_and_not_printed(tmp_path: Path) -> None:
    for flags in ([], ["--token"]):
        with serving(tmp_path / "corrections", *flags, env=os.environ | {"DIGITS_TOKEN": TOKEN}) as running:
            assert running.address == f"http://{running.host}"
            assert running.get("/api/health").status == 401
            assert running.get("/api/health", authorization=f"Bearer {TOKEN}").status == 200


@pytest.mark.slow
@pytest.mark.parametrize(
    ("token", "flags", "message"),
    [
        ("", (), "$DIGITS_TOKEN must have 16 to 256 letters"),
        ("short", (), "$DIGITS_TOKEN must have 16 to 256 letters"),
        ("a token with spaces", (), "$DIGITS_TOKEN must have 16 to 256 letters"),
        (None, ("--token", "--open"), "--token and --open cannot be combined"),
    ],
)
def test_unusable_tokens_are_refused_at_the_start(token: str | None, flags: tuple[str, ...], message: str) -> None:
    environment = os.environ | ({} if token is None else {"DIGITS_TOKEN": token})
    command = [sys.executable, "-m", "digits", "serve", *flags]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert message in done.stderr
