"""Under which address other computers of the network reach this one."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from digits.errors import UsageError
from digits.web.guard import is_loopback

EVERY_ADDRESS = "0.0.0.0"
"""Address to listen on, for all computers that reach this one."""

ELSEWHERE = ("192.0.2.1", 9)
"""An address that no computer has (RFC 5737): the system says from which of its own it would send."""


def find_address() -> str:
    """Find this computer's address on its network, such as ``192.0.2.5``.

    Raises
    ------
    UsageError
        When it is on no network.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ELSEWHERE)
            address = str(probe.getsockname()[0])
        except OSError:
            address = ""
    if not address or is_loopback(address):
        raise UsageError("this computer is on no network: connect it to the phones' network, or serve without --lan")
    return address


def local_name() -> str:
    """Give the name under which computers announce themselves on their network (RFC 6762)."""
    return f"{socket.gethostname().partition('.')[0]}.local"


def replace_host(url: str, host: str) -> str:
    """Replace the host of a URL, and keep its port."""
    return f"http://{host}:{urlsplit(url).port}"
