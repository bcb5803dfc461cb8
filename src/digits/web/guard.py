"""Who may ask: this page for this host, and programs; not the pages of others that a browser has open beside it."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digits.web.handlers import refused

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "manifest-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""What the page may load: what comes with it, and nothing from anywhere else."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Of every answer."""


class Guard:
    """Lets through what may ask, and puts `HEADERS` on every answer.

    A request must name a host that is this one, so that no page reaches it under a name of its own whose address it
    changed to this computer's (DNS rebinding). A browser says which page a request comes from, in ``Origin`` and
    ``Sec-Fetch-Site``; programs say neither.

    Parameters
    ----------
    app
        Asked if all is well.
    names
        Names of this host beside localhost and its addresses.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str] = ()) -> None:
        self.app = app
        self.names = {"localhost", socket.gethostname().lower(), *(name.lower() for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                if scope["path"].startswith("/api/"):
                    headers["Cache-Control"] = "no-store"
                else:
                    headers.setdefault("Cache-Control", "no-cache")
            await send(message)

        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._is_here(host):
            answer = refused(421, f"this is not {host!r}: ask it by its address, or start it with --name {host!r}")
            await answer(scope, receive, guarded)
        elif scope["path"].startswith("/api/") and _is_foreign(headers, host):
            answer = refused(403, "other pages may not ask this service: open its own page, or ask it from a program")
            await answer(scope, receive, guarded)
        else:
            await self.app(scope, receive, guarded)

    def _is_here(self, host: str) -> bool:
        name = (_parsed(f"//{host}") or "").lower()
        return name in self.names or _is_address(name)


def _is_foreign(headers: Headers, host: str) -> bool:
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2].lower() != host.lower():
        return True
    return headers.get("sec-fetch-site", "none") not in ("none", "same-origin")


def _parsed(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(address: str) -> bool:
    """Whether an address is this computer's own, that nobody else can come from."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_loopback)
