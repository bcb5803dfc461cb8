"""Who may ask: this page and programs; not other pages, under whatever name they reach this computer."""

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
        ("POST", "/api/own?label=1&consent=true"),
        ("DELETE", "/api/own"),
        ("GET", "/api/own"),
        ("GET", "/api/own/digits.csv"),
    ],
)
def test_other_pages_may_neither_ask_nor_read(
    method: str, path: str, headers: dict[str, str], served: Served, seven: bytes
) -> None:
    body = seven if method == "POST" else None
    answer = served.ask(method, path, body, content_type="image/png", **headers)
    assert (answer.status, answer.error[:26]) == (403, "other pages may not ask th")
    assert not served.own.exists()


def test_no_answer_lets_other_pages_read_it(served: Served, seven: bytes) -> None:
    asked = {"access_control_request_method": "POST", "access_control_request_headers": "content-type"}
    answers = [
        served.post("/api/read", seven),
        served.get("/api/models"),
        served.get("/"),
        served.get("/nothing"),
        served.ask("OPTIONS", "/api/read", origin="http://evil.example", **asked),
    ]
    for answer in answers:
        assert [name for name in answer.headers if name.startswith("access-control-")] == []
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_its_own_page_and_programs_may_ask(served: Served, seven: bytes) -> None:
    page = {"origin": served.address, "sec_fetch_site": "same-origin"}
    assert served.post("/api/read", seven, **page).status == 200
    assert served.post("/api/read", seven, origin=f"https://{served.host}").status == 200, "behind a TLS proxy"
    assert served.post("/api/read", seven).status == 200
    assert served.get("/", sec_fetch_site="cross-site").status == 200, "a link leads to the page"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[", "@", "a b"])
def test_under_a_foreign_name_it_is_not_there(host: str, served: Served) -> None:
    for path in ("/", "/api/models"):
        answer = served.get(path, host=host)
        assert (answer.status, answer.error[:11]) == (421, "this is not")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "192.0.2.7:80", "[::1]:80"])
def test_under_its_own_names_it_is(host: str, served: Served) -> None:
    assert served.get("/api/health", host=host).status == 200
    assert served.get("/api/health", host=socket.gethostname()).status == 200


def test_the_page_may_load_nothing_from_elsewhere(served: Served) -> None:
    policy = served.get("/").headers["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert {source for sources in rules.values() for source in sources.split()} <= {
        "'none'", "'self'", "data:", "blob:",
    }  # fmt: skip


def test_answers_are_not_kept_and_the_page_is_asked_for_anew(served: Served) -> None:
    assert served.get("/api/models").headers["cache-control"] == "no-store"
    page = served.get("/")
    assert page.headers["cache-control"] == "no-cache"
    again = served.get("/", if_none_match=page.headers["etag"])
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("::ffff:127.0.0.1", True),
        ("192.168.0.2", False), ("::ffff:10.0.0.1", False), ("localhost.evil", False), ("", False),
    ],
)  # fmt: skip
def test_loopback_is_told(address: str, here: bool) -> None:
    assert is_loopback(address) is here
