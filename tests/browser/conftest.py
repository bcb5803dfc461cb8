"""The service, as people start it, and a browser that reports everything that goes wrong in the page."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NO_BROWSER = (
    "Chromium is missing: install it (apt install chromium, brew install --cask chromium), set DIGITS_CHROMIUM to "
    "its path, or skip these tests with DIGITS_NO_BROWSER=1"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("DIGITS_NO_BROWSER") == "1":
        here = Path(__file__).parent
        for item in items:
            if here in item.path.parents:
                item.add_marker(pytest.mark.skip("DIGITS_NO_BROWSER=1"))


@dataclass(frozen=True)
class Service:
    """A running service: its address, and its folder of corrections."""

    address: str
    corrections: Path


@contextmanager
def serving(corrections: Path, *flags: object, before: str = "", **variables: str) -> Iterator[str]:
    """Run the service, with variables of its environment, and give its address; `before` is code that runs first."""
    code = f"{before}\nfrom digits.cli import main\nmain()"
    command = [sys.executable, "-c", code, "serve", "--port", "0", "--corrections", str(corrections), *map(str, flags)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | variables) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://[\w.:]+", line)
        try:
            assert found, f"no address in {line!r}"
            yield found[0]
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    corrections = tmp_path_factory.mktemp("corrections")
    with serving(corrections) as address:
        yield Service(address, corrections)


# Playwright's event loop runs until the fixture ends, and asyncio.run of a later module would find it.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = os.environ.get("DIGITS_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.fail(NO_BROWSER, pytrace=False)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(SWITCHES))
        yield started
        started.close()


@dataclass
class Complaints:
    """Errors, warnings and outside requests of a page, without those that a test expects."""

    found: list[str] = field(default_factory=list)
    expected: str = "(?!)"

    def watch(self, page: Page, address: str) -> None:
        page.on("console", lambda message: self._note(message.type in ("error", "warning"), message.text))
        page.on("pageerror", lambda error: self._note(True, str(error)))
        page.on("requestfailed", lambda request: self._note(True, f"failed: {request.url}"))
        page.on("request", lambda request: self._note(not _is_here(request.url, address), f"outside: {request.url}"))

    def _note(self, wrong: bool, text: str) -> None:
        if wrong and not re.search(self.expected, text):
            self.found.append(text)


def _is_here(url: str, address: str) -> bool:
    return url.startswith((f"{address}/", "data:", f"blob:{address}/"))


def serious(page: Page) -> list[str]:
    """List the elements with which, by axe's rules, people who listen or use a keyboard have serious trouble."""
    violations = Axe().run(page).response["violations"]
    return [each["nodes"][0]["html"] for each in violations if each["impact"] in ("serious", "critical")]


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


@pytest.fixture
def visit(browser: Browser, service: Service, complaints: Complaints) -> Iterator[Callable[..., Page]]:
    """Open the page with an empty profile; at the end there must be no complaints."""
    contexts = []

    def open_page(**options: Any) -> Page:
        options.setdefault("viewport", {"width": 1280, "height": 800})
        context = browser.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(20_000)
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=service.address)
        page = context.new_page()
        complaints.watch(page, service.address)
        page.goto(service.address)
        page.locator("body[data-ready]").wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints.found == []


@pytest.fixture
def page(visit: Callable[..., Page]) -> Page:
    return visit()


@pytest.fixture
def corrections(service: Service) -> Iterator[Path]:
    """The folder of corrections, empty before and after."""
    _clear(service.corrections)
    yield service.corrections
    _clear(service.corrections)


def _clear(folder: Path) -> None:
    for name in ("train", "drawings"):
        shutil.rmtree(folder / name, ignore_errors=True)
