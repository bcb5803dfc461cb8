"""The page in Firefox, if one is installed: drawn on with real events, through Firefox's own remote control."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.browser.conftest import Service
from tests.browser.strokes import glyph_strokes

FIREFOX = os.environ.get("DIGITS_FIREFOX") or shutil.which("firefox-esr") or shutil.which("firefox")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not FIREFOX, reason="Firefox is not installed (apt install firefox-esr, or DIGITS_FIREFOX)"),
]

SIDE = 200.0
"""Height of the digit on the screen, in pixels."""

WAIT_SECONDS = 120


class Marionette:
    """A connection to Firefox: each message is its length, a colon, and a list as JSON."""

    def __init__(self, port: int) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS)
                break
            except ConnectionRefusedError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        self.file = self.socket.makefile("rb")
        assert self._receive()["applicationType"] == "gecko"
        self.send("NewSession")

    def send(self, command: str, **parameters: Any) -> Any:
        message = json.dumps([0, 1, f"WebDriver:{command}", parameters]).encode()
        self.socket.sendall(b"%d:%s" % (len(message), message))
        _, _, error, result = self._receive()
        assert error is None, error
        return result

    def run(self, script: str) -> Any:
        return self.send("ExecuteScript", script=script, args=[], newSandbox=False)["value"]

    def wait_for(self, condition: str) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not self.run(f"return Boolean({condition})"):
            assert time.monotonic() < deadline, self.run("return document.body.innerText")
            time.sleep(0.1)

    def close(self) -> None:
        self.file.close()
        self.socket.close()

    def _receive(self) -> Any:
        length = b""
        while (letter := self.file.read(1)) != b":":
            assert letter, "Firefox has ended"
            length += letter
        return json.loads(self.file.read(int(length)))


@pytest.fixture
def firefox(tmp_path: Path) -> Iterator[Marionette]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "user.js").write_text(f'user_pref("marionette.port", {port});\n')
    call = [str(FIREFOX), "--headless", "--marionette", "--no-remote", "--profile", str(tmp_path)]
    with subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        connection = None
        try:
            connection = Marionette(port)
            yield connection
        finally:
            if connection:
                connection.close()
            process.kill()


def test_a_digit_is_drawn_and_read(firefox: Marionette, service: Service) -> None:
    firefox.send("SetWindowRect", width=1280, height=900)
    firefox.send("Navigate", url=service.address)
    firefox.wait_for("document.body.dataset.ready")
    left, top = firefox.run("const { x, y } = document.getElementById('sheet').getBoundingClientRect(); return [x, y]")
    pointer: list[dict[str, Any]] = []
    for stroke in glyph_strokes(7):
        places = [{"x": round(left + 200 + x * SIDE), "y": round(top + 60 + y * SIDE)} for x, y in stroke[::3]]
        moves = [{"type": "pointerMove", "duration": 0, **place} for place in places]
        pointer += [moves[0], {"type": "pointerDown", "button": 0}, *moves[1:], {"type": "pointerUp", "button": 0}]
    mouse = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": pointer}
    firefox.send("PerformActions", actions=[mouse])
    firefox.wait_for("document.querySelector('#answer[aria-busy=false]:not([data-state=empty])')")
    assert firefox.run("return document.getElementById('numerals').innerText.trim()") == "7"
    assert firefox.run("return document.querySelectorAll('.maps canvas').length") == 3
    assert firefox.run("return document.documentElement.scrollWidth <= innerWidth")
    assert firefox.run("return document.getElementById('refusal').hidden")
