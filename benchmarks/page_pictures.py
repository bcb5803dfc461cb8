"""The documentation's pictures of the web page: starts ``digits serve``, draws in a browser, and takes screenshots.

``python -m benchmarks.page_pictures`` needs playwright and a Chromium, as the tests of the page do.
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from jaxtyping import Float64
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.results import ROOT
from benchmarks.service import serve
from digits.synthesis import synthesize_page

PICTURES = ROOT / "docs" / "pictures"
MAX_BYTES = 300_000
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LAPTOP = {"width": 1280, "height": 800}
NOTE_SEED = 218
"""Of the page that is opened as a photograph."""

STROKES = {
    2: ["6,24 22,5 46,2 60,18 54,40 30,72 6,97 24,92 50,96 76,92"],
    4: ["14,3 9,30 4,56 34,55 70,50", "58,26 56,60 52,100"],
    7: ["4,10 30,6 62,4 50,36 38,66 31,100"],
}
"""How a hand writes them: strokes of points in hundredths of the digit's height."""

CORNERS = {"4,56", "62,4", "6,97"}
"""Points at which a stroke turns at once."""


@contextmanager
def browse() -> Iterator[tuple[Browser, str]]:
    """Start the service and a Chromium that is installed here; give the browser and the address."""
    path = os.environ.get("DIGITS_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder), "--runs", f"{folder}/runs") as (address, _),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser, address
        browser.close()


def stroke_to_bars(rounds: int, *, is_training: bool = False) -> list[float]:
    """Measure each answer while a number is drawn, from the last point to its bars, in milliseconds.

    If asked to, while the page trains a network.
    """
    with browse() as (browser, address):
        page = browser.new_page(viewport=LAPTOP)  # type: ignore[arg-type]
        visit(page, address)
        write(page, (7, 2, 4))  # the first answers load what later ones have
        if is_training:
            train(page)
        page.evaluate("performance.clearMeasures()")
        for _ in range(rounds):
            page.get_by_role("button", name="Clear").click()
            write(page, (7, 2, 4), slowly=True)
        took = page.evaluate("performance.getEntriesByName('stroke to bars').map((entry) => entry.duration)")
        return [float(each) for each in took]


def train(page: Page) -> None:
    """Start a training of an hour, which ends with the service, and wait until the network learns."""
    page.evaluate(
        """async () => {
            const started = await (await fetch("api/trainings?recipe=classic&seconds=3600", { method: "POST" })).json();
            for (let live = null; !live; await new Promise((resolve) => setTimeout(resolve, 500))) {
                const shown = await (await fetch(`api/trainings/${started.name}`)).json();
                if (shown.state !== "running") throw new Error(shown.error || shown.state);
                live = shown.live;
            }
        }"""
    )


def draw_number(browser: Browser, address: str) -> bytes:
    """Draw a number and show everything above the corrections."""
    page = browser.new_page(viewport=LAPTOP, color_scheme="light")  # type: ignore[arg-type]
    visit(page, address)
    write(page, (7, 2, 4))
    end = page.locator(".pair").bounding_box()
    assert end
    clip = {"x": 0, "y": 0, "width": LAPTOP["width"], "height": end["y"] + end["height"] + 24}
    return page.screenshot(full_page=True, clip=clip)  # type: ignore[arg-type]


def open_photograph(browser: Browser, address: str) -> bytes:
    """Open a synthetic page."""
    page = browser.new_page(viewport=LAPTOP, color_scheme="light")  # type: ignore[arg-type]
    visit(page, address)
    buffer = io.BytesIO()
    Image.fromarray(synthesize_page(NOTE_SEED).picture).save(buffer, "PNG")
    page.locator("#file").set_input_files({"name": "note.png", "mimeType": "image/png", "buffer": buffer.getvalue()})
    page.locator(".box").first.wait_for()
    settle(page)
    return page.screenshot()


def use_phone(browser: Browser, address: str) -> bytes:
    """Draw a number on a phone in dark mode."""
    screen = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2}
    page = browser.new_page(**screen, color_scheme="dark", has_touch=True, is_mobile=True)  # type: ignore[arg-type]
    visit(page, address)
    write(page, (4, 2))
    return page.screenshot()


def visit(page: Page, address: str) -> None:
    """Open the page and wait until it is ready."""
    page.goto(address)
    page.locator("body[data-ready]").wait_for()


def settle(page: Page) -> None:
    """Wait for the last answer."""
    page.locator("#answer[aria-busy=false]").wait_for()
    page.locator("#stages:not(.stale)").wait_for()
    page.locator("#stages img").first.evaluate("(image) => image.decode()")
    for _ in range(30):  # frames, until what fades in is there
        page.evaluate("new Promise(requestAnimationFrame)")


def write(page: Page, number: Sequence[int], height: float = 0.6, *, slowly: bool = False) -> None:
    """Write a number with the mouse, as high as a share of the sheet; slowly: one point per frame, as a hand does."""
    box = page.locator("#sheet").bounding_box()
    assert box
    size, step = box["height"] * height, box["width"] * 0.88 / len(number)
    for place, digit in enumerate(number):
        left = box["x"] + box["width"] * 0.06 + step * (place + 0.5) - 0.36 * size
        for text in STROKES[digit]:
            first, *others = (smooth(text) * size + (left, box["y"] + (box["height"] - size) / 2)).tolist()
            page.mouse.move(*first)
            page.mouse.down()
            for point in others:
                page.mouse.move(*point)
                if slowly:
                    page.evaluate("new Promise(requestAnimationFrame)")
            page.mouse.up()
    settle(page)


def smooth(text: str, steps: int = 12) -> Float64[np.ndarray, "n 2"]:
    """Give points on the cubic Hermite curve through those of a stroke, round but for `CORNERS`."""
    words = text.split()
    points = np.array([word.split(",") for word in words], np.float64) / 100
    slopes = np.gradient(points, axis=0)
    slopes[[word in CORNERS for word in words]] = 0
    t = np.linspace(0, 1, steps)[:, None]
    starts = (2 * t**3 - 3 * t**2 + 1) * points[:-1, None] + (t**3 - 2 * t**2 + t) * slopes[:-1, None]
    ends = (3 * t**2 - 2 * t**3) * points[1:, None] + (t**3 - t**2) * slopes[1:, None]
    return (starts + ends).reshape(-1, 2)


def save(screenshot: bytes, path: Path) -> None:
    """Write a screenshot, with a palette where it would be too large without."""
    image = Image.open(io.BytesIO(screenshot), formats=["PNG"]).convert("RGB")
    image.save(path, optimize=True)
    if path.stat().st_size > MAX_BYTES:
        image.quantize(256).save(path, optimize=True)


if __name__ == "__main__":
    with browse() as (chromium, home):
        save(draw_number(chromium, home), PICTURES / "page-draw.png")
        save(open_photograph(chromium, home), PICTURES / "page-photo.png")
        save(use_phone(chromium, home), PICTURES / "page-phone.png")
