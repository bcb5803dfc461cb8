"""The pictures of the page; run as a module, it starts ``digits serve``, draws in a browser, and takes them anew.

It needs playwright and a Chromium, as the tests of the page do.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from jaxtyping import Float64
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

import digits
from benchmarks.rows import ROOT

PICTURES = ROOT / "docs" / "pictures"
LARGEST = 300_000
"""Bytes of a picture, at most."""

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

PAPER = 218
"""Seed of the page that is photographed."""

STROKES = {
    2: ["6,24 22,5 46,2 60,18 54,40 30,72 6,97 24,92 50,96 76,92"],
    4: ["14,3 9,30 4,56 34,55 70,50", "58,26 56,60 52,100"],
    7: ["4,10 30,6 62,4 50,36 38,66 31,100"],
}
"""How a hand writes them: strokes of points in hundredths of the digit's height."""

CORNERS = {"4,56", "62,4", "6,97"}
"""Points at which it turns at once."""


def draw(folder: Path = PICTURES) -> None:
    """Take all of them."""
    with served() as address, browsing() as browser:
        save(drawn(browser, address), folder / "page-draw.png")
        save(simulate_photos(browser, address), folder / "page-photo.png")
        save(on_a_phone(browser, address), folder / "page-phone.png")


def stroke_to_bars(rounds: int) -> list[float]:
    """Give how long each answer took while a number was drawn, from the last point to its bars, in milliseconds."""
    with served() as address, browsing() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        visit(page, address)
        write(page, (7, 2, 4), height=0.6)  # the first answers load what later ones have
        page.evaluate("performance.clearMeasures()")
        for _ in range(rounds):
            page.get_by_role("button", name="Clear").click()
            write(page, (7, 2, 4), height=0.6, slowly=True)
        took = page.evaluate("performance.getEntriesByName('stroke to bars').map((entry) => entry.duration)")
        return [float(each) for each in took]


@contextmanager
def browsing() -> Iterator[Browser]:
    """Start a Chromium that is installed here."""
    path = os.environ.get("DIGITS_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def drawn(browser: Browser, address: str) -> bytes:
    """Draw a number and show everything above the own set."""
    page = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="light")
    visit(page, address)
    write(page, (7, 2, 4), height=0.6)
    end = page.locator(".pair").bounding_box()
    assert end is not None
    clip = {"x": 0, "y": 0, "width": 1280, "height": end["y"] + end["height"] + 24}
    return page.screenshot(full_page=True, clip=clip)  # type: ignore[arg-type]


def simulate_photos(browser: Browser, address: str) -> bytes:
    """Photograph a page of our own pen and open one of its digits."""
    page = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="light")
    visit(page, address)
    buffer = io.BytesIO()
    Image.fromarray(digits.synthesize_page(PAPER).picture).save(buffer, "PNG")
    page.locator("#file").set_input_files({"name": "note.png", "mimeType": "image/png", "buffer": buffer.getvalue()})
    page.locator(".box").first.wait_for()
    settle(page)
    return page.screenshot()


def on_a_phone(browser: Browser, address: str) -> bytes:
    """Draw a number on a phone in the dark."""
    page = browser.new_page(
        viewport={"width": 390, "height": 844},
        color_scheme="dark",
        has_touch=True,
        is_mobile=True,
        device_scale_factor=2,
    )
    visit(page, address)
    write(page, (4, 2), height=0.6)
    return page.screenshot()


@contextmanager
def served() -> Iterator[str]:
    """Start the service with a set of its own, and give its address."""
    with tempfile.TemporaryDirectory() as own:
        command = [sys.executable, "-m", "digits", "serve", "--port", "0", "--own", own]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            found = re.search(r"http://[\w.:]+", process.stdout.readline())
            assert found
            yield found[0]
            process.terminate()


def visit(page: Page, address: str) -> None:
    """Open the page and wait until it asks for something."""
    page.goto(address)
    page.locator("body[data-ready]").wait_for()


def settle(page: Page) -> None:
    """Wait for the last answer."""
    page.locator("#answer[aria-busy=false]").wait_for()
    page.locator("#stages:not(.stale)").wait_for()
    page.locator("#stages img").first.evaluate("(image) => image.decode()")
    for _ in range(30):  # frames, in which what faded in has come
        page.evaluate("new Promise(requestAnimationFrame)")


def write(page: Page, number: Sequence[int], height: float, *, slowly: bool = False) -> None:
    """Write a number with the mouse, as high as such a share of the sheet; slowly: a point a frame, as a hand does."""
    box = page.locator("#sheet").bounding_box()
    assert box is not None
    size = box["height"] * height
    step = box["width"] * 0.88 / len(number)
    for place, digit in enumerate(number):
        corner = (
            box["x"] + box["width"] * 0.06 + step * (place + 0.5) - 0.36 * size,
            box["y"] + (box["height"] - size) / 2,
        )
        for text in STROKES[digit]:
            first, *others = (smooth(text) * size + corner).tolist()
            page.mouse.move(*first)
            page.mouse.down()
            for point in others:
                page.mouse.move(*point)
                if slowly:
                    page.evaluate("new Promise(requestAnimationFrame)")
            page.mouse.up()
    settle(page)


def smooth(text: str, steps: int = 12) -> Float64[np.ndarray, "n 2"]:
    """Give points on the curve through those of a stroke, round but for `CORNERS`."""
    words = text.split()
    points = np.array([word.split(",") for word in words], np.float64) / 100
    ways = np.gradient(points, axis=0)
    ways[[word in CORNERS for word in words]] = 0
    t = np.linspace(0, 1, steps)[:, None]
    pieces = (
        (2 * t**3 - 3 * t**2 + 1) * points[:-1, None]
        + (t**3 - 2 * t**2 + t) * ways[:-1, None]
        + (3 * t**2 - 2 * t**3) * points[1:, None]
        + (t**3 - t**2) * ways[1:, None]
    )
    return pieces.reshape(-1, 2)


def save(screenshot: bytes, path: Path) -> None:
    """Write a screenshot small: with a palette where it would be too large without."""
    image = Image.open(io.BytesIO(screenshot)).convert("RGB")
    image.save(path, optimize=True)
    if path.stat().st_size > LARGEST:
        image.quantize(256).save(path, optimize=True)


if __name__ == "__main__":
    draw()
