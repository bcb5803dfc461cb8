"""Access control: this page and programs may use the service; other websites in the same browser may not."""

from __future__ import annotations

import ipaddress
import logging
import secrets
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digits.web.handlers import HEADERS, refuse
from digits.web.pacing import Pace
from digits.web.refusals import RefusedError

PROXY_HEADERS = (
    "cf-connecting-ip",
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
)
"""Headers of a proxy, which forwards requests of other computers."""

NO_TOKEN = "the token is missing or wrong: open the address that digits printed, or send Authorization: Bearer …"
BUSY = "too many requests at the moment: try again in a second"
UNEXPECTED = "the service failed unexpectedly: the terminal that digits runs in says why"

log = logging.getLogger(__name__)


class Guard:
    """Refuse requests from other websites, and set `HEADERS` on every answer, also when a call fails unexpectedly.

    The Host header must name this computer. Otherwise a website could point a name of its own at this computer's
    address and pass as the same origin (DNS rebinding). Browsers state in ``Origin`` and ``Sec-Fetch-Site`` which page
    sends a request; programs send neither. If there is a token, only calls that carry it pass; the files of the page
    hold nothing secret.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str], token: str | None) -> None:
        self.app = app
        self.token = token
        self.pace = Pace()
        self.names = {"localhost", socket.gethostname().lower(), *(name.lower() for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        may_begin = await self.pace.wait(str((scope.get("client") or [""])[0]))
        is_answered = False

        async def send_guarded(message: Message) -> None:
            nonlocal is_answered
            if message["type"] == "http.response.start":
                is_answered = True
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers["Cache-Control"] = "no-store" if scope["path"].startswith("/api/") else "no-cache"
            await send(message)

        try:
            refusal = self._refuse(scope) if may_begin else refuse(503, BUSY)
            await (refusal or self.app)(scope, receive, send_guarded)
        except Exception:
            if is_answered:  # too late for a sentence: the connection is closed
                raise
            log.exception("%s %r failed.", scope["method"], scope["path"])
            await refuse(500, UNEXPECTED)(scope, receive, send_guarded)

    def _refuse(self, scope: Scope) -> ASGIApp | None:
        """Make the answer for a request that may not pass."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if len(headers.getlist("host")) > 1:  # a proxy may have checked the other
            return refuse(400, "the request has several Host headers: send one")
        if not self._is_own_name(host):
            return refuse(421, f"{host!r} is not a name of this computer: use its address, or start with --name")
        if not scope["path"].startswith("/api/"):
            return None
        if _is_foreign(headers, host):
            return refuse(403, "requests from other websites are refused: use the page of digits serve, or a program")
        if self.token and not _has_token(headers, self.token):
            return refuse(401, NO_TOKEN)
        return None

    def _is_own_name(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").lower()
            return name in self.names or bool(ipaddress.ip_address(name))
        except ValueError:
            return False


def _is_foreign(headers: Headers, host: str) -> bool:
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2].lower() != host.lower():
        return True
    return headers.get("sec-fetch-site", "none") not in ("none", "same-origin")


def _has_token(headers: Headers, token: str) -> bool:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    # compared in constant time, or an attacker could find it letter by letter
    return scheme.lower() == "bearer" and secrets.compare_digest(given.strip().encode(), token.encode())


def require_this_computer(request: Request) -> None:
    """Refuse requests from other computers: corrections and runs are those of the person at this one."""
    if not is_this_computer(request):
        raise RefusedError(
            403, "corrections and training are for the computer that runs digits serve: open the page there"
        )


def is_this_computer(request: Request) -> bool:
    """Say whether a request comes from this computer, and through no proxy."""
    client = request.client.host if request.client else ""
    return is_loopback(client) and not any(name in request.headers for name in PROXY_HEADERS)


def is_loopback(address: str) -> bool:
    """Say whether an address is one that only this computer can use, such as 127.0.0.1."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return bool((mapped or parsed).is_loopback)
