"""Access control: this page and programs are admitted, other websites are refused."""

from __future__ import annotations

import socket

import pytest
from tests.web.conftest import Served

from digits.web.guard import is_loopback


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
