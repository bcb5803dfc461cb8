"""``digits serve --lan``: an address and a QR code with a code in it, and nobody gets in without."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
from tests.web.conftest import serving

from digits.cli.terminal import BLOCKS
from digits.errors import UsageError
from digits.web import lan

pytestmark = pytest.mark.slow

OTHER = "127.0.0.2"
"""Stands for this computer's address on a network."""


def read_qr(lines: list[str]) -> str:
    """Read a QR code as a phone sees it on a terminal."""
    modules = {block: pair for pair, block in BLOCKS.items()}
    pairs = np.array([[modules[block] for block in line] for line in lines])
    light = pairs.transpose(0, 2, 1).reshape(-1, pairs.shape[1])
    picture = np.pad(np.kron(light, np.ones((8, 8))) * 255, 40, constant_values=255).astype(np.uint8)
    return str(cv2.QRCodeDetector().detectAndDecode(picture)[0])


def test_only_the_code_lets_others_in(tmp_path: Path, seven: bytes) -> None:
    before = f"from digits.web import lan\nlan.find_address = lambda: {OTHER!r}"
    with serving(tmp_path / "corrections", "--lan", before=before) as running:
        address, _, code = running.address.partition("/#token=")
        assert urlsplit(address).hostname == OTHER
        assert re.fullmatch("[0-9a-f]{16}", code)
        port = urlsplit(address).port
        with_code = {"authorization": f"Bearer {code}"}
        named = f"{socket.gethostname().partition('.')[0]}.local:{port}"

        def ask(path: str = "/api/read", **headers: str) -> int:
            return running.post(path, seven, **headers).status

        assert ask(**with_code) == 200
        assert ask(host=named, **with_code) == 200, "by its name on the network"
        assert ask() == 401, "by its address"
        assert ask(host=named) == 401, "by its name"
        assert ask(host=f"127.0.0.1:{port}") == 401, "as if from this computer"
        assert ask(authorization=f"Bearer {code[:-1]}") == 401
        assert ask(host=f"evil.example:{port}", **with_code) == 421, "rebound by a website"
        assert ask(origin="http://evil.example", **with_code) == 403, "from another origin"
        assert ask(sec_fetch_site="cross-site", **with_code) == 403
        assert [running.get(path).status for path in ("/api/models", "/api/samples", "/api/health")] == [401] * 3
        assert running.get("/").status == 200, "the page holds nothing secret"


def test_the_printed_qr_code_is_the_address(capsys: pytest.CaptureFixture[str]) -> None:
    from digits.cli.terminal import say_modules
    from digits.documents.forms.codes import draw_address

    host = "192.0.2.123"
    address = f"http://{host}:8000/#token=0123456789abcdef"
    say_modules(draw_address(address))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) < 24, "it fits into the smallest terminals"
    assert read_qr(lines) == address


def test_a_computer_without_a_network_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lan, "ELSEWHERE", ("127.0.0.1", 9))
    with pytest.raises(UsageError, match="this computer is on no network: connect it"):
        lan.find_address()


@pytest.mark.parametrize(
    ("flags", "token", "sentence"),
    [
        (["--lan", "--host", "0.0.0.0"], None, "--lan and --host cannot be combined"),
        (["--lan", "--open"], None, "--lan and --open cannot be combined"),
        (["--lan"], "a-token_of-16-letters", "--lan and $DIGITS_TOKEN cannot be combined"),
    ],
)
def test_what_cannot_be_combined_with_lan(
    monkeypatch: pytest.MonkeyPatch, flags: list[str], token: str | None, sentence: str
) -> None:
    from digits.cli.serve import serve

    if token:
        monkeypatch.setenv("DIGITS_TOKEN", token)
    with pytest.raises(UsageError, match=re.escape(sentence)):
        serve(flags)
